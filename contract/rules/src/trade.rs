// One trade in hand: where its milestones stand, and what is decided about it. The decisions themselves stand in a file each for what they
// are about: agreement.rs, milestones.rs, disputes.rs, claims.rs; ending.rs has what they share, who gets what of a milestone that ends.

mod agreement;
mod claims;
mod disputes;
mod ending;
mod milestones;
mod view;

pub use ending::Payouts;
pub use view::view;

use crate::errors::EscrowError;
use crate::made::part;
use crate::milestone::MilestoneState;
use crate::phase::{self, Standing};
use crate::state::{State, FUNDED};
use crate::terms;
use crate::types::Carried;
use soroban_sdk::{vec, Address, BytesN, Env, Event, IntoVal, Val, Vec};

pub struct Trade<'a> {
    pub env: &'a Env,
    pub terms: &'a Carried,
    pub id: BytesN<32>,
    pub state: State,
    pub decision: Decision,
}

// What follows from a call, unless it is refused.
pub struct Decision {
    // Who has to sign; asked before anything is refused but an address that has no part in the trade.
    pub signer: Option<Address>,
    // What is to be announced: topics and data by turns.
    pub events: Vec<Val>,
    pub then: Then,
    // What comes in, from the signer.
    pub taken: u64,
    // What goes out, and whether tokens are called for it.
    pub payouts: Payouts,
    pub push: bool,
    // To whom it goes, if not to whoever has the role; then it has to succeed.
    pub to: Option<Address>,
}

// What becomes of the trade.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Then {
    // Nothing.
    Leave,
    // It is kept as it is now, and takes `taken`.
    Keep,
    // It is kept as it is now, and pays `payouts`.
    Pay,
}

// A decision as one contract hands it to the other, each part in the place of its number.
pub type Answer = Vec<Val>;

const SIGNER: u32 = 0; // Option<Address>
const REFUSED: u32 = 1; // u32: why, or 0
const EVENTS: u32 = 2; // Vec<Val>
const KEPT: u32 = 3; // Option<Bytes>: the trade as it is now
const TAKEN: u32 = 4; // u64
const PAID: u32 = 5; // Option<Vec<i128>>: by role
const FEE: u32 = 6; // u64
const PUSH: u32 = 7; // bool
const TO: u32 = 8; // Option<Address>

impl<'a> Trade<'a> {
    pub fn new(env: &'a Env, terms: &'a Carried, id: BytesN<32>, state: State) -> Trade<'a> {
        let decision = Decision {
            signer: None,
            events: Vec::from_array(env, []),
            then: Then::Leave,
            taken: 0,
            payouts: Payouts::NONE,
            push: true,
            to: None,
        };
        Trade { env, terms, id, state, decision }
    }

    pub fn now(&self) -> u64 {
        self.env.ledger().timestamp()
    }

    // The buyer or the seller has to sign. Errors: NotParty.
    pub fn signed_by(&mut self, by: u32) -> Result<(), EscrowError> {
        self.decision.signer = Some(terms::party(self.terms, by)?.clone());
        Ok(())
    }

    pub fn tell(&mut self, event: &impl Event) {
        self.decision.events.push_back(event.topics(self.env).to_val());
        self.decision.events.push_back(event.data(self.env));
    }

    // The trade is kept as it is now.
    pub fn keep(&mut self) {
        self.decision.then = Then::Keep;
    }

    // The milestone, and where it stands. Errors: NoSuchMilestone, WrongStage of a trade that is not funded.
    pub fn milestone(&self, index: u32) -> Result<(MilestoneState, Standing), EscrowError> {
        let agreed = self.terms.milestones.get(index).ok_or(EscrowError::NoSuchMilestone)?;
        if self.state.stage != FUNDED {
            return Err(EscrowError::WrongStage);
        }
        let milestone = self.state.milestone(index);
        let standing = phase::standing_of(self.terms, &milestone, agreed.deliver_by, self.now());
        Ok((milestone, standing))
    }

    // The decision, for the contract that asked.
    pub fn answer(mut self, done: Result<(), EscrowError>) -> Answer {
        let (env, decision) = (self.env, &self.decision);
        let kept = (decision.then != Then::Leave).then(|| self.state.encode());
        let paid = (decision.then == Then::Pay).then(|| Vec::from_slice(env, &decision.payouts.amounts));
        vec![
            env,
            decision.signer.into_val(env),
            done.err().map_or(0, |error| error as u32).into(),
            decision.events.to_val(),
            kept.into_val(env),
            decision.taken.into_val(env),
            paid.into_val(env),
            decision.payouts.fee.into_val(env),
            decision.push.into(),
            decision.to.into_val(env),
        ]
    }

    // Takes over what another contract has decided. Answers why it is refused, or 0.
    pub fn follow(&mut self, answer: &Answer) -> u32 {
        let (env, decision) = (self.env, &mut self.decision);
        decision.signer = part(env, answer, SIGNER);
        decision.events = part(env, answer, EVENTS);
        if let Some(kept) = part(env, answer, KEPT) {
            self.state = State::decode(kept);
            decision.then = Then::Keep;
        }
        decision.taken = part(env, answer, TAKEN);
        if let Some(paid) = part::<Option<Vec<i128>>>(env, answer, PAID) {
            decision.then = Then::Pay;
            for (amount, paid) in decision.payouts.amounts.iter_mut().zip(paid.iter()) {
                *amount = paid;
            }
        }
        decision.payouts.fee = part(env, answer, FEE);
        decision.push = part(env, answer, PUSH);
        decision.to = part(env, answer, TO);
        part(env, answer, REFUSED)
    }
}
