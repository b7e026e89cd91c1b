// What stands in a story for an id, a hash, a time, and for what the contract answers.

use super::json::number_or_max;
use super::{Reader, START};
use crate::common;
use serde_json::Value;
use soroban_sdk::xdr::ScVal;
use soroban_sdk::BytesN;

impl Reader<'_> {
    // The id of a trade, computed here once more and independently of the contract's own code.
    pub fn id(&self, name: &str) -> BytesN<32> {
        use sha2::Digest;
        use soroban_sdk::xdr::{Limits, WriteXdr};
        let env = self.env();
        let preimage = ScVal::Vec(Some(
            vec![
                ScVal::Symbol("trade1".try_into().unwrap()),
                self.world.scval(env.ledger().network_id()),
                self.world.scval(&self.world.escrow),
                self.world.scval(&self.terms[name]),
            ]
            .try_into()
            .unwrap(),
        ));
        BytesN::from_array(env, &sha2::Sha256::digest(preimage.to_xdr(Limits::none()).unwrap()).into())
    }

    pub fn bytes(&self, name: &str) -> BytesN<32> {
        match name.strip_prefix("hash:") {
            Some(text) => common::hash(self.env(), text),
            None if name == "zero" => BytesN::from_array(self.env(), &[0; 32]),
            None => panic!("{name} is no 32-byte value"),
        }
    }

    pub fn time(&self, value: &Value) -> u64 {
        match value.as_i64() {
            Some(seconds) => START.checked_add_signed(seconds).expect("a time"),
            None => number_or_max(value),
        }
    }

    // Whether a value of the ledger is what the story calls it.
    pub fn same(&self, want: &Value, got: &ScVal) -> bool {
        match (want, got) {
            (Value::Null, ScVal::Void) => true,
            (Value::Bool(want), ScVal::Bool(got)) => want == got,
            (Value::Number(want), ScVal::U32(got)) => want.as_u64() == Some(u64::from(*got)),
            (Value::Number(want), ScVal::U64(got)) => want.as_u64() == Some(*got),
            (Value::String(want), ScVal::U64(got)) => want.strip_prefix('+').is_some_and(|seconds| seconds.parse() == Ok(got - START)),
            (Value::String(want), ScVal::I128(_)) => want.parse::<i128>().is_ok_and(|want| self.world.scval(want) == *got),
            (Value::String(want), ScVal::Bytes(_)) => {
                let want = want.strip_prefix("id:").map_or_else(|| self.bytes(want), |trade| self.id(trade));
                self.world.scval(want) == *got
            }
            (Value::String(want), ScVal::Address(_)) => self.actors.get(want).is_some_and(|want| self.world.scval(want) == *got),
            (Value::String(want), ScVal::Map(_)) => {
                want.strip_prefix("terms:").is_some_and(|name| self.world.scval(&self.terms[name]) == *got)
            }
            (Value::Array(want), ScVal::Vec(Some(got))) => {
                want.len() == got.len() && want.iter().zip(got.iter()).all(|(want, got)| self.same(want, got))
            }
            // A set of roles.
            (Value::Array(want), ScVal::U32(got)) => want.iter().map(|role| 1u32 << role.as_u64().expect("a role")).sum::<u32>() == *got,
            (Value::Object(want), ScVal::Map(Some(got))) => {
                want.len() == got.len()
                    && got.iter().all(|entry| {
                        let ScVal::Symbol(key) = &entry.key else { return false };
                        want.get(&key.to_utf8_string().unwrap()).is_some_and(|want| self.same(want, &entry.val))
                    })
            }
            _ => false,
        }
    }
}
