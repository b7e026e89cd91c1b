// The clock: where a milestone stands follows from what is kept of it and the time, and from nothing else; nobody has to call anything for
// it to move on. docs/contract.md "The life of a trade" is this file's table. Before t is `now < t`, from t is `now >= t`.

use crate::state::{Case, Progress, Vote};
use crate::types::Terms;

// Phases, by their numbers in events and offers.
pub const ON_WAY: u32 = 0;
pub const DUE_BUYER: u32 = 1;
pub const DELIVERED: u32 = 2;
pub const DUE_SELLER: u32 = 3;
pub const OFFERS: u32 = 4;
pub const HEARING: u32 = 5;
pub const RULED: u32 = 6;
pub const APPEAL_HEARING: u32 = 7;
pub const DUE_RULING: u32 = 8;
pub const ENDED: u32 = 9;

// Outcomes, by their numbers in `settled`.
pub const FIRST_RULING: u32 = 2;
pub const APPEAL_RULING: u32 = 3;
pub const FALLBACK: u32 = 4;

// A deadline that never comes.
const NEVER: u64 = u64::MAX;

// Where a milestone stands.
pub struct Look {
    pub phase: u32,
    // What `settle` carries out in DUE_RULING, and in RULED unless somebody appeals: which ruling, and its ppm.
    pub outcome: u32,
    pub ppm: u32,
    // The first panel's ruling, if there is one by now.
    pub first: Option<u32>,
    // Votes in either hearing, and when each ends for those who have not voted.
    pub votes: [u64; 2],
    pub hearings_end: [u64; 2],
}

// How many seats the two panels have.
pub fn seats(terms: &Terms) -> [u32; 2] {
    [terms.panel.arbitrators.len(), terms.appeal_panel.arbitrators.len()]
}

// Where the milestone stands at `now`; deliver_by is the terms' of this milestone.
pub fn look(terms: &Terms, progress: &Progress, deliver_by: u64, now: u64) -> Look {
    let mut look = Look { phase: ENDED, outcome: FALLBACK, ppm: terms.fallback_ppm, first: None, votes: [0; 2], hearings_end: [NEVER; 2] };
    if progress.left == 0 {
        return look;
    }
    look.phase = match &progress.dispute {
        Some(case) => disputed(terms, case, now, &mut look),
        None if progress.delivered_at == 0 => later(now, deliver_by, ON_WAY, DUE_BUYER),
        None => later(now, progress.delivered_at.saturating_add(terms.inspection), DELIVERED, DUE_SELLER),
    };
    look
}

fn disputed(terms: &Terms, case: &Case, now: u64, look: &mut Look) -> u32 {
    let [panel, appeal_panel] = seats(terms);
    let ruling = terms.windows.ruling;
    let offers_end = case.since.saturating_add(terms.windows.offers);
    if now < offers_end {
        return OFFERS;
    }
    if panel == 0 {
        return DUE_RULING;
    }

    let hearing_end = offers_end.saturating_add(ruling);
    look.hearings_end[0] = hearing_end;
    let (votes, ppm) = tally(case.votes.all(), 2, panel);
    look.votes[0] = u64::from(votes);
    let ruled_at = if case.ruled_at != 0 {
        case.ruled_at
    } else if now < hearing_end {
        return HEARING;
    } else if votes >= terms.panel.quorum {
        hearing_end
    } else {
        0
    };
    let mut appeal_from = hearing_end;
    if ruled_at != 0 {
        look.outcome = FIRST_RULING;
        look.ppm = ppm;
        look.first = Some(ppm);
        if appeal_panel != 0 {
            let Some((_, at)) = case.appeal else {
                return later(now, ruled_at.saturating_add(terms.windows.appeal), RULED, DUE_RULING);
            };
            appeal_from = at;
        }
    }
    if appeal_panel == 0 {
        return DUE_RULING;
    }

    let appeal_end = appeal_from.saturating_add(ruling);
    look.hearings_end[1] = appeal_end;
    let (votes, ppm) = tally(case.votes.all(), 2 + panel, appeal_panel);
    look.votes[1] = u64::from(votes);
    if votes < appeal_panel && now < appeal_end {
        return APPEAL_HEARING;
    }
    if votes >= terms.appeal_panel.quorum {
        look.outcome = APPEAL_RULING;
        look.ppm = ppm;
    }
    DUE_RULING
}

fn later(now: u64, deadline: u64, before: u32, from: u32) -> u32 {
    if now < deadline {
        before
    } else {
        from
    }
}

// The votes of `seats` roles from `first` on: how many, and their median; of an even number the mean of the middle two, down.
fn tally(votes: &[Vote], first: u32, seats: u32) -> (u32, u32) {
    let mut sorted = [0; crate::state::PANEL];
    let mut count = 0;
    for vote in votes.iter().filter(|vote| vote.role >= first && vote.role < first + seats) {
        let mut at = count;
        while at > 0 && sorted[at - 1] > vote.ppm {
            sorted[at] = sorted[at - 1];
            at -= 1;
        }
        sorted[at] = vote.ppm;
        count += 1;
    }
    // Of an odd number both are the middle one.
    let median = if count == 0 { 0 } else { (sorted[(count - 1) / 2] + sorted[count / 2]) / 2 };
    (count as u32, median)
}
