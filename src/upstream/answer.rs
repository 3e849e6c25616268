//! What the head of an answer says of the connection it came on: how long it lasts. A pure rule; what the answer
//! means to the client is not judged here.

use std::time::Duration;

use http::HeaderMap;
use http::header::{CONNECTION, HeaderName};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// How long a connection may rest: ours, or less if the server's `Keep-Alive: timeout=N` says so, minus a
/// second for the way there (RFC 2068 §19.7.1.1).
pub(super) fn rest(headers: &HeaderMap, pool_idle: Duration) -> Duration {
    if says_close(headers) {
        return Duration::ZERO;
    }
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

/// Whether the server will close the connection (RFC 9112 §9.6).
fn says_close(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(CONNECTION).into_iter();
    let mut options = lines.flat_map(|line| line.as_bytes().split(|octet| *octet == b','));
    options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"))
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
