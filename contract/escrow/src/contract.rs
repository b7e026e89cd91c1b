// The public face: load, require_auth, decide, store, emit. docs/contract.md is the reference of each function, its errors and its events;
// what stands here is who signs, and what is not obvious.
//
// Every function of a trade carries its terms; their hash is the key it is kept under (NotFound otherwise). `milestone` is an index into
// terms.milestones, `by` and `role` are numbers of roles: 0 buyer, 1 seller, then the panel, then the appeal panel.

use crate::admin;
use crate::errors::EscrowError;
use crate::events;
use crate::money::{self, MILLION};
use crate::payout;
use crate::phase::{self, Standing};
use crate::state::{Dispute, MilestoneState, Offer, Vote, Votes, AGREED, BUYER, CANCELLED, OPEN, SELLER};
use crate::storage;
use crate::terms;
use crate::trade::{self, Trade};
use crate::types::{self, Config, Limits, Owed, Terms};
use soroban_sdk::{contract, contractimpl, Address, BytesN, Env, Vec};

#[contract]
pub struct Escrow;

#[contractimpl]
impl Escrow {
    // Errors: FeeAboveCap, ForbiddenReceiver, BadLimits. Signer: nobody; whoever deploys chooses.
    pub fn __constructor(env: Env, admin: Address, fee_bps: u32, fee_receiver: Address, limits: Limits) -> Result<(), EscrowError> {
        admin::construct(&env, admin, fee_bps, fee_receiver, &limits)
    }

    // Opens the trade; the seller's opening is their agreement and deposits their bond. Answers the id. Signer: by, buyer or seller.
    // Errors: NotParty, Paused, 20 to 38, AlreadyOpened, those of a deposit. Events: opened.
    pub fn open(env: Env, terms: Terms, by: u32) -> Result<BytesN<32>, EscrowError> {
        terms::party(&terms, by)?.require_auth();
        admin::not_paused(&env)?;
        terms::check(&env, &terms, &admin::limits(&env), admin::fee(&env).1)?;
        let mut trade = Trade::new(&env, &terms, by)?;
        let bond = if by == SELLER { terms.bond as u64 } else { 0 };
        trade.state.bonds[1] = bond;
        events::Opened { trade: trade.id.clone(), by, terms: terms.clone() }.publish(&env);
        trade.save_and_take(by, bond, true)?;
        Ok(trade.id)
    }

    // Agrees; the seller's agreement deposits their bond. Signer: the party that did not open.
    // Errors: Paused, WrongStage (also from fund_by on), those of a deposit. Events: accepted.
    pub fn accept(env: Env, terms: Terms) -> Result<(), EscrowError> {
        let mut trade = Trade::load(&env, &terms)?;
        let by = 1 - trade.state.opened_by;
        terms::party(&terms, by)?.require_auth();
        admin::not_paused(&env)?;
        if trade.state.stage != OPEN || trade.now() >= terms.fund_by {
            return Err(EscrowError::WrongStage);
        }
        trade.state.stage = AGREED;
        let bond = if by == SELLER { terms.bond as u64 } else { 0 };
        trade.state.bonds[1] += bond;
        events::Accepted { trade: trade.id.clone(), by }.publish(&env);
        trade.save_and_take(by, bond, true)
    }

    // Deposits total and bond at once. Signer: buyer.
    // Errors: Paused, WrongStage (also from fund_by on), those of a deposit. Events: funded.
    pub fn fund(env: Env, terms: Terms) -> Result<(), EscrowError> {
        let mut trade = Trade::load_as(&env, &terms, BUYER)?;
        admin::not_paused(&env)?;
        let old_stage = trade.state.stage;
        let agreed = old_stage == AGREED || old_stage == OPEN && trade.state.opened_by == SELLER;
        if !agreed || trade.now() >= terms.fund_by {
            return Err(EscrowError::WrongStage);
        }
        trade.state.fund(&terms);
        trade.state.bonds[0] = terms.bond as u64;
        let amount = terms::total(&terms) + terms.bond;
        events::Funded { trade: trade.id.clone(), old_stage, amount }.publish(&env);
        trade.save_and_take(BUYER, amount as u64, true)
    }

