// Who gets what when a milestone ends: the split, the platform's fee, and who pays the votes. Pure; docs/contract.md "Money".
//
// Everything of one milestone fits 64 bits: amounts and bonds are below 2^63, and what one side sets aside, twice the arbitration fee at
// most, below 2^64. Sums over milestones do not; those are i128 (payout.rs).

use crate::state::{BUYER, SELLER};

pub const MILLION: u32 = 1_000_000;

// An appeal that moves the outcome by this much is the other side's to pay.
const MOVED: u32 = 50_000;

// floor(a * b / c) for c not 0 and a result of 64 bits.
#[inline(never)]
pub fn mul_div(a: u64, b: u64, c: u64) -> u64 {
    (u128::from(a) * u128::from(b) / u128::from(c)) as u64
}

// The platform's fee on what the seller really receives.
pub fn platform_fee(received: u64, bps: u32) -> u64 {
    mul_div(received, u64::from(bps), 10_000)
}

// What a dispute's end is computed from. Pairs are (buyer, seller) or (first panel, appeal panel).
pub struct Hearings {
    pub fee: u64,
    pub seats: [u32; 2],
    pub votes: [u64; 2],
    pub appealed_by: Option<u32>,
    // The ruling appealed against, and what the milestone ends with.
    pub first_ppm: u32,
    pub outcome_ppm: u32,
}

// How a dispute's hearings were paid.
#[derive(Debug, PartialEq)]
pub struct Costs {
    // What each side paid in all. The remainder of a division nobody can be given goes to the buyer; the buyer's number is smaller by it.
    pub paid: [i128; 2],
    // What each vote got.
    pub vote: [u64; 2],
    // That remainder.
    pub remainder: u64,
}

// Pays the votes. `aside`, `bonds` and `parts` (of what was left of the milestone) are reduced by what each side pays; what is then left of
// `aside` goes back.
pub fn pay_hearings(h: &Hearings, aside: &mut [u64; 2], bonds: &mut [u64; 2], parts: &mut [u64; 2]) -> Costs {
    let mut vote = [0; 2];
    let mut cost = [0; 2];
    for hearing in 0..2 {
        if h.votes[hearing] != 0 {
            vote[hearing] = h.fee / u64::from(h.seats[hearing]);
            cost[hearing] = vote[hearing] * h.votes[hearing];
        }
    }

    // Shared by what each lost: the buyer the seller's part, the seller the rest. A second hearing that the clock called is shared too.
    let mut shared = cost[0];
    if h.appealed_by.is_none() {
        shared += cost[1];
    }
    let mut due = [mul_div(shared, parts[1], parts[0] + parts[1]), 0];
    due[1] = shared - due[0];
    if let Some(appellant) = h.appealed_by {
        let won = if appellant == SELLER { h.outcome_ppm.saturating_sub(h.first_ppm) } else { h.first_ppm.saturating_sub(h.outcome_ppm) };
        let payer = if won >= MOVED { 1 - appellant } else { appellant };
        due[payer as usize] += cost[1];
    }

    // From what it set aside, then its bond, then its part; what is missing, from what the other set aside and did not use.
    let mut paid = [0; 2];
    for side in 0..2 {
        for source in [&mut aside[side], &mut bonds[side], &mut parts[side]] {
            let taken = (due[side] - paid[side]).min(*source);
            *source -= taken;
            paid[side] += taken;
        }
    }
    let missing = [due[0] - paid[0], due[1] - paid[1]];
    for side in 0..2 {
        let covered = missing[side].min(aside[1 - side]);
        aside[1 - side] -= covered;
        paid[1 - side] += covered;
    }

    // Enough for the first panel always; a second one that the clock called is paid as far as it goes, each vote alike.
    let rest = paid[0] + paid[1] - cost[0];
    let mut remainder = 0;
    if rest < cost[1] {
        vote[1] = rest / h.votes[1];
        remainder = rest % h.votes[1];
    }
    Costs { paid: [i128::from(paid[BUYER as usize]) - i128::from(remainder), i128::from(paid[1])], vote, remainder }
}
