//! What follows a refusal: whether its connection ends, and when the client does well to try again.

use std::time::Duration;

use super::Refusal;

impl Refusal {
    /// Whether the client's connection must end with this answer: after a fault of framing nothing that
    /// follows on it can be trusted, and a body that was not read to its end stands in the way.
    pub fn closes(&self) -> bool {
        matches!(
            self,
            Self::RequestMalformed(_)
                | Self::VersionUnsupported
                | Self::CodingUnsupported
                | Self::HeadTooLarge(_)
                | Self::TooManyHeaders(_)
                | Self::TargetTooLong(_)
                | Self::HostInvalid(_)
                | Self::TargetInvalid
                | Self::ConnectionHeader
                | Self::TlsRequired
                | Self::MethodRefused
                | Self::ExpectationFailed
                | Self::TooManyConnections
                | Self::BodyTooLarge(_)
                | Self::LengthRequired
                | Self::RequestBufferFull
                | Self::RequestTimeout(_)
                | Self::BodyInvalid(_)
                | Self::ClientGone
        )
    }

    /// How long the client does well to wait before it tries again; never zero (that invites an instant retry).
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited(quota) => Some(quota.retry_after),
            Self::TooManyInFlight
            | Self::TooManyStreams
            | Self::TooManyConnections
            | Self::Exhausted
            | Self::RequestBufferFull
            | Self::UpstreamBusy
            | Self::UpstreamQueueTimeout
            | Self::UpstreamUnresolved
            | Self::UpstreamUnreachable => Some(Duration::from_secs(1)),
            _ => None,
        }
    }
}
