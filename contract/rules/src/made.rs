// Values that are handed on without being looked into: what came in, to be announced; what one contract made, for the other to answer.

use soroban_sdk::{ConversionError, Env, IntoVal, TryFromVal, Val, Vec};

// A value, for the spec under the name of its type.
#[derive(Clone, Copy, Debug)]
pub struct Made(pub Val);

impl TryFromVal<Env, Val> for Made {
    type Error = ConversionError;

    fn try_from_val(_: &Env, made: &Val) -> Result<Made, ConversionError> {
        Ok(Made(*made))
    }
}

impl TryFromVal<Env, Made> for Val {
    type Error = ConversionError;

    fn try_from_val(_: &Env, made: &Made) -> Result<Val, ConversionError> {
        Ok(made.0)
    }
}

impl TryFromVal<Env, &Made> for Val {
    type Error = ConversionError;

    fn try_from_val(_: &Env, made: &&Made) -> Result<Val, ConversionError> {
        Ok(made.0)
    }
}

// A part of a value that has its parts one behind the other. Whoever made it belongs to us: what is no such value ends the call.
pub fn part<T: TryFromVal<Env, Val>>(env: &Env, made: &Vec<Val>, number: u32) -> T {
    made.get_unchecked(number).into_val(env)
}