    // Ends what is not funded; a deposited bond goes back. Signer: by, if given; from fund_by on it needs nobody.
    // Errors: NotParty, WrongStage, NotDue. Events: cancelled, parked.
    pub fn cancel(env: Env, terms: Terms, by: Option<u32>, push: bool) -> Result<(), EscrowError> {
        let mut trade = Trade::load(&env, &terms)?;
        if let Some(by) = by {
            terms::party(&terms, by)?.require_auth();
        }
        let old_stage = trade.state.stage;
        if old_stage > AGREED {
            return Err(EscrowError::WrongStage);
        }
        if by.is_none() && trade.now() < terms.fund_by {
            return Err(EscrowError::NotDue);
        }
        trade.state.end(CANCELLED);
        trade.payouts.add(SELLER, trade.state.bonds[1]);
        events::Cancelled { trade: trade.id.clone(), by, old_stage }.publish(&env);
        trade.pay(push);
        Ok(())
    }

    // Says that the milestone is delivered; proof is the hash of what shows it. Signer: seller.
    // Errors: NoSuchMilestone, WrongStage. Events: delivered.
    pub fn deliver(env: Env, terms: Terms, milestone: u32, proof: BytesN<32>) -> Result<(), EscrowError> {
        let mut trade = Trade::load_as(&env, &terms, SELLER)?;
        let (mut kept, standing) = trade.milestone(milestone)?;
        if standing.phase != phase::FUNDED {
            return Err(EscrowError::WrongStage);
        }
        let now = trade.now();
        kept.delivered_at = now;
        trade.state.keep(milestone, &kept);
        let inspection_end = now.saturating_add(terms.inspection);
        events::Delivered { trade: trade.id.clone(), milestone, proof, inspection_end }.publish(&env);
        trade.save();
        Ok(())
    }

    // Gives the seller a part or all of what is left; in a dispute only all, conceding it. Signer: buyer.
    // Errors: NoSuchMilestone, WrongStage, AmountOutOfRange, PartInDispute. Events: released, silent, costs, ended, parked.
    pub fn release(env: Env, terms: Terms, milestone: u32, amount: i128) -> Result<(), EscrowError> {
        give(&env, &terms, BUYER, milestone, amount)
    }

    // Gives the buyer a part or all of what is left; in a dispute only all, conceding it. Signer: seller.
    // Errors: NoSuchMilestone, WrongStage, AmountOutOfRange, PartInDispute. Events: refunded, silent, costs, ended, parked.
    pub fn refund(env: Env, terms: Terms, milestone: u32, amount: i128) -> Result<(), EscrowError> {
        give(&env, &terms, SELLER, milestone, amount)
    }

    // Carries out what the clock or a ruling has decided. With push false no token is called and everything is parked. Signer: nobody.
    // Errors: EmptyList, NoSuchMilestone, WrongStage, NotDue. Events: settled, silent, costs for each; ended, parked.
    pub fn settle(env: Env, terms: Terms, milestones: Vec<u32>, push: bool) -> Result<(), EscrowError> {
        let mut trade = Trade::load(&env, &terms)?;
        if milestones.is_empty() {
            return Err(EscrowError::EmptyList);
        }
        for milestone in milestones.iter() {
            let (kept, standing) = trade.milestone(milestone)?;
            let left = kept.left;
            let (outcome, ppm) = match standing.phase {
                phase::DUE_TO_BUYER => (0, 0),
                phase::DUE_TO_SELLER => (1, MILLION),
                phase::DUE => (standing.outcome, standing.ppm),
                phase::ENDED => return Err(EscrowError::WrongStage),
                _ => return Err(EscrowError::NotDue),
            };
            let seller_part = money::share(left, ppm, MILLION);
            let ending = trade.end(milestone, kept, &standing, seller_part, ppm);
            events::Settled {
                trade: trade.id.clone(),
                milestone,
                outcome,
                seller_amount: seller_part.into(),
                buyer_amount: (left - seller_part).into(),
                fee: ending.fee.into(),
            }
            .publish(&env);
            trade.announce(milestone, ending);
        }
        trade.close(push);
        Ok(())
    }

