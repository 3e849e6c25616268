//! `[[routes]]`: which requests, where to, and by which settings. The order of the file is the order
//! of matching; nothing here decides it.

use serde::Deserialize;

use super::action::{Redirect, Respond, Rewriting};
use super::settings::Settings;
use super::units::one_or_many;

/// `[[routes]]`: a route's own keys, and its settings merged over `[defaults]`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Route {
    /// What logs and metrics call the route. Default: its path.
    pub name: Option<String>,
    /// Which requests it takes (key `match`). Default: all.
    pub matches: Match,
    /// The upstream that answers. May be left out where the policy has exactly one. A route has one of
    /// `upstream`, `redirect` and `respond`.
    pub upstream: Option<String>,
    /// Sends the client elsewhere. Default: none.
    pub redirect: Option<Redirect>,
    /// Answers with something fixed. Default: none.
    pub respond: Option<Respond>,
    /// Which path the upstream is asked for (keys `strip_prefix`, `add_prefix`, `rewrite`). Default: the
    /// one the client asked for.
    pub rewriting: Rewriting,
    /// Everything else: `[defaults]`, with what the route itself says laid over it.
    pub settings: Settings,
}

/// The keys of a route that are never inherited.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RouteHead {
    /// What logs and metrics call the route. Default: its path.
    pub(super) name: Option<String>,
    /// Which requests it takes. Default: all.
    #[serde(rename = "match")]
    pub(super) matches: Match,
    /// The upstream that answers. May be left out where the policy has exactly one. A route has one of
    /// `upstream`, `redirect` and `respond`.
    pub(super) upstream: Option<String>,
    /// Sends the client elsewhere. Default: none.
    pub(super) redirect: Option<Redirect>,
    /// Answers with something fixed. Default: none.
    pub(super) respond: Option<Respond>,
    /// The first segments of `match.path`, which the upstream does not see; it is told of them in
    /// `X-Forwarded-Prefix`. Default: none.
    pub(super) strip_prefix: Option<String>,
    /// Put before the path, after `strip_prefix` has gone. Default: nothing.
    pub(super) add_prefix: Option<String>,
    /// A whole new path: `"/items/{id}"`, `"/files/{rest}"`. Not beside the other two. Default: none.
    pub(super) rewrite: Option<String>,
}

impl RouteHead {
    /// The whole route.
    pub(super) fn with(self, settings: Settings) -> Route {
        Route {
            name: self.name,
            matches: self.matches,
            upstream: self.upstream,
            redirect: self.redirect,
            respond: self.respond,
            rewriting: Rewriting {
                strip_prefix: self.strip_prefix,
                add_prefix: self.add_prefix,
                rewrite: self.rewrite,
            },
            settings,
        }
    }
}

/// `match` of a route: all that is said must hold.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Match {
    /// `"/exact"`, `"/prefix/*"` (also matches `/prefix`), or `"/items/{id}"`, where `{id}` is one
    /// segment that is not empty. Default `"/*"`.
    pub path: String,
    /// Host names, one or a list; `"*.example.com"` takes one or more labels before, not
    /// `example.com` itself. Default `[]`: any.
    #[serde(deserialize_with = "one_or_many")]
    pub host: Vec<String>,
    /// Request methods; `GET` includes `HEAD`. Default `[]`: any.
    pub methods: Vec<String>,
}

impl Default for Match {
    fn default() -> Self {
        Self {
            path: "/*".to_owned(),
            host: Vec::new(),
            methods: Vec::new(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_one_or_many() {
        let host = |text: &str| toml::from_str::<Match>(text).unwrap().host;
        assert_eq!(host("host = \"a\""), ["a"]);
        assert_eq!(host("host = [\"a\", \"b\"]"), ["a", "b"]);
        assert!(host("").is_empty());
    }

    #[test]
    fn a_route_takes_everything_unless_said_otherwise() {
        assert_eq!(Match::default().path, "/*");
    }
}
