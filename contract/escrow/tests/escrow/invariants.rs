// Random people do random things at random times to several trades at once, in a token that now and then refuses some of them. After every
// call, refused ones too: what is owed is the sum over all trades and the fees, our balance is that, no stroop has come or gone, a refused
// call has changed nothing, and what has ended stays ended. Then all people leave, and calls without any signature end every trade.

use crate::common;
use common::{Build, World};
use soroban_sdk::testutils::Address as _;
use soroban_sdk::{vec, Address, BytesN, Env, Error, IntoVal, Symbol, Val, Vec};
use stellar_escrow::{Limits, Milestone, Owed, Panel, Terms, Trade, Windows};

const START: u64 = 1_700_000_000;
const TRADES: u64 = 4;
const SEEDS: u64 = 30;
const STEPS: u32 = 400;

#[test]
fn random_actions() {
    let mut done = std::collections::BTreeMap::new();
    for seed in 0..SEEDS {
        Run::new(seed).go(&mut done);
    }
    println!("accepted: {done:?}");
    // A run in which nothing gets through shows nothing.
    for function in [
        "open",
        "accept",
        "fund",
        "cancel",
        "deliver",
        "release",
        "refund",
        "settle",
        "dispute",
        "offer",
        "accept_offer",
        "evidence",
        "rule",
        "appeal",
        "claim",
        "collect",
        "extend",
    ] {
        assert!(done.get(function).copied().unwrap_or(0) > 0, "{function} was never accepted: {done:?}");
    }
}

// A generator by George Marsaglia; the same runs everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.roll(list.len() as u64) as usize]
    }
}

struct Run {
    seed: u64,
    dice: Dice,
    world: World,
    people: std::vec::Vec<Address>,
    receiver: Address,
    terms: std::vec::Vec<Terms>,
    supply: i128,
}

// All that a refused call must leave as it was.
#[derive(PartialEq, Debug)]
struct Seen {
    trades: std::vec::Vec<Option<Trade>>,
    owed: Owed,
    held: std::vec::Vec<i128>,
}

impl Run {
    fn new(seed: u64) -> Run {
        // Each window of the trades is the only one that its own limits allow: by those of another it would never be opened.
        let limits = Limits {
            appeal_max: 200,
            appeal_min: 200,
            fee_delay: 86_400,
            inspection_max: 1_000,
            inspection_min: 1_000,
            longest_life: 1_000_000,
            min_delivery: 10,
            offers_max: 50,
            offers_min: 50,
            ruling_max: 300,
            ruling_min: 300,
        };
        let receiver = std::cell::OnceCell::new();
        let world = World::new(
            Build::Native,
            START,
            &|env| {
                let address = Address::generate(env);
                (Address::generate(env), receiver.get_or_init(|| address).clone())
            },
            100,
            &limits,
        );
        let receiver = receiver.into_inner().expect("a receiver");
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let people: std::vec::Vec<Address> = (0..2 + 3 + 3).map(|_| Address::generate(&world.env)).collect();
        for party in &people[..2] {
            world.token().mint(party, &10_000_000);
        }
        let terms = (0..TRADES).map(|trade| random_terms(&world, &people, &mut dice, trade)).collect();
        Run { seed, dice, world, people, receiver, terms, supply: 20_000_000 }
    }

    fn env(&self) -> &Env {
        &self.world.env
    }

