//! `security_headers`: what browsers are told, on every answer, refusals included. A preset gives the
//! values; single headers are replaced or switched off by name.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::defaults;
use super::units::{Period, Switch};

/// `security_headers` in `[defaults]` or a route.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SecurityHeaders {
    /// `false` adds none of them. Default true.
    pub enabled: bool,
    /// Which values the headers have that are not named below. Default `"strict"`.
    pub preset: Preset,
    /// `X-Frame-Options`. Default: what the preset says, as for all that follow.
    pub frame_options: Option<Switch<String>>,
    /// `X-Content-Type-Options`.
    pub content_type_options: Option<Switch<String>>,
    /// `Referrer-Policy`.
    pub referrer_policy: Option<Switch<String>>,
    /// `X-XSS-Protection`.
    pub xss_protection: Option<Switch<String>>,
    /// `Permissions-Policy`.
    pub permissions_policy: Option<Switch<String>>,
    /// `Cross-Origin-Opener-Policy`.
    pub cross_origin_opener_policy: Option<Switch<String>>,
    /// `Cross-Origin-Resource-Policy`.
    pub cross_origin_resource_policy: Option<Switch<String>>,
    /// `Strict-Transport-Security`, on https only.
    pub hsts: Hsts,
    /// `Content-Security-Policy`: directives by their standard names, each a list of sources
    /// (`[]` for a directive without any) or `"off"`.
    pub content_security_policy: BTreeMap<String, Switch<Vec<String>>>,
    /// `Content-Security-Policy-Report-Only`: the same, reported and not enforced.
    pub content_security_policy_report_only: BTreeMap<String, Switch<Vec<String>>>,
}

/// A set of header values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// What a new application should live with.
    Strict,
    /// What an older application bears: framed by itself, referrers to other sites.
    Classic,
}

/// `hsts`: RFC 6797.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hsts {
    /// `false` leaves the header out. Default true.
    pub enabled: bool,
    /// How long a browser remembers to use https. Default `"365d"`.
    pub max_age: Period,
    /// Whether it holds for all names below as well. Default true.
    pub include_subdomains: bool,
    /// Whether browsers may build it in. Default false, since it cannot be taken back quickly.
    pub preload: bool,
}

impl Default for SecurityHeaders {
    fn default() -> Self {
        Self {
            enabled: true,
            preset: Preset::Strict,
            frame_options: None,
            content_type_options: None,
            referrer_policy: None,
            xss_protection: None,
            permissions_policy: None,
            cross_origin_opener_policy: None,
            cross_origin_resource_policy: None,
            hsts: Hsts::default(),
            content_security_policy: BTreeMap::new(),
            content_security_policy_report_only: BTreeMap::new(),
        }
    }
}

impl Default for Hsts {
    fn default() -> Self {
        Self {
            enabled: true,
            max_age: defaults::HSTS_MAX_AGE,
            include_subdomains: true,
            preload: false,
        }
    }
}
