// Attacks on the contract: bad tokens, calls from inside deep or hostile contracts, encodings, replays, and what the wasm could do at all.

mod common;

use common::{refusal, Build, World, BUILDS};
use soroban_env_host::Env as _;
use soroban_sdk::testutils::storage::Persistent as _;
use soroban_sdk::testutils::{Address as _, Deployer as _, Ledger as _};
use soroban_sdk::xdr::{ScErrorType, ToXdr};
use soroban_sdk::{contract, contractimpl, vec, Address, BytesN, Env, Error, IntoVal, Map, Symbol, TryFromVal, Val, Vec};
use stellar_escrow::{Limits, Milestone, Panel, Terms, Trade, Windows};
use token_fixture::Mode;

const START: u64 = 1_700_000_000;
const DAY: u64 = 86_400;

// Two parties, an arbitrator, and a trade between them that is not opened yet.
struct Scene {
    world: World,
    buyer: Address,
    seller: Address,
    arbitrator: Address,
    terms: Terms,
}

fn limits() -> Limits {
    Limits {
        appeal_max: 30 * DAY,
        appeal_min: 60,
        fee_delay: DAY,
        inspection_max: 30 * DAY,
        inspection_min: 60,
        longest_life: 1000 * DAY,
        min_delivery: 60,
        offers_max: 30 * DAY,
        offers_min: 60,
        ruling_max: 30 * DAY,
        ruling_min: 60,
    }
}

impl Scene {
    // Both hold 1,000,000; the trade is about 10,000 with a bond of 1,000, a hearing costs 300.
    fn new(build: Build) -> Scene {
        let world = World::new(build, START, &|env| (Address::generate(env), Address::generate(env)), 100, &limits());
        let env = &world.env;
        let (buyer, seller, arbitrator) = (Address::generate(env), Address::generate(env), Address::generate(env));
        for party in [&buyer, &seller] {
            world.token().mint(party, &1_000_000);
        }
        let terms = Terms {
            appeal_panel: Panel { arbitrators: Vec::new(env), quorum: 0 },
            arbitration_fee: 300,
            asset: world.token.clone(),
            bond: 1_000,
            buyer: buyer.clone(),
            fallback_ppm: 500_000,
            fee_bps: 100,
            fund_by: START + DAY,
            inspection: DAY,
            milestones: vec![env, Milestone { amount: 10_000, deliver_by: START + 10 * DAY, description: common::hash(env, "m") }],
            panel: Panel { arbitrators: vec![env, arbitrator.clone()], quorum: 1 },
            salt: common::hash(env, "salt"),
            seller: seller.clone(),
            terms_hash: common::hash(env, "terms"),
            windows: Windows { appeal: DAY, offers: DAY, ruling: DAY },
        };
        Scene { world, buyer, seller, arbitrator, terms }
    }

    fn env(&self) -> &Env {
        &self.world.env
    }

    // Calls with the terms before the other arguments.
    fn call(&self, signer: Option<&Address>, function: &str, args: Vec<Val>, deposit: Option<i128>) -> Result<Val, Error> {
        let mut all: Vec<Val> = vec![self.env(), self.terms.into_val(self.env())];
        all.append(&args);
        self.world.call(signer, function, all, deposit)
    }

    fn open(&self) -> Result<Val, Error> {
        self.call(Some(&self.seller), "open", (1u32,).into_val(self.env()), Some(1_000))
    }

    fn fund(&self) -> Result<Val, Error> {
        self.call(Some(&self.buyer), "fund", Vec::new(self.env()), Some(11_000))
    }

    fn funded(build: Build) -> Scene {
        let scene = Scene::new(build);
        scene.open().expect("open");
        scene.fund().expect("fund");
        scene
    }

    fn release(&self, amount: i128) -> Result<Val, Error> {
        self.call(Some(&self.buyer), "release", (0u32, amount).into_val(self.env()), None)
    }

    fn settle(&self, push: bool) -> Result<Val, Error> {
        self.call(None, "settle", (vec![self.env(), 0u32], push).into_val(self.env()), None)
    }

    fn claim(&self, role: u32, to: &Address, amount: i128) -> Result<Val, Error> {
        self.call(None, "claim", (role, to, amount).into_val(self.env()), None)
    }

    // The trade's id, as `open` answers it.
    fn id(&self) -> BytesN<32> {
        let env = self.env();
        let preimage = (Symbol::new(env, "trade1"), env.ledger().network_id(), &self.world.escrow, self.terms.clone());
        env.crypto().sha256(&preimage.to_xdr(env)).to_bytes()
    }

    fn trade(&self) -> Option<Trade> {
        self.world.client().trade(&self.id())
    }

    fn held(&self, who: &Address) -> i128 {
        self.world.token().held(who)
    }

