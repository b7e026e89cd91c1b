// What is kept of a trade, and the bytes it is kept as. (What the views answer has the same names, in types.rs.)
//
// Rent is paid by the byte, so nothing stands here that the terms say, and an ended trade is one byte (and what is parked). Instructions
// are paid for, too: what a call does not touch stays a host's object, and is neither read nor written.
//
//   head        1          stage, + 5 if the seller opened, + 10 for each milestone with something left
//   bonds       2 x 8      of the buyer and the seller; not in an ended trade, nor what follows
//   count       1          of milestones: 0 unless funded
//   milestones  count x 16 what is left, and when it was delivered (0: not)
//   records     key, length, and so many bytes, in the order of keys: what few trades have. Key 0 to 19: offers and dispute of that
//               milestone; 32 + role: what is parked. In an ended trade they follow the head.
//
// Numbers are little-endian. The widths are those of what `open` lets through: amounts and bonds end below 2^63, what one side sets aside
// below 2^64; sums over several milestones (parked) may be larger, so they have 16 bytes.

use crate::types::Terms;
use soroban_sdk::{Bytes, Env};

pub const BUYER: u32 = 0;
pub const SELLER: u32 = 1;

// Most milestones, members of a panel, and roles: two parties and two panels.
pub const MILESTONES: usize = 20;
pub const PANEL: usize = 7;
pub const ROLES: usize = 2 + 2 * PANEL;

// Stages of a trade.
pub const OPEN: u32 = 0;
pub const AGREED: u32 = 1;
pub const FUNDED: u32 = 2;
pub const ENDED: u32 = 3;
pub const CANCELLED: u32 = 4;

