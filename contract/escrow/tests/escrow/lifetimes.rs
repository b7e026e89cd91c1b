// How long entries live, who extends them, and what happens behind their end.

use crate::common;
use common::scene::{both, Scene, DAY, START};
use soroban_sdk::testutils::storage::Persistent as _;
use soroban_sdk::testutils::{Deployer as _, Ledger as _};
use soroban_sdk::{vec, Address, IntoVal, Symbol, Val};
use stellar_escrow::Milestone;

// docs/contract-attacks.md D5: a trader's call extends the trade, what is owed and the instance, and never the code.
#[test]
fn code_is_not_extended() {
    both(|build| {
        let scene = Scene::new(build);
        let env = scene.env();
        // Code and instance are about to end.
        env.ledger().set_sequence_number(2_073_000);
        let code = env.deployer().get_contract_code_ttl(&scene.world.escrow);
        assert!(code < 1_000, "{code}");
        scene.open().expect("open");
        scene.fund().expect("fund");
        scene.world.client().extend(&scene.id());
        scene.release(10_000).expect("release");
        assert_eq!(env.deployer().get_contract_code_ttl(&scene.world.escrow), code);
    });
}

// docs/contract-attacks.md K5, D12: how far entries are extended, in ledgers, from deadlines in seconds.
#[test]
fn lifetimes() {
    both(|build| {
        let mut scene = Scene::new(build);
        let instance = |scene: &Scene| scene.env().deployer().get_contract_instance_ttl(&scene.world.escrow);
        let both_entries = |scene: &Scene| (ttl(scene, scene.id().to_val()), ttl(scene, scene.world.token.to_val()));
        // The days of the last deadline (inspection 1, a dispute with its appeal 4) and 30 of grace, at 5 seconds a ledger.
        let target = |deliver_by: u64| ((deliver_by + 1 + 4 + 30) * DAY / 5) as u32;
        scene.env().ledger().set_sequence_number(2_073_000);
        assert!(instance(&scene) < 1_000);
        scene.open().expect("open");
        scene.fund().expect("fund");
        assert_eq!(instance(&scene), target(10));
        assert_eq!(both_entries(&scene), (2_073_599, 2_073_599), "new entries live longer than that from the start");
        scene.world.client().extend(&scene.id());
        assert_eq!(ttl(&scene, scene.id().to_val()), 3_110_400, "as far as the network allows");

        // A longer trade takes its entries with it, but the instance only if it lacks a day.
        let of = |deliver_by: u64, scene: &mut Scene| {
            let milestone = Milestone { amount: 10_000, deliver_by: START + deliver_by * DAY, description: common::hash(scene.env(), "m") };
            scene.terms.milestones = vec![scene.env(), milestone];
        };
        scene.env().ledger().set_sequence_number(2_073_000 + 17_280);
        of(9, &mut scene);
        scene.open().expect("open");
        assert_eq!(instance(&scene), target(10) - 17_280, "a day behind is near enough");
        scene.env().ledger().set_sequence_number(2_073_000 + 2 * 17_280);
        of(140, &mut scene);
        scene.open().expect("open");
        scene.fund().expect("fund");
        assert_eq!((both_entries(&scene), instance(&scene)), ((target(140), target(140)), target(140)));

        // What has ended is not extended, however much earlier than planned it will be archived.
        scene.env().ledger().set_sequence_number(2_073_000 + 20 * 17_280);
        scene.release(10_000).expect("release");
        assert_eq!(
            (both_entries(&scene), instance(&scene)),
            ((target(140) - 18 * 17_280, target(140) - 18 * 17_280), target(140) - 18 * 17_280)
        );
    });
}

// docs/contract-attacks.md K5: the instance is everybody's. A trade that ends within a day of what it lives to already leaves it as it is.
#[test]
fn instance_is_not_extended_by_moments() {
    both(|build| {
        let mut scene = Scene::new(build);
        let lives = |scene: &Scene| scene.env().deployer().get_contract_instance_ttl(&scene.world.escrow);
        scene.env().ledger().set_sequence_number(2_073_000);
        scene.open().expect("open");
        let first = lives(&scene);
        for (hours, extended_by) in [(23, 0), (25, 25)] {
            let mut milestone = scene.terms.milestones.get_unchecked(0);
            milestone.deliver_by = START + 10 * DAY + hours * 3_600;
            scene.terms.milestones.set(0, milestone);
            scene.open().expect("open");
            assert_eq!(lives(&scene), first + extended_by * 3_600 / 5, "{hours} hours later");
        }
    });
}