    fn owed(&self) -> (i128, i128) {
        let owed = self.world.client().owed(&self.world.token);
        (owed.total, owed.fees)
    }
}

fn both(test: fn(Build)) {
    BUILDS.into_iter().for_each(test);
}

// E17: a token that cheats when money comes in is refused with our own code, or the host's, and nothing stays behind.
#[test]
fn bad_tokens_in() {
    both(|build| {
        type Row = (&'static str, fn(&Scene) -> Mode, &'static str);
        let table: [Row; 8] = [
            ("refuses", |_| Mode::Refuse, "DepositNotReceived"),
            ("panics", |_| Mode::Panic, "Error(Context, InvalidAction)"),
            ("takes a fee", |_| Mode::FeeBps(1), "DepositNotReceived"),
            ("moves nothing", |_| Mode::MoveNothing, "DepositNotReceived"),
            ("lies high", |_| Mode::LyingBalance(i128::MAX), "DepositNotReceived"),
            ("lies low", |_| Mode::LyingBalance(i128::MIN), "DepositNotReceived"),
            ("answers oddly", |_| Mode::OddAnswer, "DepositNotReceived"),
            ("asks the party for more", |scene| Mode::AskSignature(scene.buyer.clone()), "unauthorized"),
        ];
        for (name, mode, want) in table {
            let scene = Scene::new(build);
            scene.open().expect("open");
            scene.world.token().mode(&mode(&scene));
            // "lies low": the balance seems to be below what is owed, which is said first.
            let want = if name == "lies low" { "Shortage" } else { want };
            assert_eq!(scene.fund().map_err(refusal).err().as_deref(), Some(want), "{name}");
            assert_eq!(scene.trade().expect("a trade").stage, 0, "{name}");
            assert_eq!((scene.held(&scene.buyer), scene.owed()), (1_000_000, (1_000, 0)), "{name}");
            scene.world.token().mode(&Mode::Honest);
            scene.fund().expect(name);
            scene.release(10_000).expect(name);
            assert_eq!((scene.held(&scene.buyer), scene.held(&scene.seller), scene.owed()), (990_000, 1_009_900, (100, 100)), "{name}");
        }
    });
}

// E17: an asset that is no contract.
#[test]
fn asset_without_contract() {
    both(|build| {
        let mut scene = Scene::new(build);
        scene.terms.asset = Address::generate(scene.env());
        let answer = scene.call(Some(&scene.buyer), "open", (0u32,).into_val(scene.env()), None);
        assert!(answer.is_ok(), "opening needs no token: {answer:?}");
        let answer = scene.call(Some(&scene.seller), "accept", Vec::new(scene.env()), None);
        assert!(answer.is_err_and(|error| !error.is_type(ScErrorType::Contract)));
        assert_eq!(scene.trade().expect("a trade").stage, 0);
        scene.call(Some(&scene.buyer), "cancel", (Some(0u32), true).into_val(scene.env()), None).expect("cancel");
    });
}

