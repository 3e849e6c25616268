//! How long a gRPC call may take. It is a stream from its first byte: silence of either side is bounded by
//! `stream.idle`, its length by `stream.max_duration`, and its answer is waited for no longer than its client waits.

use crate::gateway::route::Route;
use crate::http::pace::Pace;
use crate::http::refusal::{Deadline, Refusal};
use crate::stack::passage::Passage;
use crate::upstream::deadline::Waits;

/// Until the head of its answer, which may be its end.
pub(super) fn waits(passage: &Passage, route: &Route) -> Waits<'static> {
    let longest = route.waits.stream_max.map(|most| passage.exchange.arrived + most);
    Waits {
        response_head: route.waits.stream.idle,
        hints: None,
        total: passage.deadline.into_iter().chain(longest).min(),
    }
}

/// How what the client sends must flow; no faster than it has something to say.
pub(super) fn upload_pace(route: &Route) -> Pace {
    Pace {
        max_bytes: route.waits.request.max_bytes,
        ..route.waits.stream
    }
}

/// Tells the client's own deadline from those of the route.
pub(super) fn name_deadline(passage: &Passage, refusal: Refusal) -> Refusal {
    let clients = passage.deadline.is_some_and(|at| std::time::Instant::now() >= at);
    if clients && refusal == Refusal::UpstreamTimeout(Deadline::Total) {
        return Refusal::UpstreamTimeout(Deadline::Grpc);
    }
    refusal
}
