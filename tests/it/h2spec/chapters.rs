//! Where each case of h2spec (2.6: `generic`, `http2`, `hpack`, 147 with `--strict`) is written down here. Its sections are
//! those of RFC 7540 and of its own list; ours are those of RFC 9113 (RFC 7541 for header compression).

use std::collections::HashSet;

use super::{Case, blocks, control, generic, hpack, messages, shapes, states, windows};

/// How many cases its section has, and where ours are.
struct Chapter {
    theirs: &'static str,
    count: usize,
    table: &'static [Case],
    ours: &'static str,
}

const fn chapter(theirs: &'static str, count: usize, table: &'static [Case], ours: &'static str) -> Chapter {
    Chapter {
        theirs,
        count,
        table,
        ours,
    }
}

static CHAPTERS: &[Chapter] = &[
    chapter("generic/1 Starting HTTP/2", 1, generic::CASES, "§3.4"),
    chapter("generic/2 Streams and Multiplexing", 5, generic::CASES, "§5.1"),
    chapter("generic/3.1 DATA", 3, generic::CASES, "§6.1"),
    chapter("generic/3.2 HEADERS", 3, generic::CASES, "§6.2"),
    chapter("generic/3.3 PRIORITY", 5, generic::CASES, "§6.3"),
    chapter("generic/3.4 RST_STREAM", 1, generic::CASES, "§6.4"),
    chapter("generic/3.5 SETTINGS", 1, generic::CASES, "§6.5"),
    chapter("generic/3.7 PING", 1, generic::CASES, "§6.7"),
    chapter("generic/3.8 GOAWAY", 1, generic::CASES, "§6.8"),
    chapter("generic/3.9 WINDOW_UPDATE", 2, generic::CASES, "§6.9"),
    chapter("generic/3.10 CONTINUATION", 2, generic::CASES, "§6.10"),
    chapter("generic/4 HTTP Message Exchanges", 4, generic::CASES, "§8.1"),
    chapter("generic/5 HPACK: indexed", 1, generic::hpack::CASES, "§6.1"),
    chapter(
        "generic/5 HPACK: to be indexed",
        4,
        generic::hpack::CASES,
        "§6.2.1",
    ),
    chapter("generic/5 HPACK: not indexed", 4, generic::hpack::CASES, "§6.2.2"),
    chapter(
        "generic/5 HPACK: never indexed",
        4,
        generic::hpack::CASES,
        "§6.2.3",
    ),
    chapter("generic/5 HPACK: size updates", 2, generic::hpack::CASES, "§6.3"),
    chapter("http2/3.5 HTTP/2 Connection Preface", 2, shapes::CASES, "§3.4"),
    chapter("http2/4.1 Frame Format", 3, shapes::CASES, "§4.1"),
    chapter("http2/4.2 Frame Size", 3, shapes::CASES, "§4.2"),
    chapter("http2/4.3 Header Compression", 3, blocks::CASES, "§4.3"),
    chapter("http2/5.1 Stream States", 13, states::CASES, "§5.1"),
    chapter("http2/5.1.1 Stream Identifiers", 2, states::CASES, "§5.1.1"),
    chapter("http2/5.1.2 Stream Concurrency", 1, states::CASES, "§5.1.2"),
    chapter("http2/5.3.1 Stream Dependencies", 2, states::CASES, "§5.3.1"),
    chapter("http2/5.4.1 Connection Errors", 2, shapes::CASES, "§5.4.1"),
    chapter("http2/5.5 Extending HTTP/2", 2, shapes::CASES, "§5.5"),
    chapter("http2/6.1 DATA", 3, shapes::CASES, "§6.1"),
    chapter("http2/6.2 HEADERS", 4, shapes::CASES, "§6.2"),
    chapter("http2/6.3 PRIORITY", 2, control::CASES, "§6.3"),
    chapter("http2/6.4 RST_STREAM", 3, control::CASES, "§6.4"),
    chapter("http2/6.5 SETTINGS", 3, control::CASES, "§6.5"),
    chapter("http2/6.5.2 SETTINGS Parameters", 5, control::CASES, "§6.5.2"),
    chapter(
        "http2/6.5.3 Settings Synchronization",
        2,
        control::CASES,
        "§6.5.3",
    ),
    chapter("http2/6.7 PING", 4, control::CASES, "§6.7"),
    chapter("http2/6.8 GOAWAY", 1, control::CASES, "§6.8"),
    chapter("http2/6.9 WINDOW_UPDATE", 3, windows::CASES, "§6.9"),
    chapter("http2/6.9.1 The Flow-Control Window", 3, windows::CASES, "§6.9.1"),
    chapter("http2/6.9.2 Initial Window Size", 3, windows::CASES, "§6.9.2"),
    chapter("http2/6.10 CONTINUATION", 6, blocks::CASES, "§6.10"),
    chapter("http2/7 Error Codes", 2, control::CASES, "§7"),
    chapter("http2/8.1 Request/Response Exchange", 1, messages::CASES, "§8.1"),
    chapter("http2/8.1.2 Header Fields", 1, messages::CASES, "§8.2.1"),
    chapter("http2/8.1.2.1 Pseudo-Header Fields", 4, messages::CASES, "§8.3"),
    chapter(
        "http2/8.1.2.2 Connection-Specific Fields",
        2,
        messages::CASES,
        "§8.2.2",
    ),
    chapter(
        "http2/8.1.2.3 Request Pseudo-Header Fields",
        7,
        messages::CASES,
        "§8.3.1",
    ),
    chapter("http2/8.1.2.6 Malformed Requests", 2, messages::CASES, "§8.1.1"),
    chapter("http2/8.2 Server Push", 1, messages::CASES, "§8.4"),
    chapter("hpack/2.3.3 Index Address Space", 2, hpack::CASES, "§2.3.3"),
    chapter("hpack/4.2 Maximum Table Size", 1, hpack::CASES, "§4.2"),
    chapter("hpack/5.2 String Literals", 3, hpack::CASES, "§5.2"),
    chapter("hpack/6.1 Indexed Header Field", 1, hpack::CASES, "§6.1"),
    chapter("hpack/6.3 Dynamic Table Size Update", 1, hpack::CASES, "§6.3"),
];

