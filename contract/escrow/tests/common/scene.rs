// Two parties, an arbitrator and a trade between them, for tests that each look at one thing it should withstand.

use super::{builds, Build, World};
use soroban_sdk::testutils::Address as _;
use soroban_sdk::xdr::ToXdr;
use soroban_sdk::{vec, Address, BytesN, Env, Error, IntoVal, Symbol, Val, Vec};
use stellar_escrow::{Limits, Milestone, Panel, Terms, Trade, Windows};

pub const START: u64 = 1_700_000_000;
pub const DAY: u64 = 86_400;

// Two parties, an arbitrator, and a trade between them that is not opened yet.
pub struct Scene {
    pub world: World,
    pub buyer: Address,
    pub seller: Address,
    pub arbitrator: Address,
    pub terms: Terms,
}

pub fn limits() -> Limits {
    Limits {
        appeal_max: 33 * DAY,
        appeal_min: 63,
        fee_delay: DAY,
        inspection_max: 30 * DAY,
        inspection_min: 60,
        longest_life: 1000 * DAY,
        min_delivery: 60,
        offers_max: 31 * DAY,
        offers_min: 61,
        ruling_max: 32 * DAY,
        ruling_min: 62,
    }
}

impl Scene {
    // Both hold 1,000,000; the trade is about 10,000 with a bond of 1,000, a hearing costs 300.
    pub fn new(build: Build) -> Scene {
        let world = World::new(build, START, &|env| (Address::generate(env), Address::generate(env)), 100, &limits());
        let scene = Scene::of(world);
        for party in [&scene.buyer, &scene.seller] {
            scene.world.token().mint(party, &1_000_000);
        }
        scene
    }

    // The same in a world that is there already, whose token may be any; nobody has anything yet.
    pub fn of(world: World) -> Scene {
        let env = &world.env;
        let (buyer, seller, arbitrator) = (Address::generate(env), Address::generate(env), Address::generate(env));
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
            milestones: vec![env, Milestone { amount: 10_000, deliver_by: START + 10 * DAY, description: super::hash(env, "m") }],
            panel: Panel { arbitrators: vec![env, arbitrator.clone()], quorum: 1 },
            salt: super::hash(env, "salt"),
            seller: seller.clone(),
            terms_hash: super::hash(env, "terms"),
            windows: Windows { appeal: DAY, offers: DAY, ruling: DAY },
        };
        Scene { world, buyer, seller, arbitrator, terms }
    }

    pub fn env(&self) -> &Env {
        &self.world.env
    }

    // Calls with the terms before the other arguments.
    pub fn call(&self, signer: Option<&Address>, function: &str, args: Vec<Val>, deposit: Option<i128>) -> Result<Val, Error> {
        let mut all: Vec<Val> = vec![self.env(), self.terms.into_val(self.env())];
        all.append(&args);
        self.world.call(signer, function, all, deposit)
    }

    pub fn open(&self) -> Result<Val, Error> {
        self.call(Some(&self.seller), "open", (1u32,).into_val(self.env()), Some(1_000))
    }

    pub fn fund(&self) -> Result<Val, Error> {
        self.call(Some(&self.buyer), "fund", Vec::new(self.env()), Some(11_000))
    }

    pub fn funded(build: Build) -> Scene {
        let scene = Scene::new(build);
        scene.open().expect("open");
        scene.fund().expect("fund");
        scene
    }

    pub fn release(&self, amount: i128) -> Result<Val, Error> {
        self.call(Some(&self.buyer), "release", (0u32, amount).into_val(self.env()), None)
    }

    pub fn settle(&self, push: bool) -> Result<Val, Error> {
        self.call(None, "settle", (vec![self.env(), 0u32], push).into_val(self.env()), None)
    }

    pub fn claim(&self, role: u32, to: &Address, amount: i128) -> Result<Val, Error> {
        self.call(None, "claim", (role, to, amount).into_val(self.env()), None)
    }

    // The trade's id, as `open` answers it.
    pub fn id(&self) -> BytesN<32> {
        let env = self.env();
        let preimage = (Symbol::new(env, "trade1"), env.ledger().network_id(), &self.world.escrow, self.terms.clone());
        env.crypto().sha256(&preimage.to_xdr(env)).to_bytes()
    }

    pub fn trade(&self) -> Option<Trade> {
        self.world.client().trade(&self.id())
    }

    pub fn held(&self, who: &Address) -> i128 {
        self.world.token().held(who)
    }

    pub fn owed(&self) -> (i128, i128) {
        let owed = self.world.client().owed(&self.world.token);
        (owed.total, owed.fees)
    }
}

pub fn both(test: fn(Build)) {
    builds().iter().copied().for_each(test);
}
