// Money in and out: the only file that calls a token. What it does not trust: that a transfer moved what it said, that it ends, that it
// does not fail for one party only. So money in is measured, money out is tried, and our own books (`owed`) come from neither.

use crate::storage;
use soroban_sdk::{symbol_short, vec, xdr::ScErrorType, Address, Env, Error, IntoVal, Symbol, TryFromVal, Val, Vec};
use stellar_escrow_rules::errors::EscrowError;
use stellar_escrow_rules::events;
use stellar_escrow_rules::terms;
use stellar_escrow_rules::trade::Trade;
use stellar_escrow_rules::types::Owed;

const TRANSFER: Symbol = symbol_short!("transfer");

fn transfer_args(env: &Env, from: &Address, to: &Address, amount: i128) -> Vec<Val> {
    vec![env, from.to_val(), to.to_val(), amount.into_val(env)]
}

// What a token answers while money comes in. Errors: DepositNotReceived for a code of the token's own, which would be taken for one of ours.
fn ask(env: &Env, asset: &Address, function: &Symbol, args: Vec<Val>) -> Result<Val, EscrowError> {
    match env.try_invoke_contract::<Val, Error>(asset, function, args.clone()) {
        Ok(Ok(answer)) => Ok(answer),
        // Not a code of the token's but the host's: a signature is missing. Once more, so that the caller gets that error and no other.
        Err(Ok(error)) if !error.is_type(ScErrorType::Contract) => Ok(env.invoke_contract(asset, function, args)),
        _ => Err(EscrowError::DepositNotReceived),
    }
}

// What we have.
fn balance(env: &Env, asset: &Address) -> Result<i128, EscrowError> {
    let answer = ask(env, asset, &symbol_short!("balance"), vec![env, env.current_contract_address().to_val()])?;
    i128::try_from_val(env, &answer).map_err(|_| EscrowError::DepositNotReceived)
}

// Takes what is decided to come in from the signer, who signs the transfer too, and books it as owed. The trade is already written; an error
// undoes it all. Errors: Shortage if `strict` and the balance does not even cover what is owed; DepositNotReceived.
pub fn deposit(trade: &Trade, strict: bool) -> Result<(), EscrowError> {
    let (env, asset, amount) = (trade.env, &trade.terms.asset, i128::from(trade.decision.taken));
    if amount == 0 {
        return Ok(());
    }
    // What nobody has signed for does not come in.
    let from = trade.decision.signer.as_ref().ok_or(EscrowError::DepositNotReceived)?;
    let before = balance(env, asset)?;
    let mut owed = storage::owed(env, asset);
    if strict && before < owed.total {
        return Err(EscrowError::Shortage);
    }
    owed.total += amount;
    storage::set_owed(env, asset, &owed);

    let args = transfer_args(env, from, &env.current_contract_address(), amount);
    let silent = ask(env, asset, &TRANSFER, args)?.is_void();
    if !silent || balance(env, asset)?.saturating_sub(before) < amount {
        return Err(EscrowError::DepositNotReceived);
    }
    Ok(())
}

// Tries to pay; answers whether the token did, without a word more or less than agreed.
pub fn pay(env: &Env, asset: &Address, to: &Address, amount: i128) -> bool {
    let args = transfer_args(env, &env.current_contract_address(), to, amount);
    matches!(env.try_invoke_contract::<(), Error>(asset, &TRANSFER, args), Ok(Ok(())))
}

// Writes the trade as it is once all is paid, then pays; what failed is parked in the trade's own entry, which needs no new key, and only
// then noted. Without `push` everything is parked and no token is called: nothing a token does can stop that.
// What is claimed has to be paid instead. Answers whether what is owed was written. Errors: TransferFailed of a claim.
// Events: parked, in the order of roles.
pub fn pay_out(trade: &mut Trade) -> Result<bool, EscrowError> {
    let (env, asset, state) = (trade.env, &trade.terms.asset, &mut trade.state);
    let (payouts, push) = (&trade.decision.payouts, trade.decision.push);
    let total: i128 = payouts.amounts.iter().sum();
    let pushed = if push { total } else { 0 };
    let mut owed = storage::owed(env, asset);
    owed.total -= pushed;
    owed.fees += i128::from(payouts.fee);
    let owed_changed = pushed != 0 || payouts.fee != 0;
    if owed_changed {
        storage::set_owed(env, asset, &owed);
    }
    storage::set_trade(env, &trade.id, state);
    if total == 0 {
        return Ok(owed_changed);
    }

    let mut parked = 0;
    for (role, amount) in (0..).zip(payouts.amounts) {
        if amount == 0 {
            continue;
        }
        let to = trade.decision.to.as_ref();
        if push && pay(env, asset, &to.cloned().unwrap_or_else(|| terms::owner(trade.terms, role)), amount) {
            continue;
        }
        if to.is_some() {
            return Err(EscrowError::TransferFailed);
        }
        let old = state.parked(role);
        state.park(role, old + amount);
        parked += amount;
        events::Parked { trade: trade.id.clone(), role, old, amount: old + amount }.publish(env);
    }
    if parked != 0 {
        storage::set_trade(env, &trade.id, state);
        if push {
            owed.total += parked;
            storage::set_owed(env, asset, &owed);
        }
    }
    Ok(owed_changed)
}

// Pays what is booked as fees to `to`. Errors: NothingToCollect, TransferFailed.
pub fn collect(env: &Env, asset: &Address, to: &Address) -> Result<i128, EscrowError> {
    let Owed { fees, total } = storage::owed(env, asset);
    if fees == 0 {
        return Err(EscrowError::NothingToCollect);
    }
    storage::set_owed(env, asset, &Owed { fees: 0, total: total - fees });
    if !pay(env, asset, to, fees) {
        return Err(EscrowError::TransferFailed);
    }
    Ok(fees)
}
