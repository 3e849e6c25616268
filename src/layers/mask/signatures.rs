//! The table of what leaks: by framework, language and driver, each with an expression that finds what only it
//! writes. Expressions are over bytes, since a body may be of any encoding; they match a text whose escapes are
//! resolved. What an ordinary page may say must not match: a word alone is not enough.

mod databases;
mod languages;
mod pages;

/// What a signature finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A stack trace, or a piece of one.
    Trace,
    /// A framework's page for developers.
    Page,
    /// The text of a database driver.
    Database,
    /// Where a server or a database is, and how to get in.
    Connection,
    /// A file of the application with a line.
    Path,
}

/// One row.
#[derive(Debug)]
pub(super) struct Signature {
    /// Whose it is: for the log.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// A regular expression over bytes.
    pub(super) pattern: &'static str,
}

/// The table. The first row that matches gives the name.
pub(super) fn all() -> impl Iterator<Item = &'static Signature> {
    let tables = [databases::TABLE, pages::TABLE, languages::TABLE];
    tables.into_iter().flatten()
}

const fn row(name: &'static str, kind: Kind, pattern: &'static str) -> Signature {
    Signature { name, kind, pattern }
}
