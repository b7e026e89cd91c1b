// The public face: load, require_auth, decide, store, emit. docs/contract.md is the reference of each function, its errors and its events;
// what stands here is who signs, and what is not obvious.
//
// Every function of a trade carries its terms; their hash is the key it is kept under (NotFound otherwise). `milestone` is an index into
// terms.milestones, `by` and `role` are numbers of roles: 0 buyer, 1 seller, then the panel, then the appeal panel.

use crate::admin;
use crate::deal::{self, Deal};
use crate::errors::EscrowError;
use crate::events;
use crate::money::{self, MILLION};
use crate::payout;
use crate::phase::{self, APPEAL_HEARING, DELIVERED, DUE_BUYER, DUE_RULING, DUE_SELLER, HEARING, OFFERS, ON_WAY, RULED};
use crate::state::{Case, Standing, Vote, Votes, AGREED, BUYER, CANCELLED, FUNDED, OPEN, SELLER};
use crate::storage;
use crate::terms;
use crate::types::{Config, Limits, Owed, Terms, Trade};
use soroban_sdk::{contract, contractimpl, Address, BytesN, Env, Vec};

#[contract]
pub struct Escrow;

#[contractimpl]
impl Escrow {
    // Errors: FeeAboveCap, ForbiddenReceiver, BadLimits. Signer: nobody; whoever deploys chooses.
    pub fn __constructor(env: Env, admin: Address, fee_bps: u32, fee_receiver: Address, limits: Limits) -> Result<(), EscrowError> {
        admin::construct(&env, admin, fee_bps, fee_receiver, &limits)
    }

    // Opens the trade; the seller's opening is his agreement and deposits his bond. Answers the id. Signer: by, buyer or seller.
    // Errors: NotParty, Paused, 20 to 38, AlreadyOpened, those of a deposit. Events: opened.
    pub fn open(env: Env, terms: Terms, by: u32) -> Result<BytesN<32>, EscrowError> {
        terms::party(&terms, by)?.require_auth();
        admin::not_paused(&env)?;
        terms::check(&env, &terms, &admin::limits(&env), admin::fee(&env).1)?;
        let mut deal = Deal::new(&env, &terms, by)?;
        let bond = if by == SELLER { terms.bond as u64 } else { 0 };
        deal.state.bonds[1] = bond;
        events::Opened { trade: deal.id.clone(), by, terms: terms.clone() }.publish(&env);
        deal.save_and_take(by, bond, true)?;
        Ok(deal.id)
    }

    // Agrees; the seller's agreement deposits his bond. Signer: the party that did not open.
    // Errors: Paused, WrongStage (also from fund_by on), those of a deposit. Events: accepted.
    pub fn accept(env: Env, terms: Terms) -> Result<(), EscrowError> {
        let mut deal = Deal::load(&env, &terms)?;
        let by = 1 - deal.state.opened_by;
        terms::party(&terms, by)?.require_auth();
        admin::not_paused(&env)?;
        if deal.state.stage != OPEN || deal.now() >= terms.fund_by {
            return Err(EscrowError::WrongStage);
        }
        deal.state.stage = AGREED;
        let bond = if by == SELLER { terms.bond as u64 } else { 0 };
        deal.state.bonds[1] += bond;
        events::Accepted { trade: deal.id.clone(), by }.publish(&env);
        deal.save_and_take(by, bond, true)
    }

    // Deposits total and bond at once. Signer: buyer.
    // Errors: Paused, WrongStage (also from fund_by on), those of a deposit. Events: funded.
    pub fn fund(env: Env, terms: Terms) -> Result<(), EscrowError> {
        let mut deal = Deal::load_as(&env, &terms, BUYER)?;
        admin::not_paused(&env)?;
        let old_stage = deal.state.stage;
        let agreed = old_stage == AGREED || old_stage == OPEN && deal.state.opened_by == SELLER;
        if !agreed || deal.now() >= terms.fund_by {
            return Err(EscrowError::WrongStage);
        }
        deal.state.stage = FUNDED;
        deal.state.bonds[0] = terms.bond as u64;
        deal.state.count = terms.milestones.len() as usize;
        for (index, milestone) in terms.milestones.iter().enumerate() {
            deal.state.milestones[index].left = milestone.amount as u64;
        }
        let amount = terms::total(&terms) + terms.bond;
        events::Funded { trade: deal.id.clone(), old_stage, amount }.publish(&env);
        deal.save_and_take(BUYER, amount as u64, true)
    }

