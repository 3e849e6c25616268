#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use crate::http::fields;

const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

fn of(headers: &HeaderMap) -> Trace {
    Trace::of(headers, || false)
}

/// What the upstream gets of these headers.
fn pass_on(trace: &Trace, headers: &mut HeaderMap) {
    let received = headers.clone();
    fields::retain(headers, |name| !trace.ends(name, &received));
    if !trace.is_given() {
        headers.insert(TRACEPARENT, trace.parent().clone());
    }
}

#[test]
fn a_well_formed_parent_is_kept() {
    let mut headers = headers(&[(TRACEPARENT, GIVEN)]);
    let trace = of(&headers);
    assert!(trace.is_given());
    assert_eq!(trace.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(trace.span_id(), "00f067aa0ba902b7");
    pass_on(&trace, &mut headers);
    assert_eq!(headers[TRACEPARENT], GIVEN);
}

#[test]
fn anything_else_is_replaced() {
    for bad in [
        "",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
        "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
        " 0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ] {
        let mut headers = headers(&[(TRACEPARENT, bad), (TRACESTATE, "vendor=1")]);
        let trace = of(&headers);
        assert!(!trace.is_given(), "{bad}");
        pass_on(&trace, &mut headers);
        assert_eq!(headers.get_all(TRACEPARENT).iter().count(), 1);
        assert!(is_parent(headers[TRACEPARENT].as_bytes()));
        assert!(!headers.contains_key(TRACESTATE), "{bad}");
    }
}

#[test]
fn two_parents_are_none() {
    let mut headers = headers(&[(TRACEPARENT, GIVEN), (TRACEPARENT, GIVEN)]);
    let trace = of(&headers);
    pass_on(&trace, &mut headers);
    assert!(!trace.is_given());
    assert_eq!(headers.get_all(TRACEPARENT).iter().count(), 1);
}

#[test]
fn state_is_passed_on_with_its_parent_if_it_is_short_and_printable() {
    let long = format!("v={}", "x".repeat(LONGEST_STATE));
    let many = vec!["a=1"; MOST_ENTRIES + 1].join(",");
    for (state, kept) in [
        ("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", true),
        (long.as_str(), false),
        (many.as_str(), false),
        ("v=\u{e4}", false),
    ] {
        let mut headers = headers(&[(TRACEPARENT, GIVEN), (TRACESTATE, state)]);
        pass_on(&of(&headers), &mut headers);
        assert_eq!(headers.contains_key(TRACESTATE), kept, "{state}");
    }
    let mut alone = headers(&[(TRACESTATE, "rojo=1")]);
    pass_on(&of(&alone), &mut alone);
    assert!(!alone.contains_key(TRACESTATE));
}

#[test]
fn a_new_parent_is_written_as_the_standard_says() {
    let text = fresh(
        0x0123_4567_89ab_cdef_0123_4567_89ab_cdef,
        0xfedc_ba98_7654_3210,
        true,
    );
    assert_eq!(text, "00-0123456789abcdef0123456789abcdef-fedcba9876543210-01");
    assert_eq!(
        fresh(1, 1, false),
        "00-00000000000000000000000000000001-0000000000000001-00"
    );
    assert!(is_parent(text.as_bytes()));
    let none = HeaderMap::new();
    assert_ne!(of(&none).trace_id(), of(&none).trace_id());
}
