// A story's JSON, whose shape the Go parser has checked: what is not as it should be is a panic here.

use serde_json::{Map, Value};
use stellar_escrow::Limits;

// Fields of `over` replace those of `base`, objects field by field.
pub fn merge(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                merge(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (_, Value::Null) => {}
        (base, over) => *base = over.clone(),
    }
}

pub fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    static NOTHING: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    value.as_object().unwrap_or(&NOTHING).iter()
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

pub fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

pub fn number_or_max(value: &Value) -> u64 {
    if value == "max" {
        u64::MAX
    } else {
        number(value)
    }
}

pub fn amount_of(value: &Value) -> i128 {
    text(value).parse().unwrap_or_else(|_| panic!("{value} is no amount"))
}

pub fn limits(value: &Value) -> Limits {
    let limit = |name: &str| number_or_max(&value[name]);
    Limits {
        appeal_max: limit("appeal_max"),
        appeal_min: limit("appeal_min"),
        fee_delay: limit("fee_delay"),
        inspection_max: limit("inspection_max"),
        inspection_min: limit("inspection_min"),
        longest_life: limit("longest_life"),
        min_delivery: limit("min_delivery"),
        offers_max: limit("offers_max"),
        offers_min: limit("offers_min"),
        ruling_max: limit("ruling_max"),
        ruling_min: limit("ruling_min"),
    }
}
