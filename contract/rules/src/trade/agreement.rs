// How a trade comes about: opened, agreed, funded, or called off.

use super::Trade;
use crate::errors::EscrowError;
use crate::events;
use crate::state::{AGREED, BUYER, CANCELLED, OPEN, SELLER};
use crate::terms;

impl Trade<'_> {
    // The trade is new; the seller's opening is their agreement and deposits their bond. Events: opened.
    pub fn open(&mut self, by: u32) -> Result<(), EscrowError> {
        self.signed_by(by)?;
        self.deposit_bond(by);
        self.tell(&events::Opened { trade: self.id.clone(), by, terms: self.terms.as_came() });
        Ok(())
    }

    // Agrees; the seller's agreement deposits their bond. Signer: the party that did not open.
    // Errors: WrongStage (also from fund_by on). Events: accepted.
    pub fn accept(&mut self) -> Result<(), EscrowError> {
        let by = 1 - self.state.opened_by;
        self.signed_by(by)?;
        if self.state.stage != OPEN || self.now() >= self.terms.fund_by {
            return Err(EscrowError::WrongStage);
        }
        self.state.stage = AGREED;
        self.deposit_bond(by);
        self.tell(&events::Accepted { trade: self.id.clone(), by });
        Ok(())
    }

    fn deposit_bond(&mut self, by: u32) {
        self.keep();
        if by == SELLER {
            self.state.bonds[1] = self.terms.bond as u64;
            self.decision.taken = self.state.bonds[1];
        }
    }

    // Deposits total and bond at once. Signer: buyer. Errors: WrongStage (also from fund_by on). Events: funded.
    pub fn fund(&mut self) -> Result<(), EscrowError> {
        self.signed_by(BUYER)?;
        let old_stage = self.state.stage;
        let agreed = old_stage == AGREED || old_stage == OPEN && self.state.opened_by == SELLER;
        if !agreed || self.now() >= self.terms.fund_by {
            return Err(EscrowError::WrongStage);
        }
        self.state.fund(self.terms);
        self.state.bonds[0] = self.terms.bond as u64;
        let amount = terms::total(self.terms) + self.terms.bond;
        self.decision.taken = amount as u64;
        self.keep();
        self.tell(&events::Funded { trade: self.id.clone(), old_stage, amount });
        Ok(())
    }

    // Ends what is not funded; a deposited bond goes back. Signer: by, if given; from fund_by on it needs nobody.
    // Errors: NotParty, WrongStage, NotDue. Events: cancelled.
    pub fn cancel(&mut self, by: Option<u32>, push: bool) -> Result<(), EscrowError> {
        if let Some(by) = by {
            self.signed_by(by)?;
        }
        let old_stage = self.state.stage;
        if old_stage > AGREED {
            return Err(EscrowError::WrongStage);
        }
        if by.is_none() && self.now() < self.terms.fund_by {
            return Err(EscrowError::NotDue);
        }
        let bond = self.state.bonds[1];
        self.state.end(CANCELLED);
        self.decision.payouts.add(SELLER, bond);
        self.tell(&events::Cancelled { trade: self.id.clone(), by, old_stage });
        self.pay(push);
        Ok(())
    }
}
