// What travels in and out: the terms, and what the views answer. docs/contract.md "Types" and "Views" say what each field means.
// Amounts are whole units of the asset's smallest part, times unix seconds, windows seconds, ppm parts of 1,000,000 (the seller's part).

use crate::made::Made;
use core::ops::Deref;
use soroban_sdk::{contracttype, Address, Bytes, BytesN, ConversionError, Env, IntoVal, TryFromVal, Val, Vec};

// What both parties agreed to. It is never stored: each call carries it, and its hash is the trade's id.
#[contracttype]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Terms {
    pub appeal_panel: Panel,
    pub arbitration_fee: i128,
    pub asset: Address,
    pub bond: i128,
    pub buyer: Address,
    pub fallback_ppm: u32,
    pub fee_bps: u32,
    pub fund_by: u64,
    pub inspection: u64,
    pub milestones: Vec<Milestone>,
    pub panel: Panel,
    pub salt: BytesN<32>,
    pub seller: Address,
    pub terms_hash: BytesN<32>,
    pub windows: Windows,
}

#[contracttype]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Milestone {
    pub amount: i128,
    pub deliver_by: u64,
    pub description: BytesN<32>,
}

#[contracttype]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Panel {
    pub arbitrators: Vec<Address>,
    pub quorum: u32,
}

#[contracttype]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Windows {
    pub appeal: u64,
    pub offers: u64,
    pub ruling: u64,
}

// The terms as they were read, and as they came, which is how they are hashed and handed on. Both say the same: reading refuses whatever
// could be encoded in two ways (a field too many or too few, another order, an address that is more than one).
#[derive(Debug)]
pub struct Carried {
    terms: Terms,
    came: Val,
}

impl Carried {
    // What came in is no terms: the call ends.
    pub fn of(env: &Env, came: Made) -> Carried {
        came.0.into_val(env)
    }

    pub fn as_came(&self) -> Made {
        Made(self.came)
    }
}

impl Deref for Carried {
    type Target = Terms;

    fn deref(&self) -> &Terms {
        &self.terms
    }
}

impl TryFromVal<Env, Val> for Carried {
    type Error = ConversionError;

    fn try_from_val(env: &Env, came: &Val) -> Result<Carried, ConversionError> {
        Ok(Carried { terms: Terms::try_from_val(env, came)?, came: *came })
    }
}

// For clients.
impl TryFromVal<Env, Carried> for Val {
    type Error = ConversionError;

    fn try_from_val(_: &Env, terms: &Carried) -> Result<Val, ConversionError> {
        Ok(terms.came)
    }
}

impl TryFromVal<Env, &Carried> for Val {
    type Error = ConversionError;

    fn try_from_val(_: &Env, terms: &&Carried) -> Result<Val, ConversionError> {
        Ok(terms.came)
    }
}

// What this deployment lets `open` accept; set by the constructor, for ever.
#[cfg_attr(feature = "interface", contracttype)]
#[cfg_attr(not(feature = "interface"), contracttype(export = false))]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    pub appeal_max: u64,
    pub appeal_min: u64,
    pub fee_delay: u64,
    pub inspection_max: u64,
    pub inspection_min: u64,
    pub longest_life: u64,
    pub min_delivery: u64,
    pub offers_max: u64,
    pub offers_min: u64,
    pub ruling_max: u64,
    pub ruling_min: u64,
}

impl Limits {
    // As they are kept: each takes 8 bytes, little-endian, in the order of their names.
    pub fn kept(&self, env: &Env) -> Bytes {
        let mut kept = Bytes::new(env);
        for limit in [
            self.appeal_max,
            self.appeal_min,
            self.fee_delay,
            self.inspection_max,
            self.inspection_min,
            self.longest_life,
            self.min_delivery,
            self.offers_max,
            self.offers_min,
            self.ruling_max,
            self.ruling_min,
        ] {
            kept.extend_from_array(&limit.to_le_bytes());
        }
        kept
    }

    // Of what is kept.
    pub fn of(kept: &Bytes) -> Limits {
        let mut bytes = [0; 11 * 8];
        kept.copy_into_slice(&mut bytes);
        let at = |index: usize| {
            let mut limit = [0; 8];
            limit.copy_from_slice(&bytes[8 * index..8 * index + 8]);
            u64::from_le_bytes(limit)
        };
        Limits {
            appeal_max: at(0),
            appeal_min: at(1),
            fee_delay: at(2),
            inspection_max: at(3),
            inspection_min: at(4),
            longest_life: at(5),
            min_delivery: at(6),
            offers_max: at(7),
            offers_min: at(8),
            ruling_max: at(9),
            ruling_min: at(10),
        }
    }
}

// The views. native.rs says why their conversions are others on this machine.

// Answer of `trade`. Pairs are (buyer, seller).
#[cfg_attr(all(target_family = "wasm", feature = "interface"), contracttype)]
#[cfg_attr(all(target_family = "wasm", not(feature = "interface")), contracttype(export = false))]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Trade {
    pub bonds: (i128, i128),
    pub milestones: Vec<MilestoneState>,
    pub opened_by: u32,
    pub parked: Vec<(u32, i128)>,
    pub stage: u32,
}

#[cfg_attr(all(target_family = "wasm", feature = "interface"), contracttype)]
#[cfg_attr(all(target_family = "wasm", not(feature = "interface")), contracttype(export = false))]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MilestoneState {
    pub delivered_at: u64,
    pub dispute: Option<Dispute>,
    pub left: i128,
    pub offers: (Option<Offer>, Option<Offer>),
}

#[cfg_attr(all(target_family = "wasm", feature = "interface"), contracttype)]
#[cfg_attr(all(target_family = "wasm", not(feature = "interface")), contracttype(export = false))]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Offer {
    pub of: i128,
    pub phase: u32,
    pub seller_amount: i128,
}

#[cfg_attr(all(target_family = "wasm", feature = "interface"), contracttype)]
#[cfg_attr(all(target_family = "wasm", not(feature = "interface")), contracttype(export = false))]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Dispute {
    pub appeal_by: Option<u32>,
    pub appealed_at: u64,
    pub aside: (i128, i128),
    pub by: u32,
    pub ruled_at: u64,
    pub since: u64,
    pub votes: Vec<(u32, u32)>,
}

// Answer of `config`. The fee and its receiver are those in force now.
#[cfg_attr(all(target_family = "wasm", feature = "interface"), contracttype)]
#[cfg_attr(all(target_family = "wasm", not(feature = "interface")), contracttype(export = false))]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    pub admin: Address,
    pub anchor_key: Option<Address>,
    pub anchored: (u64, BytesN<32>),
    pub fee_bps: u32,
    pub fee_receiver: Address,
    pub limits: Limits,
    pub paused: bool,
    pub pending_admin: Option<Address>,
    pub pending_fee: Option<PendingFee>,
}

#[cfg_attr(all(target_family = "wasm", feature = "interface"), contracttype)]
#[cfg_attr(all(target_family = "wasm", not(feature = "interface")), contracttype(export = false))]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PendingFee {
    pub bps: u32,
    pub effective: u64,
    pub receiver: Address,
}

// Answer of `owed`: all this contract owes in one asset, and the booked fees within it.
#[cfg_attr(feature = "interface", contracttype)]
#[cfg_attr(not(feature = "interface"), contracttype(export = false))]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Owed {
    pub fees: i128,
    pub total: i128,
}
