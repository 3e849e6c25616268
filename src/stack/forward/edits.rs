//! What a route changes of a request on its way out: the path, and headers. Nothing of it shows in the log, which
//! knows what the client asked for.

use http::uri::PathAndQuery;
use http::{HeaderValue, Uri};

use super::outgoing::Received;
use crate::gateway::route::Route;
use crate::http::message::Lines;
use crate::http::refusal::Refusal;
use crate::layers::header_edits::{Facts, host_of};
use crate::layers::rewrite::{X_FORWARDED_PREFIX, joined_prefix};

/// What the upstream is asked for, and the prefix that was stripped of it: path and query as received, byte for
/// byte, unless the route says otherwise.
pub(super) fn target(route: &Route, uri: &Uri) -> Result<(PathAndQuery, Option<HeaderValue>), Refusal> {
    let Some(received) = uri.path_and_query() else {
        return Ok((PathAndQuery::from_static("/"), None));
    };
    let Some(rewrite) = &route.rewrite else {
        return Ok((received.clone(), None));
    };
    let made = rewrite.apply(received).ok_or(Refusal::TargetAmbiguous)?;
    Ok((made.target, made.prefix))
}

/// The operator's headers, over the client's and ours. `host` is the client's `Host`.
pub(super) fn edit(
    route: &Route,
    received: &Received<'_>,
    host: Option<&HeaderValue>,
    stripped: Option<HeaderValue>,
    lines: &mut Lines,
) {
    if let Some(stripped) = stripped {
        lines.edit(|headers| {
            let prefix = joined_prefix(headers.get(X_FORWARDED_PREFIX), stripped);
            headers.insert(X_FORWARDED_PREFIX, prefix);
        });
    }
    let Some(edits) = &route.request_headers else {
        return;
    };
    let host = edits
        .tells_host
        .then(|| host_of(received.client, received.uri(), host))
        .flatten();
    let facts = Facts {
        client: received.client.ip,
        request_id: received.request_id,
        host: host.as_deref(),
    };
    lines.edit(|headers| edits.apply_to_request(headers, facts));
}
