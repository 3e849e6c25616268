//! What each preset does to an application's own headers.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::*;
use crate::policy::problem::Problems;
use crate::policy::security_headers::Preset;

const COOP: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

fn preset(preset: Preset) -> settings::SecurityHeaders {
    settings::SecurityHeaders {
        preset,
        ..settings::SecurityHeaders::default()
    }
}

fn dressed(table: &settings::SecurityHeaders, own: &[(HeaderName, &'static str)]) -> HeaderMap {
    secured(table, own, (false, false))
}

fn secured(
    table: &settings::SecurityHeaders,
    own: &[(HeaderName, &'static str)],
    (production, https): (bool, bool),
) -> HeaderMap {
    let problems = Problems::default();
    let rule = SecurityHeaders::compile(table, production, &problems.at()).expect("switched on");
    let mut headers = HeaderMap::new();
    for (name, value) in own {
        headers.append(name, HeaderValue::from_static(value));
    }
    rule.dress(&mut headers, https);
    headers
}

fn all(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let values = headers.get_all(name).iter();
    values
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect()
}

#[test]
fn a_preset_only_fills_gaps() {
    let own = [
        (header::X_FRAME_OPTIONS, "ALLOWALL"),
        (header::REFERRER_POLICY, "no-referrer"),
        (COOP, "same-origin"),
    ];
    for table in [preset(Preset::Default), preset(Preset::Strict)] {
        let headers = dressed(&table, &own);
        for (name, value) in &own {
            assert_eq!(all(&headers, name), [*value]);
        }
        assert_eq!(all(&headers, &header::X_CONTENT_TYPE_OPTIONS), ["nosniff"]);
    }
}

#[test]
fn framing_is_added_where_nobody_has_said_anything_of_it() {
    let table = preset(Preset::Default);
    for (own, options, policies) in [
        (vec![], vec!["SAMEORIGIN"], vec!["frame-ancestors 'self'"]),
        (vec![(header::X_FRAME_OPTIONS, "DENY")], vec!["DENY"], vec![]),
        (
            vec![(CSP, "script-src 'nonce-1', img-src *;Frame-Ancestors\t*")],
            vec![],
            vec!["script-src 'nonce-1', img-src *;Frame-Ancestors\t*"],
        ),
        (
            vec![(CSP, "default-src 'self'; report-uri /frame-ancestors")],
            vec!["SAMEORIGIN"],
            vec![
                "default-src 'self'; report-uri /frame-ancestors",
                "frame-ancestors 'self'",
            ],
        ),
    ] {
        let headers = dressed(&table, &own);
        assert_eq!(all(&headers, &header::X_FRAME_OPTIONS), options, "{own:?}");
        assert_eq!(all(&headers, &CSP), policies, "{own:?}");
    }
}

#[test]
fn the_strict_policy_leaves_framing_out_where_the_application_has_said_it() {
    let strict = preset(Preset::Strict);
    let whole = ["frame-ancestors 'none'; object-src 'none'; base-uri 'self'"];
    assert_eq!(all(&dressed(&strict, &[]), &CSP), whole);
    let own = [(header::X_FRAME_OPTIONS, "SAMEORIGIN")];
    assert_eq!(
        all(&dressed(&strict, &own), &CSP),
        ["object-src 'none'; base-uri 'self'"]
    );
}

#[test]
fn what_is_written_is_set_and_off_leaves_it_to_the_application() {
    let own = [(header::X_FRAME_OPTIONS, "DENY"), (CSP, "script-src 'nonce-1'")];
    let mut table = preset(Preset::Default);
    table.frame_options = Some(Switch::On("SAMEORIGIN".to_owned()));
    let written = dressed(&table, &own);
    assert_eq!(all(&written, &header::X_FRAME_OPTIONS), ["SAMEORIGIN"]);
    assert_eq!(all(&written, &CSP), ["script-src 'nonce-1'"]);
    table.frame_options = Some(Switch::Off);
    let off = dressed(&table, &[]);
    assert_eq!((off.get(CSP), off.get(header::X_FRAME_OPTIONS)), (None, None));
    let directive = ("default-src".to_owned(), Switch::On(vec!["'self'".to_owned()]));
    table.content_security_policy.extend([directive]);
    assert_eq!(all(&dressed(&table, &own), &CSP), ["default-src 'self'"]);
}

#[test]
fn a_preset_that_overrides_is_set_too() {
    let own = [
        (header::X_FRAME_OPTIONS, "ALLOWALL"),
        (CSP, "script-src 'nonce-1'"),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=1"),
    ];
    let mut table = preset(Preset::Strict);
    table.overrides = true;
    let headers = secured(&table, &own, (true, true));
    assert_eq!(all(&headers, &header::X_FRAME_OPTIONS), ["DENY"]);
    assert_eq!(
        all(&headers, &CSP),
        ["frame-ancestors 'none'; object-src 'none'; base-uri 'self'"]
    );
    assert_eq!(
        all(&headers, &header::STRICT_TRANSPORT_SECURITY),
        ["max-age=31536000"]
    );
}

#[test]
fn hsts_is_sent_on_https_in_production_or_if_written() {
    let mut table = preset(Preset::Default);
    let hsts = |table: &settings::SecurityHeaders, own: &[_], place| {
        all(&secured(table, own, place), &header::STRICT_TRANSPORT_SECURITY)
    };
    let own = [(header::STRICT_TRANSPORT_SECURITY, "max-age=1")];
    assert!(hsts(&table, &[], (false, true)).is_empty(), "not in development");
    assert!(hsts(&table, &[], (true, false)).is_empty(), "not over http");
    assert_eq!(hsts(&table, &[], (true, true)), ["max-age=31536000"]);
    assert_eq!(hsts(&table, &own, (true, true)), ["max-age=1"]);
    table.hsts = Some(settings::Hsts {
        include_subdomains: true,
        ..settings::Hsts::default()
    });
    assert_eq!(
        hsts(&table, &own, (false, true)),
        ["max-age=31536000; includeSubDomains"]
    );
}
