// Who can be paid, and who never is.

use crate::common;
use common::scene::{both, Scene, DAY, START};
use common::{refusal, Build, World};
use soroban_sdk::testutils::{Address as _, IssuerFlags};
use soroban_sdk::{contract, contractimpl, token, vec, Address, Env, Error, IntoVal, Symbol, Val, Vec};
use stellar_escrow::Terms;

// Hands a call on, as a contract does that acts for others.
#[contract]
struct Agent;

#[contractimpl]
impl Agent {
    pub fn pass(env: Env, ladder: Vec<Address>, target: Address, function: Symbol, args: Vec<Val>) -> Val {
        let mut ladder = ladder;
        match ladder.pop_front() {
            Some(next) => env.invoke_contract(&next, &Symbol::new(&env, "pass"), (ladder, target, function, args).into_val(&env)),
            None => env.invoke_contract(&target, &function, args),
        }
    }
}

// docs/contract-attacks.md E12: called near the host's deepest level, a payout fails in a way we survive; whoever does that parks
// money for its owner, and anybody pushes it on. What the rulebook is asked for fails as a whole there: it is as deep as the token.
#[test]
fn parked_on_purpose() {
    // Ninety frames of native code need more stack than a test has.
    let test = || {
        let scene = Scene::funded(Build::Native);
        let env = scene.env();
        env.mock_all_auths_allowing_non_root_auth();
        let agents: std::vec::Vec<Address> = (0..102).map(|_| env.register(Agent, ())).collect();
        let deepest = |function: &str, args: Vec<Val>| {
            (80..agents.len()).rev().find(|depth| {
                let rest = Vec::from_iter(env, agents[1..*depth].iter().cloned());
                let pass: Vec<Val> = (rest, scene.world.escrow.clone(), Symbol::new(env, function), args.clone()).into_val(env);
                env.cost_estimate().budget().reset_unlimited();
                env.try_invoke_contract::<Val, Error>(&agents[0], &Symbol::new(env, "pass"), pass).is_ok()
            })
        };
        // The deepest call that still reaches the escrow leaves no frame for the token below it.
        let released = deepest("release", (scene.terms.clone(), 0u32, 4_000i128).into_val(env));
        let trade = scene.trade().expect("a trade");
        assert_eq!((trade.stage, trade.parked), (2, vec![env, (1u32, 3_960i128)]));
        assert_eq!(scene.owed(), (12_000, 40));
        // One frame less, and what is asked of the rulebook is paid as well.
        scene.world.set_now(START + 10 * DAY);
        let settled = deepest("settle", (scene.terms.clone(), vec![env, 0u32], true).into_val(env));
        assert_eq!(settled.map(|depth| depth + 1), released);
        let trade = scene.trade().expect("a trade");
        assert_eq!((trade.stage, trade.parked), (3, vec![env, (1u32, 3_960i128)]));
        scene.claim(1, &scene.seller, 3_960).expect("claim for the seller");
        assert_eq!((scene.held(&scene.buyer), scene.held(&scene.seller), scene.owed()), (996_000, 1_003_960, (40, 40)));
    };
    std::thread::Builder::new().stack_size(1 << 30).spawn(test).expect("a thread").join().expect("the test");
}

