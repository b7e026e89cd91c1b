// One trade in hand: looked up, where its milestones stand, ended and put back.

use crate::errors::EscrowError;
use crate::events;
use crate::money::{self, Costs, Hearings};
use crate::payout::{self, Payouts};
use crate::phase::{self, Standing};
use crate::state::{MilestoneState, State, BUYER, ENDED, FUNDED, ROLES, SELLER};
use crate::storage;
use crate::terms;
use crate::types::{self, Terms};
use soroban_sdk::{Address, BytesN, Env, Vec};

pub struct Trade<'a> {
    pub env: &'a Env,
    pub terms: &'a Terms,
    pub id: BytesN<32>,
    pub state: State,
    pub payouts: Payouts,
}

// What is to be announced once a milestone has ended, after the event that says how.
pub struct Ending {
    pub fee: u64,
    silent: Vec<u32>,
    costs: Option<Costs>,
}

impl<'a> Trade<'a> {
    // A trade that `by` opens. Errors: AlreadyOpened.
    pub fn new(env: &'a Env, terms: &'a Terms, by: u32) -> Result<Trade<'a>, EscrowError> {
        let id = terms::id(env, terms);
        if storage::opened_before(env, &id) {
            return Err(EscrowError::AlreadyOpened);
        }
        Ok(Trade { env, terms, id, state: State::opened(env, by), payouts: Payouts::NONE })
    }

    // The trade that these terms have opened. Errors: NotFound.
    pub fn load(env: &'a Env, terms: &'a Terms) -> Result<Trade<'a>, EscrowError> {
        let id = terms::id(env, terms);
        let state = storage::trade(env, &id).ok_or(EscrowError::NotFound)?;
        Ok(Trade { env, terms, id, state, payouts: Payouts::NONE })
    }

    // The same for what `by`, buyer or seller, does, who signs. Errors: NotFound, NotParty.
    pub fn load_as(env: &'a Env, terms: &'a Terms, by: u32) -> Result<Trade<'a>, EscrowError> {
        let trade = Trade::load(env, terms)?;
        terms::party(terms, by)?.require_auth();
        Ok(trade)
    }

    pub fn now(&self) -> u64 {
        self.env.ledger().timestamp()
    }

    // The milestone, and where it stands. Errors: NoSuchMilestone, WrongStage of a trade that is not funded.
    pub fn milestone(&self, index: u32) -> Result<(MilestoneState, Standing), EscrowError> {
        let agreed = self.terms.milestones.get(index).ok_or(EscrowError::NoSuchMilestone)?;
        if self.state.stage != FUNDED {
            return Err(EscrowError::WrongStage);
        }
        let milestone = self.state.milestone(index);
        let standing = phase::standing_of(self.terms, &milestone, agreed.deliver_by, self.now());
        Ok((milestone, standing))
    }

    // Ends the milestone: `seller_part` of what is left is the seller's, the rest the buyer's; the votes and the platform are paid.
    // `ppm` is what the outcome is measured by against an earlier ruling.
    pub fn end(&mut self, index: u32, milestone: MilestoneState, standing: &Standing, seller_part: u64, ppm: u32) -> Ending {
        let left = milestone.left;
        self.end_part(index, milestone, standing, left, seller_part, ppm)
    }

    // The same for a part of what is left, which without a dispute may be less than all.
    pub fn end_part(
        &mut self,
        index: u32,
        mut milestone: MilestoneState,
        standing: &Standing,
        part: u64,
        seller_part: u64,
        ppm: u32,
    ) -> Ending {
        let mut parts = [part - seller_part, seller_part];
        let mut ending = Ending { fee: 0, silent: Vec::new(self.env), costs: None };

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
            for vote in dispute.votes.all() {
                self.payouts.add(vote.role, costs.vote[usize::from(vote.role >= 2 + seats[0])]);
            }
            self.payouts.add(BUYER, costs.remainder);
            for side in [BUYER, SELLER] {
                self.payouts.add(side, aside[side as usize]);
            }
            let now = self.now();
            for role in 2..2 + seats[0] + seats[1] {
                if now >= standing.hearings_end[usize::from(role >= 2 + seats[0])] && !dispute.votes.by(role) {
                    ending.silent.push_back(role);
                }
            }
            if dispute.votes.count != 0 {
                ending.costs = Some(costs);
            }
        }

        milestone.take(part);
        if milestone.left == 0 {
            self.state.alive -= 1;
        }
        self.state.keep(index, &milestone);

        ending.fee = money::platform_fee(parts[1], self.terms.fee_bps);
        self.payouts.fee += ending.fee;
        self.payouts.add(BUYER, parts[0]);
        self.payouts.add(SELLER, parts[1] - ending.fee);
        ending
    }

    // Events: silent, costs.
    pub fn announce(&self, index: u32, ending: Ending) {
        let trade = &self.id;
        if !ending.silent.is_empty() {
            events::Silent { trade: trade.clone(), milestone: index, roles: ending.silent }.publish(self.env);
        }
        if let Some(costs) = ending.costs {
            events::Costs {
                trade: trade.clone(),
                milestone: index,
                buyer_paid: costs.paid[0],
                seller_paid: costs.paid[1],
                vote: costs.vote[0].into(),
                appeal_vote: costs.vote[1].into(),
            }
            .publish(self.env);
        }
    }

    // Ends the trade with its last milestone, then pays. Events: ended, parked.
    pub fn close(mut self, push: bool) {
        if self.state.alive == 0 {
            self.state.end(ENDED);
            let [buyer_bond, seller_bond] = self.state.bonds;
            self.payouts.add(BUYER, buyer_bond);
            self.payouts.add(SELLER, seller_bond);
            events::Ended { trade: self.id.clone(), buyer_bond: buyer_bond.into(), seller_bond: seller_bond.into() }.publish(self.env);
        }
        self.pay(push);
    }

    // Pays what has come together, and keeps the trade. Events: parked.
    pub fn pay(mut self, push: bool) {
        let owed_changed = payout::pay_out(self.env, self.terms, &self.id, &mut self.state, &self.payouts, push);
        self.extend(owed_changed);
    }

    // Keeps the trade as it is now.
    pub fn save(&mut self) {
        storage::set_trade(self.env, &self.id, &mut self.state);
        self.extend(false);
    }

    // Keeps the trade as it is now and takes `amount` from the buyer or seller, who also signs the transfer. Errors: see payout::deposit.
    pub fn save_and_take(&mut self, by: u32, amount: u64, strict: bool) -> Result<(), EscrowError> {
        storage::set_trade(self.env, &self.id, &mut self.state);
        payout::deposit(self.env, &self.terms.asset, terms::party(self.terms, by)?, amount, strict)?;
        self.extend(amount != 0);
        Ok(())
    }

    // Pays a part of what is parked for the role to `to`; answers what is still parked. Errors: AmountOutOfRange, TransferFailed.
    pub fn claim(&mut self, role: u32, to: &Address, amount: i128) -> Result<i128, EscrowError> {
        let parked = self.state.parked(role);
        if amount < 1 || amount > parked {
            return Err(EscrowError::AmountOutOfRange);
        }
        let left = parked - amount;
        self.state.park(role, left);
        storage::set_trade(self.env, &self.id, &mut self.state);
        payout::claim(self.env, &self.terms.asset, to, amount)?;
        self.extend(true);
        Ok(left)
    }

    // Nothing waits for the mark of an ended trade: archived, it still refuses to be opened again.
    fn extend(&self, owed_too: bool) {
        if self.state.stage >= ENDED {
            return;
        }
        let last_deadline = terms::last_deadline(self.terms);
        storage::extend_entry(self.env, &self.id, last_deadline);
        if owed_too {
            storage::extend_entry(self.env, &self.terms.asset, last_deadline);
        }
        storage::extend_instance(self.env, last_deadline);
    }
}

