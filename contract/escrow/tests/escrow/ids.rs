// One trade for the same terms, here and once.

use crate::common;
use common::refusal;
use common::scene::{both, Scene};
use soroban_env_host::Env as _;
use soroban_sdk::testutils::{Address as _, Ledger as _, MuxedAddress as _};
use soroban_sdk::{vec, Address, BytesN, IntoVal, Map, MuxedAddress, Symbol, TryFromVal, Val, Vec};

// docs/contract-attacks.md E13: an ended trade's terms never open again, archived or not; other terms or another salt are another trade.
#[test]
fn no_replay() {
    both(|build| {
        let mut scene = Scene::funded(build);
        scene.release(10_000).expect("release");
        assert_eq!(scene.open().map_err(refusal).err().as_deref(), Some("AlreadyOpened"));
        // The mark is archived; the host restores it for who names it.
        scene.env().ledger().set_sequence_number(2_500_000);
        for contract in [&scene.world.escrow, &scene.world.token] {
            scene.env().deployer().extend_ttl(contract.clone(), 1_000_000, 1_000_000);
        }
        assert_eq!(scene.open().map_err(refusal).err().as_deref(), Some("AlreadyOpened"));
        let ended = scene.id();
        scene.terms.fallback_ppm += 1;
        scene.open().expect("open: the same salt, other terms");
        let other_terms = scene.id();
        scene.terms.salt = common::hash(scene.env(), "another");
        scene.open().expect("open: another salt");
        assert!(ended != other_terms && ended != scene.id() && other_terms != scene.id());
    });
}

// docs/contract-attacks.md E14: whatever way the terms are written, one trade has one id, and what is not exactly Terms is refused.
#[test]
fn hostile_encodings() {
    both(|build| {
        let scene = Scene::new(build);
        let env = scene.env();
        let key = |name: &str| Symbol::new(env, name);
        let terms: Val = scene.terms.into_val(env);
        let terms = Map::<Symbol, Val>::try_from_val(env, &terms).unwrap();
        let open = |terms: Val| {
            let args: Vec<Val> = (terms, 0u32).into_val(env);
            scene.world.call(Some(&scene.buyer), "open", args, None)
        };

        let with = |name: &str, value: Val| {
            let mut terms = terms.clone();
            terms.set(key(name), value);
            terms.to_val()
        };
        let milestone: Val = scene.terms.milestones.get_unchecked(0).into_val(env);
        let mut longer = Map::<Symbol, Val>::try_from_val(env, &milestone).unwrap();
        longer.set(key("extra"), 1u32.into());
        let mut shorter = terms.clone();
        shorter.remove(key("salt"));
        let mut misnamed = shorter.clone();
        misnamed.set(key("pepper"), scene.terms.salt.to_val());
        for (name, hostile) in [
            ("a muxed buyer", with("buyer", MuxedAddress::generate(env).to_val())),
            ("another field", with("extra", 1u32.into())),
            ("a field less", shorter.to_val()),
            ("a field by another name", misnamed.to_val()),
            ("another field in a milestone", with("milestones", vec![env, longer.to_val()].to_val())),
            ("a milestone that is none", with("milestones", vec![env, 1u32].to_val())),
            (
                "an arbitrator that is none",
                with(
                    "panel",
                    Map::<Symbol, Val>::from_array(env, [(key("arbitrators"), vec![env, 1u32].to_val()), (key("quorum"), 1u32.into())])
                        .to_val(),
                ),
            ),
            ("an amount of 64 bits", with("bond", 1_000u64.into_val(env))),
            ("salt of 31 bytes", with("salt", soroban_sdk::Bytes::from_array(env, &[1; 31]).to_val())),
            ("no map", vec![env, 1u32].to_val()),
        ] {
            let answer = open(hostile).map_err(refusal);
            assert!(answer.as_ref().is_err_and(|error| error.starts_with("Error(")), "{name}: {answer:?}");
        }

        // A contract can hold a small number in the large form; it is the same number.
        let large = env.host().obj_from_i128_pieces(0, 1_000).expect("a number");
        open(with("bond", large.to_val())).expect("open");
        assert_eq!(open(terms.to_val()).map_err(refusal).err().as_deref(), Some("AlreadyOpened"));
        assert_eq!(scene.trade().expect("the same id").stage, 0);
    });
}

// docs/contract-attacks.md E8: the same terms on two networks and in two contracts are four trades.
#[test]
fn the_same_terms_elsewhere() {
    both(|build| {
        let mut scene = Scene::new(build);
        let limits = common::scene::limits();
        let first = scene.world.escrow.clone();
        let second = common::deploy(scene.env(), build, (Address::generate(scene.env()), 100, Address::generate(scene.env()), limits));
        let mut ids: std::vec::Vec<BytesN<32>> = std::vec::Vec::new();
        for network in [[1; 32], [2; 32]] {
            scene.env().ledger().set_network_id(network);
            for escrow in [&first, &second] {
                scene.world.escrow = escrow.clone();
                let opened = scene.call(Some(&scene.buyer), "open", (0u32,).into_val(scene.env()), None).expect("open");
                let id = BytesN::<32>::try_from_val(scene.env(), &opened).expect("an id");
                assert_eq!(id, scene.id());
                assert!(!ids.contains(&id), "{id:?} twice");
                ids.push(id);
            }
        }
        assert_eq!(ids.len(), 4);
    });
}
