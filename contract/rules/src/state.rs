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

use crate::milestone::{MilestoneState, DISPUTED, RECORD};
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

// Pairs are (buyer, seller) throughout, but for what is left of a milestone.
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

// The head of what has not ended, and where the milestones begin.
const HEAD: usize = 1 + 2 * 8 + 1;
const MILESTONE: u32 = 16;
// Where the key of a role's parked money stands among those of milestones.
const PARKED: u8 = 32;
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
            self.value.extend_from_array(&milestone.amount.to_le_bytes());
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
        let mut head = [0; HEAD];
        let length = value.len().min(HEAD as u32);
        value.slice(..length).copy_into_slice(&mut head[..length as usize]);
        let first = u32::from(head[0]);
        let mut state = State { stage: first % 5, opened_by: first / 5 % 2, bonds: [0; 2], alive: first / 10, count: 0, value };
        if state.stage <= FUNDED {
            state.bonds = state.pair(1);
            state.count = u32::from(head[HEAD - 1]);
        }
        state
    }

    // What is left of the milestone, and when it was delivered.
    pub fn left(&self, index: u32) -> [u64; 2] {
        self.pair(HEAD as u32 + index * MILESTONE)
    }

    pub fn set_left(&mut self, index: u32, left: [u64; 2]) {
        let both = u128::from(left[0]) | u128::from(left[1]) << 64;
        self.value.copy_from_slice(HEAD as u32 + index * MILESTONE, &both.to_le_bytes());
    }

    // Takes `part` out of what is left. What was offered named what was left before, and a dispute is about all of it: both end here.
    pub fn take(&mut self, index: u32, part: u64) {
        let [mut left, mut delivered_at] = self.left(index);
        left -= part;
        if left == 0 {
            delivered_at = 0;
            self.alive -= 1;
        }
        self.set_left(index, [left, delivered_at]);
        self.write(index as u8, &[]);
    }

    // Whether there is a dispute, without reading it. Of what is not funded, and of a milestone that is not there: no.
    pub fn disputed(&self, index: u32) -> bool {
        if index >= self.count {
            return false;
        }
        let mut parts = [0];
        self.read(index as u8, &mut parts);
        parts[0] & DISPUTED as u8 != 0
    }

    // What is stored, as it was read.
    pub fn stored(&self) -> &Bytes {
        &self.value
    }

    pub fn milestone(&self, index: u32) -> MilestoneState {
        let [left, delivered_at] = self.left(index);
        let mut record = [0; RECORD];
        self.read(index as u8, &mut record);
        MilestoneState::decode(left, delivered_at, &mut record)
    }

    pub fn keep(&mut self, index: u32, milestone: &MilestoneState) {
        self.set_left(index, [milestone.left, milestone.delivered_at]);
        let mut record = [0; RECORD];
        let length = milestone.encode(&mut record);
        self.write(index as u8, &record[..length]);
    }

    // What waits for the role's `claim`.
    pub fn parked(&self, role: u32) -> i128 {
        let mut record = [0; 16];
        self.read(PARKED + role as u8, &mut record);
        i128::from_le_bytes(record)
    }

    pub fn park(&mut self, role: u32, amount: i128) {
        let record = amount.to_le_bytes();
        self.write(PARKED + role as u8, if amount == 0 { &[] } else { &record });
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
            let mut head = [0; 2];
            self.value.slice(at..at + 2).copy_into_slice(&mut head);
            if head[0] > key {
                break;
            }
            let next = at + 2 + u32::from(head[1]);
            if head[0] == key {
                return (at, next);
            }
            at = next;
        }
        (at, at)
    }

    // Reads the start of what a record holds into the start of `content`, which stays as it is where there is nothing.
    fn read(&self, key: u8, content: &mut [u8]) {
        let (at, next) = self.find(key);
        if at != next {
            let length = (next - at - 2).min(content.len() as u32);
            self.value.slice(at + 2..at + 2 + length).copy_into_slice(&mut content[..length as usize]);
        }
    }

    // Puts a record in the place of the old one. Without content there is none.
    fn write(&mut self, key: u8, content: &[u8]) {
        let (at, next) = self.find(key);
        if at == next && content.is_empty() {
            return;
        }
        let behind = self.value.slice(next..);
        self.value = self.value.slice(..at);
        if !content.is_empty() {
            self.value.extend_from_slice(&[key, content.len() as u8]);
            self.value.extend_from_slice(content);
        }
        self.value.append(&behind);
    }

    // Two numbers that stand one behind the other.
    fn pair(&self, at: u32) -> [u64; 2] {
        let mut bytes = [0; 2 * 8];
        self.value.slice(at..at + 2 * 8).copy_into_slice(&mut bytes);
        let both = u128::from_le_bytes(bytes);
        [both as u64, (both >> 64) as u64]
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::milestone::{Dispute, Offer, Vote, Votes};

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
        assert_eq!(state.value.len() as usize, 18 + 16 + 2 + RECORD);
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
        assert_eq!((back.value.get(1), back.value.get(19)), (Some(PARKED), Some(PARKED + 1)), "in the order of roles, whoever came first");
        back.park(1, 0);
        back.park(0, 6);
        assert_eq!((back.parked(0), back.parked(1), back.value.len()), (6, 0, 1 + 18));
    }

    #[test]
    fn what_is_taken_ends_offers_and_all_of_it_everything() {
        let env = Env::default();
        let offers = [Some(Offer { phase: 0, seller_amount: 4 }); 2];
        let mut state = funded(&env, 3);
        state.keep(1, &MilestoneState { left: 10, delivered_at: 3, offers, dispute: None });
        assert!(!state.disputed(1));
        state.take(1, 4);
        assert_eq!(state.milestone(1), MilestoneState { left: 6, delivered_at: 3, ..MilestoneState::NOTHING });
        assert_eq!((state.alive, state.value.len()), (3, 18 + 3 * 16));
        state.keep(1, &MilestoneState { left: 10, delivered_at: 3, offers, dispute: Some(full_dispute()) });
        assert!(state.disputed(1) && !state.disputed(0) && !state.disputed(3));
        state.take(1, 10);
        assert_eq!((state.milestone(1), state.alive), (MilestoneState::NOTHING, 2));
    }
}
