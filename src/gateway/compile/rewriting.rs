//! `strip_prefix`, `add_prefix` and `rewrite` → the path the upstream is asked for. What could make an ambiguous
//! path is refused here, so that at run time only the client's part is looked at.

use super::paths::{capture, parse, wrong_sign};
use crate::gateway::router::PathPattern;
use crate::http::path::has_plain_segments;
use crate::http::template::Part;
use crate::layers::rewrite::{Piece, Rewrite};
use crate::policy::Rewriting;
use crate::policy::problem::At;

pub(super) fn compile(table: &Rewriting, pattern: &PathPattern, at: &At<'_>) -> Option<Rewrite> {
    let Rewriting {
        strip_prefix,
        add_prefix,
        rewrite,
    } = table;
    if let Some(text) = rewrite {
        for (key, said) in [("strip_prefix", strip_prefix), ("add_prefix", add_prefix)] {
            if said.is_some() {
                at.key(key)
                    .fault(format!("`{key}` and `rewrite` both say what the path becomes"))
                    .help("keep one; `rewrite` can hold the prefix itself");
            }
        }
        return template(text, pattern, &at.key("rewrite"));
    }
    if strip_prefix.is_none() && add_prefix.is_none() {
        return None;
    }
    let strip = match strip_prefix {
        Some(prefix) => stripped(prefix, pattern, &at.key("strip_prefix"))?,
        None => 0,
    };
    let add = match add_prefix {
        Some(prefix) => added(prefix, &at.key("add_prefix"))?,
        None => "",
    };
    Some(Rewrite::Prefix {
        strip,
        add: add.into(),
    })
}

/// How many segments go. They must be on every path the route takes: what is stripped is then known beforehand.
fn stripped(prefix: &str, pattern: &PathPattern, at: &At<'_>) -> Option<usize> {
    let Some(inner) = prefix
        .strip_prefix('/')
        .filter(|inner| !inner.is_empty() && !inner.ends_with(['/', '*']))
    else {
        at.fault(format!("`{prefix}` is no prefix of a path"))
            .help("write it with a slash before and none after, such as \"/api\"");
        return None;
    };
    let segments: Vec<_> = inner.split('/').collect();
    if !pattern.parts().take(segments.len()).eq(segments.iter().copied()) {
        at.fault(format!("not every path in `{pattern}` starts with `{prefix}`"))
            .help(format!(
                "write the match as `{prefix}/*`, or strip what it starts with"
            ));
        return None;
    }
    Some(segments.len())
}

fn added<'p>(prefix: &'p str, at: &At<'_>) -> Option<&'p str> {
    if prefix.contains(['{', '}']) {
        at.fault("a prefix is added as it is, nothing is filled in")
            .help("write `rewrite = \"…/{rest}\"` to fill something in");
        return None;
    }
    if !prefix.starts_with('/') || prefix.ends_with('/') {
        at.fault(format!("`{prefix}` is no prefix of a path"))
            .help("write it with a slash before and none after, such as \"/v1\"");
        return None;
    }
    is_path(prefix, prefix, at).then_some(prefix)
}

fn template(text: &str, pattern: &PathPattern, at: &At<'_>) -> Option<Rewrite> {
    let (mut pieces, mut written, mut skeleton) = (Vec::new(), String::new(), String::new());
    for part in parse(text, at)? {
        if matches!(pieces.last(), Some(Piece::Rest(_))) {
            at.fault("something follows `{rest}`, which is the end of a path")
                .help("write `{rest}` last");
            return None;
        }
        match part {
            Part::Text(text) => {
                written.push_str(&text);
                skeleton.push_str(&text);
                pieces.push(Piece::Text(text.into()));
            }
            Part::Slot(name) => {
                let piece = capture(&name, pattern, &[], at)?;
                if matches!(piece, Piece::Rest(_)) && !skeleton.ends_with('/') {
                    at.fault("`{rest}` may hold several segments, or none")
                        .help("write a slash before it");
                    return None;
                }
                // A segment is never empty, so neither is what takes its place here.
                skeleton.push('x');
                pieces.push(piece);
            }
        }
    }
    if !skeleton.starts_with('/') {
        at.fault("a path starts with a slash")
            .help("write it with a slash before, such as \"/items/{id}\"");
        return None;
    }
    is_path(&written, &skeleton, at).then_some(Rewrite::Template(pieces))
}

/// Whether this can be a path, with nothing in it that is read in two ways.
fn is_path(written: &str, skeleton: &str, at: &At<'_>) -> bool {
    if written.contains(['?', '#']) {
        at.fault("a path holds no `?` and no `#`")
            .help("leave it out: the query stays as the client sent it");
    } else if let Some(sign) = wrong_sign(written) {
        at.fault(format!("`{sign}` cannot stand in a path"))
            .help("write it percent-encoded, such as `%20` for a space");
    } else if !has_plain_segments(skeleton) {
        at.fault("there is an empty segment, `.`, `..` or an escaped separator in this path")
            .help("write the path it leads to, with single slashes");
    } else {
        return true;
    }
    false
}
