// What the calls of a simple trade cost with the built wasm and a real Stellar asset, and how large entries are. The limits are what was
// measured and a tenth more: who makes a call dearer says so here. Measured by the host's own meter, with the network's cost parameters of
// soroban-env-host 27.0.1 and the contract's code in the cache of parsed modules, as on the network; but without reading the code's entry, which
// the network counts with 34 instructions a byte. What the network charges is measured by test/costs and stands in docs/costs.md; these ceilings
// are for whoever changes the contract, next to it.

use crate::common;
use common::interface::EscrowClient;
use common::Build;
use soroban_sdk::testutils::Address as _;
use soroban_sdk::xdr::{self, WriteXdr};
use soroban_sdk::{token, vec, Address, BytesN, Env, Vec};
use stellar_escrow::{Limits, Milestone, Panel, Terms, Windows};

const START: u64 = 1_700_000_000;
const DAY: u64 = 86_400;

struct Stage<'a> {
    env: Env,
    escrow: EscrowClient<'a>,
    terms: Terms,
}

// A trade of so many milestones and arbitrators on each panel, in an asset of the network; both parties can pay.
fn stage<'a>(milestones: u64, arbitrators: u32) -> Stage<'a> {
    let env = common::env(START);
    let some = || Address::generate(&env);
    // Each window of the trade is the only one that its own limits allow: by those of another it would not be opened.
    let limits = Limits {
        appeal_max: 3 * DAY,
        appeal_min: 3 * DAY,
        fee_delay: DAY,
        inspection_max: 4 * DAY,
        inspection_min: 4 * DAY,
        longest_life: 100 * DAY,
        min_delivery: DAY,
        offers_max: DAY,
        offers_min: DAY,
        ruling_max: 2 * DAY,
        ruling_min: 2 * DAY,
    };
    let escrow = common::deploy(&env, Build::Wasm, (some(), 100, some(), limits));
    let asset = env.register_stellar_asset_contract_v2(some()).address();
    let panel = || Panel {
        arbitrators: Vec::from_iter(&env, (0..arbitrators).map(|_| some())),
        quorum: if arbitrators == 0 { 0 } else { arbitrators / 2 + 1 },
    };
    let terms = Terms {
        appeal_panel: panel(),
        arbitration_fee: 700,
        asset: asset.clone(),
        bond: 20_000,
        buyer: some(),
        fallback_ppm: 500_000,
        fee_bps: 100,
        fund_by: START + DAY,
        inspection: 4 * DAY,
        milestones: Vec::from_iter(
            &env,
            (0..milestones).map(|index| Milestone {
                amount: 1_000_000_000,
                deliver_by: START + 10 * DAY,
                description: common::hash(&env, &index.to_string()),
            }),
        ),
        panel: panel(),
        salt: common::hash(&env, "salt"),
        seller: some(),
        terms_hash: common::hash(&env, "terms"),
        windows: Windows { appeal: 3 * DAY, offers: DAY, ruling: 2 * DAY },
    };
    env.mock_all_auths();
    for party in [&terms.buyer, &terms.seller] {
        token::StellarAssetClient::new(&env, &asset).mint(party, &100_000_000_000);
    }
    Stage { escrow: EscrowClient::new(&env, &escrow), env, terms }
}

impl Stage<'_> {
    fn cost(&self, name: &str, most: i64) {
        let cost = self.env.cost_estimate().resources();
        println!(
            "{name:24} {:>9} instructions, {:>2} entries read, {:>2} written, {:>5} bytes written, {:>5} of events",
            cost.instructions,
            cost.disk_read_entries + cost.memory_read_entries,
            cost.write_entries,
            cost.write_bytes,
            cost.contract_events_size_bytes
        );
        assert!(cost.instructions <= most, "{name}: {} instructions, at most {most} were allowed", cost.instructions);
    }

    // The size of a persistent entry of ours as the ledger stores it, key and framing included.
    fn entry_bytes(&self, key: xdr::ScVal) -> usize {
        let contract = xdr::ScAddress::from(&self.escrow.address);
        let snapshot = self.env.to_ledger_snapshot();
        let entry = snapshot.entries().into_iter().find_map(|(_, (entry, _))| match &entry.data {
            xdr::LedgerEntryData::ContractData(data) if data.contract == contract && data.key == key => Some(entry.clone()),
            _ => None,
        });
        entry.expect("an entry").to_xdr(xdr::Limits::none()).expect("xdr").len()
    }

    fn trade_bytes(&self, id: &BytesN<32>) -> usize {
        self.entry_bytes(xdr::ScVal::Bytes(id.to_array().to_vec().try_into().unwrap()))
    }
}