    // Ends what is not funded; a deposited bond goes back. Signer: by, if given; from fund_by on it needs nobody.
    // Errors: NotParty, WrongStage, NotDue. Events: cancelled, parked.
    pub fn cancel(env: Env, terms: Terms, by: Option<u32>, push: bool) -> Result<(), EscrowError> {
        let mut deal = Deal::load(&env, &terms)?;
        if let Some(by) = by {
            terms::party(&terms, by)?.require_auth();
        }
        let old_stage = deal.state.stage;
        if old_stage > AGREED {
            return Err(EscrowError::WrongStage);
        }
        if by.is_none() && deal.now() < terms.fund_by {
            return Err(EscrowError::NotDue);
        }
        deal.state.stage = CANCELLED;
        deal.payouts.add(SELLER, deal.state.bonds[1]);
        events::Cancelled { trade: deal.id.clone(), by, old_stage }.publish(&env);
        deal.pay(push);
        Ok(())
    }

    // Says that the milestone is delivered; proof is the hash of what shows it. Signer: seller.
    // Errors: NoSuchMilestone, WrongStage. Events: delivered.
    pub fn deliver(env: Env, terms: Terms, milestone: u32, proof: BytesN<32>) -> Result<(), EscrowError> {
        let mut deal = Deal::load_as(&env, &terms, SELLER)?;
        if deal.look(milestone)?.phase != ON_WAY {
            return Err(EscrowError::WrongStage);
        }
        let now = deal.now();
        deal.milestone(milestone).delivered_at = now;
        let inspection_end = now.saturating_add(terms.inspection);
        events::Delivered { trade: deal.id.clone(), milestone, proof, inspection_end }.publish(&env);
        deal.save();
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
        let mut deal = Deal::load(&env, &terms)?;
        if milestones.is_empty() {
            return Err(EscrowError::EmptyList);
        }
        for milestone in milestones.iter() {
            let look = deal.look(milestone)?;
            let left = deal.milestone(milestone).left;
            let (outcome, ppm) = match look.phase {
                DUE_BUYER => (0, 0),
                DUE_SELLER => (1, MILLION),
                DUE_RULING => (look.outcome, look.ppm),
                phase::ENDED => return Err(EscrowError::WrongStage),
                _ => return Err(EscrowError::NotDue),
            };
            let seller_part = money::mul_div(left, u64::from(ppm), u64::from(MILLION));
            let ending = deal.end(milestone, &look, seller_part, ppm);
            events::Settled {
                trade: deal.id.clone(),
                milestone,
                outcome,
                seller_amount: seller_part.into(),
                buyer_amount: (left - seller_part).into(),
                fee: ending.fee.into(),
            }
            .publish(&env);
            deal.announce(milestone, ending);
        }
        deal.close(push);
        Ok(())
    }

    // Starts a dispute; reason is the hash of what it is about. The arbitration fee is set aside, from by's bond or as a deposit.
    // Signer: by, buyer or seller. Errors: NotParty, NoSuchMilestone, WrongStage, DepositNotReceived. Events: disputed.
    pub fn dispute(env: Env, terms: Terms, by: u32, milestone: u32, reason: BytesN<32>) -> Result<(), EscrowError> {
        let mut deal = Deal::load_as(&env, &terms, by)?;
        let old_phase = deal.look(milestone)?.phase;
        if old_phase != ON_WAY && old_phase != DELIVERED {
            return Err(EscrowError::WrongStage);
        }
        let fee = terms.arbitration_fee as u64;
        let bond = &mut deal.state.bonds[by as usize];
        let deposited = *bond < fee;
        if !deposited {
            *bond -= fee;
        }
        let mut aside = [0; 2];
        aside[by as usize] = fee;
        deal.milestone(milestone).dispute = Some(Case { since: deal.now(), by, aside, ruled_at: 0, appeal: None, votes: Votes::NONE });
        events::Disputed { trade: deal.id.clone(), milestone, by, reason, aside: terms.arbitration_fee, deposited, old_phase }
            .publish(&env);
        deal.save_and_take(by, if deposited { fee } else { 0 }, false)
    }

