// What is kept of a milestone: what is left of it, what was offered for it and how its dispute stands; and the bytes of its record.
// Which record is whose, and where it stands, is state.rs'.

use crate::state::PANEL;

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

// The longest record: parts, two offers, a dispute with all its votes.
pub const RECORD: usize = 1 + 2 * 9 + 8 + 1 + 2 * 8 + 8 + 9 + 1 + 2 * PANEL * 3;

// Which parts of a milestone's record are there.
const OFFERED: [u64; 2] = [2, 4];
pub const DISPUTED: u64 = 8;
const RULED: u64 = 16;
const APPEALED: u64 = 32;

impl MilestoneState {
    // Writes the record and answers its length: 0 without offers and dispute.
    pub fn encode(&self, record: &mut [u8]) -> usize {
        let to = &mut Cursor { bytes: record, at: 0 };
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
            return 0;
        }
        to.put(parts, 1);
        for offer in self.offers.iter().flatten() {
            to.put(u64::from(offer.phase), 1);
            to.put(offer.seller_amount, 8);
        }
        let Some(dispute) = &self.dispute else { return to.at };
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
        to.at
    }

    // The milestone with this record; one of zeros stands for none.
    pub fn decode(left: u64, delivered_at: u64, record: &mut [u8]) -> MilestoneState {
        let mut milestone = MilestoneState { left, delivered_at, offers: [None; 2], dispute: None };
        let from = &mut Cursor { bytes: record, at: 0 };
        let parts = from.get(1);
        for (offer, part) in milestone.offers.iter_mut().zip(OFFERED) {
            if parts & part != 0 {
                *offer = Some(Offer { phase: from.get(1) as u32, seller_amount: from.get(8) });
            }
        }
        if parts & DISPUTED == 0 {
            return milestone;
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
        milestone.dispute = Some(dispute);
        milestone
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
