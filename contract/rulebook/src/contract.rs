// The public face. Each function is told the trade's id, its terms and the bytes that are kept of it, and then what the escrow's function of
// the same name was told. It trusts the escrow that these belong together, and decides nothing for anybody else.

use soroban_sdk::{contract, contractimpl, Address, Bytes, BytesN, Env, Val, Vec};
use stellar_escrow_rules::admin::{self, Settings};
use stellar_escrow_rules::errors::EscrowError;
use stellar_escrow_rules::state::State;
use stellar_escrow_rules::trade::{self, Answer, Trade};
use stellar_escrow_rules::types::{self, Carried as Terms, Config, Limits, Owed};

#[contract]
pub struct Rulebook;

#[contractimpl]
impl Rulebook {
    pub fn accept(env: Env, id: BytesN<32>, terms: Terms, kept: Bytes) -> Answer {
        decide(&env, &terms, id, kept, |trade| trade.accept())
    }

    pub fn cancel(env: Env, id: BytesN<32>, terms: Terms, kept: Bytes, by: Option<u32>, push: bool) -> Answer {
        decide(&env, &terms, id, kept, |trade| trade.cancel(by, push))
    }

    pub fn give(env: Env, id: BytesN<32>, terms: Terms, kept: Bytes, by: u32, milestone: u32, amount: i128) -> Answer {
        decide(&env, &terms, id, kept, |trade| trade.give(by, milestone, amount))
    }

    pub fn settle(env: Env, id: BytesN<32>, terms: Terms, kept: Bytes, milestones: Vec<u32>, push: bool) -> Answer {
        decide(&env, &terms, id, kept, |trade| trade.settle(milestones, push))
    }

    pub fn dispute(env: Env, id: BytesN<32>, terms: Terms, kept: Bytes, by: u32, milestone: u32, reason: BytesN<32>) -> Answer {
        decide(&env, &terms, id, kept, |trade| trade.dispute(by, milestone, reason))
    }

    pub fn offer(env: Env, id: BytesN<32>, terms: Terms, kept: Bytes, by: u32, milestone: u32, of: i128, seller_amount: i128) -> Answer {
        decide(&env, &terms, id, kept, |trade| trade.offer(by, milestone, of, seller_amount))
    }

    pub fn agree(env: Env, id: BytesN<32>, terms: Terms, kept: Bytes, by: u32, milestone: u32, of: i128, seller_amount: i128) -> Answer {
        decide(&env, &terms, id, kept, |trade| trade.accept_offer(by, milestone, of, seller_amount))
    }

    pub fn evidence(env: Env, id: BytesN<32>, terms: Terms, kept: Bytes, by: u32, milestone: u32, hash: BytesN<32>) -> Answer {
        decide(&env, &terms, id, kept, |trade| trade.evidence(by, milestone, hash))
    }

    pub fn rule(env: Env, id: BytesN<32>, terms: Terms, kept: Bytes, by: u32, rulings: Vec<(u32, u32)>, hash: BytesN<32>) -> Answer {
        decide(&env, &terms, id, kept, |trade| trade.rule(by, rulings, hash))
    }

    pub fn appeal(env: Env, id: BytesN<32>, terms: Terms, kept: Bytes, by: u32, milestone: u32) -> Answer {
        decide(&env, &terms, id, kept, |trade| trade.appeal(by, milestone))
    }

    pub fn claim(env: Env, id: BytesN<32>, terms: Terms, kept: Bytes, role: u32, to: Address, amount: i128, escrow: Address) -> Answer {
        decide(&env, &terms, id, kept, |trade| trade.claim(role, to, amount, &escrow))
    }

    // What the escrow's `trade` answers, of the bytes that are kept.
    pub fn trade(_: Env, kept: Bytes) -> types::Trade {
        trade::view(kept.env(), &State::decode(kept.clone()))
    }

    // What the escrow's `owed` answers.
    pub fn owed(_: Env, fees: i128, total: i128) -> Owed {
        Owed { fees, total }
    }

    // What the escrow's `config` answers, of its settings.
    pub fn config(env: Env, set: Vec<Val>, escrow: Address) -> Result<Config, EscrowError> {
        Settings::new(&env, set, escrow).config()
    }

    pub fn construct(
        env: Env,
        set: Vec<Val>,
        escrow: Address,
        admin: Address,
        bps: u32,
        receiver: Address,
        limits: Limits,
    ) -> admin::Answer {
        decide_settings(&env, set, escrow, |settings| settings.construct(admin, bps, receiver, &limits))
    }

    pub fn set_fee(env: Env, set: Vec<Val>, escrow: Address, bps: u32, receiver: Address) -> admin::Answer {
        decide_settings(&env, set, escrow, |settings| settings.propose_fee(bps, receiver))
    }

    pub fn keep_fee(env: Env, set: Vec<Val>, escrow: Address) -> admin::Answer {
        decide_settings(&env, set, escrow, |settings| settings.cancel_fee())
    }

    pub fn pause(env: Env, set: Vec<Val>, escrow: Address, now: bool) -> admin::Answer {
        decide_settings(&env, set, escrow, |settings| settings.pause(now))
    }

    pub fn set_admin(env: Env, set: Vec<Val>, escrow: Address, to: Address) -> admin::Answer {
        decide_settings(&env, set, escrow, |settings| settings.propose_admin(to))
    }

    pub fn be_admin(env: Env, set: Vec<Val>, escrow: Address) -> admin::Answer {
        decide_settings(&env, set, escrow, |settings| settings.accept_admin())
    }

    pub fn set_key(env: Env, set: Vec<Val>, escrow: Address, key: Address) -> admin::Answer {
        decide_settings(&env, set, escrow, |settings| settings.set_anchor(key))
    }

    pub fn anchor(env: Env, set: Vec<Val>, escrow: Address, seq: u64, hash: BytesN<32>) -> admin::Answer {
        decide_settings(&env, set, escrow, |settings| settings.anchor(seq, hash))
    }
}

fn decide_settings(
    env: &Env,
    set: Vec<Val>,
    escrow: Address,
    decide: impl FnOnce(&mut Settings) -> Result<(), EscrowError>,
) -> admin::Answer {
    let mut settings = Settings::new(env, set, escrow);
    let done = decide(&mut settings);
    settings.answer(done)
}

fn decide(env: &Env, terms: &Terms, id: BytesN<32>, kept: Bytes, decide: impl FnOnce(&mut Trade) -> Result<(), EscrowError>) -> Answer {
    let mut trade = Trade::new(env, terms, id, State::decode(kept));
    let done = decide(&mut trade);
    trade.answer(done)
}