    // Offers to end the milestone with seller_amount of what is left for the seller, the rest for the buyer. Signer: by, buyer or seller.
    // Errors: NotParty, NoSuchMilestone, WrongStage, LeftChanged, AmountOutOfRange. Events: offered.
    pub fn offer(env: Env, terms: Terms, by: u32, milestone: u32, of: i128, seller_amount: i128) -> Result<(), EscrowError> {
        let mut deal = Deal::load_as(&env, &terms, by)?;
        let phase = offerable(&deal, milestone, of, seller_amount)?.phase;
        let offer = &mut deal.milestone(milestone).offers[by as usize];
        let old = offer.filter(|old| old.phase == phase).map(|old| old.seller_amount.into());
        *offer = Some(Standing { phase, seller_amount: seller_amount as u64 });
        events::Offered { trade: deal.id.clone(), milestone, by, of, old, seller_amount }.publish(&env);
        deal.save();
        Ok(())
    }

    // Ends the milestone by the other side's standing offer, which must say exactly this. Signer: by, buyer or seller.
    // Errors: NotParty, NoSuchMilestone, WrongStage, LeftChanged, AmountOutOfRange, NoOffer. Events: split, silent, costs, ended, parked.
    pub fn accept_offer(env: Env, terms: Terms, by: u32, milestone: u32, of: i128, seller_amount: i128) -> Result<(), EscrowError> {
        let mut deal = Deal::load_as(&env, &terms, by)?;
        let look = offerable(&deal, milestone, of, seller_amount)?;
        let seller_part = seller_amount as u64;
        if deal.milestone(milestone).offers[1 - by as usize] != Some(Standing { phase: look.phase, seller_amount: seller_part }) {
            return Err(EscrowError::NoOffer);
        }
        let ppm = money::mul_div(u64::from(MILLION), seller_part, of as u64) as u32;
        let ending = deal.end(milestone, &look, seller_part, ppm);
        events::Split { trade: deal.id.clone(), milestone, by, of, seller_amount, fee: ending.fee.into() }.publish(&env);
        deal.announce(milestone, ending);
        deal.close(true);
        Ok(())
    }

    // Notes the hash of a piece of evidence, for ever, in an event. Signer: by, buyer or seller.
    // Errors: NotParty, NoSuchMilestone, WrongStage. Events: evidence.
    pub fn evidence(env: Env, terms: Terms, by: u32, milestone: u32, hash: BytesN<32>) -> Result<(), EscrowError> {
        let deal = Deal::load_as(&env, &terms, by)?;
        let phase = deal.look(milestone)?.phase;
        if !matches!(phase, OFFERS..=APPEAL_HEARING) {
            return Err(EscrowError::WrongStage);
        }
        events::Evidence { trade: deal.id.clone(), milestone, by, hash, phase }.publish(&env);
        Ok(())
    }

