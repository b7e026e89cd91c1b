// Conversions of the views for tests on this machine. In the wasm `#[contracttype]` makes them. With the SDK's testutils it also makes
// conversions to XDR, and those do not compile for a struct that holds an Option of another one of ours; nothing here needs them.

use crate::types::{Config, Dispute, MilestoneState, Offer, PendingFee, Trade};
use soroban_sdk::{ConversionError, Env, Map, Symbol, TryFromVal, TryIntoVal, Val};

macro_rules! as_map {
    ($name:ident { $($field:ident),* }) => {
        impl TryFromVal<Env, Val> for $name {
            type Error = ConversionError;
            fn try_from_val(env: &Env, val: &Val) -> Result<Self, ConversionError> {
                let map = Map::<Symbol, Val>::try_from_val(env, val)?;
                if map.len() != [$(stringify!($field)),*].len() as u32 {
                    return Err(ConversionError);
                }
                Ok(Self { $($field: map.get(Symbol::new(env, stringify!($field))).ok_or(ConversionError)?.try_into_val(env).map_err(|_| ConversionError)?),* })
            }
        }

        impl TryFromVal<Env, $name> for Val {
            type Error = ConversionError;
            fn try_from_val(env: &Env, view: &$name) -> Result<Self, ConversionError> {
                let mut map = Map::<Symbol, Val>::new(env);
                $(map.set(Symbol::new(env, stringify!($field)), view.$field.try_into_val(env).map_err(|_| ConversionError)?);)*
                Ok(map.to_val())
            }
        }

        impl TryFromVal<Env, &$name> for Val {
            type Error = ConversionError;
            fn try_from_val(env: &Env, view: &&$name) -> Result<Self, ConversionError> {
                Val::try_from_val(env, *view)
            }
        }
    };
}

as_map!(Trade { bonds, milestones, opened_by, parked, stage });
as_map!(MilestoneState { delivered_at, dispute, left, offers });
as_map!(Offer { of, phase, seller_amount });
as_map!(Dispute { appeal_by, appealed_at, aside, by, ruled_at, since, votes });
as_map!(Config { admin, anchor_key, anchored, fee_bps, fee_receiver, limits, paused, pending_admin, pending_fee });
as_map!(PendingFee { bps, effective, receiver });
