//! What a route changes of a request on its way out: the path, and headers. Nothing of it shows in the log, which
//! knows what the client asked for.

use http::uri::PathAndQuery;
use http::{HeaderValue, Uri};

use super::received::Received;
use crate::gateway::route::Route;
use crate::http::message::Lines;
use crate::http::refusal::Refusal;
use crate::layers::header_edits::{Facts, host_of};
use crate::layers::rewrite::{X_FORWARDED_PREFIX, joined_prefix};

/// What the upstream is asked for, and the prefix that was stripped of it: path and query as received, byte for
/// byte, unless the route says otherwise.
pub(super) fn target(route: &Route, uri: &Uri) -> Result<(PathAndQuery, Option<HeaderValue>), Refusal> {
    let received = match uri.path_and_query() {
        Some(target) => rooted(target)?,
        None => PathAndQuery::from_static("/"),
    };
    let Some(rewrite) = &route.rewrite else {
        return Ok((received, None));
    };
    let made = rewrite.apply(&received).ok_or(Refusal::TargetAmbiguous)?;
    Ok((made.target, made.prefix))
}

/// `http://app?q=1` has no path, and what servers are asked for must have one (RFC 9112 §3.2.1, RFC 9113 §8.3.1).
fn rooted(target: &PathAndQuery) -> Result<PathAndQuery, Refusal> {
    if !target.as_str().starts_with('?') {
        return Ok(target.clone());
    }
    PathAndQuery::try_from(target.to_string()).map_err(|_| Refusal::TargetInvalid)
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