// What `trade` answers.
pub fn view(env: &Env, state: &State) -> types::Trade {
    let pair = |pair: [u64; 2]| (i128::from(pair[0]), i128::from(pair[1]));
    let mut milestones = Vec::new(env);
    for index in 0..state.count() {
        let milestone = state.milestone(index);
        let offer = |side: usize| {
            milestone.offers[side].map(|offer| types::Offer {
                of: milestone.left.into(),
                phase: offer.phase,
                seller_amount: offer.seller_amount.into(),
            })
        };
        let dispute = milestone.dispute.as_ref().map(|dispute| {
            let mut votes = Vec::new(env);
            for vote in dispute.votes.all() {
                votes.push_back((vote.role, vote.ppm));
            }
            types::Dispute {
                appeal_by: dispute.appeal.map(|(by, _)| by),
                appealed_at: dispute.appeal.map_or(0, |(_, at)| at),
                aside: pair(dispute.aside),
                by: dispute.by,
                ruled_at: dispute.ruled_at,
                since: dispute.since,
                votes,
            }
        });
        milestones.push_back(types::MilestoneState {
            delivered_at: milestone.delivered_at,
            dispute,
            left: milestone.left.into(),
            offers: (offer(0), offer(1)),
        });
    }
    let mut parked = Vec::new(env);
    for role in 0..ROLES as u32 {
        let amount = state.parked(role);
        if amount != 0 {
            parked.push_back((role, amount));
        }
    }
    types::Trade { bonds: pair(state.bonds), milestones, opened_by: state.opened_by, parked, stage: state.stage }
}
