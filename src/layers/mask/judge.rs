//! Whether a text leaks: all signatures in one pass, over the text as it came and as it is once its escapes are
//! resolved.

use std::sync::LazyLock;

use regex::bytes::{RegexSet, RegexSetBuilder};

use super::escapes;
use super::signatures::{self, Kind, Signature};

/// Rounds of resolving: JSON in a string of JSON, in a page.
const ROUNDS: usize = 3;

/// What was found in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A signature of a kind that counts for this answer.
    Grave(&'static str),
    /// One that does not.
    Light(&'static str),
}

struct Table {
    rows: Vec<&'static Signature>,
    set: RegexSet,
}

/// Compiled once, when the first policy that masks is.
static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let rows: Vec<_> = signatures::all().collect();
    let patterns = rows.iter().map(|row| row.pattern);
    let set = RegexSetBuilder::new(patterns).unicode(false).build();
    Table {
        set: set.expect("the table's expressions are tested"),
        rows,
    }
});

/// Compiles the table, so that no request waits for it.
pub(super) fn prepare() {
    LazyLock::force(&TABLE);
}

/// The first signature of a grave kind, else the first of any.
pub(super) fn find(text: &[u8], grave: impl Fn(Kind) -> bool) -> Option<Found> {
    let mut light = None;
    let mut resolved: Option<Vec<u8>> = None;
    for _ in 0..ROUNDS {
        let text = resolved.as_deref().unwrap_or(text);
        let matches = TABLE.set.matches(text);
        for row in matches.iter().filter_map(|index| TABLE.rows.get(index)) {
            if grave(row.kind) {
                return Some(Found::Grave(row.name));
            }
            light.get_or_insert(row.name);
        }
        match escapes::resolved(text) {
            Some(next) => resolved = Some(next),
            None => break,
        }
    }
    light.map(Found::Light)
}
