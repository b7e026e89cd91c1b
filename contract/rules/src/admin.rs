// The platform's side: its fee, the pause, the admin and the anchor key. Nothing here reaches escrowed money, and nothing here can be
// undone by an upgrade: there is none.

use crate::errors::EscrowError;
use crate::events;
use crate::types::{Config, Limits, PendingFee};
use soroban_sdk::{vec, Address, Bytes, BytesN, Env, Event, IntoVal, TryFromVal, Val, Vec};

// The hard cap of the platform's fee: 1 %.
const MOST_BPS: u32 = 100;
// Whoever signed terms at the old fee has a day to use them.
const LEAST_FEE_DELAY: u64 = 86_400;

// What is set, by number. What is not set is void.
pub const ADMIN: u32 = 0; // Address
pub const PENDING_ADMIN: u32 = 1; // Address
pub const ANCHOR_KEY: u32 = 2; // Address
pub const PAUSED: u32 = 3; // bool
pub const LIMITS: u32 = 4; // Bytes, by Limits::kept
pub const FEE: u32 = 5; // Fee
pub const PENDING_FEE: u32 = 6; // Fee
pub const ANCHORED: u32 = 7; // (u64, BytesN<32>): the audit log's last head, and its number
pub const SETTINGS: u32 = 8;

// From when it is in force, bps, receiver.
pub type Fee = (u64, u32, Address);

// A decision about the settings as one contract hands it to the other, each part in the place of its number.
pub type Answer = Vec<Val>;

pub const SIGNER: u32 = 0; // Option<Address>
pub const REFUSED: u32 = 1; // u32: why, or 0
pub const EVENTS: u32 = 2; // Vec<Val>: topics and data by turns
pub const CHANGES: u32 = 3; // Vec<Val>: number of a setting and its new value by turns

// The settings in hand, and what is decided about them.
pub struct Settings<'a> {
    pub env: &'a Env,
    // All, by their numbers.
    pub set: Vec<Val>,
    // The escrow that has them.
    pub escrow: Address,
    signer: Option<Address>,
    events: Vec<Val>,
    changes: Vec<Val>,
}

