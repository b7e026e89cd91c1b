// Who gets what when a milestone ends: the split, the platform's fee, and who pays the votes. Pure; docs/contract.md "Money".
//
// Everything of one milestone fits 64 bits: amounts and bonds are below 2^63, and what one side sets aside, twice the arbitration fee at
// most, below 2^64. Sums over milestones do not; those are i128 (trade/ending.rs `Payouts`).

use crate::state::{BUYER, SELLER};

pub const MILLION: u32 = 1_000_000;

// An appeal that moves the outcome by this much is the other side's to pay.
const MOVED: u32 = 50_000;

// floor(a * b / c) for b <= c and 0 < c < 2^63, exactly, without the 128 bits of the product: bit by bit of `a`, quotient and remainder
// of what has been multiplied so far. (A division of 128 bits would be a kilobyte of the contract.)
#[inline(never)]
pub fn mul_div(a: u64, b: u64, c: u64) -> u64 {
    let mut quotient = 0;
    let mut rest = 0;
    for bit in (0..64).rev() {
        quotient *= 2;
        for addend in [rest, if a >> bit & 1 == 1 { b } else { 0 }] {
            rest += addend;
            if rest >= c {
                rest -= c;
                quotient += 1;
            }
        }
    }
    quotient
}

// floor(amount * parts / whole) for parts <= whole <= 2^32.
pub fn share(amount: u64, parts: u32, whole: u32) -> u64 {
    let (parts, whole) = (u64::from(parts), u64::from(whole));
    amount / whole * parts + amount % whole * parts / whole
}

