// What `open` lets through, who holds which role, and the id of a trade.

use crate::errors::EscrowError;
use crate::state::{BUYER, MILESTONES, SELLER};
use crate::types::{Carried, Limits, Panel, Terms};
use soroban_sdk::{symbol_short, vec, xdr::ToXdr, Address, BytesN, Env, Vec};

// SHA-256 of the XDR of ("trade1", network, this contract, terms): the same terms mean another trade on another network and in another
// contract. Two encodings of the same terms cannot give two ids: reading them lets only one through (types.rs).
pub fn id(env: &Env, terms: &Carried) -> BytesN<32> {
    let preimage = (symbol_short!("trade1"), env.ledger().network_id(), env.current_contract_address(), terms.as_came());
    env.crypto().sha256(&preimage.to_xdr(env)).to_bytes()
}

// All who hold a role, in the order of the roles' numbers: buyer, seller, panel, appeal panel.
pub fn roles(env: &Env, terms: &Terms) -> Vec<Address> {
    let mut roles = vec![env, terms.buyer.clone(), terms.seller.clone()];
    roles.append(&terms.panel.arbitrators);
    roles.append(&terms.appeal_panel.arbitrators);
    roles
}

// Who holds a role that there is.
pub fn owner(terms: &Terms, role: u32) -> Address {
    let panel = terms.panel.arbitrators.len();
    match role {
        BUYER => terms.buyer.clone(),
        SELLER => terms.seller.clone(),
        _ if role - 2 < panel => terms.panel.arbitrators.get_unchecked(role - 2),
        _ => terms.appeal_panel.arbitrators.get_unchecked(role - 2 - panel),
    }
}

// The buyer or the seller. Errors: NotParty.
pub fn party(terms: &Terms, by: u32) -> Result<&Address, EscrowError> {
    match by {
        BUYER => Ok(&terms.buyer),
        SELLER => Ok(&terms.seller),
        _ => Err(EscrowError::NotParty),
    }
}

// The sum of the milestones; a sum that does not fit stops at the type's end, which `check` refuses.
pub fn total(terms: &Terms) -> i128 {
    terms.milestones.iter().fold(0, |sum: i128, milestone| sum.saturating_add(milestone.amount))
}

// The latest second at which anything about this trade can still become due.
pub fn last_deadline(terms: &Terms) -> u64 {
    let latest = terms.milestones.iter().map(|milestone| milestone.deliver_by).max().unwrap_or(0);
    let windows = &terms.windows;
    [terms.inspection, windows.offers, windows.ruling, windows.ruling, windows.appeal]
        .iter()
        .fold(latest, |sum, window| sum.saturating_add(*window))
}

// Whether these terms may be opened. Errors: 20 to 38, in the order of docs/contract.md.
pub fn check(env: &Env, terms: &Terms, limits: &Limits, fee_bps: u32) -> Result<(), EscrowError> {
    let now = env.ledger().timestamp();
    let count = terms.milestones.len();
    if count == 0 || count > MILESTONES as u32 {
        return Err(EscrowError::MilestoneCount);
    }
    let mut earliest = u64::MAX;
    for milestone in terms.milestones.iter() {
        if milestone.amount < 1 {
            return Err(EscrowError::BadAmount);
        }
        earliest = earliest.min(milestone.deliver_by);
    }
    if terms.bond < 0 {
        return Err(EscrowError::BadBond);
    }
    if terms.arbitration_fee < 0 || terms.arbitration_fee > terms.bond {
        return Err(EscrowError::BadArbitrationFee);
    }
    if total(terms).saturating_add(terms.bond) > i128::from(i64::MAX) {
        return Err(EscrowError::TotalTooLarge);
    }
    check_panels(&terms.panel, &terms.appeal_panel)?;
    check_roles(env, terms)?;
    if terms.fallback_ppm > crate::money::MILLION {
        return Err(EscrowError::BadPpm);
    }
    if terms.fee_bps != fee_bps {
        return Err(EscrowError::FeeMismatch);
    }
    if terms.fund_by <= now {
        return Err(EscrowError::FundByPast);
    }
    if earliest < terms.fund_by.saturating_add(limits.min_delivery) {
        return Err(EscrowError::DeliverByTooNear);
    }
    let windows = &terms.windows;
    within(terms.inspection, limits.inspection_min, limits.inspection_max, EscrowError::BadInspection)?;
    within(windows.offers, limits.offers_min, limits.offers_max, EscrowError::BadOffersWindow)?;
    within(windows.ruling, limits.ruling_min, limits.ruling_max, EscrowError::BadRulingWindow)?;
    within(windows.appeal, limits.appeal_min, limits.appeal_max, EscrowError::BadAppealWindow)?;
    if last_deadline(terms).saturating_sub(now) > limits.longest_life {
        return Err(EscrowError::LifeTooLong);
    }
    Ok(())
}

