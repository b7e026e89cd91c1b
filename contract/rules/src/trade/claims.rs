// What is parked, and whose it is.

use super::Trade;
use crate::errors::EscrowError;
use crate::events;
use crate::terms;
use soroban_sdk::Address;

impl Trade<'_> {
    // A part of what is parked for a role is to be paid to `to`; `escrow` is the contract that holds it. Signer: the role's owner, unless
    // `to` is the owner: anybody may push it there. Errors: NotParty, ForbiddenTarget, AmountOutOfRange. Events: claimed.
    pub fn claim(&mut self, role: u32, to: Address, amount: i128, escrow: &Address) -> Result<(), EscrowError> {
        let owner = terms::roles(self.env, self.terms).get(role).ok_or(EscrowError::NotParty)?;
        if to != owner {
            self.decision.signer = Some(owner);
        }
        if to == *escrow || to == self.terms.asset {
            return Err(EscrowError::ForbiddenTarget);
        }
        let parked = self.state.parked(role);
        if amount < 1 || amount > parked {
            return Err(EscrowError::AmountOutOfRange);
        }
        let left = parked - amount;
        self.state.park(role, left);
        self.decision.payouts.amounts[role as usize] = amount;
        self.decision.to = Some(to.clone());
        self.pay(true);
        self.tell(&events::Claimed { trade: self.id.clone(), role, to, amount, left });
        Ok(())
    }
}
