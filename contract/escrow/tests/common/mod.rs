// A ledger with the escrow and the fixture token in it, and people who sign exactly one tree each.
#![allow(dead_code)] // each test file uses its part of it

pub mod interface;
pub mod scene;

use interface::EscrowClient;
use soroban_sdk::testutils::{Events as _, Ledger as _, MockAuth, MockAuthInvoke};
use soroban_sdk::xdr::{ContractEventBody, ScError, ScErrorCode, ScErrorType, ScVal};
use soroban_sdk::{Address, BytesN, Env, Error, IntoVal, Symbol, TryFromVal, Val, Vec};
use stellar_escrow::{Escrow, Limits};
use stellar_escrow_rulebook::Rulebook;
use token_fixture::{Token, TokenClient};

pub const ESCROW_WASM: &[u8] = include_bytes!("../../../wasm/stellar_escrow.wasm");
pub const RULEBOOK_WASM: &[u8] = include_bytes!("../../../wasm/stellar_escrow_rulebook.wasm");
pub const TOKEN_WASM: &[u8] = include_bytes!("../../../fixtures/wasm/token.wasm");

// Which build is tested: the crates as compiled for this machine, or the committed wasm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Build {
    Native,
    Wasm,
}

// Whether a mutant of the sources is tried (test/mutants): it is in the native build alone, as the committed wasm was made of the contract, and
// the first failure is enough. Whoever tries one sets this variable.
pub fn mutant() -> bool {
    std::env::var_os("STELLARESCROW_MUTANT").is_some()
}

// Each build that is tested.
pub fn builds() -> &'static [Build] {
    if mutant() {
        &[Build::Native]
    } else {
        &[Build::Native, Build::Wasm]
    }
}

pub struct World {
    pub env: Env,
    pub build: Build,
    pub escrow: Address,
    pub token: Address,
}

// One event: its name, the topics behind it, its data.
#[derive(Debug, PartialEq)]
pub struct Event {
    pub name: String,
    pub topics: std::vec::Vec<ScVal>,
    pub data: std::vec::Vec<ScVal>,
}

impl World {
    // A fresh ledger whose clock shows `now`, with the escrow of this admin, fee and limits, and an honest token.
    pub fn new(build: Build, now: u64, admin: &dyn Fn(&Env) -> (Address, Address), fee_bps: u32, limits: &Limits) -> World {
        let env = env(now);
        let (admin, receiver) = admin(&env);
        let escrow = deploy(&env, build, (admin, fee_bps, receiver, limits.clone()));
        let token = deploy_token(&env, build);
        World { env, build, escrow, token }
    }

    pub fn token(&self) -> TokenClient<'_> {
        TokenClient::new(&self.env, &self.token)
    }

    // The same ledger and escrow, with another token.
    pub fn with(&self, token: Address) -> World {
        World { env: self.env.clone(), build: self.build, escrow: self.escrow.clone(), token }
    }

    pub fn client(&self) -> EscrowClient<'_> {
        EscrowClient::new(&self.env, &self.escrow)
    }

    pub fn now(&self) -> u64 {
        self.env.ledger().timestamp()
    }

    pub fn set_now(&self, now: u64) {
        self.env.ledger().set_timestamp(now);
    }

    // Calls the escrow. `signer` signs the call and, if there is a deposit, the transfer of exactly that to the escrow below it.
    pub fn call(&self, signer: Option<&Address>, function: &str, args: Vec<Val>, deposit: Option<i128>) -> Result<Val, Error> {
        let transfer;
        let below = match (signer, deposit) {
            (Some(signer), Some(amount)) => {
                transfer = [MockAuthInvoke {
                    contract: &self.token,
                    fn_name: "transfer",
                    args: (signer, &self.escrow, amount).into_val(&self.env),
                    sub_invokes: &[],
                }];
                &transfer[..]
            }
            _ => &[],
        };
        let invoke = MockAuthInvoke { contract: &self.escrow, fn_name: function, args: args.clone(), sub_invokes: below };
        match signer {
            Some(signer) => self.env.mock_auths(&[MockAuth { address: signer, invoke: &invoke }]),
            None => self.env.mock_auths(&[]),
        };
        match self.env.try_invoke_contract::<Val, Error>(&self.escrow, &Symbol::new(&self.env, function), args) {
            Ok(value) => Ok(value.expect("any value is a Val")),
            Err(error) => Err(self.cause(error.expect("any error is an Error"))),
        }
    }

    // To a caller the host names every error of its own (Context, InvalidAction); what it was stands in the diagnostic events.
    fn cause(&self, error: Error) -> Error {
        if error.is_type(ScErrorType::Contract) {
            return error;
        }
        let events = self.env.host().get_diagnostic_events().expect("diagnostic events");
        let unsigned = events.0.iter().any(|event| {
            let ContractEventBody::V0(body) = &event.event.body;
            body.topics.iter().any(|topic| matches!(topic, ScVal::Error(ScError::Auth(_))))
        });
        if unsigned {
            Error::from_type_and_code(ScErrorType::Auth, ScErrorCode::InvalidAction)
        } else {
            error
        }
    }

    // The escrow's events of the last call.
    pub fn events(&self) -> std::vec::Vec<Event> {
        let events = self.env.events().all().filter_by_contract(&self.escrow);
        events
            .events()
            .iter()
            .map(|event| {
                let ContractEventBody::V0(body) = &event.body;
                let ScVal::Symbol(name) = &body.topics[0] else { panic!("first topic is no symbol: {:?}", body.topics) };
                let ScVal::Vec(Some(data)) = &body.data else { panic!("data of {name:?} is no vector: {:?}", body.data) };
                Event { name: name.to_utf8_string().unwrap(), topics: body.topics[1..].to_vec(), data: data.to_vec() }
            })
            .collect()
    }

    pub fn scval(&self, value: impl IntoVal<Env, Val>) -> ScVal {
        ScVal::try_from_val(&self.env, &value.into_val(&self.env)).expect("a value of the ledger")
    }
}

