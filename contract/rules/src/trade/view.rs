// A trade as the view answers it.

use crate::state::{State, ROLES};
use crate::types;
use soroban_sdk::{Env, Vec};

// What `trade` answers.
pub fn view(env: &Env, state: &State) -> types::Trade {
    let pair = |pair: [u64; 2]| (i128::from(pair[0]), i128::from(pair[1]));
    let mut milestones = Vec::new(env);
    for index in 0..state.count() {
        let milestone = state.milestone(index);
        let offer = |side: usize| {
            milestone.offers[side].map(|offer| types::Offer {
                of: milestone.left.into(),
                phase: offer.phase,
                seller_amount: offer.seller_amount.into(),
            })
        };
        let dispute = milestone.dispute.as_ref().map(|dispute| {
            let mut votes = Vec::new(env);
            for vote in dispute.votes.all() {
                votes.push_back((vote.role, vote.ppm));
            }
            types::Dispute {
                appeal_by: dispute.appeal.map(|(by, _)| by),
                appealed_at: dispute.appeal.map_or(0, |(_, at)| at),
                aside: pair(dispute.aside),
                by: dispute.by,
                ruled_at: dispute.ruled_at,
                since: dispute.since,
                votes,
            }
        });
        milestones.push_back(types::MilestoneState {
            delivered_at: milestone.delivered_at,
            dispute,
            left: milestone.left.into(),
            offers: (offer(0), offer(1)),
        });
    }
    let mut parked = Vec::new(env);
    for role in 0..ROLES as u32 {
        let amount = state.parked(role);
        if amount != 0 {
            parked.push_back((role, amount));
        }
    }
    types::Trade { bonds: pair(state.bonds), milestones, opened_by: state.opened_by, parked, stage: state.stage }
}
