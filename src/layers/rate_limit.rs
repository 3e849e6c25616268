//! Named rate limits. Without a burst a sliding window: "request 101 within a minute is refused" (seed
//! rows 2-04, 3-21; trap T7); with a burst a token bucket (seed row 2-15). All limits of a route are
//! asked first and taken from last, so a refused request spends nothing.

use std::fmt::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderName, HeaderValue, header};

use crate::http::client::ClientKey;
use crate::http::exchange::{Exchange, Response};
use crate::http::quota::Quota;
use crate::http::refusal::Refusal;
use crate::layers::{Check, Describe, Edit, Verdict};
use crate::policy::Period;
use crate::store;
use crate::store::limiter::Limiter;
use crate::store::table::Key;

const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// What tells one client of a limit from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// The client's address.
    ClientIp,
    /// The value of a request header. Anyone may send another one: pair it with a limit by address.
    Header(HeaderName),
    /// The value of a cookie.
    Cookie(String),
}

impl KeySource {
    fn name(&self) -> &str {
        match self {
            Self::ClientIp => "",
            Self::Header(name) => name.as_str(),
            Self::Cookie(name) => name,
        }
    }
}

/// As the policy writes it.
impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClientIp => f.write_str("client_ip"),
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Cookie(name) => write!(f, "cookie:{name}"),
        }
    }
}

/// One limit of a route.
#[derive(Debug)]
pub struct RateLimit {
    /// Its place among the route's limits.
    pub place: usize,
    /// The first of these that the request has is the key; the address if it has none.
    pub key: Vec<KeySource>,
    /// How much of an IPv6 address is one client.
    pub ipv6_prefix: u8,
    /// Rule and counts, shared by all routes that name the limit and kept over reloads.
    pub limiter: Arc<Limiter>,
}

impl RateLimit {
    /// Takes one request from the limit, once every check has passed.
    pub fn take(&self, exchange: &Exchange, now: Instant) -> Verdict {
        self.verdict(&self.limiter.take(self.key(exchange), now))
    }

    fn verdict(&self, allowance: &store::Verdict) -> Verdict {
        let quota = Quota {
            limit: self.place,
            remaining: allowance.remaining,
            // The window rounds moments up; what is told stays within what the policy says.
            reset: allowance.reset.min(self.limiter.quota().1),
            retry_after: allowance.retry_after,
        };
        if allowance.allowed {
            Verdict::Left(quota)
        } else {
            Verdict::Refuse(Refusal::RateLimited(Box::new(quota)))
        }
    }

    fn key(&self, exchange: &Exchange) -> Key {
        match self.present(exchange) {
            Some((source, value)) => self.limiter.key_of(source.name(), value),
            None => ClientKey::new(exchange.client.ip, self.ipv6_prefix).into(),
        }
    }

    /// What this request is counted under: where the key was found, and what it is.
    pub fn counted_under(&self, exchange: &Exchange) -> (String, String) {
        if let Some((source, value)) = self.present(exchange) {
            return (source.to_string(), String::from_utf8_lossy(value).into_owned());
        }
        let key = ClientKey::new(exchange.client.ip, self.ipv6_prefix);
        (KeySource::ClientIp.to_string(), key.to_string())
    }

    /// The first source that the request has, and its value; `None` for the address.
    fn present<'a>(&'a self, exchange: &'a Exchange) -> Option<(&'a KeySource, &'a [u8])> {
        let (source, value) = self.key.iter().find_map(|source| match source {
            KeySource::ClientIp => Some((source, [].as_slice())),
            KeySource::Header(name) => Some((source, exchange.head.headers.get(name)?.as_bytes())),
            KeySource::Cookie(name) => Some((source, cookie(exchange, name)?)),
        })?;
        (!value.is_empty()).then_some((source, value))
    }
}

/// The value of the first cookie of this name (RFC 6265 §4.2).
fn cookie<'a>(exchange: &'a Exchange, name: &str) -> Option<&'a [u8]> {
    let lines = exchange.head.headers.get_all(header::COOKIE).iter();
    lines
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'))
        .find_map(|pair| {
            let value = pair
                .trim_ascii()
                .strip_prefix(name.as_bytes())?
                .strip_prefix(b"=")?;
            Some(value)
        })
}

impl Check for RateLimit {
    fn check(&self, exchange: &Exchange, now: Instant) -> Verdict {
        self.verdict(&self.limiter.peek(self.key(exchange), now))
    }
}

/// `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11) on the answers of a route.
#[derive(Debug)]
pub struct QuotaHeaders {
    policy: HeaderValue,
    /// Name of each limit, and whether it is announced before it refuses.
    limits: Vec<(String, bool)>,
}

