// What is kept of a trade, and the bytes it is kept as. Pure: no ledger here. (What the views answer has the same names, in types.rs.)
//
// Rent is paid by the byte, so nothing stands here that the terms say, and an ended trade is one byte (and what is parked). The widths are
// those of what `open` lets through: amounts and bonds end below 2^63, what one side sets aside below 2^64; sums over several milestones
// (parked) may be larger, so they have 16 bytes.

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
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    pub stage: u32,
    pub opened_by: u32,
    // What is left of each bond.
    pub bonds: [u64; 2],
    // What waits for `claim`, by role.
    pub parked: [i128; ROLES],
    // How many of `milestones` there are: 0 unless funded.
    pub count: usize,
    pub milestones: [MilestoneState; MILESTONES],
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

// Longest value there can be: 20 milestones with everything, 16 roles parked.
pub const LONGEST: usize = 1 + 2 * 8 + 1 + MILESTONES * (8 + 1 + 8 + 2 * 9 + 8 + 1 + 2 * 8 + 8 + 9 + 1 + 2 * PANEL * 3) + ROLES * 17;

// Which parts of a milestone are there.
const DELIVERED: u64 = 1;
const OFFERED: [u64; 2] = [2, 4];
const DISPUTED: u64 = 8;
const RULED: u64 = 16;
const APPEALED: u64 = 32;

impl State {
    // A trade that `opened_by` has just opened, without bond.
    pub fn opened(opened_by: u32) -> State {
        State { stage: OPEN, opened_by, bonds: [0; 2], parked: [0; ROLES], count: 0, milestones: [MilestoneState::NOTHING; MILESTONES] }
    }

    // Writes the trade to the start of `bytes`; answers how many they are.
    pub fn encode(&self, bytes: &mut [u8; LONGEST]) -> usize {
        let mut to = Cursor { bytes, at: 0 };
        to.put(u64::from(self.stage | self.opened_by << 3), 1);
        if self.stage <= FUNDED {
            to.put(self.bonds[0], 8);
            to.put(self.bonds[1], 8);
            to.put(self.count as u64, 1);
            for milestone in &self.milestones[..self.count] {
                milestone.encode(&mut to);
            }
        }
        for (role, amount) in self.parked.iter().enumerate() {
            if *amount != 0 {
                to.put(role as u64, 1);
                to.put(*amount as u64, 8);
                to.put((*amount >> 64) as u64, 8);
            }
        }
        to.at
    }

    // The trade whose value is the first `length` of `bytes`.
    pub fn decode(bytes: &mut [u8; LONGEST], length: usize) -> State {
        let mut from = Cursor { bytes, at: 0 };
        let head = from.get(1) as u32;
        let mut state = State::opened(head >> 3);
        state.stage = head & 7;
        if state.stage <= FUNDED {
            state.bonds = [from.get(8), from.get(8)];
            state.count = from.get(1) as usize;
            for milestone in &mut state.milestones[..state.count] {
                milestone.decode(&mut from);
            }
        }
        while from.at < length {
            let role = from.get(1) as usize;
            state.parked[role] = i128::from(from.get(8)) | i128::from(from.get(8)) << 64;
        }
        state
    }
}

impl MilestoneState {
    fn encode(&self, to: &mut Cursor) {
        to.put(self.left, 8);
        if self.left == 0 {
            return;
        }
        let mut parts = if self.delivered_at != 0 { DELIVERED } else { 0 };
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
        to.put(parts, 1);
        if self.delivered_at != 0 {
            to.put(self.delivered_at, 8);
        }
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
        self.left = from.get(8);
        if self.left == 0 {
            return;
        }
        let parts = from.get(1);
        if parts & DELIVERED != 0 {
            self.delivered_at = from.get(8);
        }
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

// Little-endian numbers of 1 to 8 bytes, one after the other, in a buffer of LONGEST.
struct Cursor<'a> {
    bytes: &'a mut [u8; LONGEST],
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
    use super::*;

    fn there_and_back(state: &State) -> usize {
        let mut bytes = [0xff; LONGEST];
        let length = state.encode(&mut bytes);
        assert_eq!(&State::decode(&mut bytes, length), state);
        length
    }

    fn full_dispute() -> Dispute {
        let mut votes = Votes::NONE;
        for seat in 0..2 * PANEL as u32 {
            votes.push(Vote { role: 2 + seat, ppm: 1_000_000 - seat });
        }
        Dispute { since: u64::MAX, by: SELLER, aside: [u64::MAX, 1], ruled_at: 7, appeal: Some((SELLER, u64::MAX)), votes }
    }

    #[test]
    fn every_shape_survives() {
        let mut state = State::opened(SELLER);
        assert_eq!(there_and_back(&state), 18);
        state.stage = AGREED;
        state.bonds = [0, i64::MAX as u64];
        there_and_back(&state);

        state.stage = FUNDED;
        state.bonds = [u64::MAX, 1];
        state.count = 3;
        state.milestones[0].left = 5;
        assert_eq!(there_and_back(&state), 18 + 9 + 8 + 8);
        state.milestones[2] =
            MilestoneState { left: u64::MAX, delivered_at: 0, offers: [None, Some(Offer { phase: 7, seller_amount: 3 })], dispute: None };
        there_and_back(&state);
        let early = Dispute { since: 1, by: BUYER, aside: [3, 0], ruled_at: 0, appeal: None, votes: Votes::NONE };
        state.milestones[2].dispute = Some(early);
        there_and_back(&state);
        state.parked[0] = 1;
        state.parked[15] = i128::MAX;
        there_and_back(&state);
    }

    #[test]
    fn longest_is_what_the_fullest_takes() {
        let mut state = State::opened(BUYER);
        state.stage = FUNDED;
        state.count = MILESTONES;
        let offer = Some(Offer { phase: 7, seller_amount: u64::MAX });
        state.milestones =
            [MilestoneState { left: u64::MAX, delivered_at: u64::MAX, offers: [offer; 2], dispute: Some(full_dispute()) }; MILESTONES];
        state.parked = [i128::MAX; ROLES];
        assert_eq!(there_and_back(&state), LONGEST);
    }

    #[test]
    fn an_ended_trade_is_one_byte() {
        let mut state = State::opened(SELLER);
        state.stage = ENDED;
        assert_eq!(there_and_back(&state), 1);
        state.stage = CANCELLED;
        state.parked[1] = 1 << 70;
        assert_eq!(there_and_back(&state), 18);
    }

    #[test]
    fn an_ended_milestone_keeps_nothing() {
        let mut state = State::opened(BUYER);
        state.stage = FUNDED;
        state.count = 1;
        state.milestones[0] = MilestoneState { left: 0, delivered_at: 9, offers: [None; 2], dispute: Some(full_dispute()) };
        let mut bytes = [0; LONGEST];
        let length = state.encode(&mut bytes);
        assert_eq!(State::decode(&mut bytes, length).milestones[0], MilestoneState::NOTHING);
    }

    #[test]
    fn what_is_taken_ends_offers() {
        let mut milestone =
            MilestoneState { left: 10, delivered_at: 3, offers: [Some(Offer { phase: 0, seller_amount: 4 }); 2], dispute: None };
        milestone.take(4);
        assert_eq!(milestone, MilestoneState { left: 6, delivered_at: 3, offers: [None; 2], dispute: None });
    }
}