/// What its lists come to.
const GENERIC: usize = 44;
const HTTP2: usize = 95;
const HPACK: usize = 8;

/// What a case is about: its name up to the first blank or colon.
fn section(case: &Case) -> &str {
    case.name.split([' ', ':']).next().unwrap_or_default()
}

#[test]
fn every_case_is_written_down_and_none_is_counted_twice() {
    for chapter in CHAPTERS {
        let found = chapter.table.iter().filter(|case| section(case) == chapter.ours);
        assert_eq!(found.count(), chapter.count, "{}", chapter.theirs);
    }
    let of = |suite: &str| -> usize {
        let chapters = CHAPTERS
            .iter()
            .filter(|chapter| chapter.theirs.starts_with(suite));
        chapters.map(|chapter| chapter.count).sum()
    };
    assert_eq!(
        (of("generic/"), of("http2/"), of("hpack/")),
        (GENERIC, HTTP2, HPACK)
    );
    let places: HashSet<_> = CHAPTERS
        .iter()
        .map(|chapter| (chapter.table.as_ptr(), chapter.ours))
        .collect();
    assert_eq!(places.len(), CHAPTERS.len());
    // And no case is beyond the list.
    let tables: HashSet<_> = CHAPTERS
        .iter()
        .map(|chapter| (chapter.table.as_ptr(), chapter.table.len()))
        .collect();
    let written: usize = tables.iter().map(|(_, count)| count).sum();
    assert_eq!(written, GENERIC + HTTP2 + HPACK);
}
