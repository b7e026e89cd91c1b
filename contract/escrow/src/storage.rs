// Alone touches the ledger's storage, and owns every TTL, in ledgers. What trades and assets have has no field names: each byte is paid for,
// again and again. The configuration is there once.
//
//   persistent  <32-byte id>      a trade, laid out by state.rs
//   persistent  <asset address>   what is owed in it: (total, fees)
//   persistent  "anchor"          the audit log's head: (seq, hash)
//   instance    0 ...             the configuration, see below

use crate::state::State;
use crate::types::Owed;
use soroban_sdk::{symbol_short, Address, BytesN, Env, IntoVal, Symbol, TryFromVal, Val};

// The network means to close a ledger every 5 seconds. Nothing is computed from that but how far to extend: a shorter ledger makes an
// entry end sooner, an archived entry is restored, and no right of anybody hangs on it.
const LEDGER_SECONDS: u64 = 5;
const DAY_LEDGERS: u32 = 17_280;
// After the last deadline there is this long to settle before the trade needs to be restored.
const GRACE_SECONDS: u64 = 30 * 86_400;

const ANCHOR: Symbol = symbol_short!("anchor");

// Keys in the instance. What is not set is absent.
pub const ADMIN: u32 = 0; // Address
pub const PENDING_ADMIN: u32 = 1; // Address
pub const ANCHOR_KEY: u32 = 2; // Address
pub const PAUSED: u32 = 3; // bool
pub const LIMITS: u32 = 4; // Limits
pub const FEE: u32 = 5; // Fee
pub const PENDING_FEE: u32 = 6; // Fee

// From when it is in force, bps, receiver.
pub type Fee = (u64, u32, Address);

pub fn config<T: TryFromVal<Env, Val>>(env: &Env, key: u32) -> Option<T> {
    env.storage().instance().get(&key)
}

pub fn set_config(env: &Env, key: u32, value: &impl IntoVal<Env, Val>) {
    env.storage().instance().set(&key, value);
}

pub fn remove_config(env: &Env, key: u32) {
    env.storage().instance().remove(&key);
}

// The last head that was anchored, and its number; (0, zeros) before the first.
pub fn anchored(env: &Env) -> (u64, BytesN<32>) {
    env.storage().persistent().get(&ANCHOR).unwrap_or_else(|| (0, BytesN::from_array(env, &[0; 32])))
}

pub fn set_anchored(env: &Env, head: &(u64, BytesN<32>)) {
    env.storage().persistent().set(&ANCHOR, head);
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
    let (total, fees) = env.storage().persistent().get(asset).unwrap_or((0, 0));
    Owed { fees, total }
}

pub fn set_owed(env: &Env, asset: &Address, owed: &Owed) {
    env.storage().persistent().set(asset, &(owed.total, owed.fees));
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
    env.deployer().extend_ttl_for_contract_instance(env.current_contract_address(), target.saturating_sub(DAY_LEDGERS), target);
}

// As far as the network allows. Errors: none; there must be such a trade.
pub fn extend_most(env: &Env, id: &BytesN<32>) {
    let most = env.storage().max_ttl();
    env.storage().persistent().extend_ttl(id, most, most);
}

fn target(env: &Env, last_deadline: u64) -> u32 {
    let seconds = last_deadline.saturating_add(GRACE_SECONDS).saturating_sub(env.ledger().timestamp());
    let most = env.storage().max_ttl();
    (seconds / LEDGER_SECONDS).min(u64::from(most)) as u32
}