impl QuotaHeaders {
    /// Renders what stays the same: for each limit its name, count and window, and whether it is announced.
    pub fn new(limits: &[(String, u32, Duration, bool)]) -> Option<Self> {
        let each = limits
            .iter()
            .map(|(name, count, window, _)| format!("\"{name}\";q={count};w={}", window.as_secs().max(1)));
        let policy = HeaderValue::from_str(&each.collect::<Vec<_>>().join(", ")).ok()?;
        let limits = limits
            .iter()
            .map(|(name, _, _, announce)| (name.clone(), *announce))
            .collect();
        Some(Self { policy, limits })
    }
}

impl Edit for QuotaHeaders {
    type Note = ();

    fn before(&self, _exchange: &Exchange) {}

    fn after(&self, (): (), exchange: &Exchange, response: &mut Response) {
        let Some(quota) = &exchange.notes.quota else {
            return;
        };
        let Some((name, announce)) = self.limits.get(quota.limit) else {
            return;
        };
        let refused = exchange.notes.refusal == Some("rate_limited");
        if !(refused || *announce) {
            return;
        }
        let mut left = String::with_capacity(48);
        let written = write!(
            left,
            "\"{name}\";r={};t={}",
            quota.remaining,
            whole_seconds(quota.reset)
        );
        if let (Ok(()), Ok(left)) = (written, HeaderValue::from_maybe_shared(bytes::Bytes::from(left))) {
            response
                .headers_mut()
                .insert(RATELIMIT_POLICY, self.policy.clone());
            response.headers_mut().insert(RATELIMIT, left);
        }
    }
}

/// Rounded up: a client that waits this long never comes too early.
pub fn whole_seconds(period: Duration) -> u64 {
    period.as_secs() + u64::from(period.subsec_nanos() > 0)
}

impl Describe for QuotaHeaders {
    fn describe(&self) -> Vec<String> {
        let announced = |(name, told): &(String, bool)| {
            let when = if *told { "always" } else { "when it refuses" };
            format!("`{name}` is told {when}")
        };
        self.limits.iter().map(announced).collect()
    }
}

impl Describe for RateLimit {
    fn describe(&self) -> Vec<String> {
        let (count, period) = self.limiter.quota();
        let period = Period(period);
        vec![if self.limiter.is_bucket() {
            format!("bucket of {count}, filled in {period}")
        } else {
            format!("{count} in any {period}")
        }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::body::Body;
    use crate::layers::fixture::{exchange, with};

    const MINUTE: Duration = Duration::from_mins(1);

    fn limit(count: u32, key: Vec<KeySource>) -> RateLimit {
        RateLimit {
            place: 0,
            key,
            ipv6_prefix: 64,
            limiter: Arc::new(Limiter::window(count, MINUTE)),
        }
    }

    #[test]
    fn asking_spends_nothing_and_taking_does() {
        let rule = limit(1, vec![KeySource::ClientIp]);
        let (request, now) = (exchange("GET", "/"), Instant::now());
        for _ in 0..3 {
            assert!(matches!(rule.check(&request, now), Verdict::Left(_)));
        }
        assert!(matches!(
            rule.take(&request, now),
            Verdict::Left(Quota { remaining: 0, .. })
        ));
        assert!(matches!(
            rule.take(&request, now),
            Verdict::Refuse(Refusal::RateLimited(_))
        ));
    }

    #[test]
    fn the_first_key_present_counts_and_the_address_if_none_is() {
        let header = KeySource::Header(HeaderName::from_static("x-user-id"));
        let rule = limit(1, vec![header, KeySource::Cookie("session".into())]);
        let now = Instant::now();
        let anna = with(exchange("GET", "/"), "x-user-id", "anna");
        let session = with(exchange("GET", "/"), "cookie", "a=b; session=42");
        for request in [&anna, &session, &exchange("GET", "/")] {
            assert!(matches!(rule.take(request, now), Verdict::Left(_)));
            assert!(matches!(rule.take(request, now), Verdict::Refuse(_)));
        }
    }

    #[test]
    fn the_headers_say_what_is_left() {
        let rule = QuotaHeaders::new(&[("auth".into(), 5, MINUTE, true)]).expect("a header value");
        let mut request = exchange("GET", "/");
        let reset = Duration::from_millis(1500);
        request.notes.quota = Some(Quota {
            limit: 0,
            remaining: 4,
            reset,
            retry_after: Duration::ZERO,
        });
        let mut response = Response::new(Body::Empty);
        rule.after((), &request, &mut response);
        assert_eq!(response.headers()["ratelimit-policy"], "\"auth\";q=5;w=60");
        assert_eq!(response.headers()["ratelimit"], "\"auth\";r=4;t=2");
    }
}