    fn go(mut self, done: &mut std::collections::BTreeMap<&'static str, u32>) {
        let mut before = self.see();
        for step in 0..STEPS {
            if self.dice.one_in(4) {
                let seconds = *self.dice.pick(&[1, 9, 10, 40, 50]);
                self.world.set_now(self.world.now() + seconds);
            }
            if self.dice.one_in(12) {
                let (who, blocked) = (self.dice.pick(&self.people).clone(), self.dice.one_in(2));
                self.world.token().block(&who, &blocked);
            }
            let trade = self.dice.roll(TRADES) as usize;
            let (function, args) = self.action(trade);
            self.env().mock_all_auths();
            let answer = self.env().try_invoke_contract::<Val, Error>(&self.world.escrow, &Symbol::new(self.env(), function), args);
            let accepted = matches!(answer, Ok(Ok(_)));
            let after = self.see();
            let place = format!("seed {}, step {step}, {function} on trade {trade}", self.seed);
            if accepted {
                *done.entry(function).or_insert(0) += 1;
                self.check_ended(function, trade, &before, &place);
            } else {
                // Codes of ours only: a panic in here would be the host's.
                let Err(Ok(error)) = answer else { panic!("{place}: {answer:?}") };
                assert!(error.is_type(soroban_sdk::xdr::ScErrorType::Contract), "{place}: {error:?}");
                assert_eq!(before, after, "{place} was refused ({error:?}) and changed something");
            }
            self.check(&after, &place);
            before = after;
        }
        self.leave();
    }

    fn check_ended(&self, function: &str, trade: usize, before: &Seen, place: &str) {
        let ended = before.trades[trade].as_ref().is_some_and(|trade| trade.stage >= 3);
        assert!(!ended || ["claim", "extend", "collect"].contains(&function), "{place}: the trade had ended");
    }

    fn see(&self) -> Seen {
        let client = self.world.client();
        let mut held: std::vec::Vec<i128> = self.people.iter().map(|who| self.world.token().held(who)).collect();
        held.push(self.world.token().held(&self.receiver));
        held.push(self.world.token().held(&self.world.escrow));
        Seen { trades: self.terms.iter().map(|terms| client.trade(&self.id(terms))).collect(), owed: client.owed(&self.world.token), held }
    }

    fn check(&self, seen: &Seen, place: &str) {
        let of_trades: i128 = seen.trades.iter().flatten().map(owes).sum();
        assert_eq!(seen.owed.total, of_trades + seen.owed.fees, "{place}: owed is not the sum over trades and fees: {seen:?}");
        assert_eq!(seen.held.last(), Some(&seen.owed.total), "{place}: our balance is not what is owed: {seen:?}");
        assert_eq!(seen.held.iter().sum::<i128>(), self.supply, "{place}: money came or went: {seen:?}");
        for trade in seen.trades.iter().flatten() {
            assert!(
                trade.milestones.iter().all(|milestone| milestone.left >= 0) && trade.bonds.0 >= 0 && trade.bonds.1 >= 0,
                "{place}: {trade:?}"
            );
            assert_eq!(trade.stage == 2, trade.milestones.iter().any(|milestone| milestone.left > 0), "{place}: {trade:?}");
        }
    }

    // Nobody is left who signs, and the token pays nobody.
    fn leave(&mut self) {
        self.world.set_now(self.world.now() + 1_000_000);
        for who in &self.people {
            self.world.token().block(who, &true);
        }
        for terms in &self.terms {
            let Some(trade) = self.world.client().trade(&self.id(terms)) else { continue };
            let env = self.env();
            let call = |function: &str, args: Vec<Val>| {
                self.world.call(None, function, args, None).unwrap_or_else(|error| panic!("seed {}: {function}: {error:?}", self.seed));
            };
            match trade.stage {
                0 | 1 => call("cancel", (terms.clone(), None::<u32>, false).into_val(env)),
                2 => {
                    let open =
                        trade.milestones.iter().enumerate().filter(|(_, milestone)| milestone.left > 0).map(|(index, _)| index as u32);
                    call("settle", (terms.clone(), Vec::from_iter(env, open), false).into_val(env));
                }
                _ => {}
            }
        }
        for who in &self.people {
            self.world.token().block(who, &false);
        }
        let client = self.world.client();
        for terms in &self.terms {
            let Some(trade) = client.trade(&self.id(terms)) else { continue };
            assert!(trade.stage >= 3 && trade.milestones.is_empty(), "seed {}: {trade:?}", self.seed);
            for (role, amount) in trade.parked.iter() {
                client.claim(terms, &role, &self.owner(terms, role), &amount);
            }
        }
        if client.owed(&self.world.token).fees > 0 {
            client.collect(&self.world.token);
        }
        self.check(&self.see(), "at the end");
        assert_eq!(client.owed(&self.world.token), Owed { fees: 0, total: 0 }, "seed {}", self.seed);
    }

