// The clock: where a milestone stands follows from what is kept of it and the time, and from nothing else; nobody has to call anything for
// it to move on. docs/contract.md "The life of a trade" is this file's table. Before t is `now < t`, from t is `now >= t`.

use crate::milestone::{Dispute, MilestoneState, Vote};
use crate::types::Terms;

// Phases, by their numbers in events and offers.
pub const FUNDED: u32 = 0;
pub const DUE_TO_BUYER: u32 = 1;
pub const DELIVERED: u32 = 2;
pub const DUE_TO_SELLER: u32 = 3;
pub const OFFERS: u32 = 4;
pub const HEARING: u32 = 5;
pub const RULED: u32 = 6;
pub const APPEAL_HEARING: u32 = 7;
pub const DUE: u32 = 8;
pub const ENDED: u32 = 9;

// Outcomes, by their numbers in `settled`.
pub const FIRST_RULING: u32 = 2;
pub const APPEAL_RULING: u32 = 3;
pub const FALLBACK: u32 = 4;

// A deadline that never comes.
const NEVER: u64 = u64::MAX;

// Where a milestone stands.
pub struct Standing {
    pub phase: u32,
    // What `settle` carries out in DUE, and in RULED unless somebody appeals: which ruling, and its ppm.
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
pub fn standing_of(terms: &Terms, milestone: &MilestoneState, deliver_by: u64, now: u64) -> Standing {
    let mut standing =
        Standing { phase: ENDED, outcome: FALLBACK, ppm: terms.fallback_ppm, first: None, votes: [0; 2], hearings_end: [NEVER; 2] };
    if milestone.left == 0 {
        return standing;
    }
    standing.phase = match &milestone.dispute {
        Some(dispute) => disputed(terms, dispute, now, &mut standing),
        None => undisputed(terms, [milestone.left, milestone.delivered_at], deliver_by, now),
    };
    standing
}

// The phase of a milestone that nobody disputes.
pub fn undisputed(terms: &Terms, [left, delivered_at]: [u64; 2], deliver_by: u64, now: u64) -> u32 {
    if left == 0 {
        ENDED
    } else if delivered_at == 0 {
        later(now, deliver_by, FUNDED, DUE_TO_BUYER)
    } else {
        later(now, delivered_at.saturating_add(terms.inspection), DELIVERED, DUE_TO_SELLER)
    }
}

fn disputed(terms: &Terms, dispute: &Dispute, now: u64, standing: &mut Standing) -> u32 {
    let [panel, appeal_panel] = seats(terms);
    let ruling = terms.windows.ruling;
    let offers_end = dispute.since.saturating_add(terms.windows.offers);
    if now < offers_end {
        return OFFERS;
    }
    if panel == 0 {
        return DUE;
    }

    let hearing_end = offers_end.saturating_add(ruling);
    standing.hearings_end[0] = hearing_end;
    let (votes, ppm) = tally(dispute.votes.all(), 2, panel);
    standing.votes[0] = u64::from(votes);
    let ruled_at = if dispute.ruled_at != 0 {
        dispute.ruled_at
    } else if now < hearing_end {
        return HEARING;
    } else if votes >= terms.panel.quorum {
        hearing_end
    } else {
        0
    };
    let mut appeal_from = hearing_end;
    if ruled_at != 0 {
        standing.outcome = FIRST_RULING;
        standing.ppm = ppm;
        standing.first = Some(ppm);
        if appeal_panel != 0 {
            let Some((_, at)) = dispute.appeal else {
                return later(now, ruled_at.saturating_add(terms.windows.appeal), RULED, DUE);
            };
            appeal_from = at;
        }
    }
    if appeal_panel == 0 {
        return DUE;
    }

    let appeal_end = appeal_from.saturating_add(ruling);
    standing.hearings_end[1] = appeal_end;
    let (votes, ppm) = tally(dispute.votes.all(), 2 + panel, appeal_panel);
    standing.votes[1] = u64::from(votes);
    if votes < appeal_panel && now < appeal_end {
        return APPEAL_HEARING;
    }
    if votes >= terms.appeal_panel.quorum {
        standing.outcome = APPEAL_RULING;
        standing.ppm = ppm;
    }
    DUE
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
    let of_panel = || votes.iter().filter(|vote| vote.role >= first && vote.role < first + seats);
    let count = of_panel().count() as u32;
    // The middle two; of an odd number both are the middle one. A vote's place is the number of votes below it, equal ones by their role.
    let (low, high) = (count.saturating_sub(1) / 2, count / 2);
    let mut sum = 0;
    for vote in of_panel() {
        let place = of_panel().filter(|other| (other.ppm, other.role) < (vote.ppm, vote.role)).count() as u32;
        if place == low {
            sum += vote.ppm;
        }
        if place == high {
            sum += vote.ppm;
        }
    }
    (count, sum / 2)
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::milestone::Votes;
    use crate::state::BUYER;
    use crate::types::{Panel, Windows};
    use soroban_sdk::testutils::Address as _;
    use soroban_sdk::{Address, BytesN, Env, Vec};

    const FALL: u32 = 123_456;

    // Windows of 100 (inspection), 10 (offers), 20 (ruling) and 30 (appeal) seconds.
    fn terms(env: &Env, panel_size: u32, appeal_size: u32) -> Terms {
        let some = || Address::generate(env);
        let hash = || BytesN::from_array(env, &[0; 32]);
        let panel = |size: u32| Panel {
            arbitrators: Vec::from_iter(env, (0..size).map(|_| some())),
            quorum: if size == 0 { 0 } else { size / 2 + 1 },
        };
        Terms {
            appeal_panel: panel(appeal_size),
            arbitration_fee: 0,
            asset: some(),
            bond: 0,
            buyer: some(),
            fallback_ppm: FALL,
            fee_bps: 0,
            fund_by: 0,
            inspection: 100,
            milestones: Vec::new(env),
            panel: panel(panel_size),
            salt: hash(),
            seller: some(),
            terms_hash: hash(),
            windows: Windows { appeal: 30, offers: 10, ruling: 20 },
        }
    }

    fn cast(votes: &[(u32, u32)]) -> Votes {
        let mut all = Votes::NONE;
        for (role, ppm) in votes {
            all.push(Vote { role: *role, ppm: *ppm });
        }
        all
    }

    #[test]
    fn without_dispute() {
        let env = Env::default();
        let terms = terms(&env, 0, 0);
        let mut milestone = MilestoneState { left: 5, ..MilestoneState::NOTHING };
        let phase = |milestone: &MilestoneState, now| standing_of(&terms, milestone, 1_000, now).phase;
        assert_eq!((phase(&milestone, 999), phase(&milestone, 1_000)), (FUNDED, DUE_TO_BUYER));
        milestone.delivered_at = 950;
        assert_eq!((phase(&milestone, 1_049), phase(&milestone, 1_050)), (DELIVERED, DUE_TO_SELLER));
        milestone.left = 0;
        assert_eq!(phase(&milestone, 0), ENDED);
    }

    #[test]
    fn of_a_dispute() {
        let env = Env::default();
        const R: u32 = FIRST_RULING;
        const A: u32 = APPEAL_RULING;
        const F: u32 = FALLBACK;
        let three = [(2, 500_000), (3, 100), (4, 900_000)];
        // Panel, appeal panel, votes, ruled at, appealed at; then (now, phase, outcome, ppm).
        type Row<'a> = ((u32, u32), &'a [(u32, u32)], u64, u64, &'a [(u64, u32, u32, u32)]);
        let rows: [Row; 12] = [
            ((0, 0), &[], 0, 0, &[(1_009, OFFERS, F, FALL), (1_010, DUE, F, FALL)]),
            ((3, 0), &[], 0, 0, &[(1_009, OFFERS, F, FALL), (1_010, HEARING, F, FALL), (1_029, HEARING, F, FALL), (1_030, DUE, F, FALL)]),
            ((3, 0), &three[..1], 0, 0, &[(1_029, HEARING, F, FALL), (1_030, DUE, F, FALL)]),
            ((3, 0), &three[..2], 0, 0, &[(1_029, HEARING, F, FALL), (1_030, DUE, R, 250_050)]),
            ((3, 0), &three, 1_015, 0, &[(1_015, DUE, R, 500_000)]),
            // With an appeal panel the ruling stands back for the appeal window, from when it was complete or the deadline.
            ((3, 3), &three, 1_015, 0, &[(1_044, RULED, R, 500_000), (1_045, DUE, R, 500_000)]),
            ((3, 3), &three[..2], 0, 0, &[(1_030, RULED, R, 250_050), (1_059, RULED, R, 250_050), (1_060, DUE, R, 250_050)]),
            // No first ruling: the clock calls the second hearing.
            (
                (3, 3),
                &three[..1],
                0,
                0,
                &[(1_029, HEARING, F, FALL), (1_030, APPEAL_HEARING, F, FALL), (1_049, APPEAL_HEARING, F, FALL), (1_050, DUE, F, FALL)],
            ),
            ((3, 3), &[(5, 1), (6, 3)], 0, 0, &[(1_049, APPEAL_HEARING, F, FALL), (1_050, DUE, A, 2)]),
            ((3, 1), &[(5, 7)], 0, 0, &[(1_030, DUE, A, 7)]),
            // Appealed: the second panel has its time from then; silent, it leaves the first ruling as it is.
            ((3, 3), &three, 1_015, 1_020, &[(1_039, APPEAL_HEARING, R, 500_000), (1_040, DUE, R, 500_000)]),
            ((3, 3), &[(2, 500_000), (3, 100), (4, 900_000), (7, 4), (5, 2), (6, 9)], 1_015, 1_020, &[(1_021, DUE, A, 4)]),
        ];
        for ((panel, appeal_panel), votes, ruled_at, appealed_at, wants) in rows {
            let terms = terms(&env, panel, appeal_panel);
            let appeal = (appealed_at != 0).then_some((BUYER, appealed_at));
            let dispute = Dispute { since: 1_000, by: BUYER, aside: [0; 2], ruled_at, appeal, votes: cast(votes) };
            let milestone = MilestoneState { left: 5, dispute: Some(dispute), ..MilestoneState::NOTHING };
            for (now, phase, outcome, ppm) in wants {
                let got = standing_of(&terms, &milestone, 0, *now);
                assert_eq!(
                    (got.phase, got.outcome, got.ppm),
                    (*phase, *outcome, *ppm),
                    "panels {panel} and {appeal_panel}, votes {votes:?}, at {now}"
                );
            }
        }
    }

    #[test]
    fn the_clock_cannot_overflow() {
        let env = Env::default();
        let mut terms = terms(&env, 1, 1);
        terms.windows = Windows { appeal: u64::MAX, offers: u64::MAX, ruling: u64::MAX };
        terms.inspection = u64::MAX;
        let dispute = Dispute { since: 1, by: BUYER, aside: [0; 2], ruled_at: 0, appeal: None, votes: Votes::NONE };
        let mut milestone = MilestoneState { left: 1, delivered_at: 1, ..MilestoneState::NOTHING };
        assert_eq!(standing_of(&terms, &milestone, 0, u64::MAX - 1).phase, DELIVERED);
        milestone.dispute = Some(dispute);
        assert_eq!(standing_of(&terms, &milestone, 0, u64::MAX - 1).phase, OFFERS);
    }

    // docs/contract-attacks.md E11: nobody's vote, of three or more, moves the ruling past the neighbours of that vote.
    #[test]
    fn a_ruling_lies_between_neighbours() {
        let steps = [0, 1, 333_333, 500_000, 1_000_000];
        for size in 3..=7u32 {
            for mut number in 0..5u32.pow(size) {
                let mut votes = Votes::NONE;
                for seat in 0..size {
                    votes.push(Vote { role: 2 + seat, ppm: steps[(number % 5) as usize] });
                    number /= 5;
                }
                let mut sorted: std::vec::Vec<u32> = votes.all().iter().map(|vote| vote.ppm).collect();
                sorted.sort_unstable();
                let (count, ppm) = tally(votes.all(), 2, size);
                assert_eq!(count, size);
                assert!(sorted[1] <= ppm && ppm <= sorted[sorted.len() - 2], "{ppm} of {sorted:?}");
            }
        }
    }

    #[test]
    fn median() {
        for (votes, want) in [
            (&[][..], (0, 0)),
            (&[(2, 7)], (1, 7)),
            (&[(2, 7), (3, 2)], (2, 4)),
            (&[(4, 5), (2, 5), (3, 5)], (3, 5)),
            (&[(4, 1_000_000), (2, 0), (3, 0), (6, 1_000_000)], (4, 500_000)),
            (&[(8, 1), (2, 9), (7, 2), (3, 8), (6, 3), (4, 7), (5, 4)], (7, 4)),
            (&[(9, 1), (1, 9), (2, 5)], (1, 5)), // of the panel's seven seats only
        ] {
            assert_eq!(tally(cast(votes).all(), 2, 7), want, "{votes:?}");
        }
    }
}
