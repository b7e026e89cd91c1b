// What is announced. Topics: the event's name, then the trade's id (`collected`: the asset; the admin's events: nothing more).
// Data is a vector of the fields in this order: their names stand in the spec, and each byte of an event is paid for.
// docs/contract.md "Events" says when each is emitted, and in which order within a call.

use crate::types::Terms;
use soroban_sdk::{contractevent, Address, BytesN, Vec};

// A trade begins: stage 0.
#[contractevent(data_format = "vec")]
pub struct Opened {
    #[topic]
    pub trade: BytesN<32>,
    pub by: u32,
    pub terms: Terms,
}

// Stage 0 -> 1.
#[contractevent(data_format = "vec")]
pub struct Accepted {
    #[topic]
    pub trade: BytesN<32>,
    pub by: u32,
}

// Stage -> 2; total + bond.
#[contractevent(data_format = "vec")]
pub struct Funded {
    #[topic]
    pub trade: BytesN<32>,
    pub old_stage: u32,
    pub amount: i128,
}

// Stage -> 4.
#[contractevent(data_format = "vec")]
pub struct Cancelled {
    #[topic]
    pub trade: BytesN<32>,
    pub by: Option<u32>,
    pub old_stage: u32,
}

#[contractevent(data_format = "vec")]
pub struct Delivered {
    #[topic]
    pub trade: BytesN<32>,
    pub milestone: u32,
    pub proof: BytesN<32>,
    pub inspection_end: u64,
}

// By the buyer; left: after.
#[contractevent(data_format = "vec")]
pub struct Released {
    #[topic]
    pub trade: BytesN<32>,
    pub milestone: u32,
    pub amount: i128,
    pub left: i128,
    pub fee: i128,
    pub conceded: bool,
}

// By the seller; left: after.
#[contractevent(data_format = "vec")]
pub struct Refunded {
    #[topic]
    pub trade: BytesN<32>,
    pub milestone: u32,
    pub amount: i128,
    pub left: i128,
    pub conceded: bool,
}

#[contractevent(data_format = "vec")]
pub struct Disputed {
    #[topic]
    pub trade: BytesN<32>,
    pub milestone: u32,
    pub by: u32,
    pub reason: BytesN<32>,
    pub aside: i128,
    pub deposited: bool,
    pub old_phase: u32,
}

// old: what the offer it replaces said, if that still stood.
#[contractevent(data_format = "vec")]
pub struct Offered {
    #[topic]
    pub trade: BytesN<32>,
    pub milestone: u32,
    pub by: u32,
    pub of: i128,
    pub old: Option<i128>,
    pub seller_amount: i128,
}

// The other side's offer was accepted by `by`.
#[contractevent(data_format = "vec")]
pub struct Split {
    #[topic]
    pub trade: BytesN<32>,
    pub milestone: u32,
    pub by: u32,
    pub of: i128,
    pub seller_amount: i128,
    pub fee: i128,
}

#[contractevent(data_format = "vec")]
pub struct Evidence {
    #[topic]
    pub trade: BytesN<32>,
    pub milestone: u32,
    pub by: u32,
    pub hash: BytesN<32>,
    pub phase: u32,
}

// votes: cast in this hearing so far.
#[contractevent(data_format = "vec")]
pub struct Voted {
    #[topic]
    pub trade: BytesN<32>,
    pub milestone: u32,
    pub by: u32,
    pub seller_ppm: u32,
    pub hash: BytesN<32>,
    pub votes: u32,
}

// The vote before it completed its panel; phase: the hearing it ends.
#[contractevent(data_format = "vec")]
pub struct Ruled {
    #[topic]
    pub trade: BytesN<32>,
    pub milestone: u32,
    pub seller_ppm: u32,
    pub phase: u32,
}

// seller_ppm: the ruling appealed against.
#[contractevent(data_format = "vec")]
pub struct Appealed {
    #[topic]
    pub trade: BytesN<32>,
    pub milestone: u32,
    pub by: u32,
    pub aside: i128,
    pub seller_ppm: u32,
}

// Amounts before costs and fee.
#[contractevent(data_format = "vec")]
pub struct Settled {
    #[topic]
    pub trade: BytesN<32>,
    pub milestone: u32,
    pub outcome: u32,
    pub seller_amount: i128,
    pub buyer_amount: i128,
    pub fee: i128,
}

// A dispute ended; these seats had let their hearing's deadline pass.
#[contractevent(data_format = "vec")]
pub struct Silent {
    #[topic]
    pub trade: BytesN<32>,
    pub milestone: u32,
    pub roles: Vec<u32>,
}

// A dispute ended; what each side paid, what each vote got.
#[contractevent(data_format = "vec")]
pub struct Costs {
    #[topic]
    pub trade: BytesN<32>,
    pub milestone: u32,
    pub buyer_paid: i128,
    pub seller_paid: i128,
    pub vote: i128,
    pub appeal_vote: i128,
}

// Stage 2 -> 3; the bonds that go back.
#[contractevent(data_format = "vec")]
pub struct Ended {
    #[topic]
    pub trade: BytesN<32>,
    pub buyer_bond: i128,
    pub seller_bond: i128,
}

// A payout waits for `claim`; parked before, and after.
#[contractevent(data_format = "vec")]
pub struct Parked {
    #[topic]
    pub trade: BytesN<32>,
    pub role: u32,
    pub old: i128,
    pub amount: i128,
}

// left: parked after.
#[contractevent(data_format = "vec")]
pub struct Claimed {
    #[topic]
    pub trade: BytesN<32>,
    pub role: u32,
    pub to: Address,
    pub amount: i128,
    pub left: i128,
}

#[contractevent(data_format = "vec")]
pub struct Collected {
    #[topic]
    pub asset: Address,
    pub to: Address,
    pub amount: i128,
}

#[contractevent(data_format = "vec")]
pub struct FeeProposed {
    pub old_bps: u32,
    pub old_receiver: Address,
    pub bps: u32,
    pub receiver: Address,
    pub effective: u64,
}

#[contractevent(data_format = "vec")]
pub struct FeeCancelled {
    pub bps: u32,
    pub receiver: Address,
}

#[contractevent(data_format = "vec")]
pub struct Paused {
    pub old: bool,
    pub now: bool,
}

#[contractevent(data_format = "vec")]
pub struct AdminProposed {
    pub admin: Address,
    pub to: Address,
}

#[contractevent(data_format = "vec")]
pub struct AdminChanged {
    pub old: Address,
    pub now: Address,
}

#[contractevent(data_format = "vec")]
pub struct AnchorSet {
    pub old: Option<Address>,
    pub key: Address,
}

#[contractevent(data_format = "vec")]
pub struct Anchored {
    pub old: u64,
    pub seq: u64,
    pub hash: BytesN<32>,
}