// Pairs are (buyer, seller) throughout.
pub struct State {
    pub stage: u32,
    pub opened_by: u32,
    // What is left of each bond.
    pub bonds: [u64; 2],
    // Milestones with something left.
    pub alive: u32,
    count: u32,
    // The whole value. Up to the milestones it is what was read: `bytes` writes that part anew.
    value: Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MilestoneState {
    pub left: u64,
    // 0: not delivered.
    pub delivered_at: u64,
    // The last of each side. Whether it still stands is told by its phase; it goes when `left` changes, so it always names all of it.
    pub offers: [Option<Offer>; 2],
    pub dispute: Option<Dispute>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Offer {
    pub phase: u32,
    pub seller_amount: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dispute {
    pub since: u64,
    pub by: u32,
    pub aside: [u64; 2],
    // When the last of the first panel voted; 0: not all have.
    pub ruled_at: u64,
    // Who appealed and when.
    pub appeal: Option<(u32, u64)>,
    pub votes: Votes,
}

// In the order cast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Votes {
    pub count: usize,
    pub cast: [Vote; 2 * PANEL],
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vote {
    pub role: u32,
    pub ppm: u32,
}

impl MilestoneState {
    // An ended milestone, and one that never was.
    pub const NOTHING: MilestoneState = MilestoneState { left: 0, delivered_at: 0, offers: [None; 2], dispute: None };

    // Takes `amount` out of what is left. What was offered named what was left before.
    pub fn take(&mut self, amount: u64) {
        self.left -= amount;
        self.offers = [None; 2];
        if self.left == 0 {
            *self = MilestoneState::NOTHING;
        }
    }
}

impl Votes {
    pub const NONE: Votes = Votes { count: 0, cast: [Vote { role: 0, ppm: 0 }; 2 * PANEL] };

    pub fn push(&mut self, vote: Vote) {
        self.cast[self.count] = vote;
        self.count += 1;
    }

    pub fn all(&self) -> &[Vote] {
        &self.cast[..self.count]
    }

    pub fn by(&self, role: u32) -> bool {
        self.all().iter().any(|vote| vote.role == role)
    }
}

// The head of what has not ended, and where the milestones begin.
const HEAD: usize = 1 + 2 * 8 + 1;
const MILESTONE: u32 = 16;
// Where the key of a role's parked money stands among those of milestones.
const PARKED: u8 = 32;
// The longest record: key, length, parts, two offers, a dispute with all its votes.
const RECORD: usize = 2 + 1 + 2 * 9 + 8 + 1 + 2 * 8 + 8 + 9 + 1 + 2 * PANEL * 3;

// Which parts of a milestone's record are there.
const OFFERED: [u64; 2] = [2, 4];
const DISPUTED: u64 = 8;
const RULED: u64 = 16;
const APPEALED: u64 = 32;

impl State {
    // A trade that `opened_by` has just opened, without bond.
    pub fn opened(env: &Env, opened_by: u32) -> State {
        State { stage: OPEN, opened_by, bonds: [0; 2], alive: 0, count: 0, value: Bytes::from_array(env, &[0; HEAD]) }
    }

    // Stores all that the terms say of milestones.
    pub fn fund(&mut self, terms: &Terms) {
        self.stage = FUNDED;
        self.count = terms.milestones.len();
        self.alive = self.count;
        for milestone in terms.milestones.iter() {
            let mut kept = [0; MILESTONE as usize];
            kept[..8].copy_from_slice(&(milestone.amount as u64).to_le_bytes());
            self.value.extend_from_array(&kept);
        }
    }

    // Leaves a mark of the trade, and what is parked.
    pub fn end(&mut self, stage: u32) {
        let mut mark = Bytes::from_array(self.value.env(), &[0]);
        mark.append(&self.value.slice(self.records()..));
        self.stage = stage;
        self.value = mark;
    }

    // What is stored.
    pub fn encode(&mut self) -> &Bytes {
        let mut head = [0; HEAD];
        head[0] = (self.stage + 5 * self.opened_by + 10 * self.alive) as u8;
        let mut length = 1;
        if self.stage <= FUNDED {
            head[1..9].copy_from_slice(&self.bonds[0].to_le_bytes());
            head[9..17].copy_from_slice(&self.bonds[1].to_le_bytes());
            head[17] = self.count as u8;
            length = HEAD;
        }
        self.value.copy_from_slice(0, &head[..length]);
        &self.value
    }

    // The trade whose value this is.
    pub fn decode(value: Bytes) -> State {
        let first = u32::from(value.get_unchecked(0));
        let mut state = State { stage: first % 5, opened_by: first / 5 % 2, bonds: [0; 2], alive: first / 10, count: 0, value };
        if state.stage <= FUNDED {
            let mut head = [0; HEAD];
            state.value.slice(..HEAD as u32).copy_into_slice(&mut head);
            let mut from = Cursor { bytes: &mut head, at: 1 };
            state.bonds = [from.get(8), from.get(8)];
            state.count = from.get(1) as u32;
        }
        state
    }

    pub fn milestone(&self, index: u32) -> MilestoneState {
        let mut milestone = MilestoneState::NOTHING;
        let at = HEAD as u32 + index * MILESTONE;
        let mut kept = [0; MILESTONE as usize];
        self.value.slice(at..at + MILESTONE).copy_into_slice(&mut kept);
        let mut from = Cursor { bytes: &mut kept, at: 0 };
        milestone.left = from.get(8);
        milestone.delivered_at = from.get(8);
        let mut record = [0; RECORD];
        if self.read(index as u8, &mut record) {
            milestone.decode(&mut Cursor { bytes: &mut record, at: 2 });
        }
        milestone
    }

    pub fn keep(&mut self, index: u32, milestone: &MilestoneState) {
        let mut kept = [0; MILESTONE as usize];
        let mut to = Cursor { bytes: &mut kept, at: 0 };
        to.put(milestone.left, 8);
        to.put(milestone.delivered_at, 8);
        self.value.copy_from_slice(HEAD as u32 + index * MILESTONE, &kept);
        let mut record = [0; RECORD];
        let mut to = Cursor { bytes: &mut record, at: 2 };
        milestone.encode(&mut to);
        let length = to.at;
        self.write(index as u8, &mut record, length);
    }

    // What waits for the role's `claim`.
    pub fn parked(&self, role: u32) -> i128 {
        let mut record = [0; RECORD];
        if !self.read(PARKED + role as u8, &mut record) {
            return 0;
        }
        let mut from = Cursor { bytes: &mut record, at: 2 };
        i128::from(from.get(8)) | i128::from(from.get(8)) << 64
    }

    pub fn park(&mut self, role: u32, amount: i128) {
        let mut record = [0; RECORD];
        let mut to = Cursor { bytes: &mut record, at: 2 };
        if amount != 0 {
            to.put(amount as u64, 8);
            to.put((amount >> 64) as u64, 8);
        }
        let length = to.at;
        self.write(PARKED + role as u8, &mut record, length);
    }

    // How many milestones are kept: 0 unless funded.
    pub fn count(&self) -> u32 {
        self.count
    }

    fn records(&self) -> u32 {
        if self.stage <= FUNDED {
            HEAD as u32 + self.count * MILESTONE
        } else {
            1
        }
    }

    // Where the record is, or would be, and where it ends: keys ascend.
    fn find(&self, key: u8) -> (u32, u32) {
        let end = self.value.len();
        let mut at = self.records();
        while at < end {
            let there = self.value.get_unchecked(at);
            if there > key {
                break;
            }
            let next = at + 2 + u32::from(self.value.get_unchecked(at + 1));
            if there == key {
                return (at, next);
            }
            at = next;
        }
        (at, at)
    }

    // Reads a record into the start of `record`; answers whether there is one.
    fn read(&self, key: u8, record: &mut [u8; RECORD]) -> bool {
        let (at, next) = self.find(key);
        self.value.slice(at..next).copy_into_slice(&mut record[..(next - at) as usize]);
        next != at
    }

    // Writes the first `length` bytes of `record` in the place of the old one, or only takes that away if there is nothing behind key and length.
    fn write(&mut self, key: u8, record: &mut [u8; RECORD], length: usize) {
        let (at, next) = self.find(key);
        if at == next && length == 2 {
            return;
        }
        let behind = self.value.slice(next..);
        self.value = self.value.slice(..at);
        if length > 2 {
            record[0] = key;
            record[1] = (length - 2) as u8;
            self.value.extend_from_slice(&record[..length]);
        }
        self.value.append(&behind);
    }
}

impl MilestoneState {
    // The record's part of it: nothing without offers and dispute.
    fn encode(&self, to: &mut Cursor) {
        let mut parts = 0;
        for (offer, part) in self.offers.iter().zip(OFFERED) {
            if offer.is_some() {
                parts |= part;
            }
        }
        if let Some(dispute) = &self.dispute {
            parts |= DISPUTED;
            if dispute.ruled_at != 0 {
                parts |= RULED;
            }
            if dispute.appeal.is_some() {
                parts |= APPEALED;
            }
        }
        if parts == 0 {
            return;
        }
        to.put(parts, 1);
        for offer in self.offers.iter().flatten() {
            to.put(u64::from(offer.phase), 1);
            to.put(offer.seller_amount, 8);
        }
        let Some(dispute) = &self.dispute else { return };
        to.put(dispute.since, 8);
        to.put(u64::from(dispute.by), 1);
        to.put(dispute.aside[0], 8);
        to.put(dispute.aside[1], 8);
        if dispute.ruled_at != 0 {
            to.put(dispute.ruled_at, 8);
        }
        if let Some((by, at)) = dispute.appeal {
            to.put(u64::from(by), 1);
            to.put(at, 8);
        }
        to.put(dispute.votes.count as u64, 1);
        for vote in dispute.votes.all() {
            to.put(u64::from(vote.role << 20 | vote.ppm), 3);
        }
    }

    fn decode(&mut self, from: &mut Cursor) {
        let parts = from.get(1);
        for (offer, part) in self.offers.iter_mut().zip(OFFERED) {
            if parts & part != 0 {
                *offer = Some(Offer { phase: from.get(1) as u32, seller_amount: from.get(8) });
            }
        }
        if parts & DISPUTED == 0 {
            return;
        }
        let mut dispute = Dispute {
            since: from.get(8),
            by: from.get(1) as u32,
            aside: [from.get(8), from.get(8)],
            ruled_at: 0,
            appeal: None,
            votes: Votes::NONE,
        };
        if parts & RULED != 0 {
            dispute.ruled_at = from.get(8);
        }
        if parts & APPEALED != 0 {
            dispute.appeal = Some((from.get(1) as u32, from.get(8)));
        }
        for _ in 0..from.get(1) {
            let packed = from.get(3) as u32;
            dispute.votes.push(Vote { role: packed >> 20, ppm: packed & 0xf_ffff });
        }
        self.dispute = Some(dispute);
    }
}

// Little-endian numbers of 1 to 8 bytes, one after the other, in a buffer.
struct Cursor<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl Cursor<'_> {
    #[inline(never)]
    fn put(&mut self, value: u64, width: usize) {
        for i in 0..width {
            self.bytes[self.at + i] = (value >> (8 * i)) as u8;
        }
        self.at += width;
    }

    #[inline(never)]
    fn get(&mut self, width: usize) -> u64 {
        let mut value = 0;
        for i in 0..width {
            value |= u64::from(self.bytes[self.at + i]) << (8 * i);
        }
        self.at += width;
        value
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;

    fn there_and_back(state: &mut State) -> State {
        State::decode(state.encode().clone())
    }

    // A funded trade of so many milestones, 5 left of each.
    fn funded(env: &Env, count: u32) -> State {
        let mut state = State::opened(env, SELLER);
        state.stage = FUNDED;
        state.count = count;
        state.alive = count;
        for _ in 0..count {
            state.value.extend_from_array(&[5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        }
        state
    }

    fn full_dispute() -> Dispute {
        let mut votes = Votes::NONE;
        for seat in 0..2 * PANEL as u32 {
            votes.push(Vote { role: 2 + seat, ppm: 1_000_000 - seat });
        }
        Dispute { since: u64::MAX, by: SELLER, aside: [u64::MAX, 1], ruled_at: 7, appeal: Some((SELLER, u64::MAX)), votes }
    }

    #[test]
    fn heads() {
        let env = Env::default();
        for stage in [OPEN, AGREED, FUNDED] {
            for opened_by in [BUYER, SELLER] {
                for count in if stage == FUNDED { 1..=MILESTONES as u32 } else { 0..=0 } {
                    let mut state = if stage == FUNDED { funded(&env, count) } else { State::opened(&env, opened_by) };
                    (state.stage, state.opened_by, state.alive, state.bonds) = (stage, opened_by, count, [i64::MAX as u64, u64::MAX]);
                    let back = there_and_back(&mut state);
                    assert_eq!((back.stage, back.opened_by, back.bonds), (stage, opened_by, state.bonds));
                    assert_eq!((back.alive, back.count, back.value.len()), (count, count, 18 + 16 * count));
                }
            }
        }
    }

    #[test]
    fn milestones_of_every_shape() {
        let env = Env::default();
        let offer = Some(Offer { phase: 7, seller_amount: u64::MAX });
        let early = Dispute { since: 1, by: BUYER, aside: [3, 0], ruled_at: 0, appeal: None, votes: Votes::NONE };
        let shapes = [
            MilestoneState { left: 5, delivered_at: 0, offers: [None; 2], dispute: None },
            MilestoneState { left: u64::MAX, delivered_at: u64::MAX, offers: [None, offer], dispute: None },
            MilestoneState { left: 1, delivered_at: 0, offers: [offer, None], dispute: Some(early) },
            MilestoneState { left: u64::MAX, delivered_at: 9, offers: [offer; 2], dispute: Some(full_dispute()) },
        ];
        // Each shape of each milestone, while the others have one of their own.
        let mut state = funded(&env, MILESTONES as u32);
        for round in 0..shapes.len() {
            for index in 0..MILESTONES {
                state.keep(index as u32, &shapes[(index + round) % shapes.len()]);
            }
            state.park(15, i128::MAX);
            state = there_and_back(&mut state);
            for index in 0..MILESTONES {
                assert_eq!(state.milestone(index as u32), shapes[(index + round) % shapes.len()], "{index}");
            }
            assert_eq!((state.parked(15), state.parked(0)), (i128::MAX, 0));
        }
    }

    #[test]
    fn the_longest_record_is_a_full_dispute() {
        let env = Env::default();
        let mut state = funded(&env, 1);
        let offer = Some(Offer { phase: 7, seller_amount: u64::MAX });
        state.keep(0, &MilestoneState { left: 1, delivered_at: 1, offers: [offer; 2], dispute: Some(full_dispute()) });
        assert_eq!(state.value.len() as usize, 18 + 16 + RECORD);
    }

    #[test]
    fn an_ended_trade_is_one_byte_and_what_is_parked() {
        let env = Env::default();
        let mut state = State::opened(&env, SELLER);
        state.end(CANCELLED);
        assert_eq!(there_and_back(&mut state).value.len(), 1);

        let mut state = funded(&env, 2);
        state.alive = 0;
        state.park(1, 1 << 70);
        state.end(ENDED);
        state.park(0, 7);
        let mut back = there_and_back(&mut state);
        assert_eq!((back.stage, back.opened_by, back.value.len()), (ENDED, SELLER, 1 + 18 + 18));
        assert_eq!((back.parked(0), back.parked(1), back.parked(2)), (7, 1 << 70, 0));
        back.park(1, 0);
        back.park(0, 6);
        assert_eq!((back.parked(0), back.parked(1), back.value.len()), (6, 0, 1 + 18));
    }

    #[test]
    fn what_is_taken_ends_offers_and_all_of_it_everything() {
        let offers = [Some(Offer { phase: 0, seller_amount: 4 }); 2];
        let mut milestone = MilestoneState { left: 10, delivered_at: 3, offers, dispute: None };
        milestone.take(4);
        assert_eq!(milestone, MilestoneState { left: 6, delivered_at: 3, offers: [None; 2], dispute: None });
        milestone = MilestoneState { left: 10, delivered_at: 3, offers, dispute: Some(full_dispute()) };
        milestone.take(10);
        assert_eq!(milestone, MilestoneState::NOTHING);
    }
}