// A fresh ledger whose clock shows `now`.
pub fn env(now: u64) -> Env {
    let env = Env::new_with_config(soroban_sdk::testutils::EnvTestConfig { capture_snapshot_at_drop: false });
    env.ledger().set_timestamp(now);
    env.ledger().set_min_persistent_entry_ttl(2_073_600);
    env.ledger().set_max_entry_ttl(3_110_400);
    env
}

// What a constructor is told but for the rulebook: admin, fee, its receiver, limits.
pub type Choices = (Address, u32, Address, Limits);

// The escrow, with a rulebook of the same build.
pub fn deploy(env: &Env, build: Build, (admin, fee_bps, receiver, limits): Choices) -> Address {
    let args = (admin, fee_bps, receiver, limits, deploy_rulebook(env, build));
    match build {
        Build::Native => env.register(Escrow, args),
        Build::Wasm => env.register(ESCROW_WASM, args),
    }
}

// The same at this address. Panics where the constructor refuses, as the SDK does.
pub fn deploy_at(env: &Env, build: Build, here: &Address, (admin, fee_bps, receiver, limits): Choices) {
    let args = (admin, fee_bps, receiver, limits, deploy_rulebook(env, build));
    match build {
        Build::Native => env.register_at(here, Escrow, args),
        Build::Wasm => env.register_at(here, ESCROW_WASM, args),
    };
}

pub fn deploy_rulebook(env: &Env, build: Build) -> Address {
    match build {
        Build::Native => env.register(Rulebook, ()),
        Build::Wasm => env.register(RULEBOOK_WASM, ()),
    }
}

pub fn deploy_token(env: &Env, build: Build) -> Address {
    match build {
        Build::Native => env.register(Token, ()),
        Build::Wasm => env.register(TOKEN_WASM, ()),
    }
}

// The name of a refusal: of the escrow's error, "unauthorized" for the host's answer to a missing signature, else the host's error itself.
// A code is told by the page's numbers, not by the contract's own: clients know it by nothing else.
pub fn refusal(error: Error) -> String {
    static CODES: std::sync::OnceLock<std::collections::BTreeMap<String, u32>> = std::sync::OnceLock::new();
    let codes = CODES.get_or_init(|| serde_json::from_str(include_str!("../../../vectors/codes.json")).expect("codes.json"));
    let ours = codes.iter().find(|(_, code)| error.is_type(ScErrorType::Contract) && **code == error.get_code());
    match ours {
        Some((name, _)) => name.clone(),
        None if error.is_type(ScErrorType::Auth) => "unauthorized".into(),
        None => format!("{error:?}"),
    }
}

pub fn hash(env: &Env, text: &str) -> BytesN<32> {
    use sha2::Digest;
    BytesN::from_array(env, &sha2::Sha256::digest(text).into())
}