// One member decides alone, of more only a majority does; an even number could be split for ever.
fn check_panels(panel: &Panel, appeal_panel: &Panel) -> Result<(), EscrowError> {
    for panel in [panel, appeal_panel] {
        if !matches!(panel.arbitrators.len(), 0 | 1 | 3 | 5 | 7) {
            return Err(EscrowError::PanelSize);
        }
    }
    for panel in [panel, appeal_panel] {
        let size = panel.arbitrators.len();
        let least = if size == 0 { 0 } else { size / 2 + 1 };
        if panel.quorum < least || panel.quorum > size {
            return Err(EscrowError::BadQuorum);
        }
    }
    if panel.arbitrators.is_empty() && !appeal_panel.arbitrators.is_empty() {
        return Err(EscrowError::AppealWithoutPanel);
    }
    Ok(())
}

// A payout to ourselves would succeed and strand the money; the asset's own contract is no better an owner.
fn check_roles(env: &Env, terms: &Terms) -> Result<(), EscrowError> {
    let roles = roles(env, terms);
    for (role, address) in roles.iter().enumerate() {
        if roles.first_index_of(address) != Some(role as u32) {
            return Err(EscrowError::SameRole);
        }
    }
    let here = env.current_contract_address();
    if terms.asset == here || roles.contains(here) || roles.contains(&terms.asset) {
        return Err(EscrowError::ForbiddenRole);
    }
    Ok(())
}

fn within(value: u64, least: u64, most: u64, error: EscrowError) -> Result<(), EscrowError> {
    if value < least || value > most {
        return Err(error);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use soroban_sdk::testutils::Address as _;

    fn panel(env: &Env, size: u32, quorum: u32) -> Panel {
        Panel { arbitrators: Vec::from_iter(env, (0..size).map(|_| Address::generate(env))), quorum }
    }

    #[test]
    fn panels() {
        let env = Env::default();
        let nobody = panel(&env, 0, 0);
        for size in 0..9 {
            for quorum in 0..9 {
                let want = if ![0, 1, 3, 5, 7].contains(&size) {
                    Err(EscrowError::PanelSize)
                } else if size == 0 && quorum != 0 || size > 0 && (quorum * 2 <= size || quorum > size) {
                    Err(EscrowError::BadQuorum)
                } else {
                    Ok(())
                };
                let panel = panel(&env, size, quorum);
                assert_eq!(check_panels(&panel, &nobody), want, "{quorum} of {size}");
                let as_appeal = if want.is_ok() && size > 0 { Err(EscrowError::AppealWithoutPanel) } else { want };
                assert_eq!(check_panels(&nobody, &panel), as_appeal, "{quorum} of {size} on appeal");
            }
        }
    }

    #[test]
    fn sums_stop_at_the_end() {
        let env = Env::default();
        let milestone =
            crate::types::Milestone { amount: i128::MAX, deliver_by: u64::MAX - 5, description: BytesN::from_array(&env, &[0; 32]) };
        let some = || Address::generate(&env);
        let hash = || BytesN::from_array(&env, &[0; 32]);
        let terms = Terms {
            appeal_panel: panel(&env, 0, 0),
            arbitration_fee: 0,
            asset: some(),
            bond: 0,
            buyer: some(),
            fallback_ppm: 0,
            fee_bps: 0,
            fund_by: 0,
            inspection: 3,
            milestones: vec![&env, milestone.clone(), milestone],
            panel: panel(&env, 0, 0),
            salt: hash(),
            seller: some(),
            terms_hash: hash(),
            windows: crate::types::Windows { appeal: 1, offers: 1, ruling: 1 },
        };
        assert_eq!((total(&terms), last_deadline(&terms)), (i128::MAX, u64::MAX));
    }
}
