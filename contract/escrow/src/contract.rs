// The public face. docs/contract.md is the reference of each function, its errors and its events; what stands here is who signs, and what is
// not obvious.
//
// Every function of a trade carries its terms; their hash is the key it is kept under (NotFound otherwise). `milestone` is an index into
// terms.milestones, `by` and `role` are numbers of roles: 0 buyer, 1 seller, then the panel, then the appeal panel.
//
// What is decided stands in the crate `rules`, a function of the same name for each. What every trade needs is decided here, the rest asked
// of the rulebook, which is built of the same crate; either way the escrow alone asks for signatures, keeps the trade and moves the money.

use crate::admin;
use crate::payout;
use crate::refusal::Refusal as EscrowError; // these names are the spec's
use crate::storage;
use crate::trade::{self, ask, carry_out, load, Entry};
use soroban_sdk::{contract, contractimpl, symbol_short, vec, Address, BytesN, Env, IntoVal, Symbol, Val, Vec};
use stellar_escrow_rules::errors::EscrowError as Error;
use stellar_escrow_rules::events;
use stellar_escrow_rules::made::Made as Terms;
use stellar_escrow_rules::state::{BUYER, SELLER};
use stellar_escrow_rules::terms;
use stellar_escrow_rules::trade::Trade;
use stellar_escrow_rules::types::Carried;

#[contract]
pub struct Escrow;

#[contractimpl]
impl Escrow {
    // Errors: FeeAboveCap, ForbiddenReceiver, BadLimits. Signer: nobody; whoever deploys chooses.
    pub fn __constructor(
        env: Env,
        admin: Address,
        fee_bps: u32,
        fee_receiver: Address,
        limits: Val,
        rulebook: Address,
    ) -> Result<(), EscrowError> {
        admin::name_rulebook(&env, &rulebook)?;
        admin::ask(&env, symbol_short!("construct"), &[admin.to_val(), fee_bps.into(), fee_receiver.to_val(), limits])
    }

    // Opens the trade; the seller's opening is their agreement and deposits their bond. Answers the id. Signer: by, buyer or seller.
    // Errors: NotParty, Paused, 20 to 38, AlreadyOpened, those of a deposit. Events: opened.
    pub fn open(env: Env, terms: Terms, by: u32) -> Result<BytesN<32>, EscrowError> {
        let terms = Carried::of(&env, terms);
        let mut trade = trade::new(&env, &terms, by);
        let mut done = trade.open(by);
        if done.is_ok() {
            done = terms::check(&env, &terms, &admin::limits(&env), admin::fee(&env).0);
        }
        if done.is_ok() && storage::opened_before(&env, &trade.id) {
            done = Err(Error::AlreadyOpened);
        }
        carry_out(&mut trade, done.map_err(EscrowError::from), Entry::New)?;
        Ok(trade.id)
    }

    // Agrees; the seller's agreement deposits their bond. Signer: the party that did not open.
    // Errors: Paused, WrongStage (also from fund_by on), those of a deposit. Events: accepted.
    pub fn accept(env: Env, terms: Terms) -> Result<(), EscrowError> {
        asked(&env, terms, Entry::New, symbol_short!("accept"), &[])
    }

    // Deposits total and bond at once. Signer: buyer.
    // Errors: Paused, WrongStage (also from fund_by on), those of a deposit. Events: funded.
    pub fn fund(env: Env, terms: Terms) -> Result<(), EscrowError> {
        let terms = Carried::of(&env, terms);
        let mut trade = load(&env, &terms)?;
        let done = trade.fund();
        carry_out(&mut trade, done.map_err(EscrowError::from), Entry::New)
    }

    // Ends what is not funded; a deposited bond goes back. Signer: by, if given; from fund_by on it needs nobody.
    // Errors: NotParty, WrongStage, NotDue. Events: cancelled, parked.
    pub fn cancel(env: Env, terms: Terms, by: Option<u32>, push: bool) -> Result<(), EscrowError> {
        asked(&env, terms, Entry::Going, symbol_short!("cancel"), &[by.into_val(&env), push.into_val(&env)])
    }

    // Says that the milestone is delivered; proof is the hash of what shows it. Signer: seller.
    // Errors: NoSuchMilestone, WrongStage. Events: delivered.
    pub fn deliver(env: Env, terms: Terms, milestone: u32, proof: BytesN<32>) -> Result<(), EscrowError> {
        let terms = Carried::of(&env, terms);
        let mut trade = load(&env, &terms)?;
        let done = trade.deliver(milestone, proof);
        carry_out(&mut trade, done.map_err(EscrowError::from), Entry::Going)
    }

    // Gives the seller a part or all of what is left; in a dispute only all, conceding it. Signer: buyer.
    // Errors: NoSuchMilestone, WrongStage, AmountOutOfRange, PartInDispute. Events: released, silent, costs, ended, parked.
    pub fn release(env: Env, terms: Terms, milestone: u32, amount: i128) -> Result<(), EscrowError> {
        let terms = Carried::of(&env, terms);
        let mut trade = load(&env, &terms)?;
        if trade.state.disputed(milestone) {
            return given(&mut trade, BUYER, milestone, amount);
        }
        let done = trade.release(milestone, amount);
        carry_out(&mut trade, done.map_err(EscrowError::from), Entry::Going)
    }

