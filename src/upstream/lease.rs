//! A connection while its answer is being read. Whoever reads the answer to its end gives the connection
//! back; whoever drops it midway ends it, and the server notices at once.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::header::HeaderName;

use crate::upstream::connect::Conn;
use crate::upstream::now;
use crate::upstream::pool::{Idle, Lane};
use crate::upstream::watch::Upload;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// The hold on a connection. Dropped, it ends the connection.
pub struct Lease {
    pub(super) conn: Conn,
    pub(super) lane: Arc<Lane>,
    pub(super) upload: Option<Arc<Upload>>,
    /// How long the connection may rest before it is used again.
    pub(super) rest: Duration,
}

impl Lease {
    /// Ends the hold. `clean` says that the answer was read to its last byte; then the connection is kept
    /// for the next request, if the server allows and the request was sent to its end too.
    pub fn finish(self, clean: bool) {
        let sent = self.upload.as_ref().is_none_or(|upload| upload.is_complete());
        // What the server said of closing (`Connection: close`, HTTP/1.0) has closed it by now.
        if clean && sent && !self.rest.is_zero() && !self.conn.is_closed() {
            let since = now();
            self.lane.put(Idle { conn: self.conn, since, until: since + self.rest });
        }
    }
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Lease").field(&self.lane.mark().address()).finish()
    }
}

/// How long a connection may rest: ours, or less if the server's `Keep-Alive: timeout=N` says so, minus a
/// second for the way there (RFC 2068 §19.7.1.1).
pub(super) fn rest(headers: &HeaderMap, pool_idle: Duration) -> Duration {
    let timeout = headers.get(KEEP_ALIVE).and_then(|value| {
        let mut parameters = value.to_str().ok()?.split(',');
        parameters.find_map(|one| {
            let (name, value) = one.split_once('=')?;
            let seconds: u64 = value.trim().parse().ok()?;
            name.trim().eq_ignore_ascii_case("timeout").then_some(seconds)
        })
    });
    timeout.map_or(pool_idle, |seconds| {
        pool_idle.min(Duration::from_secs(seconds.saturating_sub(1)))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn rests(keep_alive: &'static str) -> u64 {
        let mut headers = HeaderMap::new();
        headers.insert(KEEP_ALIVE, http::HeaderValue::from_static(keep_alive));
        rest(&headers, Duration::from_secs(4)).as_secs()
    }

    #[test]
    fn the_shorter_word_counts() {
        assert_eq!(rest(&HeaderMap::new(), Duration::from_secs(4)).as_secs(), 4);
        assert_eq!(rests("timeout=5"), 4);
        assert_eq!(rests("max=100, Timeout = 3"), 2);
        assert_eq!(rests("timeout=60"), 4);
        assert_eq!(rests("timeout=1"), 0);
        assert_eq!(rests("timeout=0"), 0);
        assert_eq!(rests("timeout=soon"), 4);
    }
}
