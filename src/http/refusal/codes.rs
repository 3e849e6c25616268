//! The codes of all refusals, so that each is counted from zero.

use crate::http::refusal::Refusal;

impl Refusal {
    /// Each code that [`Refusal::code`] may give, once.
    pub const CODES: [&str; 40] = [
        "request_malformed",
        "version_unsupported",
        "http_1_1_required",
        "coding_unsupported",
        "head_too_large",
        "host_invalid",
        "target_invalid",
        "misdirected",
        "expectation_failed",
        "too_many_connections",
        "exhausted",
        "target_too_long",
        "too_many_headers",
        "tls_required",
        "method_refused",
        "connection_header",
        "access_denied",
        "origin_denied",
        "not_found",
        "method_not_allowed",
        "length_required",
        "body_too_large",
        "request_buffer_full",
        "request_head_timeout",
        "request_body_timeout",
        "rate_limited",
        "too_many_in_flight",
        "too_many_streams",
        "upstream_busy",
        "upstream_queue_timeout",
        "upstream_unresolved",
        "upstream_unreachable",
        "upstream_untrusted",
        "upstream_tls",
        "upstream_closed",
        "upstream_invalid",
        "upstream_timeout",
        "body_invalid",
        "client_gone",
        "internal",
    ];
}
