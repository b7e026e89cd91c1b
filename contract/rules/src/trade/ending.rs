// How a milestone ends, and the trade with its last one: who gets what.

use super::{Then, Trade};
use crate::events;
use crate::milestone::MilestoneState;
use crate::money::{self, Costs, Hearings};
use crate::phase::{self, Standing};
use crate::state::{BUYER, ENDED, ROLES, SELLER};

// What a call pays, added up by role, and the fee it books.
pub struct Payouts {
    pub amounts: [i128; ROLES],
    pub fee: u64,
}

impl Payouts {
    pub const NONE: Payouts = Payouts { amounts: [0; ROLES], fee: 0 };

    pub fn add(&mut self, role: u32, amount: u64) {
        self.amounts[role as usize] += i128::from(amount);
    }
}

// What is to be announced once a milestone has ended, after the event that says how.
pub struct Ending {
    pub fee: u64,
    silent: u32, // bit r: role r
    costs: Option<Costs>,
}

impl Trade<'_> {
    // Takes `parts`, the buyer's and the seller's, out of what is left of a milestone. Answers the platform's fee on the seller's.
    pub(super) fn take(&mut self, index: u32, parts: [u64; 2]) -> u64 {
        self.state.take(index, parts[0] + parts[1]);
        self.split(parts)
    }

    // Pays `parts` to the buyer and the seller. Answers the platform's fee on the seller's.
    fn split(&mut self, parts: [u64; 2]) -> u64 {
        let fee = money::platform_fee(parts[1], self.terms.fee_bps);
        let payouts = &mut self.decision.payouts;
        payouts.fee += fee;
        payouts.add(BUYER, parts[0]);
        payouts.add(SELLER, parts[1] - fee);
        fee
    }

    // Ends the milestone: `seller_part` of what is left is the seller's, the rest the buyer's; the votes and the platform are paid.
    // `ppm` is what the outcome is measured by against an earlier ruling.
    pub fn end(&mut self, index: u32, milestone: &MilestoneState, standing: &Standing, seller_part: u64, ppm: u32) -> Ending {
        let mut parts = [milestone.left - seller_part, seller_part];
        let mut ending = Ending { fee: 0, silent: 0, costs: None };
        if let Some(dispute) = &milestone.dispute {
            let seats = phase::seats(self.terms);
            let hearings = Hearings {
                fee: self.terms.arbitration_fee as u64,
                seats,
                votes: standing.votes,
                appealed_by: dispute.appeal.map(|(by, _)| by),
                first_ppm: standing.first.unwrap_or(0),
                outcome_ppm: ppm,
            };
            let mut aside = dispute.aside;
            let costs = money::pay_hearings(&hearings, &mut aside, &mut self.state.bonds, &mut parts);
            let payouts = &mut self.decision.payouts;
            for vote in dispute.votes.all() {
                payouts.add(vote.role, costs.vote[usize::from(vote.role >= 2 + seats[0])]);
            }
            payouts.add(BUYER, costs.remainder);
            for side in [BUYER, SELLER] {
                payouts.add(side, aside[side as usize]);
            }
            let now = self.now();
            for role in 2..2 + seats[0] + seats[1] {
                if now >= standing.hearings_end[usize::from(role >= 2 + seats[0])] && !dispute.votes.by(role) {
                    ending.silent |= 1 << role;
                }
            }
            if dispute.votes.count != 0 {
                ending.costs = Some(costs);
            }
        }
        self.state.take(index, milestone.left);
        ending.fee = self.split(parts);
        ending
    }

    // Events: silent, costs.
    pub fn announce(&mut self, index: u32, ending: Ending) {
        let trade = self.id.clone();
        if ending.silent != 0 {
            self.tell(&events::Silent { trade: trade.clone(), milestone: index, roles: ending.silent });
        }
        if let Some(costs) = ending.costs {
            self.tell(&events::Costs {
                trade,
                milestone: index,
                buyer_paid: costs.paid[0],
                seller_paid: costs.paid[1],
                vote: costs.vote[0].into(),
                appeal_vote: costs.vote[1].into(),
            });
        }
    }

    // Ends the trade with its last milestone, then pays. Events: ended.
    pub fn close(&mut self, push: bool) {
        if self.state.alive == 0 {
            self.state.end(ENDED);
            let [buyer_bond, seller_bond] = self.state.bonds;
            self.decision.payouts.add(BUYER, buyer_bond);
            self.decision.payouts.add(SELLER, seller_bond);
            self.tell(&events::Ended { trade: self.id.clone(), buyer_bond: buyer_bond.into(), seller_bond: seller_bond.into() });
        }
        self.pay(push);
    }

    // The trade is kept as it is now, and pays what has come together; with push false no token is called for it.
    pub fn pay(&mut self, push: bool) {
        self.decision.then = Then::Pay;
        self.decision.push = push;
    }
}
