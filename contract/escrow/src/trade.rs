// A trade as the ledger has it: looked up by its terms, decided about here or by the rulebook, and what is decided carried out.

use crate::admin;
use crate::announce::announce;
use crate::payout;
use crate::refusal::Refusal;
use crate::storage;
use soroban_sdk::{vec, Env, Symbol, Val};
use stellar_escrow_rules::errors::EscrowError;
use stellar_escrow_rules::state::{State, ENDED};
use stellar_escrow_rules::terms;
use stellar_escrow_rules::trade::{Answer, Then, Trade};
use stellar_escrow_rules::types::Carried;

// A trade that `by` opens.
pub fn new<'a>(env: &'a Env, terms: &'a Carried, by: u32) -> Trade<'a> {
    Trade::new(env, terms, terms::id(env, terms), State::opened(env, by))
}

// The trade that these terms have opened. Errors: NotFound.
pub fn load<'a>(env: &'a Env, terms: &'a Carried) -> Result<Trade<'a>, Refusal> {
    let id = terms::id(env, terms);
    let state = storage::trade(env, &id).ok_or(EscrowError::NotFound)?;
    Ok(Trade::new(env, terms, id, state))
}

// Whether the platform's pause stops a call. What it stops brings new money in, and so must not fill the hole of money that is missing.
#[derive(Clone, Copy, PartialEq)]
pub enum Entry {
    New,
    Going,
}

// Asks the rulebook the question of this name, and takes over what it decides. Errors: what it says.
pub fn ask(trade: &mut Trade, question: Symbol, told: &[Val]) -> Result<(), Refusal> {
    let env = trade.env;
    let mut args = vec![env, trade.id.to_val(), trade.terms.as_came().0, trade.state.stored().to_val()];
    for value in told {
        args.push_back(*value);
    }
    let answer: Answer = env.invoke_contract(&storage::rulebook(env), &question, args);
    Refusal::of(trade.follow(&answer))
}

// Carries out what was decided. Errors: what `done` says, Paused, those of a deposit, TransferFailed.
pub fn carry_out(trade: &mut Trade, done: Result<(), Refusal>, entry: Entry) -> Result<(), Refusal> {
    sign(trade, done, entry)?;
    announce(trade.env, &trade.decision.events);
    let owed_changed = match trade.decision.then {
        Then::Leave => return Ok(()),
        Then::Keep => {
            storage::set_trade(trade.env, &trade.id, &mut trade.state);
            payout::deposit(trade, entry == Entry::New)?;
            trade.decision.taken != 0
        }
        Then::Pay => payout::pay_out(trade)?,
    };
    extend(trade, owed_changed);
    Ok(())
}

// Who has to sign has signed, and nothing is refused.
fn sign(trade: &Trade, done: Result<(), Refusal>, entry: Entry) -> Result<(), Refusal> {
    if let Some(signer) = &trade.decision.signer {
        signer.require_auth();
        if entry == Entry::New {
            admin::not_paused(trade.env)?;
        }
    }
    done
}

// Nothing waits for the mark of an ended trade: archived, it still refuses to be opened again.
fn extend(trade: &Trade, owed_too: bool) {
    if trade.state.stage >= ENDED {
        return;
    }
    let last_deadline = terms::last_deadline(trade.terms);
    storage::extend_entry(trade.env, &trade.id, last_deadline);
    if owed_too {
        storage::extend_entry(trade.env, &trade.terms.asset, last_deadline);
    }
    storage::extend_instance(trade.env, last_deadline);
}