#[test]
fn a_simple_trade() {
    let stage = stage(1, 1);
    let (env, escrow, terms) = (&stage.env, &stage.escrow, &stage.terms);
    let id = escrow.open(terms, &0);
    stage.cost("open", 790_000);
    escrow.accept(terms);
    stage.cost("accept", 1_520_000);
    escrow.fund(terms);
    stage.cost("fund", 1_140_000);
    assert_eq!(stage.trade_bytes(&id), 140);
    assert_eq!(stage.entry_bytes(xdr::ScVal::Address((&terms.asset).into())), 148);
    escrow.deliver(terms, &0, &common::hash(env, "proof"));
    stage.cost("deliver", 740_000);
    escrow.release(terms, &0, &500_000_000);
    stage.cost("release a part", 1_030_000);
    escrow.release(terms, &0, &500_000_000);
    stage.cost("release the rest", 1_230_000);
    assert_eq!(stage.trade_bytes(&id), 108);
    escrow.collect(&terms.asset);
    stage.cost("collect", 690_000);
}

#[test]
fn a_dispute() {
    let stage = stage(1, 3);
    let (env, escrow, terms) = (&stage.env, &stage.escrow, &stage.terms);
    escrow.open(terms, &1);
    stage.cost("open by the seller", 1_210_000);
    escrow.fund(terms);
    escrow.dispute(terms, &0, &0, &common::hash(env, "reason"));
    stage.cost("dispute from the bond", 1_220_000);
    escrow.offer(terms, &1, &0, &1_000_000_000, &7);
    stage.cost("offer", 1_260_000);
    escrow.evidence(terms, &1, &0, &common::hash(env, "evidence"));
    stage.cost("evidence", 1_150_000);
    use soroban_sdk::testutils::Ledger as _;
    env.ledger().set_timestamp(START + DAY);
    for role in 2..5 {
        escrow.rule(terms, &role, &vec![env, (0, 600_000)], &common::hash(env, "ruling"));
    }
    stage.cost("rule", 1_370_000);
    escrow.appeal(terms, &1, &0);
    stage.cost("appeal", 1_680_000);
    env.ledger().set_timestamp(START + 3 * DAY);
    escrow.settle(terms, &vec![env, 0], &true);
    stage.cost("settle, 5 payouts", 2_540_000);
}

// The largest there is: 20 milestones, 14 arbitrators, all of it in one call.
#[test]
fn the_largest_trade() {
    let stage = stage(20, 7);
    let (env, escrow, terms) = (&stage.env, &stage.escrow, &stage.terms);
    let all = Vec::from_iter(env, 0..20u32);
    let id = escrow.open(terms, &1);
    stage.cost("open, largest", 2_270_000);
    escrow.fund(terms);
    stage.cost("fund, largest", 2_090_000);
    assert_eq!(stage.trade_bytes(&id), 444);
    for milestone in 0..20 {
        escrow.dispute(terms, &0, &milestone, &common::hash(env, "reason"));
    }
    use soroban_sdk::testutils::Ledger as _;
    env.ledger().set_timestamp(START + DAY);
    let rulings = Vec::from_iter(env, (0..20).map(|milestone| (milestone, 600_000)));
    for role in 2..9 {
        escrow.rule(terms, &role, &rulings, &common::hash(env, "ruling"));
    }
    stage.cost("rule on 20", 9_780_000);
    for milestone in 0..20 {
        escrow.appeal(terms, &1, &milestone);
    }
    for role in 9..16 {
        escrow.rule(terms, &role, &rulings, &common::hash(env, "ruling"));
    }
    assert_eq!(stage.trade_bytes(&id), 2_204, "with 280 votes");
    escrow.settle(terms, &all, &true);
    stage.cost("settle 20, 16 payouts", 12_420_000);
    let cost = env.cost_estimate().resources();
    // What one transaction of the network may do.
    assert!(cost.write_entries <= 50 && cost.contract_events_size_bytes <= 16_384, "{cost:?}");
}