    // Votes (milestone, seller_ppm); hash is that of the reasons. Signer: by, a seat on the panel that is hearing.
    // Errors: NotArbitrator, EmptyList; for each in turn NoSuchMilestone, BadPpm, WrongStage, NotArbitrator, AlreadyVoted.
    // Events: for each voted, ruled.
    pub fn rule(env: Env, terms: Terms, by: u32, rulings: Vec<(u32, u32)>, hash: BytesN<32>) -> Result<(), EscrowError> {
        let mut deal = Deal::load(&env, &terms)?;
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
            let look = deal.look(milestone)?;
            let hearing = match look.phase {
                HEARING => 0,
                APPEAL_HEARING => 1,
                _ => return Err(EscrowError::WrongStage),
            };
            if hearing != usize::from(by >= 2 + seats[0]) {
                return Err(EscrowError::NotArbitrator);
            }
            let now = deal.now();
            let votes = look.votes[hearing] as u32 + 1;
            let complete = votes == seats[hearing];
            let Some(case) = &mut deal.milestone(milestone).dispute else {
                return Err(EscrowError::WrongStage);
            };
            if case.votes.by(by) {
                return Err(EscrowError::AlreadyVoted);
            }
            case.votes.push(Vote { role: by, ppm: seller_ppm });
            if complete && hearing == 0 {
                case.ruled_at = now;
            }
            events::Voted { trade: deal.id.clone(), milestone, by, seller_ppm, hash: hash.clone(), votes }.publish(&env);
            if complete {
                let seller_ppm = deal.look(milestone)?.ppm;
                events::Ruled { trade: deal.id.clone(), milestone, seller_ppm, phase: look.phase }.publish(&env);
            }
        }
        deal.save();
        Ok(())
    }

    // Takes the first ruling to the appeal panel, once, depositing the arbitration fee. Signer: by, buyer or seller.
    // Errors: NotParty, NoSuchMilestone, WrongStage, DepositNotReceived. Events: appealed.
    pub fn appeal(env: Env, terms: Terms, by: u32, milestone: u32) -> Result<(), EscrowError> {
        let mut deal = Deal::load_as(&env, &terms, by)?;
        let look = deal.look(milestone)?;
        let now = deal.now();
        let fee = terms.arbitration_fee as u64;
        match &mut deal.milestone(milestone).dispute {
            Some(case) if look.phase == RULED => {
                case.appeal = Some((by, now));
                case.aside[by as usize] += fee;
            }
            _ => return Err(EscrowError::WrongStage),
        }
        events::Appealed { trade: deal.id.clone(), milestone, by, aside: terms.arbitration_fee, seller_ppm: look.ppm }.publish(&env);
        deal.save_and_take(by, fee, false)
    }

    // Pays what is parked for a role, or a part. Signer: the role's owner, unless `to` is the owner: anybody may push it there.
    // Errors: NotParty, ForbiddenTarget, AmountOutOfRange, TransferFailed. Events: claimed.
    pub fn claim(env: Env, terms: Terms, role: u32, to: Address, amount: i128) -> Result<(), EscrowError> {
        let mut deal = Deal::load(&env, &terms)?;
        let owner = terms::roles(&env, &terms).get(role).ok_or(EscrowError::NotParty)?;
        if to != owner {
            owner.require_auth();
        }
        if to == env.current_contract_address() || to == terms.asset {
            return Err(EscrowError::ForbiddenTarget);
        }
        let left = deal.claim(role, &to, amount)?;
        events::Claimed { trade: deal.id.clone(), role, to, amount, left }.publish(&env);
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

    pub fn trade(env: Env, id: BytesN<32>) -> Option<Trade> {
        storage::trade(&env, &id).map(|state| deal::view(&env, &state))
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
    let mut deal = Deal::load_as(env, terms, by)?;
    let look = deal.look(milestone)?;
    if look.phase == phase::ENDED {
        return Err(EscrowError::WrongStage);
    }
    let left = deal.milestone(milestone).left;
    if amount < 1 || amount > i128::from(left) {
        return Err(EscrowError::AmountOutOfRange);
    }
    let part = amount as u64;
    let conceded = look.phase >= OFFERS;
    if conceded && part != left {
        return Err(EscrowError::PartInDispute);
    }
    let (seller_part, ppm) = if by == BUYER { (part, MILLION) } else { (0, 0) };
    let ending = deal.end_part(milestone, &look, part, seller_part, ppm);
    let left = i128::from(left - part);
    let trade = deal.id.clone();
    if by == BUYER {
        events::Released { trade, milestone, amount, left, fee: ending.fee.into(), conceded }.publish(env);
    } else {
        events::Refunded { trade, milestone, amount, left, conceded }.publish(env);
    }
    deal.announce(milestone, ending);
    deal.close(true);
    Ok(())
}

// Where the milestone stands, if an offer of seller_amount of `of` may be made or accepted there.
fn offerable(deal: &Deal, milestone: u32, of: i128, seller_amount: i128) -> Result<phase::Look, EscrowError> {
    let look = deal.look(milestone)?;
    if !matches!(look.phase, ON_WAY | DELIVERED | OFFERS | HEARING | RULED | APPEAL_HEARING) {
        return Err(EscrowError::WrongStage);
    }
    if of != i128::from(deal.state.milestones[milestone as usize].left) {
        return Err(EscrowError::LeftChanged);
    }
    if seller_amount < 0 || seller_amount > of {
        return Err(EscrowError::AmountOutOfRange);
    }
    Ok(look)
}
