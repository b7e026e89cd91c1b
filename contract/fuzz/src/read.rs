// Terms as the escrow reads and hashes them, by its own code in the real host.

use soroban_sdk::testutils::{EnvTestConfig, Ledger as _};
use soroban_sdk::xdr::{ContractId, Hash, Limits, ReadXdr, ScAddress, ScVal, ToXdr as _};
use soroban_sdk::{contract, contractimpl, Address, Bytes, Env, Error, TryFromVal, Val, Vec};
use stellar_escrow_rules::made::Made;
use stellar_escrow_rules::terms;
use stellar_escrow_rules::types::{Carried, Panel, Terms};

// What the network's own readers of XDR allow.
const DEPTH: u32 = 500;

// A host keeps all objects that were ever made in it; after so many questions it is replaced.
const QUESTIONS: u32 = 500;

pub struct Taken {
    pub id: [u8; 32],
    pub again: std::vec::Vec<u8>,
}

pub struct Reader {
    env: Env,
    asked: u32,
    there: std::vec::Vec<Address>,
}

// A contract that is there, for code to be run as it.
#[contract]
struct Somewhere;

#[contractimpl]
impl Somewhere {}

impl Reader {
    pub fn new() -> Reader {
        Reader { env: host(), asked: 0, there: std::vec::Vec::new() }
    }

    // Reads terms, in the contract and on the network that stand in front of them.
    pub fn read(&mut self, question: &[u8]) -> Result<Taken, String> {
        if self.asked == QUESTIONS {
            *self = Reader::new();
        }
        self.asked += 1;
        let env = &self.env;
        let (contract, rest) = question.split_first_chunk::<32>().ok_or("a question without a contract")?;
        let (length, rest) = rest.split_first().ok_or("a question without a network")?;
        let (passphrase, raw) = rest.split_at_checked(usize::from(*length)).ok_or("a passphrase that is cut off")?;
        env.ledger().set_network_id(env.crypto().sha256(&Bytes::from_slice(env, passphrase)).to_array());
        let contract = ScAddress::Contract(ContractId(Hash(*contract)));
        let contract = Address::try_from_val(env, &contract).expect("any 32 bytes name a contract");
        if !self.there.contains(&contract) {
            env.register_at(&contract, Somewhere, ());
            self.there.push(contract.clone());
        }

        // A transaction's arguments come in this way.
        let value = ScVal::from_xdr(raw, Limits { depth: DEPTH, len: raw.len() }).map_err(|error| format!("no XDR of a value: {error}"))?;
        let value = Val::try_from_val(env, &value).map_err(|error| format!("no value of the host: {error:?}"))?;
        let taken = env.try_as_contract::<Taken, Error>(&contract, || {
            let carried = Carried::of(env, Made(value));
            let again = every_part(env, &carried).to_xdr(env).iter().collect();
            Taken { id: terms::id(env, &carried).to_array(), again }
        });
        taken.map_err(|error| format!("no terms: {error:?}"))
    }
}

// The terms made anew of their parts. A list reads what is in it when that is asked for, which `open` does of all of them before it lets
// terms through (rules/src/terms.rs `check`); what is no such part ends the call here as it does there.
fn every_part(env: &Env, terms: &Terms) -> Terms {
    let panel = |panel: &Panel| Panel { arbitrators: Vec::from_iter(env, panel.arbitrators.iter()), quorum: panel.quorum };
    Terms {
        appeal_panel: panel(&terms.appeal_panel),
        milestones: Vec::from_iter(env, terms.milestones.iter()),
        panel: panel(&terms.panel),
        ..terms.clone()
    }
}

// A host that writes nothing down: no snapshots of what was tried, no events of what was refused, no bill.
fn host() -> Env {
    let env = Env::new_with_config(EnvTestConfig { capture_snapshot_at_drop: false });
    env.cost_estimate().budget().reset_unlimited();
    env.cost_estimate().disable_resource_limits();
    env.host().set_diagnostic_level(soroban_env_host::DiagnosticLevel::None).expect("a level that there is");
    env
}
