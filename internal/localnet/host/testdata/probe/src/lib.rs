#![no_std]
//! A contract for the tests of the host around it: it keeps something of each durability, asks for authorisation, pays, emits, fails
//! in every way a contract can, and eats time and memory.
use soroban_sdk::{
    auth::{Context, CustomAccountInterface},
    contract, contracterror, contractevent, contractimpl, contracttype,
    crypto::Hash,
    token, Address, Bytes, BytesN, Env, IntoVal, Val, Vec,
};

#[contract]
pub struct Probe;

#[contracterror]
#[derive(Copy, Clone)]
#[repr(u32)]
pub enum Fault {
    Refused = 7,
    Keyless = 8,
}

#[contracttype]
pub enum Key {
    Owner,
    Count,
    Kept(u32),
    Lent(u32),
    Signer,
}

#[contractevent]
pub struct Counted {
    #[topic]
    pub by: Address,
    pub before: u32,
    pub after: u32,
}

#[contractevent]
pub struct Shouted {
    #[topic]
    pub times: u32,
    pub what: Bytes,
}

#[contractimpl]
impl Probe {
    pub fn __constructor(env: Env, owner: Address, count: u32) {
        owner.require_auth();
        env.storage().instance().set(&Key::Owner, &owner);
        env.storage().instance().set(&Key::Count, &count);
    }

    /// Counts in the instance and tells so in an event.
    pub fn count(env: Env, by: Address) -> u32 {
        let before: u32 = env.storage().instance().get(&Key::Count).unwrap_or(0);
        let after = before + 1;
        env.storage().instance().set(&Key::Count, &after);
        Counted { by, before, after }.publish(&env);
        after
    }

    /// Writes a persistent entry of its own.
    pub fn keep(env: Env, id: u32, value: Bytes) {
        env.storage().persistent().set(&Key::Kept(id), &value);
    }

    pub fn kept(env: Env, id: u32) -> Option<Bytes> {
        env.storage().persistent().get(&Key::Kept(id))
    }

    /// Writes a persistent entry under whatever it is given.
    pub fn keep_at(env: Env, key: Val, value: Bytes) {
        env.storage().persistent().set(&key, &value);
    }

    /// Says the same in so many events.
    pub fn shout(env: Env, times: u32, what: Bytes) {
        for _ in 0..times {
            Shouted { times, what: what.clone() }.publish(&env);
        }
    }

    pub fn forget(env: Env, id: u32) {
        env.storage().persistent().remove(&Key::Kept(id));
    }

    /// Writes a temporary entry.
    pub fn lend(env: Env, id: u32, value: u32) {
        env.storage().temporary().set(&Key::Lent(id), &value);
    }

    /// Lets a persistent entry live longer; only its lifetime changes.
    pub fn extend(env: Env, id: u32, ledgers: u32) {
        env.storage().persistent().extend_ttl(&Key::Kept(id), ledgers, ledgers);
    }

    /// Moves money under the authorisation of `from`, which covers this call and the token's below it.
    pub fn pay(env: Env, token: Address, from: Address, to: Address, amount: i128) {
        from.require_auth();
        token::TokenClient::new(&env, &token).transfer(&from, &to, &amount);
    }

    /// The same under an authorisation for the token's call alone.
    pub fn pay_below(env: Env, token: Address, from: Address, to: Address, amount: i128) {
        token::TokenClient::new(&env, &token).transfer(&from, &to, &amount);
    }

    pub fn echo(_env: Env, value: Val) -> Val {
        value
    }

    /// A vector in a vector in a vector.
    pub fn nest(env: Env, depth: u32) -> Val {
        let mut value: Val = 0u32.into_val(&env);
        for _ in 0..depth {
            value = Vec::from_array(&env, [value]).into_val(&env);
        }
        value
    }

    /// Random numbers, which depend on the transaction's seed alone.
    pub fn draw(env: Env) -> u64 {
        env.prng().gen()
    }

    pub fn refuse(_env: Env) -> Result<(), Fault> {
        Err(Fault::Refused)
    }

    pub fn panics(_env: Env) {
        panic!("asked to")
    }

    pub fn spin(_env: Env, rounds: u32) -> u32 {
        let mut x: u32 = 1;
        for i in 0..rounds {
            x = x.rotate_left(5) ^ i.wrapping_mul(0x9e37_79b9);
        }
        x
    }

    /// Doubles a byte string until the host has had enough.
    pub fn hoard(env: Env, doublings: u32) -> u32 {
        let mut all = Bytes::from_array(&env, &[7; 1024]);
        for _ in 0..doublings {
            all.append(&all.clone());
        }
        all.len()
    }

    /// Calls the first address with the rest, and so on.
    pub fn chain(env: Env, rest: Vec<Address>) -> u32 {
        let mut rest = rest;
        match rest.pop_front() {
            Some(next) => 1 + ProbeClient::new(&env, &next).chain(&rest),
            None => 0,
        }
    }
}

/// A contract that is an account: whoever has its key agrees to anything for it.
#[contractimpl]
impl CustomAccountInterface for Probe {
    type Error = Fault;
    type Signature = BytesN<64>;

    fn __check_auth(env: Env, payload: Hash<32>, signature: BytesN<64>, _contexts: Vec<Context>) -> Result<(), Fault> {
        let signer: BytesN<32> = env.storage().instance().get(&Key::Signer).ok_or(Fault::Keyless)?;
        env.crypto().ed25519_verify(&signer, &payload.into(), &signature);
        Ok(())
    }
}

#[contractimpl]
impl Probe {
    /// Names the key that signs for this contract, with the agreement of who has it now: its owner at first, itself afterwards.
    pub fn sign_by(env: Env, signer: BytesN<32>) {
        if env.storage().instance().has(&Key::Signer) {
            env.current_contract_address().require_auth();
        } else {
            env.storage().instance().get::<_, Address>(&Key::Owner).unwrap().require_auth();
        }
        env.storage().instance().set(&Key::Signer, &signer);
    }
}
