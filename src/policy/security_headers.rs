//! `security_headers`: what browsers are told, on every answer, refusals included. A preset adds what
//! the application did not send; single headers are set or switched off by name.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserialize as Read, Deserializer, Error};

use super::defaults;
use super::units::{Period, Switch};

/// `security_headers` in `[defaults]` or a route.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SecurityHeaders {
    /// `false` adds none of them. Default true.
    pub enabled: bool,
    /// Which headers are added where the application sent none. Default `"default"`; `"strict"` adds more.
    pub preset: Preset,
    /// `true` writes the preset's headers over the application's own, its content security policy included.
    /// Default false.
    #[serde(rename = "override")]
    pub overrides: bool,
    /// `X-Frame-Options`, set over the application's, as all that follow; `"off"` leaves it to the application.
    /// Default: what the preset adds. `"off"` takes the preset's `frame-ancestors` away, too.
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
    /// `Strict-Transport-Security`, on https only. Default: added in production where the application sent none.
    /// A table that is written holds in every environment and is set over the application's.
    pub hsts: Option<Hsts>,
    /// `Content-Security-Policy`: directives by their standard names, each a list of sources
    /// (`[]` for a directive without any) or `"off"`.
    pub content_security_policy: BTreeMap<String, Switch<Vec<String>>>,
    /// `Content-Security-Policy-Report-Only`: the same, reported and not enforced.
    pub content_security_policy_report_only: BTreeMap<String, Switch<Vec<String>>>,
}

/// A set of headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// What no sound application notices, and protection against being framed by other sites.
    Default,
    /// What a new application should live with.
    Strict,
}

impl<'de> Read<'de> for Preset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "default" => Ok(Self::Default),
            "strict" => Ok(Self::Strict),
            "classic" => Err(Error::custom(
                "there is no preset `classic`: write \"default\", and `xss_protection = \"1; mode=block\"` for the old header",
            )),
            other => Err(Error::unknown_variant(other, &["default", "strict"])),
        }
    }
}

/// `hsts`: RFC 6797.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hsts {
    /// `false` leaves the header out. Default true.
    pub enabled: bool,
    /// How long a browser remembers to use https. Default `"365d"`.
    pub max_age: Period,
    /// Whether it holds for all names below as well, those without a certificate included. Default false.
    pub include_subdomains: bool,
    /// Whether browsers may build it in. Default false, since it cannot be taken back quickly.
    pub preload: bool,
}

impl Default for SecurityHeaders {
    fn default() -> Self {
        Self {
            enabled: true,
            preset: Preset::Default,
            overrides: false,
            frame_options: None,
            content_type_options: None,
            referrer_policy: None,
            xss_protection: None,
            permissions_policy: None,
            cross_origin_opener_policy: None,
            cross_origin_resource_policy: None,
            hsts: None,
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
            include_subdomains: false,
            preload: false,
        }
    }
}
