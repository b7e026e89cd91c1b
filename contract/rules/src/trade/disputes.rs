// Disputes: how they start, are heard and end, and what the sides offer each other.

use super::milestones::part_of;
use super::Trade;
use crate::errors::EscrowError;
use crate::events;
use crate::milestone::{Dispute, MilestoneState, Offer, Vote, Votes};
use crate::money::{self, MILLION};
use crate::phase::{self, Standing};
use crate::state::{BUYER, SELLER};
use crate::terms;
use soroban_sdk::{BytesN, Vec};

impl Trade<'_> {
    // Starts a dispute; reason is the hash of what it is about. The arbitration fee is set aside: from by's bond where that covers it and no
    // other milestone goes on, else as a deposit. A bond that is set aside elsewhere could not pay what its owner loses here
    // (docs/contract-attacks.md E23).
    // Signer: by, buyer or seller. Errors: NotParty, NoSuchMilestone, WrongStage. Events: disputed.
    pub fn dispute(&mut self, by: u32, milestone: u32, reason: BytesN<32>) -> Result<(), EscrowError> {
        self.signed_by(by)?;
        let (mut kept, Standing { phase: old_phase, .. }) = self.milestone(milestone)?;
        if old_phase != phase::FUNDED && old_phase != phase::DELIVERED {
            return Err(EscrowError::WrongStage);
        }
        let fee = self.terms.arbitration_fee as u64;
        let bond = &mut self.state.bonds[by as usize];
        let deposited = *bond < fee || fee != 0 && self.state.alive > 1;
        if !deposited {
            *bond -= fee;
        }
        let mut aside = [0; 2];
        aside[by as usize] = fee;
        kept.dispute = Some(Dispute { since: self.now(), by, aside, ruled_at: 0, appeal: None, votes: Votes::NONE });
        self.state.keep(milestone, &kept);
        self.tell(&events::Disputed {
            trade: self.id.clone(),
            milestone,
            by,
            reason,
            aside: self.terms.arbitration_fee,
            deposited,
            old_phase,
        });
        self.decision.taken = if deposited { fee } else { 0 };
        self.keep();
        Ok(())
    }

    // Gives the other side a part or all of what is left: the buyer releases, the seller refunds. In a dispute only all, conceding it. Signer: by.
    // Errors: NotParty, NoSuchMilestone, WrongStage, AmountOutOfRange, PartInDispute. Events: released or refunded, silent, costs, ended.
    pub fn give(&mut self, by: u32, milestone: u32, amount: i128) -> Result<(), EscrowError> {
        if !self.state.disputed(milestone) {
            return if by == BUYER { self.release(milestone, amount) } else { self.refund(milestone, amount) };
        }
        self.signed_by(by)?;
        let (kept, standing) = self.milestone(milestone)?;
        let part = part_of(kept.left, amount)?;
        if part != kept.left {
            return Err(EscrowError::PartInDispute);
        }
        let (seller_part, ppm) = if by == BUYER { (part, MILLION) } else { (0, 0) };
        let ending = self.end(milestone, &kept, &standing, seller_part, ppm);
        if by == BUYER {
            self.tell_released(milestone, amount, 0, ending.fee, true);
        } else {
            self.tell_refunded(milestone, amount, 0, true);
        }
        self.announce(milestone, ending);
        self.close(true);
        Ok(())
    }

    // Offers to end the milestone with seller_amount of what is left for the seller, the rest for the buyer. Signer: by, buyer or seller.
    // Errors: NotParty, NoSuchMilestone, WrongStage, LeftChanged, AmountOutOfRange. Events: offered.
    pub fn offer(&mut self, by: u32, milestone: u32, of: i128, seller_amount: i128) -> Result<(), EscrowError> {
        self.signed_by(by)?;
        let (mut kept, Standing { phase, .. }) = self.offerable(milestone, of, seller_amount)?;
        let offer = &mut kept.offers[by as usize];
        let old = offer.filter(|old| old.phase == phase).map(|old| old.seller_amount.into());
        *offer = Some(Offer { phase, seller_amount: seller_amount as u64 });
        self.state.keep(milestone, &kept);
        self.tell(&events::Offered { trade: self.id.clone(), milestone, by, of, old, seller_amount });
        self.keep();
        Ok(())
    }

    // Ends the milestone by the other side's standing offer, which must say exactly this. Signer: by, buyer or seller.
    // Errors: NotParty, NoSuchMilestone, WrongStage, LeftChanged, AmountOutOfRange, NoOffer. Events: split, silent, costs, ended.
    pub fn accept_offer(&mut self, by: u32, milestone: u32, of: i128, seller_amount: i128) -> Result<(), EscrowError> {
        self.signed_by(by)?;
        let (kept, standing) = self.offerable(milestone, of, seller_amount)?;
        let seller_part = seller_amount as u64;
        if kept.offers[1 - by as usize] != Some(Offer { phase: standing.phase, seller_amount: seller_part }) {
            return Err(EscrowError::NoOffer);
        }
        let ppm = money::mul_div(u64::from(MILLION), seller_part, of as u64) as u32;
        let ending = self.end(milestone, &kept, &standing, seller_part, ppm);
        self.tell(&events::Split { trade: self.id.clone(), milestone, by, of, seller_amount, fee: ending.fee.into() });
        self.announce(milestone, ending);
        self.close(true);
        Ok(())
    }

    // Notes the hash of a piece of evidence, for ever, in an event. Signer: by, buyer or seller.
    // Errors: NotParty, NoSuchMilestone, WrongStage. Events: evidence.
    pub fn evidence(&mut self, by: u32, milestone: u32, hash: BytesN<32>) -> Result<(), EscrowError> {
        self.signed_by(by)?;
        let (_, Standing { phase, .. }) = self.milestone(milestone)?;
        if !matches!(phase, phase::OFFERS..=phase::APPEAL_HEARING) {
            return Err(EscrowError::WrongStage);
        }
        self.tell(&events::Evidence { trade: self.id.clone(), milestone, by, hash, phase });
        Ok(())
    }

    // Votes (milestone, seller_ppm); hash is that of the reasons. Signer: by, a seat on the panel that is hearing.
    // Errors: NotArbitrator, EmptyList; for each in turn NoSuchMilestone, BadPpm, WrongStage, NotArbitrator, AlreadyVoted.
    // Events: for each voted, ruled.
    pub fn rule(&mut self, by: u32, rulings: Vec<(u32, u32)>, hash: BytesN<32>) -> Result<(), EscrowError> {
        let owner = terms::roles(self.env, self.terms).get(by).filter(|_| by > SELLER).ok_or(EscrowError::NotArbitrator)?;
        self.decision.signer = Some(owner);
        if rulings.is_empty() {
            return Err(EscrowError::EmptyList);
        }
        let seats = phase::seats(self.terms);
        for (milestone, seller_ppm) in rulings.iter() {
            if milestone >= self.terms.milestones.len() {
                return Err(EscrowError::NoSuchMilestone);
            }
            if seller_ppm > MILLION {
                return Err(EscrowError::BadPpm);
            }
            let (mut kept, standing) = self.milestone(milestone)?;
            let hearing = match standing.phase {
                phase::HEARING => 0,
                phase::APPEAL_HEARING => 1,
                _ => return Err(EscrowError::WrongStage),
            };
            if hearing != usize::from(by >= 2 + seats[0]) {
                return Err(EscrowError::NotArbitrator);
            }
            let now = self.now();
            let votes = standing.votes[hearing] as u32 + 1;
            let complete = votes == seats[hearing];
            let Some(dispute) = &mut kept.dispute else {
                return Err(EscrowError::WrongStage);
            };
            if dispute.votes.by(by) {
                return Err(EscrowError::AlreadyVoted);
            }
            dispute.votes.push(Vote { role: by, ppm: seller_ppm });
            if complete && hearing == 0 {
                dispute.ruled_at = now;
            }
            self.state.keep(milestone, &kept);
            self.tell(&events::Voted { trade: self.id.clone(), milestone, by, seller_ppm, hash: hash.clone(), votes });
            if complete {
                let seller_ppm = self.milestone(milestone)?.1.ppm;
                self.tell(&events::Ruled { trade: self.id.clone(), milestone, seller_ppm, phase: standing.phase });
            }
        }
        self.keep();
        Ok(())
    }

    // Takes the first ruling to the appeal panel, once, depositing the arbitration fee. Signer: by, buyer or seller.
    // Errors: NotParty, NoSuchMilestone, WrongStage. Events: appealed.
    pub fn appeal(&mut self, by: u32, milestone: u32) -> Result<(), EscrowError> {
        self.signed_by(by)?;
        let (mut kept, standing) = self.milestone(milestone)?;
        let now = self.now();
        let fee = self.terms.arbitration_fee as u64;
        match &mut kept.dispute {
            Some(dispute) if standing.phase == phase::RULED => {
                dispute.appeal = Some((by, now));
                dispute.aside[by as usize] += fee;
            }
            _ => return Err(EscrowError::WrongStage),
        }
        self.state.keep(milestone, &kept);
        self.tell(&events::Appealed { trade: self.id.clone(), milestone, by, aside: self.terms.arbitration_fee, seller_ppm: standing.ppm });
        self.decision.taken = fee;
        self.keep();
        Ok(())
    }

    // Where the milestone stands, if an offer of seller_amount of `of` may be made or accepted there.
    fn offerable(&self, milestone: u32, of: i128, seller_amount: i128) -> Result<(MilestoneState, Standing), EscrowError> {
        let (kept, standing) = self.milestone(milestone)?;
        if !matches!(
            standing.phase,
            phase::FUNDED | phase::DELIVERED | phase::OFFERS | phase::HEARING | phase::RULED | phase::APPEAL_HEARING
        ) {
            return Err(EscrowError::WrongStage);
        }
        if of != i128::from(kept.left) {
            return Err(EscrowError::LeftChanged);
        }
        if seller_amount < 0 || seller_amount > of {
            return Err(EscrowError::AmountOutOfRange);
        }
        Ok((kept, standing))
    }
}