    fn owner(&self, terms: &Terms, role: u32) -> Address {
        let panels = terms.panel.arbitrators.iter().chain(terms.appeal_panel.arbitrators.iter());
        [terms.buyer.clone(), terms.seller.clone()].into_iter().chain(panels).nth(role as usize).expect("a role")
    }

    fn id(&self, terms: &Terms) -> BytesN<32> {
        use soroban_sdk::xdr::ToXdr;
        let env = self.env();
        let preimage = (Symbol::new(env, "trade1"), env.ledger().network_id(), &self.world.escrow, terms.clone());
        env.crypto().sha256(&preimage.to_xdr(env)).to_bytes()
    }

    // Something that somebody might do with this trade: mostly possible, sometimes not.
    fn action(&mut self, trade: usize) -> (&'static str, Vec<Val>) {
        let terms = self.terms[trade].clone();
        let seen = self.world.client().trade(&self.id(&terms));
        let stage = seen.as_ref().map_or(9, |trade| trade.stage);
        let functions: &[&str] = match stage {
            _ if self.dice.one_in(10) => {
                &["open", "accept", "fund", "cancel", "deliver", "release", "settle", "rule", "evidence", "extend"]
            }
            9 => &["open"],
            0 => &["accept", "accept", "fund", "fund", "cancel"],
            1 => &["fund", "fund", "fund", "cancel"],
            2 => &[
                "deliver",
                "release",
                "refund",
                "settle",
                "settle",
                "dispute",
                "dispute",
                "offer",
                "offer",
                "accept_offer",
                "accept_offer",
                "evidence",
                "rule",
                "rule",
                "rule",
                "rule",
                "appeal",
                "appeal",
                "claim",
            ],
            _ => &["claim", "claim", "collect", "settle", "open"],
        };
        let disputed: std::vec::Vec<u32> = seen
            .iter()
            .flat_map(|trade| trade.milestones.iter().enumerate())
            .filter(|(_, milestone)| milestone.dispute.is_some())
            .map(|(index, _)| index as u32)
            .collect();
        // Hearings are rare unless people care for them.
        let function = match disputed.is_empty() {
            false if self.dice.one_in(2) => *self.dice.pick(&["rule", "rule", "rule", "rule", "appeal"]),
            _ => *self.dice.pick(functions),
        };
        let (dice, env) = (&mut self.dice, self.world.env.clone());
        let env = &env;
        let beyond = u64::from(dice.one_in(20));
        let milestone = match function {
            "rule" | "appeal" if !disputed.is_empty() => *dice.pick(&disputed),
            _ => dice.roll(u64::from(terms.milestones.len()) + beyond) as u32,
        };
        let by = dice.roll(2) as u32;
        let state = seen.as_ref().and_then(|trade| trade.milestones.get(milestone));
        let left = state.as_ref().map_or(0, |state| state.left);
        let amount = match dice.roll(4) {
            0 => left + dice.roll(2) as i128,
            1 => left / 2,
            2 => left,
            _ => dice.roll(left as u64 + 2) as i128,
        };
        let hash = common::hash(env, "something");
        let push = !dice.one_in(4);
        let args: Vec<Val> = match function {
            "open" => (terms, by).into_val(env),
            "accept" | "fund" => (terms,).into_val(env),
            "cancel" => (terms, if dice.one_in(2) { Some(by) } else { None }, push).into_val(env),
            "deliver" => (terms, milestone, hash).into_val(env),
            "release" | "refund" => (terms, milestone, amount).into_val(env),
            "settle" => (terms, vec![env, milestone], push).into_val(env),
            "dispute" => (terms, by, milestone, hash).into_val(env),
            "offer" => (terms, by, milestone, left, amount.min(left)).into_val(env),
            "accept_offer" => {
                let offers = state.map(|state| state.offers);
                let other = offers.and_then(|offers| if by == 0 { offers.1 } else { offers.0 });
                let amount = other.map_or(amount, |offer| offer.seller_amount);
                (terms, by, milestone, left, amount).into_val(env)
            }
            "evidence" => (terms, by, milestone, hash).into_val(env),
            "rule" => {
                let seat = 2 + dice.roll(7) as u32;
                let ppm = *dice.pick(&[0, 1, 250_000, 300_000, 333_333, 350_000, 500_000, 999_999, 1_000_000]);
                (terms, seat, vec![env, (milestone, ppm as u32)], hash).into_val(env)
            }
            "appeal" => (terms, by, milestone).into_val(env),
            "claim" => {
                let parked = seen.map(|trade| trade.parked).filter(|parked| !parked.is_empty());
                let (role, amount) = parked.map_or((0, 1), |parked| parked.get_unchecked(dice.roll(u64::from(parked.len())) as u32));
                let amount = if dice.one_in(3) { amount / 2 } else { amount };
                (terms.clone(), role, self.owner(&terms, role), amount).into_val(env)
            }
            "collect" => (terms.asset,).into_val(env),
            "extend" => (self.id(&terms),).into_val(env),
            function => panic!("no function is called {function}"),
        };
        (function, args)
    }
}

