// Why a call is refused, as its code: an EscrowError, or what the rulebook said, which is the code of one. The enum itself would bring a table
// of all codes into the wasm, to find each of them under itself.

use soroban_sdk::{Error, InvokeError};
use stellar_escrow_rules::errors::EscrowError;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Refusal(u32);

impl Refusal {
    // Of 0 nothing is refused.
    pub fn of(code: u32) -> Result<(), Refusal> {
        if code == 0 {
            Ok(())
        } else {
            Err(Refusal(code))
        }
    }
}

impl From<EscrowError> for Refusal {
    fn from(error: EscrowError) -> Refusal {
        Refusal(error as u32)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        Error::from_contract_error(refusal.0)
    }
}

impl From<&Refusal> for Error {
    fn from(refusal: &Refusal) -> Error {
        Error::from_contract_error(refusal.0)
    }
}

// For clients.
impl TryFrom<Error> for Refusal {
    type Error = Error;

    fn try_from(error: Error) -> Result<Refusal, Error> {
        if error.is_type(soroban_sdk::xdr::ScErrorType::Contract) {
            Ok(Refusal(error.get_code()))
        } else {
            Err(error)
        }
    }
}

impl TryFrom<InvokeError> for Refusal {
    type Error = InvokeError;

    fn try_from(error: InvokeError) -> Result<Refusal, InvokeError> {
        match error {
            InvokeError::Contract(code) => Ok(Refusal(code)),
            InvokeError::Abort => Err(error),
        }
    }
}