    // Gives the buyer a part or all of what is left; in a dispute only all, conceding it. Signer: seller.
    // Errors: NoSuchMilestone, WrongStage, AmountOutOfRange, PartInDispute. Events: refunded, silent, costs, ended, parked.
    pub fn refund(env: Env, terms: Terms, milestone: u32, amount: i128) -> Result<(), EscrowError> {
        let terms = Carried::of(&env, terms);
        given(&mut load(&env, &terms)?, SELLER, milestone, amount)
    }

    // Carries out what the clock or a ruling has decided. With push false no token is called and everything is parked. Signer: nobody.
    // Errors: EmptyList, NoSuchMilestone, WrongStage, NotDue. Events: settled, silent, costs for each; ended, parked.
    pub fn settle(env: Env, terms: Terms, milestones: Vec<u32>, push: bool) -> Result<(), EscrowError> {
        asked(&env, terms, Entry::Going, symbol_short!("settle"), &[milestones.to_val(), push.into_val(&env)])
    }

    // Starts a dispute; reason is the hash of what it is about. The arbitration fee is set aside, from by's bond or as a deposit.
    // Signer: by, buyer or seller. Errors: NotParty, NoSuchMilestone, WrongStage, DepositNotReceived. Events: disputed.
    pub fn dispute(env: Env, terms: Terms, by: u32, milestone: u32, reason: BytesN<32>) -> Result<(), EscrowError> {
        noted(&env, terms, symbol_short!("dispute"), by, milestone, reason)
    }

    // Offers to end the milestone with seller_amount of what is left for the seller, the rest for the buyer. Signer: by, buyer or seller.
    // Errors: NotParty, NoSuchMilestone, WrongStage, LeftChanged, AmountOutOfRange. Events: offered.
    pub fn offer(env: Env, terms: Terms, by: u32, milestone: u32, of: i128, seller_amount: i128) -> Result<(), EscrowError> {
        offered(&env, terms, symbol_short!("offer"), by, milestone, [of, seller_amount])
    }

    // Ends the milestone by the other side's standing offer, which must say exactly this. Signer: by, buyer or seller.
    // Errors: NotParty, NoSuchMilestone, WrongStage, LeftChanged, AmountOutOfRange, NoOffer. Events: split, silent, costs, ended, parked.
    pub fn accept_offer(env: Env, terms: Terms, by: u32, milestone: u32, of: i128, seller_amount: i128) -> Result<(), EscrowError> {
        offered(&env, terms, symbol_short!("agree"), by, milestone, [of, seller_amount])
    }

    // Notes the hash of a piece of evidence, for ever, in an event. Signer: by, buyer or seller.
    // Errors: NotParty, NoSuchMilestone, WrongStage. Events: evidence.
    pub fn evidence(env: Env, terms: Terms, by: u32, milestone: u32, hash: BytesN<32>) -> Result<(), EscrowError> {
        noted(&env, terms, symbol_short!("evidence"), by, milestone, hash)
    }

    // Votes (milestone, seller_ppm); hash is that of the reasons. Signer: by, a seat on the panel that is hearing.
    // Errors: NotArbitrator, EmptyList; for each in turn NoSuchMilestone, BadPpm, WrongStage, NotArbitrator, AlreadyVoted.
    // Events: for each voted, ruled.
    pub fn rule(env: Env, terms: Terms, by: u32, rulings: Vec<(u32, u32)>, hash: BytesN<32>) -> Result<(), EscrowError> {
        asked(&env, terms, Entry::Going, symbol_short!("rule"), &[by.into(), rulings.to_val(), hash.to_val()])
    }

    // Takes the first ruling to the appeal panel, once, depositing the arbitration fee. Signer: by, buyer or seller.
    // Errors: NotParty, NoSuchMilestone, WrongStage, DepositNotReceived. Events: appealed.
    pub fn appeal(env: Env, terms: Terms, by: u32, milestone: u32) -> Result<(), EscrowError> {
        asked(&env, terms, Entry::Going, symbol_short!("appeal"), &[by.into(), milestone.into()])
    }

    // Pays what is parked for a role, or a part. Signer: the role's owner, unless `to` is the owner: anybody may push it there.
    // Errors: NotParty, ForbiddenTarget, AmountOutOfRange, TransferFailed. Events: claimed.
    pub fn claim(env: Env, terms: Terms, role: u32, to: Address, amount: i128) -> Result<(), EscrowError> {
        let told = [role.into(), to.to_val(), amount.into_val(&env), env.current_contract_address().to_val()];
        asked(&env, terms, Entry::Going, symbol_short!("claim"), &told)
    }

    // Pays the booked fees to the receiver of the day. Answers how much. Signer: nobody.
    // Errors: ForbiddenTarget, NothingToCollect, TransferFailed. Events: collected.
    pub fn collect(env: Env, asset: Address) -> Result<i128, EscrowError> {
        let (_, to) = admin::fee(&env);
        if to == asset {
            return Err(Error::ForbiddenTarget.into());
        }
        let amount = payout::collect(&env, &asset, &to)?;
        events::Collected { asset, to, amount }.publish(&env);
        Ok(amount)
    }