    // Starts a dispute; reason is the hash of what it is about. The arbitration fee is set aside, from by's bond or as a deposit.
    // Signer: by, buyer or seller. Errors: NotParty, NoSuchMilestone, WrongStage, DepositNotReceived. Events: disputed.
    pub fn dispute(env: Env, terms: Terms, by: u32, milestone: u32, reason: BytesN<32>) -> Result<(), EscrowError> {
        let mut trade = Trade::load_as(&env, &terms, by)?;
        let (mut kept, Standing { phase: old_phase, .. }) = trade.milestone(milestone)?;
        if old_phase != phase::FUNDED && old_phase != phase::DELIVERED {
            return Err(EscrowError::WrongStage);
        }
        let fee = terms.arbitration_fee as u64;
        let bond = &mut trade.state.bonds[by as usize];
        let deposited = *bond < fee;
        if !deposited {
            *bond -= fee;
        }
        let mut aside = [0; 2];
        aside[by as usize] = fee;
        kept.dispute = Some(Dispute { since: trade.now(), by, aside, ruled_at: 0, appeal: None, votes: Votes::NONE });
        trade.state.keep(milestone, &kept);
        events::Disputed { trade: trade.id.clone(), milestone, by, reason, aside: terms.arbitration_fee, deposited, old_phase }
            .publish(&env);
        trade.save_and_take(by, if deposited { fee } else { 0 }, false)
    }

    // Offers to end the milestone with seller_amount of what is left for the seller, the rest for the buyer. Signer: by, buyer or seller.
    // Errors: NotParty, NoSuchMilestone, WrongStage, LeftChanged, AmountOutOfRange. Events: offered.
    pub fn offer(env: Env, terms: Terms, by: u32, milestone: u32, of: i128, seller_amount: i128) -> Result<(), EscrowError> {
        let mut trade = Trade::load_as(&env, &terms, by)?;
        let (mut kept, Standing { phase, .. }) = offerable(&trade, milestone, of, seller_amount)?;
        let offer = &mut kept.offers[by as usize];
        let old = offer.filter(|old| old.phase == phase).map(|old| old.seller_amount.into());
        *offer = Some(Offer { phase, seller_amount: seller_amount as u64 });
        trade.state.keep(milestone, &kept);
        events::Offered { trade: trade.id.clone(), milestone, by, of, old, seller_amount }.publish(&env);
        trade.save();
        Ok(())
    }

    // Ends the milestone by the other side's standing offer, which must say exactly this. Signer: by, buyer or seller.
    // Errors: NotParty, NoSuchMilestone, WrongStage, LeftChanged, AmountOutOfRange, NoOffer. Events: split, silent, costs, ended, parked.
    pub fn accept_offer(env: Env, terms: Terms, by: u32, milestone: u32, of: i128, seller_amount: i128) -> Result<(), EscrowError> {
        let mut trade = Trade::load_as(&env, &terms, by)?;
        let (kept, standing) = offerable(&trade, milestone, of, seller_amount)?;
        let seller_part = seller_amount as u64;
        if kept.offers[1 - by as usize] != Some(Offer { phase: standing.phase, seller_amount: seller_part }) {
            return Err(EscrowError::NoOffer);
        }
        let ppm = money::mul_div(u64::from(MILLION), seller_part, of as u64) as u32;
        let ending = trade.end(milestone, kept, &standing, seller_part, ppm);
        events::Split { trade: trade.id.clone(), milestone, by, of, seller_amount, fee: ending.fee.into() }.publish(&env);
        trade.announce(milestone, ending);
        trade.close(true);
        Ok(())
    }

    // Notes the hash of a piece of evidence, for ever, in an event. Signer: by, buyer or seller.
    // Errors: NotParty, NoSuchMilestone, WrongStage. Events: evidence.
    pub fn evidence(env: Env, terms: Terms, by: u32, milestone: u32, hash: BytesN<32>) -> Result<(), EscrowError> {
        let trade = Trade::load_as(&env, &terms, by)?;
        let (_, Standing { phase, .. }) = trade.milestone(milestone)?;
        if !matches!(phase, phase::OFFERS..=phase::APPEAL_HEARING) {
            return Err(EscrowError::WrongStage);
        }
        events::Evidence { trade: trade.id.clone(), milestone, by, hash, phase }.publish(&env);
        Ok(())
    }

