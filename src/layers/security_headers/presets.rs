//! What the presets say, header by header.

use http::{HeaderName, header};

use crate::policy::security_headers::{Preset, SecurityHeaders};
use crate::policy::units::Switch;

type Single<'a> = (
    HeaderName,
    &'static str,
    &'a Option<Switch<String>>,
    Option<&'static str>,
);

/// What a preset says of framing and of content.
pub(super) struct Policies {
    /// `X-Frame-Options`.
    pub(super) options: &'static str,
    /// The content security policy about framing alone.
    pub(super) ancestors: &'static str,
    /// The rest of it.
    pub(super) rest: Option<&'static str>,
    /// Both in one.
    pub(super) whole: &'static str,
}

/// Framing by the site itself is what content management, previews and consoles do.
const DEFAULT: Policies = Policies {
    options: "SAMEORIGIN",
    ancestors: "frame-ancestors 'self'",
    rest: None,
    whole: "frame-ancestors 'self'",
};

/// Closes framing, plugins and base-tag injection.
const STRICT: Policies = Policies {
    options: "DENY",
    ancestors: "frame-ancestors 'none'",
    rest: Some("object-src 'none'; base-uri 'self'"),
    whole: "frame-ancestors 'none'; object-src 'none'; base-uri 'self'",
};

/// Framing and content.
pub(super) fn policies(preset: Preset) -> &'static Policies {
    match preset {
        Preset::Default => &DEFAULT,
        Preset::Strict => &STRICT,
    }
}

/// The headers of one value each but for framing: name, key, what is written, and what the preset says.
pub(super) fn singles(table: &SecurityHeaders) -> [Single<'_>; 7] {
    let strict = |value| (table.preset == Preset::Strict).then_some(value);
    let name = |name| HeaderName::from_static(name);
    [
        (
            header::X_FRAME_OPTIONS,
            "frame_options",
            &table.frame_options,
            None,
        ),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            "content_type_options",
            &table.content_type_options,
            Some("nosniff"),
        ),
        (
            header::REFERRER_POLICY,
            "referrer_policy",
            &table.referrer_policy,
            Some("strict-origin-when-cross-origin"),
        ),
        // The filter it steers is gone from browsers and was itself a hole (T14).
        (
            header::X_XSS_PROTECTION,
            "xss_protection",
            &table.xss_protection,
            strict("0"),
        ),
        (
            name("permissions-policy"),
            "permissions_policy",
            &table.permissions_policy,
            None,
        ),
        // Without `allow-popups` a login in a window of another site cannot report back.
        (
            name("cross-origin-opener-policy"),
            "cross_origin_opener_policy",
            &table.cross_origin_opener_policy,
            strict("same-origin-allow-popups"),
        ),
        (
            name("cross-origin-resource-policy"),
            "cross_origin_resource_policy",
            &table.cross_origin_resource_policy,
            None,
        ),
    ]
}