// docs/contract.md "Functions": evidence is an event and nothing is stored, so that nothing is extended either. (What is stored extends.)
#[test]
fn evidence_is_nothing_but_an_event() {
    both(|build| {
        let scene = Scene::funded(build);
        let hash = || common::hash(scene.env(), "hash");
        let left = |scene: &Scene| ttl(scene, scene.id().to_val());
        scene.call(Some(&scene.buyer), "dispute", (0u32, 0u32, hash()).into_val(scene.env()), None).expect("dispute");
        scene.env().ledger().set_sequence_number(1_500_000);
        let before = left(&scene);
        scene.call(Some(&scene.buyer), "evidence", (0u32, 0u32, hash()).into_val(scene.env()), None).expect("evidence");
        assert_eq!(left(&scene), before);
        scene.call(Some(&scene.buyer), "offer", (0u32, 0u32, 10_000i128, 7i128).into_val(scene.env()), None).expect("offer");
        assert!(left(&scene) > before, "{} after an offer, {before} before", left(&scene));
    });
}

fn ttl(scene: &Scene, key: Val) -> u32 {
    let env = scene.env();
    env.as_contract(&scene.world.escrow, || env.storage().persistent().get_ttl(&key))
}

// docs/contract-attacks.md D12: whatever of it has been archived (contracts with their code), alone or all at once, the next call restores
// it and works.
#[test]
fn archived_entries() {
    both(|build| {
        for archived in ["nothing", "trade", "owed", "balance", "contract", "asset", "everything"] {
            let scene = Scene::funded(build);
            let env = scene.env();
            let (escrow, asset) = (&scene.world.escrow, &scene.world.token);
            for (name, contract) in [("contract", escrow), ("asset", asset)] {
                let stays = archived != name && archived != "everything";
                if stays {
                    env.deployer().extend_ttl(contract.clone(), 3_000_000, 3_000_000);
                }
                assert_eq!(env.deployer().get_contract_instance_ttl(contract) >= 2_500_000, stays, "{name}, {archived} archived");
            }
            let balance: Val = (Symbol::new(env, "Balance"), escrow.clone()).into_val(env);
            let entries: [(&str, &Address, Val); 3] =
                [("trade", escrow, scene.id().to_val()), ("owed", escrow, asset.to_val()), ("balance", asset, balance)];
            for (name, contract, key) in entries {
                let stays = archived != name && archived != "everything";
                let lives = env.as_contract(contract, || {
                    if stays {
                        env.storage().persistent().extend_ttl(&key, 3_000_000, 3_000_000);
                    }
                    env.storage().persistent().get_ttl(&key)
                });
                assert_eq!(lives >= 2_500_000, stays, "{name}, {archived} archived");
            }
            env.ledger().set_sequence_number(2_500_000);
            scene.world.set_now(START + 10 * DAY);
            scene.settle(true).unwrap_or_else(|error| panic!("settle with {archived} archived: {error:?}"));
            assert_eq!((scene.held(&scene.buyer), scene.held(&scene.seller), scene.owed()), (1_000_000, 1_000_000, (0, 0)), "{archived}");
        }
    });
}

// docs/contract-attacks.md E10: a hundred assets that nobody has heard of make no call of another trade dearer.
#[test]
fn junk_assets() {
    both(|build| {
        let mut scene = Scene::new(build);
        let mut costs = std::vec::Vec::new();
        for salt in ["before", "after"] {
            scene.terms.salt = common::hash(scene.env(), salt);
            scene.open().expect("open");
            scene.fund().expect("fund");
            let cost = scene.env().cost_estimate().resources();
            costs.push((cost.disk_read_entries, cost.memory_read_entries, cost.write_entries, cost.write_bytes));

            for _ in 0..100 {
                let mut junk =
                    Scene { terms: scene.terms.clone(), ..Scene::of(scene.world.with(common::deploy_token(scene.env(), build))) };
                junk.terms.asset = junk.world.token.clone();
                (junk.buyer, junk.seller) = (scene.buyer.clone(), scene.seller.clone());
                junk.world.token().mint(&junk.seller, &1_000);
                junk.open().expect("open");
                assert_eq!(junk.owed(), (1_000, 0));
            }
        }
        assert_eq!(costs[0], costs[1]);
    });
}