    // Votes (milestone, seller_ppm); hash is that of the reasons. Signer: by, a seat on the panel that is hearing.
    // Errors: NotArbitrator, EmptyList; for each in turn NoSuchMilestone, BadPpm, WrongStage, NotArbitrator, AlreadyVoted.
    // Events: for each voted, ruled.
    pub fn rule(env: Env, terms: Terms, by: u32, rulings: Vec<(u32, u32)>, hash: BytesN<32>) -> Result<(), EscrowError> {
        let mut trade = Trade::load(&env, &terms)?;
        let owner = terms::roles(&env, &terms).get(by).filter(|_| by > SELLER).ok_or(EscrowError::NotArbitrator)?;
        owner.require_auth();
        if rulings.is_empty() {
            return Err(EscrowError::EmptyList);
        }
        let seats = phase::seats(&terms);
        for (milestone, seller_ppm) in rulings.iter() {
            if milestone >= terms.milestones.len() {
                return Err(EscrowError::NoSuchMilestone);
            }
            if seller_ppm > MILLION {
                return Err(EscrowError::BadPpm);
            }
            let (mut kept, standing) = trade.milestone(milestone)?;
            let hearing = match standing.phase {
                phase::HEARING => 0,
                phase::APPEAL_HEARING => 1,
                _ => return Err(EscrowError::WrongStage),
            };
            if hearing != usize::from(by >= 2 + seats[0]) {
                return Err(EscrowError::NotArbitrator);
            }
            let now = trade.now();
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
            trade.state.keep(milestone, &kept);
            events::Voted { trade: trade.id.clone(), milestone, by, seller_ppm, hash: hash.clone(), votes }.publish(&env);
            if complete {
                let seller_ppm = trade.milestone(milestone)?.1.ppm;
                events::Ruled { trade: trade.id.clone(), milestone, seller_ppm, phase: standing.phase }.publish(&env);
            }
        }
        trade.save();
        Ok(())
    }

    // Takes the first ruling to the appeal panel, once, depositing the arbitration fee. Signer: by, buyer or seller.
    // Errors: NotParty, NoSuchMilestone, WrongStage, DepositNotReceived. Events: appealed.
    pub fn appeal(env: Env, terms: Terms, by: u32, milestone: u32) -> Result<(), EscrowError> {
        let mut trade = Trade::load_as(&env, &terms, by)?;
        let (mut kept, standing) = trade.milestone(milestone)?;
        let now = trade.now();
        let fee = terms.arbitration_fee as u64;
        match &mut kept.dispute {
            Some(dispute) if standing.phase == phase::RULED => {
                dispute.appeal = Some((by, now));
                dispute.aside[by as usize] += fee;
            }
            _ => return Err(EscrowError::WrongStage),
        }
        trade.state.keep(milestone, &kept);
        events::Appealed { trade: trade.id.clone(), milestone, by, aside: terms.arbitration_fee, seller_ppm: standing.ppm }.publish(&env);
        trade.save_and_take(by, fee, false)
    }

    // Pays what is parked for a role, or a part. Signer: the role's owner, unless `to` is the owner: anybody may push it there.
    // Errors: NotParty, ForbiddenTarget, AmountOutOfRange, TransferFailed. Events: claimed.
    pub fn claim(env: Env, terms: Terms, role: u32, to: Address, amount: i128) -> Result<(), EscrowError> {
        let mut trade = Trade::load(&env, &terms)?;
        let owner = terms::roles(&env, &terms).get(role).ok_or(EscrowError::NotParty)?;
        if to != owner {
            owner.require_auth();
        }
        if to == env.current_contract_address() || to == terms.asset {
            return Err(EscrowError::ForbiddenTarget);
        }
        let left = trade.claim(role, &to, amount)?;
        events::Claimed { trade: trade.id.clone(), role, to, amount, left }.publish(&env);
        Ok(())
    }

    // Pays the booked fees to the receiver of the day. Answers how much. Signer: nobody.
    // Errors: ForbiddenTarget, NothingToCollect, TransferFailed. Events: collected.
    pub fn collect(env: Env, asset: Address) -> Result<i128, EscrowError> {
        let (_, _, to) = admin::fee(&env);
        if to == asset {
            return Err(EscrowError::ForbiddenTarget);
        }
        let amount = payout::collect(&env, &asset, &to)?;
        events::Collected { asset, to, amount }.publish(&env);
        Ok(amount)
    }