// E17: a token that cheats when money goes out harms its own trade only, and never blocks its end; trades in an honest one beside it are untouched.
#[test]
fn bad_tokens_out() {
    both(|build| {
        // What is parked for the buyer and the seller after the release, and what each has got.
        type Row = (&'static str, fn(&Scene) -> Mode, [i128; 2], [i128; 2]);
        let table: [Row; 7] = [
            ("refuses", |_| Mode::Refuse, [1_000, 10_900], [0, 0]),
            ("panics", |_| Mode::Panic, [1_000, 10_900], [0, 0]),
            ("takes a fee", |_| Mode::FeeBps(1_000), [0, 0], [900, 9_810]),
            ("moves nothing", |_| Mode::MoveNothing, [0, 0], [0, 0]),
            ("answers oddly", |_| Mode::OddAnswer, [1_000, 10_900], [1_000, 10_900]), // pays, and denies it
            ("asks somebody to sign", |scene| Mode::AskSignature(scene.arbitrator.clone()), [1_000, 10_900], [0, 0]),
            (
                "comes back in",
                |scene| {
                    Mode::Reenter(
                        scene.world.escrow.clone(),
                        Symbol::new(scene.env(), "collect"),
                        vec![scene.env(), scene.world.token.to_val()],
                    )
                },
                [0, 0],
                [1_000, 10_900],
            ),
        ];
        for (name, mode, parked, got) in table {
            let scene = Scene::funded(build);
            let honest = common::deploy_token(scene.env(), build);
            let beside = Scene {
                world: World { env: scene.env().clone(), build, escrow: scene.world.escrow.clone(), token: honest.clone() },
                terms: Terms { asset: honest, ..scene.terms.clone() },
                buyer: scene.buyer.clone(),
                seller: scene.seller.clone(),
                arbitrator: scene.arbitrator.clone(),
            };
            beside.world.token().mint(&beside.buyer, &11_000);
            beside.world.token().mint(&beside.seller, &1_000);
            beside.open().expect("open beside");
            beside.fund().expect("fund beside");

            scene.world.token().mode(&mode(&scene));
            scene.release(10_000).expect(name);
            let trade = scene.trade().expect("a trade");
            let want: std::vec::Vec<(u32, i128)> = [0u32, 1].into_iter().zip(parked).filter(|(_, amount)| *amount != 0).collect();
            assert_eq!((trade.stage, trade.parked.iter().collect::<std::vec::Vec<_>>()), (3, want), "{name}");
            assert_eq!([scene.held(&scene.buyer) - 989_000, scene.held(&scene.seller) - 999_000], got, "{name}");
            assert_eq!(scene.owed(), (100 + parked[0] + parked[1], 100), "{name}");

            assert_eq!(beside.owed(), (12_000, 0), "{name}");
            beside.release(10_000).expect(name);
            assert_eq!((beside.held(&beside.buyer), beside.held(&beside.seller), beside.owed()), (1_000, 10_900, (100, 100)), "{name}");

            scene.world.token().mode(&Mode::Honest);
            for (role, to) in [(0, &scene.buyer), (1, &scene.seller)] {
                let amount = parked[role as usize];
                if amount != 0 && name != "answers oddly" {
                    scene.claim(role, to, amount).expect(name);
                    assert_eq!(scene.claim(role, to, 1).map_err(refusal).err().as_deref(), Some("AmountOutOfRange"), "{name}");
                }
            }
        }
    });
}

// Whether a call ends by spending the whole budget; the host does not hand that to a caller as an error, and the SDK panics.
fn spends_the_budget(scene: &Scene, call: impl FnOnce() -> Result<Val, Error>) -> bool {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).expect_err("the call came back");
    scene.env().cost_estimate().budget().reset_default();
    panic.downcast_ref::<String>().is_some_and(|text| text.contains("Error(Budget, ExceededLimit)"))
}

// D2: a token that burns the budget on a payout to one party cannot be caught; without push nothing is called, and the other's claim pays.
#[test]
fn burnt_budget() {
    both(|build| {
        let scene = Scene::funded(build);
        scene
            .call(Some(&scene.buyer), "dispute", (0u32, 0u32, common::hash(scene.env(), "r")).into_val(scene.env()), None)
            .expect("dispute");
        scene.world.set_now(START + 5 * DAY);
        scene.world.token().mode(&Mode::BurnBudget(scene.buyer.clone()));

        assert!(spends_the_budget(&scene, || scene.settle(true)));
        assert_eq!(scene.trade().expect("a trade").stage, 2);
        scene.settle(false).expect("settle without push");
        // Half each by the fallback; nobody voted, so both bonds and what was set aside go back whole.
        let parked = scene.trade().expect("a trade").parked;
        assert_eq!(parked, vec![scene.env(), (0u32, 6_000i128), (1u32, 5_950i128)]);
        assert!(spends_the_budget(&scene, || scene.claim(0, &scene.buyer, 6_000)));
        scene.claim(1, &scene.seller, 5_950).expect("the seller's claim");
        assert_eq!((scene.held(&scene.seller), scene.owed()), (999_000 + 5_950, (6_050, 50)));
    });
}

// D2 for `cancel`: the seller's bond.
#[test]
fn burnt_budget_on_cancel() {
    both(|build| {
        let scene = Scene::new(build);
        scene.open().expect("open");
        scene.world.set_now(scene.terms.fund_by);
        scene.world.token().mode(&Mode::BurnBudget(scene.seller.clone()));
        assert!(spends_the_budget(&scene, || scene.call(None, "cancel", (None::<u32>, true).into_val(scene.env()), None)));
        scene.call(None, "cancel", (None::<u32>, false).into_val(scene.env()), None).expect("cancel without push");
        assert_eq!(scene.trade().expect("a trade").parked, vec![scene.env(), (1u32, 1_000i128)]);
    });
}

// Hands a call on, as a contract does that deals for others.
#[contract]
struct Relay;

#[contractimpl]
impl Relay {
    pub fn pass(env: Env, ladder: Vec<Address>, target: Address, function: Symbol, args: Vec<Val>) -> Val {
        let mut ladder = ladder;
        match ladder.pop_front() {
            Some(next) => env.invoke_contract(&next, &Symbol::new(&env, "pass"), (ladder, target, function, args).into_val(&env)),
            None => env.invoke_contract(&target, &function, args),
        }
    }
}

