//! `access`: which addresses a route is open to. It knows addresses only; who somebody is, is not judged here.

use serde::Deserialize;

use super::units::{Network, Switch, one_or_many};

/// `access` in `[defaults]` or a route, judged on the client's address as `[client]` finds it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Access {
    /// `false` lets everybody in. Default true, which does nothing without `allow` or `deny`.
    pub enabled: bool,
    /// Only these come in: CIDRs, addresses, or the names `loopback`, `private`, `cloudflare`.
    /// Default `"off"`: everybody not denied.
    pub allow: Switch<Networks>,
    /// These do not, whatever `allow` says. Default `[]`.
    #[serde(deserialize_with = "one_or_many")]
    pub deny: Vec<Network>,
}

/// A list of networks, or one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Networks(#[serde(deserialize_with = "one_or_many")] pub Vec<Network>);

impl Default for Access {
    fn default() -> Self {
        Self {
            enabled: true,
            allow: Switch::Off,
            deny: Vec::new(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn everybody_comes_in_unless_said_otherwise() {
        let access: Access = toml::from_str("").unwrap();
        assert_eq!(access, Access::default());
        let access: Access = toml::from_str("allow = 'off'").unwrap();
        assert_eq!(access.allow, Switch::Off);
    }

    #[test]
    fn an_empty_list_is_not_the_same_as_off() {
        let access: Access = toml::from_str("allow = []").unwrap();
        assert_eq!(access.allow, Switch::On(Networks(Vec::new())));
    }

    #[test]
    fn one_network_needs_no_brackets() {
        let access: Access = toml::from_str("allow = '10.0.0.0/8'\ndeny = ['10.1.2.3', 'loopback']").unwrap();
        assert_eq!(access.allow.as_ref().unwrap().0[0].name, "10.0.0.0/8");
        assert_eq!(access.deny.len(), 2);
    }
}
