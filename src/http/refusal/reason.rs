//! What the log says beside the code of a refusal: the client is told less.

use super::{Deadline, Refusal};
use crate::http::guard::fault::Fault;

impl Refusal {
    /// What more the log says than the code: the fault in the bytes of either side, or the deadline that ran out.
    pub fn reason(&self) -> Option<&'static str> {
        if let Self::UpstreamInvalid(fault) = self {
            return Some(fault.name());
        }
        self.fault().or_else(|| self.deadline().map(Deadline::name))
    }

    /// What is wrong with the bytes of the request, if that is why.
    pub fn fault(&self) -> Option<&'static str> {
        match self {
            Self::RequestMalformed(fault) | Self::BodyInvalid(fault) => Some(fault.reason()),
            Self::TargetInvalid => Some(Fault::Target.reason()),
            Self::VersionUnsupported => Some(Fault::Version.reason()),
            Self::CodingUnsupported => Some(Fault::TransferCoding.reason()),
            Self::TargetTooLong(_) => Some(Fault::TargetTooLong(0).reason()),
            Self::HeadTooLarge(most) => Some(Fault::HeadTooLarge(*most).reason()),
            Self::TooManyHeaders(most) => Some(Fault::TooManyFields(*most).reason()),
            Self::HostInvalid(fault) => Some(fault.reason()),
            _ => None,
        }
    }

    /// The deadline that ran out, if that is the reason.
    pub fn deadline(&self) -> Option<Deadline> {
        match self {
            Self::RequestTimeout(deadline) | Self::UpstreamTimeout(deadline) => Some(*deadline),
            _ => None,
        }
    }
}
