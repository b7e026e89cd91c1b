// What is done for a milestone, and how its money moves while nobody disputes it.

use super::Trade;
use crate::errors::EscrowError;
use crate::events;
use crate::money::{self, MILLION};
use crate::phase;
use crate::state::{BUYER, FUNDED, SELLER};
use soroban_sdk::{BytesN, Vec};

impl Trade<'_> {
    // Says that the milestone is delivered; proof is the hash of what shows it. Signer: seller.
    // Errors: NoSuchMilestone, WrongStage. Events: delivered.
    pub fn deliver(&mut self, milestone: u32, proof: BytesN<32>) -> Result<(), EscrowError> {
        self.signed_by(SELLER)?;
        let agreed = self.terms.milestones.get(milestone).ok_or(EscrowError::NoSuchMilestone)?;
        let left = self.undisputed(milestone)?;
        let now = self.now();
        if phase::undisputed(self.terms, left, agreed.deliver_by, now) != phase::FUNDED {
            return Err(EscrowError::WrongStage);
        }
        self.state.set_left(milestone, [left[0], now]);
        let inspection_end = now.saturating_add(self.terms.inspection);
        self.keep();
        self.tell(&events::Delivered { trade: self.id.clone(), milestone, proof, inspection_end });
        Ok(())
    }

    // Gives the seller a part or all of what is left of a milestone that nobody disputes. Signer: buyer.
    // Errors: NoSuchMilestone, WrongStage, AmountOutOfRange. Events: released, ended.
    pub fn release(&mut self, milestone: u32, amount: i128) -> Result<(), EscrowError> {
        self.signed_by(BUYER)?;
        let [left, part] = self.part_of(milestone, amount)?;
        let fee = self.take(milestone, [0, part]);
        self.tell_released(milestone, amount, left - part, fee, false);
        self.close(true);
        Ok(())
    }

    // The same for the buyer. Signer: seller. Events: refunded, ended.
    pub(super) fn refund(&mut self, milestone: u32, amount: i128) -> Result<(), EscrowError> {
        self.signed_by(SELLER)?;
        let [left, part] = self.part_of(milestone, amount)?;
        self.take(milestone, [part, 0]);
        self.tell_refunded(milestone, amount, left - part, false);
        self.close(true);
        Ok(())
    }

    // What is left of a milestone that nobody disputes, and `amount` of it. Errors: NoSuchMilestone, WrongStage, AmountOutOfRange.
    fn part_of(&self, milestone: u32, amount: i128) -> Result<[u64; 2], EscrowError> {
        if milestone >= self.terms.milestones.len() {
            return Err(EscrowError::NoSuchMilestone);
        }
        let [left, _] = self.undisputed(milestone)?;
        Ok([left, part_of(left, amount)?])
    }

    // What is left of a milestone, and when it was delivered. Errors: WrongStage of one that is disputed or not funded.
    fn undisputed(&self, milestone: u32) -> Result<[u64; 2], EscrowError> {
        if self.state.stage != FUNDED || self.state.disputed(milestone) {
            return Err(EscrowError::WrongStage);
        }
        Ok(self.state.left(milestone))
    }

    pub(super) fn tell_released(&mut self, milestone: u32, amount: i128, left: u64, fee: u64, conceded: bool) {
        let (trade, left, fee) = (self.id.clone(), left.into(), fee.into());
        self.tell(&events::Released { trade, milestone, amount, left, fee, conceded });
    }

    pub(super) fn tell_refunded(&mut self, milestone: u32, amount: i128, left: u64, conceded: bool) {
        let (trade, left) = (self.id.clone(), left.into());
        self.tell(&events::Refunded { trade, milestone, amount, left, conceded });
    }

    // Carries out what the clock or a ruling has decided. With push false no token is called and everything is parked. Signer: nobody.
    // Errors: EmptyList, NoSuchMilestone, WrongStage, NotDue. Events: settled, silent, costs for each; ended.
    pub fn settle(&mut self, milestones: Vec<u32>, push: bool) -> Result<(), EscrowError> {
        if milestones.is_empty() {
            return Err(EscrowError::EmptyList);
        }
        for milestone in milestones.iter() {
            let (kept, standing) = self.milestone(milestone)?;
            let (outcome, ppm) = match standing.phase {
                phase::DUE_TO_BUYER => (0, 0),
                phase::DUE_TO_SELLER => (1, MILLION),
                phase::DUE => (standing.outcome, standing.ppm),
                phase::ENDED => return Err(EscrowError::WrongStage),
                _ => return Err(EscrowError::NotDue),
            };
            let seller_part = money::share(kept.left, ppm, MILLION);
            let ending = self.end(milestone, &kept, &standing, seller_part, ppm);
            self.tell(&events::Settled {
                trade: self.id.clone(),
                milestone,
                outcome,
                seller_amount: seller_part.into(),
                buyer_amount: (kept.left - seller_part).into(),
                fee: ending.fee.into(),
            });
            self.announce(milestone, ending);
        }
        self.close(push);
        Ok(())
    }
}

// `amount` of what is left. Errors: WrongStage if nothing is, AmountOutOfRange.
pub(super) fn part_of(left: u64, amount: i128) -> Result<u64, EscrowError> {
    if left == 0 {
        return Err(EscrowError::WrongStage);
    }
    if amount < 1 || amount > i128::from(left) {
        return Err(EscrowError::AmountOutOfRange);
    }
    Ok(amount as u64)
}
