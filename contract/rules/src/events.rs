// What is announced. Topics: the event's name, then the trade's id (`collected`: the asset; the admin's events: nothing more).
// Data is a vector of the fields in this order: their names stand in the spec, and each byte of an event is paid for.
// docs/contract.md "Events" says when each is emitted, and in which order within a call.

use crate::made::Made as Terms; // in the spec
use soroban_sdk::{contractevent, Address, BytesN};

// The spec of an event stands in the wasm that is built with the feature `interface`, and in no other.
macro_rules! event {
    ($($event:tt)*) => {
        #[cfg_attr(feature = "interface", contractevent(data_format = "vec"))]
        #[cfg_attr(not(feature = "interface"), contractevent(data_format = "vec", export = false))]
        $($event)*
    };
}

// A trade begins: stage 0.
event! {
    pub struct Opened {
        #[topic]
        pub trade: BytesN<32>,
        pub by: u32,
        pub terms: Terms,
    }
}

// Stage 0 -> 1.
event! {
    pub struct Accepted {
        #[topic]
        pub trade: BytesN<32>,
        pub by: u32,
    }
}

// Stage -> 2; total + bond.
event! {
    pub struct Funded {
        #[topic]
        pub trade: BytesN<32>,
        pub old_stage: u32,
        pub amount: i128,
    }
}

// Stage -> 4.
event! {
    pub struct Cancelled {
        #[topic]
        pub trade: BytesN<32>,
        pub by: Option<u32>,
        pub old_stage: u32,
    }
}

event! {
    pub struct Delivered {
        #[topic]
        pub trade: BytesN<32>,
        pub milestone: u32,
        pub proof: BytesN<32>,
        pub inspection_end: u64,
    }
}

// By the buyer; left: after.
event! {
    pub struct Released {
        #[topic]
        pub trade: BytesN<32>,
        pub milestone: u32,
        pub amount: i128,
        pub left: i128,
        pub fee: i128,
        pub conceded: bool,
    }
}

// By the seller; left: after.
event! {
    pub struct Refunded {
        #[topic]
        pub trade: BytesN<32>,
        pub milestone: u32,
        pub amount: i128,
        pub left: i128,
        pub conceded: bool,
    }
}

event! {
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
}

// old: what the offer it replaces said, if that still stood.
event! {
    pub struct Offered {
        #[topic]
        pub trade: BytesN<32>,
        pub milestone: u32,
        pub by: u32,
        pub of: i128,
        pub old: Option<i128>,
        pub seller_amount: i128,
    }
}

// The other side's offer was accepted by `by`.
event! {
    pub struct Split {
        #[topic]
        pub trade: BytesN<32>,
        pub milestone: u32,
        pub by: u32,
        pub of: i128,
        pub seller_amount: i128,
        pub fee: i128,
    }
}

event! {
    pub struct Evidence {
        #[topic]
        pub trade: BytesN<32>,
        pub milestone: u32,
        pub by: u32,
        pub hash: BytesN<32>,
        pub phase: u32,
    }
}

// votes: cast in this hearing so far.
event! {
    pub struct Voted {
        #[topic]
        pub trade: BytesN<32>,
        pub milestone: u32,
        pub by: u32,
        pub seller_ppm: u32,
        pub hash: BytesN<32>,
        pub votes: u32,
    }
}

// The vote before it completed its panel; phase: the hearing it ends.
event! {
    pub struct Ruled {
        #[topic]
        pub trade: BytesN<32>,
        pub milestone: u32,
        pub seller_ppm: u32,
        pub phase: u32,
    }
}

// seller_ppm: the ruling appealed against.
event! {
    pub struct Appealed {
        #[topic]
        pub trade: BytesN<32>,
        pub milestone: u32,
        pub by: u32,
        pub aside: i128,
        pub seller_ppm: u32,
    }
}

// Amounts before costs and fee.
event! {
    pub struct Settled {
        #[topic]
        pub trade: BytesN<32>,
        pub milestone: u32,
        pub outcome: u32,
        pub seller_amount: i128,
        pub buyer_amount: i128,
        pub fee: i128,
    }
}

// A dispute ended; these seats had let their hearing's deadline pass: bit r stands for role r.
event! {
    pub struct Silent {
        #[topic]
        pub trade: BytesN<32>,
        pub milestone: u32,
        pub roles: u32,
    }
}

// A dispute ended; what each side paid, what each vote got.
event! {
    pub struct Costs {
        #[topic]
        pub trade: BytesN<32>,
        pub milestone: u32,
        pub buyer_paid: i128,
        pub seller_paid: i128,
        pub vote: i128,
        pub appeal_vote: i128,
    }
}

// Stage 2 -> 3; the bonds that go back.
event! {
    pub struct Ended {
        #[topic]
        pub trade: BytesN<32>,
        pub buyer_bond: i128,
        pub seller_bond: i128,
    }
}

// A payout waits for `claim`; parked before, and after.
event! {
    pub struct Parked {
        #[topic]
        pub trade: BytesN<32>,
        pub role: u32,
        pub old: i128,
        pub amount: i128,
    }
}

// left: parked after.
event! {
    pub struct Claimed {
        #[topic]
        pub trade: BytesN<32>,
        pub role: u32,
        pub to: Address,
        pub amount: i128,
        pub left: i128,
    }
}

event! {
    pub struct Collected {
        #[topic]
        pub asset: Address,
        pub to: Address,
        pub amount: i128,
    }
}

event! {
    pub struct FeeProposed {
        pub old_bps: u32,
        pub old_receiver: Address,
        pub bps: u32,
        pub receiver: Address,
        pub effective: u64,
    }
}

event! {
    pub struct FeeCancelled {
        pub bps: u32,
        pub receiver: Address,
    }
}

event! {
    pub struct Paused {
        pub old: bool,
        pub now: bool,
    }
}

event! {
    pub struct AdminProposed {
        pub admin: Address,
        pub to: Address,
    }
}

event! {
    pub struct AdminChanged {
        pub old: Address,
        pub now: Address,
    }
}

event! {
    pub struct AnchorSet {
        pub old: Option<Address>,
        pub key: Address,
    }
}

event! {
    pub struct Anchored {
        pub old: u64,
        pub seq: u64,
        pub hash: BytesN<32>,
    }
}
