// Which rulebook the committed escrow takes.

use crate::common;
use common::scene::START;
use common::Build;
use soroban_sdk::testutils::Address as _;
use soroban_sdk::{contract, contractimpl, Address, Env};

// A contract of native code, which has no hash of ours.
#[contract]
struct Stranger;

#[contractimpl]
impl Stranger {
    pub fn nothing(_: Env) {}
}

// docs/contract.md "Two contracts": no other code is asked than the rulebook's as it is committed.
#[test]
fn another_rulebook_is_refused() {
    let env = common::env(START);
    let (admin, receiver) = (Address::generate(&env), Address::generate(&env));
    for rulebook in [common::deploy_token(&env, Build::Wasm), Address::generate(&env), env.register(Stranger, ())] {
        let args = (admin.clone(), 100u32, receiver.clone(), common::scene::limits(), rulebook);
        let deployed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| env.register(common::ESCROW_WASM, args)));
        let panic = deployed.expect_err("a rulebook of other code is taken");
        let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        assert!(text.contains("Contract, #47"), "{text}");
    }
}
