//! What a fault in the bytes of a request is refused as.

use super::Refusal;
use crate::http::guard::fault::Fault;

/// The answer to a head with this fault.
impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Target => Self::TargetInvalid,
            Fault::TargetTooLong(most) => Self::TargetTooLong(most as u64),
            Fault::Version => Self::VersionUnsupported,
            Fault::HeadTooLarge(most) => Self::HeadTooLarge(most),
            Fault::TooManyFields(most) => Self::TooManyHeaders(most),
            Fault::TransferCoding => Self::CodingUnsupported,
            _ => Self::RequestMalformed(fault),
        }
    }
}