// The platform's fee on what the seller really receives.
pub fn platform_fee(received: u64, bps: u32) -> u64 {
    share(received, bps, 10_000)
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

    // From what it set aside, then its part, then its bond, which is there for every milestone, whichever is settled first
    // (docs/contract-attacks.md E24); what is missing, from what the other set aside and did not use.
    let mut paid = [0; 2];
    for side in 0..2 {
        for source in [&mut *aside, &mut *parts, &mut *bonds] {
            let taken = (due[side] - paid[side]).min(source[side]);
            source[side] -= taken;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mul_div_is_exact() {
        let edges = [0, 1, 2, 3, 9_999, 10_000, 999_999, 1_000_000, 1 << 32, (1 << 32) + 1, i64::MAX as u64 - 1, i64::MAX as u64];
        for a in edges.into_iter().chain([u64::MAX - 1, u64::MAX]) {
            for b in edges {
                for c in edges.into_iter().filter(|c| *c >= b.max(1)) {
                    assert_eq!(u128::from(mul_div(a, b, c)), u128::from(a) * u128::from(b) / u128::from(c), "{a} * {b} / {c}");
                }
            }
        }
    }

    #[test]
    fn fee_is_rounded_down() {
        assert_eq!((platform_fee(99, 100), platform_fee(100, 100), platform_fee(199, 100), platform_fee(u64::MAX, 0)), (0, 1, 1, 0));
        assert_eq!(platform_fee(i64::MAX as u64, 100), i64::MAX as u64 / 100);
    }

    fn hearings(votes: [u64; 2], appealed_by: Option<u32>, first_ppm: u32, outcome_ppm: u32) -> Hearings {
        Hearings { fee: 300, seats: [3, 3], votes, appealed_by, first_ppm, outcome_ppm }
    }

    #[test]
    fn shared_by_what_each_lost() {
        // 600,000 ppm of 1,000: the buyer lost 600, the seller 400; 300 for three votes.
        let (mut aside, mut bonds, mut parts) = ([300, 0], [700, 1_000], [400, 600]);
        let costs = pay_hearings(&hearings([3, 0], None, 0, 600_000), &mut aside, &mut bonds, &mut parts);
        assert_eq!(costs, Costs { paid: [180, 120], vote: [100, 0], remainder: 0 });
        assert_eq!((aside, bonds, parts), ([120, 0], [700, 1_000], [400, 480]));
    }

    #[test]
    fn from_aside_then_part_then_bond_then_the_others_aside() {
        // The seller owes 300, has a bond of 50 and a part of 100; the buyer's aside brings the rest.
        let (mut aside, mut bonds, mut parts) = ([300, 0], [0, 50], [0, 100]);
        let costs = pay_hearings(&hearings([3, 0], None, 0, 0), &mut aside, &mut bonds, &mut parts);
        assert_eq!(costs.paid, [300, 0], "everything is the seller's: the buyer lost it");
        assert_eq!((aside, bonds, parts), ([0, 0], [0, 50], [0, 100]));

        let (mut aside, mut bonds, mut parts) = ([300, 0], [0, 50], [100, 0]);
        let costs = pay_hearings(&hearings([3, 0], None, 0, 0), &mut aside, &mut bonds, &mut parts);
        assert_eq!(costs.paid, [250, 50]);
        assert_eq!((aside, bonds, parts), ([50, 0], [0, 0], [100, 0]));

        // Half is each one's: the seller pays 140 from its part and 10 from its bond.
        let (mut aside, mut bonds, mut parts) = ([300, 0], [0, 50], [140, 140]);
        let costs = pay_hearings(&hearings([3, 0], None, 0, 500_000), &mut aside, &mut bonds, &mut parts);
        assert_eq!(costs.paid, [150, 150]);
        assert_eq!((aside, bonds, parts), ([150, 0], [0, 40], [140, 0]));
    }

    #[test]
    fn an_appeal_is_the_others_from_fifty_thousand_on() {
        for (appellant, first, outcome, payer) in [
            (SELLER, 500_000, 549_999, SELLER),
            (SELLER, 500_000, 550_000, BUYER),
            (SELLER, 500_000, 400_000, SELLER),
            (BUYER, 500_000, 450_001, BUYER),
            (BUYER, 500_000, 450_000, SELLER),
            (BUYER, 500_000, 600_000, BUYER),
        ] {
            let (mut aside, mut bonds, mut parts) = ([1_000, 1_000], [0, 0], [500, 500]);
            let costs = pay_hearings(&hearings([0, 3], Some(appellant), first, outcome), &mut aside, &mut bonds, &mut parts);
            let mut paid = [0, 0];
            paid[payer as usize] = 300;
            assert_eq!(costs.paid, paid, "{appellant} appealed {first}, which became {outcome}");
        }
    }

    #[test]
    fn a_called_hearing_is_paid_as_far_as_it_goes() {
        // Nobody has more than the 300 set aside: two first votes in full, 100 left for three, 33 each, 1 to the buyer.
        let (mut aside, mut bonds, mut parts) = ([0, 300], [0, 0], [0, 0]);
        parts[1] = 1;
        let costs = pay_hearings(&hearings([2, 3], None, 0, 1_000_000), &mut aside, &mut bonds, &mut parts);
        assert_eq!(costs, Costs { paid: [-1, 300], vote: [100, 33], remainder: 1 });
        assert_eq!((aside, parts), ([0, 0], [0, 1]));
    }

    // Over everything that one dispute can hold: nothing is made or lost, and first votes are always paid in full.
    #[test]
    fn no_unit_is_lost() {
        let mut cases = 0;
        for left in [1u64, 3, 1_000, i64::MAX as u64] {
            for part in [0, left / 3, left / 2, left] {
                for (fee, bond) in [(0, 0), (1, 0), (7, 3), (300, 1_000), (i64::MAX as u64 - 1, 5)] {
                    for votes in [[0, 0], [1, 0], [3, 0], [0, 2], [2, 3], [3, 1], [3, 3]] {
                        for appealed_by in [None, Some(BUYER), Some(SELLER)] {
                            for aside in [[fee, 0], [0, fee]] {
                                let mut aside = aside;
                                if let Some(by) = appealed_by {
                                    aside[by as usize] += fee;
                                }
                                let h = Hearings { fee, seats: [3, 3], votes, appealed_by, first_ppm: 200_000, outcome_ppm: 700_000 };
                                check(&h, aside, [bond, 0], [left - part, part]);
                                cases += 1;
                            }
                        }
                    }
                }
            }
        }
        assert_eq!(cases, 4 * 4 * 5 * 7 * 3 * 2);
    }

    fn check(h: &Hearings, aside: [u64; 2], bonds: [u64; 2], parts: [u64; 2]) {
        let sum = |pairs: [[u64; 2]; 3]| pairs.iter().flatten().map(|amount| i128::from(*amount)).sum::<i128>();
        let before = sum([aside, bonds, parts]);
        let (mut aside, mut bonds, mut parts) = (aside, bonds, parts);
        let costs = pay_hearings(h, &mut aside, &mut bonds, &mut parts);
        let paid_out = i128::from(costs.vote[0] * h.votes[0]) + i128::from(costs.vote[1] * h.votes[1]);
        let place = (h.fee, h.votes, h.appealed_by, aside, bonds, parts, &costs);
        assert_eq!(before, sum([aside, bonds, parts]) + paid_out + i128::from(costs.remainder), "{place:?}");
        assert_eq!(costs.paid[0] + costs.paid[1], paid_out, "{place:?}");
        if h.votes[0] > 0 {
            assert_eq!(costs.vote[0], h.fee / 3, "{place:?}");
        }
        let full = h.votes[1] == 0 || costs.vote[1] == h.fee / 3;
        assert!(full || h.appealed_by.is_none(), "an appealed hearing is always paid in full: {place:?}");
    }
}