    // Extends the trade's entry as far as the network allows. Signer: nobody. Errors: NotFound.
    pub fn extend(env: Env, id: BytesN<32>) -> Result<(), EscrowError> {
        if !storage::opened_before(&env, &id) {
            return Err(Error::NotFound.into());
        }
        storage::extend_most(&env, &id);
        Ok(())
    }

    pub fn trade(env: Env, id: BytesN<32>) -> Option<Val> {
        let state = storage::trade(&env, &id)?;
        Some(env.invoke_contract(&storage::rulebook(&env), &symbol_short!("trade"), vec![&env, state.stored().to_val()]))
    }

    pub fn config(env: Env) -> Val {
        env.invoke_contract(&storage::rulebook(&env), &symbol_short!("config"), admin::settings(&env))
    }

    pub fn owed(env: Env, asset: Address) -> Val {
        let owed = storage::owed(&env, &asset);
        env.invoke_contract(
            &storage::rulebook(&env),
            &symbol_short!("owed"),
            vec![&env, owed.fees.into_val(&env), owed.total.into_val(&env)],
        )
    }

    // Names the fee and its receiver from now + limits.fee_delay on. Signer: admin.
    // Errors: FeeAboveCap, ForbiddenReceiver. Events: fee_proposed.
    pub fn propose_fee(env: Env, bps: u32, receiver: Address) -> Result<(), EscrowError> {
        admin::ask(&env, symbol_short!("set_fee"), &[bps.into(), receiver.to_val()])
    }

    // Takes back a proposal that is not in force yet. Signer: admin. Errors: NoPendingFee. Events: fee_cancelled.
    pub fn cancel_fee(env: Env) -> Result<(), EscrowError> {
        admin::ask(&env, symbol_short!("keep_fee"), &[])
    }

    // Stops `open`, `accept` and `fund`, and nothing else. Signer: admin. Events: paused.
    pub fn pause(env: Env) -> Result<(), EscrowError> {
        admin::ask(&env, symbol_short!("pause"), &[true.into()])
    }

    // Signer: admin. Events: paused.
    pub fn unpause(env: Env) -> Result<(), EscrowError> {
        admin::ask(&env, symbol_short!("pause"), &[false.into()])
    }

    // Names the next admin, who becomes it by accepting. Signer: admin. Events: admin_proposed.
    pub fn propose_admin(env: Env, to: Address) -> Result<(), EscrowError> {
        admin::ask(&env, symbol_short!("set_admin"), &[to.to_val()])
    }

    // Signer: the proposed admin. Errors: NoPendingAdmin. Events: admin_changed.
    pub fn accept_admin(env: Env) -> Result<(), EscrowError> {
        admin::ask(&env, symbol_short!("be_admin"), &[])
    }

    // Names the key that may anchor the audit log's head, and do nothing else. Signer: admin. Events: anchor_set.
    pub fn set_anchor(env: Env, key: Address) -> Result<(), EscrowError> {
        admin::ask(&env, symbol_short!("set_key"), &[key.to_val()])
    }

    // Keeps the audit log's head. Signer: the anchor key. Errors: NoAnchorKey, AnchorNotNewer. Events: anchored.
    pub fn anchor(env: Env, seq: u64, hash: BytesN<32>) -> Result<(), EscrowError> {
        admin::ask(&env, symbol_short!("anchor"), &[seq.into_val(&env), hash.to_val()])
    }
}

// What the rulebook decides.
fn asked(env: &Env, terms: Terms, entry: Entry, question: Symbol, told: &[Val]) -> Result<(), EscrowError> {
    let terms = Carried::of(env, terms);
    let mut trade = load(env, &terms)?;
    let done = ask(&mut trade, question, told);
    carry_out(&mut trade, done, entry)
}

// A `release` by the buyer or a `refund` by the seller, as the rulebook decides it.
fn given(trade: &mut Trade, by: u32, milestone: u32, amount: i128) -> Result<(), EscrowError> {
    let told = [by.into(), milestone.into(), amount.into_val(trade.env)];
    let done = ask(trade, symbol_short!("give"), &told);
    carry_out(trade, done, Entry::Going)
}

// What the rulebook decides about a milestone and a hash.
fn noted(env: &Env, terms: Terms, question: Symbol, by: u32, milestone: u32, hash: BytesN<32>) -> Result<(), EscrowError> {
    asked(env, terms, Entry::Going, question, &[by.into(), milestone.into(), hash.to_val()])
}

// What the rulebook decides about an offer.
fn offered(env: &Env, terms: Terms, question: Symbol, by: u32, milestone: u32, amounts: [i128; 2]) -> Result<(), EscrowError> {
    let [of, seller_amount] = amounts;
    asked(env, terms, Entry::Going, question, &[by.into(), milestone.into(), of.into_val(env), seller_amount.into_val(env)])
}