    // Extends the trade's entry as far as the network allows. Signer: nobody. Errors: NotFound.
    pub fn extend(env: Env, id: BytesN<32>) -> Result<(), EscrowError> {
        if !storage::opened_before(&env, &id) {
            return Err(EscrowError::NotFound);
        }
        storage::extend_most(&env, &id);
        Ok(())
    }

    pub fn trade(env: Env, id: BytesN<32>) -> Option<types::Trade> {
        storage::trade(&env, &id).map(|state| trade::view(&env, &state))
    }

    pub fn config(env: Env) -> Config {
        admin::config(&env)
    }

    pub fn owed(env: Env, asset: Address) -> Owed {
        storage::owed(&env, &asset)
    }

    // Names the fee and its receiver from now + limits.fee_delay on. Signer: admin.
    // Errors: FeeAboveCap, ForbiddenReceiver. Events: fee_proposed.
    pub fn propose_fee(env: Env, bps: u32, receiver: Address) -> Result<(), EscrowError> {
        admin::propose_fee(&env, bps, receiver)
    }

    // Takes back a proposal that is not in force yet. Signer: admin. Errors: NoPendingFee. Events: fee_cancelled.
    pub fn cancel_fee(env: Env) -> Result<(), EscrowError> {
        admin::cancel_fee(&env)
    }

    // Stops `open`, `accept` and `fund`, and nothing else. Signer: admin. Events: paused.
    pub fn pause(env: Env) {
        admin::pause(&env, true)
    }

    // Signer: admin. Events: paused.
    pub fn unpause(env: Env) {
        admin::pause(&env, false)
    }

    // Names the next admin, who becomes it by accepting. Signer: admin. Events: admin_proposed.
    pub fn propose_admin(env: Env, to: Address) {
        admin::propose_admin(&env, to)
    }

    // Signer: the proposed admin. Errors: NoPendingAdmin. Events: admin_changed.
    pub fn accept_admin(env: Env) -> Result<(), EscrowError> {
        admin::accept_admin(&env)
    }

    // Names the key that may anchor the audit log's head, and do nothing else. Signer: admin. Events: anchor_set.
    pub fn set_anchor(env: Env, key: Address) {
        admin::set_anchor(&env, key)
    }

    // Keeps the audit log's head. Signer: the anchor key. Errors: NoAnchorKey, AnchorNotNewer. Events: anchored.
    pub fn anchor(env: Env, seq: u64, hash: BytesN<32>) -> Result<(), EscrowError> {
        admin::anchor(&env, seq, hash)
    }
}

// `release` by the buyer, `refund` by the seller: who signs gives up.
fn give(env: &Env, terms: &Terms, by: u32, milestone: u32, amount: i128) -> Result<(), EscrowError> {
    let mut trade = Trade::load_as(env, terms, by)?;
    let (kept, standing) = trade.milestone(milestone)?;
    if standing.phase == phase::ENDED {
        return Err(EscrowError::WrongStage);
    }
    let left = kept.left;
    if amount < 1 || amount > i128::from(left) {
        return Err(EscrowError::AmountOutOfRange);
    }
    let part = amount as u64;
    let conceded = standing.phase >= phase::OFFERS;
    if conceded && part != left {
        return Err(EscrowError::PartInDispute);
    }
    let (seller_part, ppm) = if by == BUYER { (part, MILLION) } else { (0, 0) };
    let ending = trade.end_part(milestone, kept, &standing, part, seller_part, ppm);
    let left = i128::from(left - part);
    let id = trade.id.clone();
    if by == BUYER {
        events::Released { trade: id, milestone, amount, left, fee: ending.fee.into(), conceded }.publish(env);
    } else {
        events::Refunded { trade: id, milestone, amount, left, conceded }.publish(env);
    }
    trade.announce(milestone, ending);
    trade.close(true);
    Ok(())
}

// Where the milestone stands, if an offer of seller_amount of `of` may be made or accepted there.
fn offerable(trade: &Trade, milestone: u32, of: i128, seller_amount: i128) -> Result<(MilestoneState, Standing), EscrowError> {
    let (kept, standing) = trade.milestone(milestone)?;
    if !matches!(standing.phase, phase::FUNDED | phase::DELIVERED | phase::OFFERS | phase::HEARING | phase::RULED | phase::APPEAL_HEARING) {
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
