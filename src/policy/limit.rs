//! `[limits.NAME]`: named request budgets. A limit here does nothing until a route (or `[defaults]`)
//! names it in `limits`; one budget per key is then shared by all the routes that name it.

use std::fmt;
use std::num::NonZeroU32;

use serde::{Deserialize, Deserializer};

use super::units::{Rate, one_or_many, text_type};

/// `[limits.NAME]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// How many requests in how long: `"100/minute"`. Required.
    pub rate: Rate,
    /// How many may come at once beyond the even pace. With a burst the limit is a token bucket;
    /// without (the default) a sliding window, where request 101 of `"100/minute"` is refused.
    #[serde(default)]
    pub burst: Option<NonZeroU32>,
    /// What is counted apart: one key or a list, of which the first present in the request is taken.
    /// Default `"client_ip"`. A header is the client's to write: pair it with a limit per address.
    #[serde(default = "client_ip", deserialize_with = "some_keys")]
    pub key: Vec<LimitKey>,
    /// `"enforce"`, or `"shadow"`: count and log what would have been refused. Default `"enforce"`.
    #[serde(default)]
    pub mode: Mode,
    /// Whether answers carry `RateLimit` and `RateLimit-Policy`. Default true.
    #[serde(default = "announced")]
    pub announce: bool,
}

/// What a limit counts apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LimitKey {
    /// `"client_ip"`: the client's address, IPv6 shortened to `client.ipv6_prefix`.
    ClientIp,
    /// `"header:NAME"`: the value of a request header, its name in lower case.
    Header(String),
    /// `"cookie:NAME"`: the value of a cookie.
    Cookie(String),
}

/// What a limit does to a request over its budget.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Refuse it.
    #[default]
    Enforce,
    /// Count it, log it, let it pass.
    Shadow,
}

text_type!(LimitKey, "\"client_ip\", \"header:NAME\" or \"cookie:NAME\"");

impl TryFrom<&str> for LimitKey {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let text = text.trim();
        match text.split_once(':') {
            None if text == "client_ip" => Ok(Self::ClientIp),
            Some(("header", name)) if is_token(name) => Ok(Self::Header(name.to_ascii_lowercase())),
            Some(("cookie", name)) if is_token(name) => Ok(Self::Cookie(name.to_owned())),
            Some(("header" | "cookie", name)) => Err(format!(
                "`{name}` is not a name of a header or cookie: use letters, digits and `-`"
            )),
            _ if [
                "ip",
                "client",
                "remote_addr",
                "$binary_remote_addr",
                "$remote_addr",
                "src",
                "client-ip",
            ]
            .contains(&text) =>
            {
                Err(format!("`{text}` has another name here: write \"client_ip\""))
            }
            _ if text.starts_with("X-") || text.starts_with("x-") || text == "authorization" => Err(format!(
                "`{text}` alone could be a header or a cookie: write \"header:{text}\""
            )),
            _ => Err(format!(
                "`{text}` is nothing to count by: write \"client_ip\", \"header:NAME\" or \"cookie:NAME\""
            )),
        }
    }
}

impl fmt::Display for LimitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClientIp => f.write_str("client_ip"),
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Cookie(name) => write!(f, "cookie:{name}"),
        }
    }
}

/// A `token` of RFC 9110, 5.6.2: what header and cookie names are made of.
fn is_token(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty() && name.bytes().all(allowed)
}

fn some_keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<LimitKey>, D::Error> {
    let keys: Vec<LimitKey> = one_or_many(deserializer)?;
    if keys.is_empty() {
        return Err(serde::de::Error::custom(
            "a limit without a key counts nothing: write \"client_ip\", or leave `key` out",
        ));
    }
    Ok(keys)
}

fn client_ip() -> Vec<LimitKey> {
    vec![LimitKey::ClientIp]
}

fn announced() -> bool {
    true
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_word_or_a_list() {
        let key = |text: &str| {
            toml::from_str::<Limit>(&format!("rate = \"1/s\"\n{text}"))
                .unwrap()
                .key
        };
        assert_eq!(key(""), [LimitKey::ClientIp]);
        assert_eq!(key("key = \"cookie:Sid\""), [LimitKey::Cookie("Sid".into())]);
        assert_eq!(
            key("key = [\"header:X-User\", \"client_ip\"]"),
            [LimitKey::Header("x-user".into()), LimitKey::ClientIp]
        );
    }

    #[test]
    fn keys_that_count_nothing_are_refused() {
        for bad in ["ip", "header:", "header:a b", "header", "query:x", ""] {
            assert!(LimitKey::try_from(bad).is_err(), "{bad}");
        }
        assert!(toml::from_str::<Limit>("rate = \"1/s\"\nkey = []").is_err());
    }

    #[test]
    fn a_burst_is_never_zero_and_a_rate_is_required() {
        assert!(toml::from_str::<Limit>("rate = \"1/s\"\nburst = 0").is_err());
        assert!(toml::from_str::<Limit>("burst = 1").is_err());
    }
}
