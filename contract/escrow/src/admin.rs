// The platform's settings as the ledger has them. What the admin may do with them is asked of the rulebook (rules::admin); what every trade
// needs, the fee and the limits, is read here.

use crate::announce::announce;
use crate::refusal::Refusal;
use crate::storage;
use soroban_sdk::{vec, Address, BytesN, Env, Executable, IntoVal, Symbol, Val, Vec};
use stellar_escrow_rules::admin::{Answer, CHANGES, EVENTS, FEE, LIMITS, PAUSED, PENDING_FEE, REFUSED, SETTINGS, SIGNER};
use stellar_escrow_rules::errors::EscrowError;
use stellar_escrow_rules::made::part;
use stellar_escrow_rules::types::Limits;

// The only code that may be asked: the rulebook's as it is committed.
const RULEBOOK: [u8; 32] = include!(concat!(env!("OUT_DIR"), "/rulebook.rs"));

// Errors: WrongRulebook. As tests build it for this machine, the escrow asks a rulebook of the same build, which has no hash.
pub fn name_rulebook(env: &Env, rulebook: &Address) -> Result<(), Refusal> {
    if cfg!(target_family = "wasm") && rulebook.executable() != Some(Executable::Wasm(BytesN::from_array(env, &RULEBOOK))) {
        return Err(EscrowError::WrongRulebook.into());
    }
    storage::set_rulebook(env, rulebook);
    Ok(())
}

// Asks the rulebook the question of this name about the settings, and carries out what it decides. Errors: what it says.
pub fn ask(env: &Env, question: Symbol, told: &[Val]) -> Result<(), Refusal> {
    let mut args = settings(env);
    for value in told {
        args.push_back(*value);
    }
    let answer: Answer = env.invoke_contract(&storage::rulebook(env), &question, args);
    if let Some(signer) = part::<Option<Address>>(env, &answer, SIGNER) {
        signer.require_auth();
    }
    Refusal::of(part(env, &answer, REFUSED))?;
    let changes: Vec<Val> = part(env, &answer, CHANGES);
    for at in (0..changes.len()).step_by(2) {
        let number: u32 = changes.get_unchecked(at).into_val(env);
        storage::set_setting(env, number, changes.get_unchecked(at + 1));
    }
    announce(env, &part(env, &answer, EVENTS));
    Ok(())
}

// What the rulebook is told of the settings: all of them, and whose they are.
pub fn settings(env: &Env) -> Vec<Val> {
    let mut settings: Vec<Val> = Vec::from_array(env, []);
    for number in 0..SETTINGS {
        settings.push_back(storage::setting(env, number));
    }
    vec![env, settings.to_val(), env.current_contract_address().to_val()]
}

pub fn limits(env: &Env) -> Limits {
    Limits::of(&storage::setting(env, LIMITS).into_val(env))
}

// The bps of the fee in force now, and its receiver: a proposal whose time has come needs nobody to carry it out.
pub fn fee(env: &Env) -> (u32, Address) {
    let mut fee: Vec<Val> = storage::setting(env, FEE).into_val(env);
    let pending: Option<Vec<Val>> = storage::setting(env, PENDING_FEE).into_val(env);
    if let Some(pending) = pending.filter(|pending| part::<u64>(env, pending, 0) <= env.ledger().timestamp()) {
        fee = pending;
    }
    (part(env, &fee, 1), part(env, &fee, 2))
}

// Errors: Paused.
pub fn not_paused(env: &Env) -> Result<(), EscrowError> {
    if storage::setting(env, PAUSED).is_true() {
        return Err(EscrowError::Paused);
    }
    Ok(())
}
