//! The words of a log line: how grave it is, how the request ended, which HTTP was spoken.

use http::Version;

use crate::http::flow::End;
use crate::http::pace::TooSlow;
use crate::observe::Level;

/// How a request ended that was still under way when the gateway's time to finish was over.
pub(super) const DRAIN_OVER: &str = "drain_over";

pub(super) fn level(slow: Option<&'static str>, status: u16) -> Level {
    match (slow, status) {
        (Some("error"), _) => Level::Error,
        (Some(_), _) | (_, 500..) => Level::Warn,
        _ => Level::Info,
    }
}

/// What an answer is to the keys that bound it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `timeouts` alone.
    Ordinary,
    /// The same, but `stream.idle` bounds the silence of the application.
    Patient,
    /// `stream` alone.
    Stream,
}

pub(super) fn end_name(end: End, kind: Kind) -> &'static str {
    match end {
        End::Complete => "complete",
        End::Abandoned => "client_gone",
        End::Broken => "upstream_cut",
        End::TooLarge => "too_large",
        End::TooSlow(TooSlow::Duration) => "stream_max_duration",
        End::TooSlow(_) if kind == Kind::Ordinary => "response_body_idle",
        End::TooSlow(_) => "stream_idle",
        End::Stalled => "client_stalled",
        End::Lagging => "client_too_slow",
        End::Drained => "drained",
    }
}

/// The key whose time was over, if that ended it.
pub(super) fn timeout_name(end: End, kind: Kind) -> Option<&'static str> {
    match end {
        End::TooSlow(TooSlow::Duration) => Some("stream.max_duration"),
        End::TooSlow(_) if kind == Kind::Ordinary => Some("response_body_idle"),
        End::Stalled if kind != Kind::Stream => Some("client_stall"),
        End::TooSlow(_) | End::Stalled => Some("stream.idle"),
        End::Lagging => Some("response_body_min_rate"),
        _ => None,
    }
}

pub(super) fn version_name(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        _ => "HTTP/1.1",
    }
}