// docs/contract-attacks.md D4: neither this contract nor the asset can be an owner of anything.
#[test]
fn strange_owners() {
    both(|build| {
        for (name, change) in [
            ("seller is the escrow", (|scene, escrow| scene.terms.seller = escrow) as fn(&mut Scene, Address)),
            ("buyer is the escrow", |scene, escrow| scene.terms.buyer = escrow),
            ("arbitrator is the escrow", |scene, escrow| scene.terms.panel.arbitrators = vec![&scene.world.env, escrow]),
            ("arbitrator is the asset", |scene, _| scene.terms.panel.arbitrators = vec![&scene.world.env, scene.terms.asset.clone()]),
            ("the asset is the escrow", |scene, escrow| scene.terms.asset = escrow),
        ] {
            let mut scene = Scene::new(build);
            let escrow = scene.world.escrow.clone();
            change(&mut scene, escrow);
            scene.env().mock_all_auths();
            let opened = scene.world.client().try_open(&scene.terms, &if name == "buyer is the escrow" { 1 } else { 0 });
            assert_eq!(opened, Err(Ok(stellar_escrow::EscrowError::ForbiddenRole)), "{name}");
        }
        let scene = Scene::funded(build);
        scene.world.token().block(&scene.seller, &true);
        scene.release(10_000).expect("release");
        for to in [&scene.world.escrow, &scene.world.token] {
            let claimed = scene.call(Some(&scene.seller), "claim", (1u32, to, 1i128).into_val(scene.env()), None);
            assert_eq!(claimed.map_err(refusal).err().as_deref(), Some("ForbiddenTarget"));
        }
    });
}

// A trade that is not opened yet, in an asset of the network whose issuer can freeze and take back; both parties have 1,000,000 of it.
fn in_network_asset(build: Build) -> (Scene, token::StellarAssetClient<'static>, Address) {
    let limits = common::scene::limits();
    let world = World::new(build, START, &|env| (Address::generate(env), Address::generate(env)), 100, &limits);
    let asset = world.env.register_stellar_asset_contract_v2(Address::generate(&world.env));
    asset.issuer().set_flag(IssuerFlags::RevocableFlag);
    asset.issuer().set_flag(IssuerFlags::ClawbackEnabledFlag);
    let scene = Scene::of(World { token: asset.address(), ..world });
    let client = token::StellarAssetClient::new(scene.env(), &asset.address());
    for party in [&scene.buyer, &scene.seller] {
        client.mock_all_auths().mint(party, &1_000_000);
    }
    (scene, client, asset.issuer().address())
}

fn has(scene: &Scene, who: &Address) -> i128 {
    token::TokenClient::new(scene.env(), &scene.world.token).balance(who)
}

// docs/contract-attacks.md E19: who is frozen is paid elsewhere, by their own signature only.
#[test]
fn frozen_owner() {
    both(|build| {
        let (scene, asset, _) = in_network_asset(build);
        scene.open().expect("open");
        scene.fund().expect("fund");
        asset.mock_all_auths().set_authorized(&scene.seller, &false);
        scene.release(10_000).expect("release");
        assert_eq!(scene.trade().expect("a trade").parked, vec![scene.env(), (1u32, 10_900i128)]);
        assert_eq!(has(&scene, &scene.buyer), 990_000, "the buyer's bond came back");

        assert_eq!(scene.claim(1, &scene.seller, 10_900).map_err(refusal).err().as_deref(), Some("TransferFailed"));
        let friend = Address::generate(scene.env());
        assert_eq!(scene.claim(1, &friend, 10_900).map_err(refusal).err().as_deref(), Some("unauthorized"));
        scene.call(Some(&scene.seller), "claim", (1u32, &friend, 900i128).into_val(scene.env()), None).expect("claim elsewhere");
        asset.mock_all_auths().set_authorized(&scene.seller, &true);
        scene.claim(1, &scene.seller, 10_000).expect("claim, free again");
        assert_eq!((has(&scene, &friend), has(&scene, &scene.seller), scene.owed()), (900, 1_009_000, (100, 100)));
    });
}

