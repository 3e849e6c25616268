//! The deadlines that end in a refusal; those that cut an answer are ends of it.

/// Which of the route's deadlines ran out; named in the answer, the log and the metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    /// The request head did not arrive in time.
    RequestHead,
    /// No byte of the request body for too long.
    RequestBodyIdle,
    /// The request body trickles.
    RequestBodyMinRate,
    /// No connection to the upstream in time.
    Connect,
    /// The upstream did not begin its answer in time.
    ResponseHead,
    /// The whole way to the response head took too long.
    Total,
    /// The client's own deadline for a gRPC call.
    Grpc,
}

impl Deadline {
    /// Each of them.
    pub const ALL: [Self; 7] = [
        Self::RequestHead,
        Self::RequestBodyIdle,
        Self::RequestBodyMinRate,
        Self::Connect,
        Self::ResponseHead,
        Self::Total,
        Self::Grpc,
    ];

    /// The key in `[defaults.timeouts]`, in a listener or in an upstream that set it, or the client's header.
    pub fn name(self) -> &'static str {
        match self {
            Self::RequestHead => "request_head",
            Self::RequestBodyIdle => "request_body_idle",
            Self::RequestBodyMinRate => "request_body_min_rate",
            Self::Connect => "connect",
            Self::ResponseHead => "response_head",
            Self::Total => "response_head_total",
            Self::Grpc => "grpc-timeout",
        }
    }
}