// E12: called near the host's deepest level, a payout fails in a way we survive; whoever does that parks money for its owner, and anybody pushes it on.
#[test]
fn parked_on_purpose() {
    // Ninety frames of native code need more stack than a test has.
    let test = || {
        let scene = Scene::funded(Build::Native);
        let env = scene.env();
        scene.world.set_now(START + 10 * DAY);
        let args: Vec<Val> = (scene.terms.clone(), vec![env, 0u32], true).into_val(env);
        let relays: std::vec::Vec<Address> = (0..102).map(|_| env.register(Relay, ())).collect();
        // The deepest call that still reaches the escrow leaves no frame for the token below it.
        let reached = (80..relays.len()).rev().find(|depth| {
            let rest = Vec::from_iter(env, relays[1..*depth].iter().cloned());
            let pass: Vec<Val> = (rest, scene.world.escrow.clone(), Symbol::new(env, "settle"), args.clone()).into_val(env);
            env.mock_auths(&[]);
            env.cost_estimate().budget().reset_unlimited();
            env.try_invoke_contract::<Val, Error>(&relays[0], &Symbol::new(env, "pass"), pass).is_ok()
        });
        assert!(reached.is_some(), "no depth at which the escrow is reached");
        let trade = scene.trade().expect("a trade");
        assert_eq!((trade.stage, trade.parked), (3, vec![env, (0u32, 11_000i128), (1u32, 1_000i128)]));
        assert_eq!(scene.owed(), (12_000, 0));
        scene.claim(0, &scene.buyer, 11_000).expect("claim for the buyer");
        scene.claim(1, &scene.seller, 1_000).expect("claim for the seller");
        assert_eq!((scene.held(&scene.buyer), scene.held(&scene.seller), scene.owed()), (1_000_000, 1_000_000, (0, 0)));
    };
    std::thread::Builder::new().stack_size(1 << 30).spawn(test).expect("a thread").join().expect("the test");
}

// D4: neither this contract nor the asset can be an owner of anything.
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

// D5: a trader's call extends the trade, what is owed and the instance, and never the code.
#[test]
fn code_is_not_extended() {
    let scene = Scene::new(Build::Wasm);
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
}

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

fn ttl(scene: &Scene, key: Val) -> u32 {
    let env = scene.env();
    env.as_contract(&scene.world.escrow, || env.storage().persistent().get_ttl(&key))
}

// E13: an ended trade's terms never open again, archived or not; another salt is another trade.
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
        scene.terms.salt = common::hash(scene.env(), "another");
        scene.open().expect("open");
    });
}

// E14: whatever way the terms are written, one deal has one id, and what is not exactly Terms is refused.
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

// What the committed wasm may ask of the ledger at all: its own entries, and the life of those and of the instance. Nothing that replaces
// code, deploys, or extends the life of code. Names are those of soroban-env-common 27.0.1 (env.json, module "ledger", exported as "l").
#[test]
fn imports_of_the_wasm() {
    let allowed = [
        ("_", "put_contract_data"),
        ("0", "has_contract_data"),
        ("1", "get_contract_data"),
        ("2", "del_contract_data"),
        ("7", "extend_contract_data_ttl"),
        ("c", "extend_contract_instance_ttl"),
    ];
    let mut of_ledger: std::vec::Vec<String> =
        imports(common::ESCROW_WASM).into_iter().filter(|(module, _)| module == "l").map(|(_, name)| name).collect();
    of_ledger.sort();
    let mut names: std::vec::Vec<&str> = allowed.iter().map(|(name, _)| *name).collect();
    names.sort();
    assert_eq!(of_ledger, names, "\"6\" would be update_current_contract_wasm, \"5\" upload_wasm, \"3\", \"4\" and \"e\" create_contract");
}

// Module and name of each import of a wasm.
fn imports(wasm: &[u8]) -> std::vec::Vec<(String, String)> {
    struct Bytes<'a>(&'a [u8]);
    impl Bytes<'_> {
        fn number(&mut self) -> usize {
            let (mut value, mut shift) = (0, 0);
            loop {
                let byte = self.0[0];
                self.0 = &self.0[1..];
                value |= usize::from(byte & 127) << shift;
                shift += 7;
                if byte < 128 {
                    return value;
                }
            }
        }
        fn take(&mut self, length: usize) -> &[u8] {
            let (taken, rest) = self.0.split_at(length);
            self.0 = rest;
            taken
        }
        fn name(&mut self) -> String {
            let length = self.number();
            String::from_utf8(self.take(length).to_vec()).expect("a name")
        }
    }

    let mut module = Bytes(&wasm[8..]);
    loop {
        let section = module.number();
        let length = module.number();
        let mut body = Bytes(module.take(length));
        if section == 2 {
            return (0..body.number())
                .map(|_| {
                    let import = (body.name(), body.name());
                    assert_eq!(body.number(), 0, "only functions are imported");
                    body.number();
                    import
                })
                .collect();
        }
    }
}
