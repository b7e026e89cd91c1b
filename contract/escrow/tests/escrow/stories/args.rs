// What a story's call passes, in the contract's types.

use super::json::{amount_of, fields, number, number_or_max, text};
use super::Reader;
use crate::common;
use serde_json::Value;
use soroban_sdk::{IntoVal, Val, Vec};
use stellar_escrow::{Milestone, Panel, Terms, Windows};

impl Reader<'_> {
    // The arguments of a call, in the order of the page.
    pub fn args(&self, step: &Value, function: &str) -> Vec<Val> {
        let env = self.env();
        let mut list = Vec::new(env);
        if let Some(trade) = step.get("trade") {
            list.push_back(match function {
                "trade" | "extend" => self.id(text(trade)).into_val(env),
                _ => self.terms[text(trade)].into_val(env),
            });
        }
        if function == "owed" {
            list.push_back(self.world.token.to_val());
        }
        let order: &[&str] = match function {
            "open" => &["by"],
            "cancel" => &["by", "push"],
            "deliver" => &["milestone", "proof"],
            "release" | "refund" => &["milestone", "amount"],
            "settle" => &["milestones", "push"],
            "dispute" => &["by", "milestone", "reason"],
            "offer" | "accept_offer" => &["by", "milestone", "of", "seller_amount"],
            "evidence" => &["by", "milestone", "hash"],
            "rule" => &["by", "rulings", "hash"],
            "appeal" => &["by", "milestone"],
            "claim" => &["role", "to", "amount"],
            "collect" => &["asset"],
            "propose_fee" => &["bps", "receiver"],
            "propose_admin" => &["to"],
            "set_anchor" => &["key"],
            "anchor" => &["seq", "hash"],
            _ => &[],
        };
        let args = &step["args"];
        assert_eq!(fields(args).count(), order.len(), "arguments of {function}: {args}");
        for name in order {
            let arg = args.get(name).unwrap_or_else(|| panic!("{function} has no {name}"));
            list.push_back(match *name {
                "by" if function == "cancel" => arg.as_u64().map(|by| by as u32).into_val(env),
                "by" | "milestone" | "role" | "bps" => (number(arg) as u32).into_val(env),
                "seq" => number(arg).into_val(env),
                "push" => arg.as_bool().unwrap().into_val(env),
                "amount" | "of" | "seller_amount" => amount_of(arg).into_val(env),
                "proof" | "reason" | "hash" => self.bytes(text(arg)).into_val(env),
                "to" | "asset" | "receiver" | "key" => self.actors[text(arg)].to_val(),
                "milestones" => {
                    let list = arg.as_array().unwrap().iter().map(|index| number(index) as u32);
                    Vec::from_iter(env, list).into_val(env)
                }
                "rulings" => {
                    let list = arg.as_array().unwrap().iter().map(|ruling| (number(&ruling[0]) as u32, number(&ruling[1]) as u32));
                    Vec::from_iter(env, list).into_val(env)
                }
                name => panic!("no argument is called {name}"),
            });
        }
        list
    }

    pub fn terms_of(&self, name: &str, terms: &Value, said: &Value) -> Terms {
        let env = self.env();
        let mut milestones = Vec::new(env);
        for milestone in terms["milestones"].as_array().unwrap() {
            for _ in 0..milestone.get("times").map_or(1, number) {
                let description = match milestone.get("description") {
                    Some(description) => self.bytes(text(description)),
                    None => common::hash(env, &format!("milestone-{}", milestones.len())),
                };
                let deliver_by = self.time(milestone.get("deliver_by").unwrap_or(&terms["deliver_by"]));
                milestones.push_back(Milestone { amount: amount_of(&milestone["amount"]), deliver_by, description });
            }
        }
        let panel = |members: &str, quorum: &str| {
            let names = terms[members].as_array().unwrap();
            let arbitrators = Vec::from_iter(env, names.iter().map(|name| self.actors[text(name)].clone()));
            let majority = if arbitrators.is_empty() { 0 } else { arbitrators.len() / 2 + 1 };
            Panel { arbitrators, quorum: said.get(quorum).map_or(majority, |quorum| number(quorum) as u32) }
        };
        let address = |field: &str| self.actors[text(&terms[field])].clone();
        Terms {
            appeal_panel: panel("appeal_panel", "appeal_quorum"),
            arbitration_fee: amount_of(&terms["arbitration_fee"]),
            asset: address("asset"),
            bond: amount_of(&terms["bond"]),
            buyer: address("buyer"),
            fallback_ppm: number(&terms["fallback_ppm"]) as u32,
            fee_bps: number(&terms["fee_bps"]) as u32,
            fund_by: self.time(&terms["fund_by"]),
            inspection: number_or_max(&terms["inspection"]),
            milestones,
            panel: panel("panel", "quorum"),
            salt: said.get("salt").map_or_else(|| common::hash(env, &format!("salt-{name}")), |salt| self.bytes(text(salt))),
            seller: address("seller"),
            terms_hash: self.bytes(text(&terms["terms_hash"])),
            windows: Windows {
                appeal: number_or_max(&terms["windows"]["appeal"]),
                offers: number_or_max(&terms["windows"]["offers"]),
                ruling: number_or_max(&terms["windows"]["ruling"]),
            },
        }
    }
}
