// Bad tokens: each harms its own trades only, and stops no trade's end.

use crate::common;
use common::refusal;
use common::scene::{both, Scene, DAY, START};
use soroban_sdk::testutils::Address as _;
use soroban_sdk::xdr::ScErrorType;
use soroban_sdk::{vec, Address, Error, IntoVal, Symbol, Val, Vec};
use stellar_escrow::Terms;
use token_fixture::Mode;

// docs/contract-attacks.md E17: a token that cheats when money comes in is refused with our own code, or the host's, and nothing
// stays behind.
#[test]
fn bad_tokens_in() {
    both(|build| {
        type Row = (&'static str, fn(&Scene) -> Mode, &'static str);
        let table: [Row; 9] = [
            ("refuses", |_| Mode::Refuse, "DepositNotReceived"),
            ("panics", |_| Mode::Panic, "Error(Context, InvalidAction)"),
            ("takes a fee", |_| Mode::FeeBps(1), "DepositNotReceived"),
            ("moves nothing", |_| Mode::MoveNothing, "DepositNotReceived"),
            ("lies high", |_| Mode::LyingBalance(i128::MAX), "DepositNotReceived"),
            ("lies low", |_| Mode::LyingBalance(i128::MIN), "DepositNotReceived"),
            // By a code that is NotDue here.
            ("has no balance", |_| Mode::RefuseBalance, "DepositNotReceived"),
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

// docs/contract-attacks.md E17: a token that comes back in while it is paid in finds the door shut; the deposit is what it is.
#[test]
fn comes_back_in_on_deposit() {
    both(|build| {
        let scene = Scene::new(build);
        scene.open().expect("open");
        let again: Vec<Val> = (scene.terms.clone(), None::<u32>, true).into_val(scene.env());
        scene.world.token().mode(&Mode::Reenter(scene.world.escrow.clone(), Symbol::new(scene.env(), "cancel"), again));
        scene.world.set_now(scene.terms.fund_by - 1);
        scene.fund().expect("fund");
        assert_eq!((scene.trade().expect("a trade").stage, scene.owed()), (2, (12_000, 0)));
    });
}

// docs/contract-attacks.md E17: an asset that is no contract.
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

// docs/contract-attacks.md E17: a token that cheats when money goes out harms its own trade only, and never blocks its end; trades in an
// honest one beside it are untouched.
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
                world: scene.world.with(honest.clone()),
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

// docs/contract-attacks.md D2: a token that burns the budget on a payout to one party cannot be caught; without push nothing is called,
// and the other's claim pays.
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

// docs/contract-attacks.md D2 for `cancel`: the seller's bond.
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
