// Alone touches the ledger's storage, and owns every TTL, in ledgers. What trades and assets have has no field names: each byte is paid for,
// again and again. The settings are there once.
//
//   persistent  <32-byte id>      a trade, laid out by rules::state
//   persistent  <asset address>   what is owed in it: (total, fees)
//   persistent  "anchor"          the audit log's head: (seq, hash)
//   instance    0 ...             the settings by their numbers (rules::admin), and the rulebook

use soroban_sdk::{symbol_short, vec, Address, BytesN, Env, IntoVal, Symbol, Val, Vec};
use stellar_escrow_rules::admin::{ANCHORED, SETTINGS};
use stellar_escrow_rules::state::State;
use stellar_escrow_rules::types::Owed;

// The network means to close a ledger every 5 seconds. Nothing is computed from that but how far to extend: a shorter ledger makes an
// entry end sooner, an archived entry is restored, and no right of anybody hangs on it.
const LEDGER_SECONDS: u64 = 5;
const DAY_LEDGERS: u32 = 17_280;
// After the last deadline there is this long to settle before the trade needs to be restored.
const GRACE_SECONDS: u64 = 30 * 86_400;
// More than any network allows, which then takes what it does.
const FOR_EVER: u32 = 1 << 30;

const ANCHOR: Symbol = symbol_short!("anchor");
// In the instance, behind the settings.
const RULEBOOK: u32 = SETTINGS;

// Void if it is not set.
pub fn setting(env: &Env, number: u32) -> Val {
    let kept: Option<Val> =
        if number == ANCHORED { env.storage().persistent().get(&ANCHOR) } else { env.storage().instance().get(&number) };
    kept.unwrap_or(Val::VOID.into())
}

pub fn set_setting(env: &Env, number: u32, value: Val) {
    if number == ANCHORED {
        env.storage().persistent().set(&ANCHOR, &value);
    } else {
        env.storage().instance().set(&number, &value);
    }
}

// The contract that is asked what few trades need.
pub fn rulebook(env: &Env) -> Address {
    setting(env, RULEBOOK).into_val(env)
}

pub fn set_rulebook(env: &Env, rulebook: &Address) {
    set_setting(env, RULEBOOK, rulebook.to_val());
}

pub fn opened_before(env: &Env, id: &BytesN<32>) -> bool {
    env.storage().persistent().has(id)
}

pub fn trade(env: &Env, id: &BytesN<32>) -> Option<State> {
    env.storage().persistent().get(id).map(State::decode)
}

pub fn set_trade(env: &Env, id: &BytesN<32>, state: &mut State) {
    env.storage().persistent().set(id, state.encode());
}

pub fn owed(env: &Env, asset: &Address) -> Owed {
    match env.storage().persistent().get::<_, Vec<i128>>(asset) {
        Some(kept) => Owed { fees: kept.get_unchecked(1), total: kept.get_unchecked(0) },
        None => Owed { fees: 0, total: 0 },
    }
}

pub fn set_owed(env: &Env, asset: &Address, owed: &Owed) {
    env.storage().persistent().set(asset, &vec![env, owed.total, owed.fees]);
}

// Makes an entry of ours (a trade by its id, what is owed by its asset) outlive the trade's last deadline, if the network allows that much.
pub fn extend_entry(env: &Env, key: &impl IntoVal<Env, Val>, last_deadline: u64) {
    let target = target(env, last_deadline);
    env.storage().persistent().extend_ttl(key, target, target);
}

// The same for the instance, but only if it lacks a day: it is everybody's, and each of them would extend it by a moment. Never the code,
// whose rent is that of its size in memory and could cost one trader more than the trade: it is for the operator, and anybody, to extend.
pub fn extend_instance(env: &Env, last_deadline: u64) {
    let target = target(env, last_deadline);
    env.deployer().extend_ttl_for_contract_instance_with_limits(env.current_contract_address(), target, DAY_LEDGERS, FOR_EVER);
}

// As far as the network allows. Errors: none; there must be such a trade.
pub fn extend_most(env: &Env, id: &BytesN<32>) {
    env.storage().persistent().extend_ttl(id, FOR_EVER, FOR_EVER);
}

fn target(env: &Env, last_deadline: u64) -> u32 {
    let seconds = last_deadline.saturating_add(GRACE_SECONDS).saturating_sub(env.ledger().timestamp());
    (seconds / LEDGER_SECONDS).min(u64::from(FOR_EVER)) as u32
}
