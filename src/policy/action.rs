//! What a route may do beside passing a request on as it came: answer by itself (`redirect`, `respond`), or
//! ask the upstream for another path. Never inherited: an answer belongs to one route.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use super::defaults;
use super::headers::Lines;

/// `redirect` of a route: the client is sent elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redirect {
    /// Where to: `"https://www.example.com{path}{query}"` or `"/new/{id}"`. Segments of `match.path` by
    /// their names, `{rest}` for what its `/*` took, `{path}`, `{query}` (with its question mark), and
    /// `{host}` (without a port) as the host.
    pub to: String,
    /// 301, 302, 303, 307 or 308. Default 307.
    #[serde(default = "redirect_status", deserialize_with = "elsewhere")]
    pub status: u16,
}

/// `respond` of a route: a fixed answer, made when the policy is compiled.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Respond {
    /// 200 to 599. Default 200.
    #[serde(deserialize_with = "answer_status")]
    pub status: u16,
    /// The body as it is sent; nothing is filled in. Default `""`.
    pub body: String,
    /// `Content-Type`. Default `"text/plain; charset=utf-8"`; not sent without a body.
    pub content_type: String,
    /// Further headers, each a value or a list of values. Default `{}`.
    pub headers: BTreeMap<String, Lines>,
}

/// `strip_prefix`, `add_prefix` and `rewrite` of a route: the path the upstream is asked for. The query stays
/// as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rewriting {
    /// The first segments of `match.path`, which the upstream does not see; it is told of them in
    /// `X-Forwarded-Prefix`. Default: none.
    pub strip_prefix: Option<String>,
    /// Put before the path, after `strip_prefix` has gone. Default: nothing.
    pub add_prefix: Option<String>,
    /// A whole new path: `"/items/{id}"`, `"/files/{rest}"`. Not beside the other two. Default: none.
    pub rewrite: Option<String>,
}

impl Default for Respond {
    fn default() -> Self {
        Self {
            status: defaults::RESPOND_STATUS,
            body: String::new(),
            content_type: defaults::RESPOND_CONTENT_TYPE.to_owned(),
            headers: BTreeMap::new(),
        }
    }
}

fn elsewhere<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    match u16::deserialize(deserializer)? {
        status @ (301 | 302 | 303 | 307 | 308) => Ok(status),
        status => Err(serde::de::Error::custom(format!(
            "`{status}` sends nobody elsewhere: write 307 for now, 308 for good; 302, 301 and 303 let browsers turn POST into GET"
        ))),
    }
}

fn answer_status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    match u16::deserialize(deserializer)? {
        status @ 200..=599 => Ok(status),
        status => Err(serde::de::Error::custom(format!(
            "`{status}` is no status of an answer: write 200 to 599"
        ))),
    }
}

fn redirect_status() -> u16 {
    defaults::REDIRECT_STATUS
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_needs_only_where_to() {
        let redirect: Redirect = toml::from_str("to = '/new'").unwrap();
        assert_eq!((redirect.to.as_str(), redirect.status), ("/new", 307));
        assert!(toml::from_str::<Redirect>("status = 308").is_err());
    }

    #[test]
    fn an_answer_needs_nothing() {
        assert_eq!(toml::from_str::<Respond>("").unwrap(), Respond::default());
    }
}