// docs/contract-attacks.md D6: the issuer freezes our balance, then takes a part of it back. Nothing new comes in until that is healed, and
// what is owed is never written down.
#[test]
fn issuer_against_the_pool() {
    both(|build| {
        let (scene, asset, _) = in_network_asset(build);
        let another = Scene {
            world: scene.world.with(scene.world.token.clone()),
            terms: Terms { salt: common::hash(scene.env(), "another"), ..scene.terms.clone() },
            buyer: scene.buyer.clone(),
            seller: scene.seller.clone(),
            arbitrator: scene.arbitrator.clone(),
        };
        scene.open().expect("open");
        scene.fund().expect("fund");

        asset.mock_all_auths().set_authorized(&scene.world.escrow, &false);
        assert_eq!(another.open().map_err(refusal).err().as_deref(), Some("DepositNotReceived"));
        scene.release(10_000).expect("release");
        assert_eq!(scene.trade().expect("a trade").parked, vec![scene.env(), (0u32, 1_000i128), (1u32, 10_900i128)]);
        assert_eq!(
            scene.world.client().try_collect(&scene.world.token).map_err(|e| e.unwrap()),
            Err(stellar_escrow::EscrowError::TransferFailed)
        );
        asset.mock_all_auths().set_authorized(&scene.world.escrow, &true);

        asset.mock_all_auths().clawback(&scene.world.escrow, &5_000);
        assert_eq!((has(&scene, &scene.world.escrow), scene.owed()), (7_000, (12_000, 100)));
        assert_eq!(another.open().map_err(refusal).err().as_deref(), Some("Shortage"));
        assert_eq!(scene.claim(1, &scene.seller, 10_900).map_err(refusal).err().as_deref(), Some("TransferFailed"));
        scene.claim(1, &scene.seller, 7_000).expect("claim what is there");
        assert_eq!(scene.claim(0, &scene.buyer, 1).map_err(refusal).err().as_deref(), Some("TransferFailed"));

        // Anybody's plain transfer heals it.
        asset.mock_all_auths().mint(&scene.world.escrow, &5_000);
        another.open().expect("open");
        scene.claim(0, &scene.buyer, 1_000).expect("claim");
        scene.claim(1, &scene.seller, 3_900).expect("claim");
        scene.world.client().collect(&scene.world.token);
        assert_eq!((has(&scene, &scene.world.escrow), scene.owed()), (1_000, (1_000, 0)), "the other trade's bond");
    });
}

// docs/contract-attacks.md E19: what an issuer is paid is burnt; the trade ends as any other.
#[test]
fn issuer_as_seller() {
    both(|build| {
        let (mut scene, _, issuer) = in_network_asset(build);
        scene.seller = issuer.clone();
        scene.terms.seller = issuer;
        // An account's signature cannot be mocked for one call alone.
        scene.env().mock_all_auths();
        scene.world.client().open(&scene.terms, &1);
        scene.fund().expect("fund");
        scene.release(10_000).expect("release");
        let trade = scene.trade().expect("a trade");
        assert_eq!((trade.stage, trade.parked.len(), scene.owed()), (3, 0, (100, 100)));
        assert_eq!((has(&scene, &scene.buyer), has(&scene, &scene.world.escrow)), (990_000, 100));
    });
}

// docs/contract-attacks.md D4: fees booked while an asset was the receiver wait for another one, in that asset only.
#[test]
fn asset_as_receiver() {
    both(|build| {
        let world = World::new(build, START, &|env| (Address::generate(env), Address::generate(env)), 100, &common::scene::limits());
        let token = common::deploy_token(&world.env, build);
        let other = common::deploy_token(&world.env, build);
        let limits = common::scene::limits();
        let escrow = common::deploy(&world.env, build, (Address::generate(&world.env), 100, token.clone(), limits));
        for asset in [&token, &other] {
            let scene = Scene::of(World { env: world.env.clone(), build, escrow: escrow.clone(), token: asset.clone() });
            for party in [&scene.buyer, &scene.seller] {
                scene.world.token().mint(party, &1_000_000);
            }
            scene.open().expect("open");
            scene.fund().expect("fund");
            scene.release(10_000).expect("release");
            let collected = scene.world.client().try_collect(asset);
            if *asset == token {
                assert_eq!(collected, Err(Ok(stellar_escrow::EscrowError::ForbiddenTarget)));
                assert_eq!(scene.owed(), (100, 100));
            } else {
                assert_eq!((collected, scene.owed(), scene.held(&token)), (Ok(Ok(100)), (0, 0), 100));
            }
        }
    });
}