impl<'a> Settings<'a> {
    pub fn new(env: &'a Env, set: Vec<Val>, escrow: Address) -> Settings<'a> {
        Settings { env, set, escrow, signer: None, events: Vec::new(env), changes: Vec::new(env) }
    }

    // The decision, for the contract that asked.
    pub fn answer(self, done: Result<(), EscrowError>) -> Answer {
        let refused = done.err().map_or(0, |error| error as u32);
        vec![self.env, self.signer.into_val(self.env), refused.into(), self.events.to_val(), self.changes.to_val()]
    }

    // Errors: FeeAboveCap, ForbiddenReceiver, BadLimits.
    pub fn construct(&mut self, admin: Address, bps: u32, receiver: Address, limits: &Limits) -> Result<(), EscrowError> {
        self.check_fee(bps, &receiver)?;
        for (least, most) in [
            (limits.inspection_min, limits.inspection_max),
            (limits.offers_min, limits.offers_max),
            (limits.ruling_min, limits.ruling_max),
            (limits.appeal_min, limits.appeal_max),
            (limits.min_delivery, u64::MAX),
            (LEAST_FEE_DELAY, limits.fee_delay),
        ] {
            if least == 0 || least > most {
                return Err(EscrowError::BadLimits);
            }
        }
        self.change(ADMIN, admin);
        self.change(FEE, (0u64, bps, receiver));
        self.change(LIMITS, limits.kept(self.env));
        Ok(())
    }

    // Names the fee and its receiver from now + limits.fee_delay on. Signer: admin. Errors: FeeAboveCap, ForbiddenReceiver. Events: fee_proposed.
    pub fn propose_fee(&mut self, bps: u32, receiver: Address) -> Result<(), EscrowError> {
        self.admin()?;
        self.check_fee(bps, &receiver)?;
        let (from, old_bps, old_receiver) = self.fee()?;
        let effective = self.env.ledger().timestamp().saturating_add(self.limits()?.fee_delay);
        self.change(FEE, (from, old_bps, old_receiver.clone()));
        self.change(PENDING_FEE, (effective, bps, receiver.clone()));
        self.tell(&events::FeeProposed { old_bps, old_receiver, bps, receiver, effective });
        Ok(())
    }

    // Takes back a proposal that is not in force yet. Signer: admin. Errors: NoPendingFee. Events: fee_cancelled.
    pub fn cancel_fee(&mut self) -> Result<(), EscrowError> {
        self.admin()?;
        let (_, bps, receiver) = self.pending_fee().ok_or(EscrowError::NoPendingFee)?;
        self.change(PENDING_FEE, ());
        self.tell(&events::FeeCancelled { bps, receiver });
        Ok(())
    }

    // Stops `open`, `accept` and `fund`, and nothing else, or lets them go on. Signer: admin. Events: paused.
    pub fn pause(&mut self, now: bool) -> Result<(), EscrowError> {
        self.admin()?;
        let old = self.get(PAUSED).unwrap_or(false);
        self.change(PAUSED, now);
        self.tell(&events::Paused { old, now });
        Ok(())
    }

    // Names the next admin, who becomes it by accepting. Signer: admin. Events: admin_proposed.
    pub fn propose_admin(&mut self, to: Address) -> Result<(), EscrowError> {
        let admin = self.admin()?;
        self.change(PENDING_ADMIN, to.clone());
        self.tell(&events::AdminProposed { admin, to });
        Ok(())
    }

    // Signer: the proposed admin. Errors: NoPendingAdmin. Events: admin_changed.
    pub fn accept_admin(&mut self) -> Result<(), EscrowError> {
        let now: Address = self.get(PENDING_ADMIN).ok_or(EscrowError::NoPendingAdmin)?;
        self.signer = Some(now.clone());
        let old: Address = self.set(ADMIN)?;
        self.change(PENDING_ADMIN, ());
        self.change(ADMIN, now.clone());
        self.tell(&events::AdminChanged { old, now });
        Ok(())
    }

    // Names the key that may anchor the audit log's head, and do nothing else. Signer: admin. Events: anchor_set.
    pub fn set_anchor(&mut self, key: Address) -> Result<(), EscrowError> {
        self.admin()?;
        let old = self.get(ANCHOR_KEY);
        self.change(ANCHOR_KEY, key.clone());
        self.tell(&events::AnchorSet { old, key });
        Ok(())
    }

    // Keeps the audit log's head. Signer: the anchor key. Errors: NoAnchorKey, AnchorNotNewer. Events: anchored.
    pub fn anchor(&mut self, seq: u64, hash: BytesN<32>) -> Result<(), EscrowError> {
        let key: Address = self.get(ANCHOR_KEY).ok_or(EscrowError::NoAnchorKey)?;
        self.signer = Some(key);
        let (old, _) = self.anchored();
        if seq <= old {
            return Err(EscrowError::AnchorNotNewer);
        }
        self.change(ANCHORED, (seq, hash.clone()));
        self.tell(&events::Anchored { old, seq, hash });
        Ok(())
    }

    // What `config` answers.
    pub fn config(&self) -> Result<Config, EscrowError> {
        let (_, fee_bps, fee_receiver) = self.fee()?;
        Ok(Config {
            admin: self.set(ADMIN)?,
            anchor_key: self.get(ANCHOR_KEY),
            anchored: self.anchored(),
            fee_bps,
            fee_receiver,
            limits: self.limits()?,
            paused: self.get(PAUSED).unwrap_or(false),
            pending_admin: self.get(PENDING_ADMIN),
            pending_fee: self.pending_fee().map(|(effective, bps, receiver)| PendingFee { bps, effective, receiver }),
        })
    }

    // Fees collected by ourselves would be nobody's. Whether the receiver is an asset's contract is for `collect` to see: no asset is named here.
    fn check_fee(&self, bps: u32, receiver: &Address) -> Result<(), EscrowError> {
        if bps > MOST_BPS {
            return Err(EscrowError::FeeAboveCap);
        }
        if *receiver == self.escrow {
            return Err(EscrowError::ForbiddenReceiver);
        }
        Ok(())
    }

    // The admin signs.
    fn admin(&mut self) -> Result<Address, EscrowError> {
        let admin: Address = self.set(ADMIN)?;
        self.signer = Some(admin.clone());
        Ok(admin)
    }

    // The fee in force now: a proposal whose time has come needs nobody to carry it out.
    fn fee(&self) -> Result<Fee, EscrowError> {
        let pending = self.get(PENDING_FEE).filter(|(from, _, _): &Fee| *from <= self.env.ledger().timestamp());
        pending.or_else(|| self.get(FEE)).ok_or(EscrowError::NotFound)
    }

    // The proposed fee, while it is not in force yet.
    fn pending_fee(&self) -> Option<Fee> {
        self.get(PENDING_FEE).filter(|(from, _, _): &Fee| self.env.ledger().timestamp() < *from)
    }

    fn limits(&self) -> Result<Limits, EscrowError> {
        Ok(Limits::of(&self.set::<Bytes>(LIMITS)?))
    }

    fn anchored(&self) -> (u64, BytesN<32>) {
        self.get(ANCHORED).unwrap_or_else(|| (0, BytesN::from_array(self.env, &[0; 32])))
    }

    fn get<T: TryFromVal<Env, Val>>(&self, number: u32) -> Option<T> {
        let value = self.set.get(number).filter(|value| !value.is_void())?;
        T::try_from_val(self.env, &value).ok()
    }

    // What the constructor set, which is there.
    fn set<T: TryFromVal<Env, Val>>(&self, number: u32) -> Result<T, EscrowError> {
        self.get(number).ok_or(EscrowError::NotFound)
    }

    fn change(&mut self, number: u32, value: impl IntoVal<Env, Val>) {
        self.changes.push_back(number.into());
        self.changes.push_back(value.into_val(self.env));
    }

    fn tell(&mut self, event: &impl Event) {
        self.events.push_back(event.topics(self.env).to_val());
        self.events.push_back(event.data(self.env));
    }
}