// What the contract owes on account of one trade.
fn owes(trade: &Trade) -> i128 {
    let of_milestone = |milestone: stellar_escrow::MilestoneState| {
        milestone.left + milestone.dispute.map_or(0, |dispute| dispute.aside.0 + dispute.aside.1)
    };
    let milestones: i128 = trade.milestones.iter().map(of_milestone).sum();
    let parked: i128 = trade.parked.iter().map(|(_, amount)| amount).sum();
    trade.bonds.0 + trade.bonds.1 + milestones + parked
}

fn random_terms(world: &World, people: &[Address], dice: &mut Dice, trade: u64) -> Terms {
    let env = &world.env;
    let panel = |members: &[Address], quorum: u32| Panel { arbitrators: Vec::from_iter(env, members.iter().cloned()), quorum };
    let first = *dice.pick(&[0, 1, 3, 3, 3]);
    let second = if first == 0 { 0 } else { *dice.pick(&[0, 1, 3, 3]) };
    let bond = *dice.pick(&[0, 7, 100, 1_000]);
    let mut milestones = Vec::new(env);
    for index in 0..1 + dice.roll(3) {
        let amount = *dice.pick(&[1, 3, 99, 1_001, 100_000]);
        milestones.push_back(Milestone { amount, deliver_by: START + 2_500 + 500 * index, description: common::hash(env, "m") });
    }
    Terms {
        appeal_panel: panel(&people[5..5 + second], if second == 0 { 0 } else { second as u32 / 2 + 1 }),
        arbitration_fee: *dice.pick(&[0, bond / 3, bond]),
        asset: world.token.clone(),
        bond,
        buyer: people[0].clone(),
        fallback_ppm: *dice.pick(&[0, 500_000, 333_333, 1_000_000]),
        fee_bps: 100,
        fund_by: START + 1_500,
        inspection: 1_000,
        milestones,
        panel: panel(&people[2..2 + first], if first == 0 { 0 } else { first as u32 / 2 + 1 }),
        salt: common::hash(env, &format!("salt {trade}")),
        seller: people[1].clone(),
        terms_hash: common::hash(env, "terms"),
        windows: Windows { appeal: 200, offers: 50, ruling: 300 },
    }
}
