//! Headers that only a proxy may write: they tell an application another path, method, user or scheme than those that
//! were judged here. A proxy before us may pass on what a stranger wrote, so they are taken off whoever sends them;
//! trust is for addresses. Names are compared as CGI does, which has one variable for `-`, `_` and case.

use http::HeaderName;

mod table;

use table::{FAMILIES, NAMES};

/// What a header is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Written by us, so taken from nobody.
    Ours,
    /// The request's way here, the client's address above all: taken from trusted proxies.
    Way,
    /// Which path is asked for, or where the application is mounted.
    Path,
    /// What is done to it.
    Method,
    /// The same, and written by clients that cannot send every method.
    Override,
    /// Who asks.
    User,
    /// Whether the client speaks https.
    Scheme,
    /// The server and its socket, in CGI's words.
    Server,
    /// Which files a proxy sends in the application's place.
    File,
}

/// The names that the operator lets pass.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keep(Vec<HeaderName>);

impl Kind {
    /// Whether a stranger's may be let pass: with none of these is anybody else reached or believed.
    pub fn is_for_strangers(self) -> bool {
        matches!(self, Self::Method | Self::Override | Self::File)
    }
}

impl Keep {
    /// Lets these pass, each in just this spelling.
    pub fn new(names: Vec<HeaderName>) -> Self {
        Self(names)
    }

    /// Whether a header of this kind, from a trusted proxy or not, is among them.
    pub fn lets_pass(&self, name: &HeaderName, kind: Kind, peer_trusted: bool) -> bool {
        (peer_trusted || kind.is_for_strangers()) && self.0.contains(name)
    }

    /// The names.
    pub fn names(&self) -> &[HeaderName] {
        &self.0
    }
}

/// What a header is about, if it is one that only a proxy may write. `name` is in lower case.
pub fn kind(name: &str) -> Option<Kind> {
    if may_be_one(name.as_bytes()) {
        find(name)
    } else {
        None
    }
}

fn find(name: &str) -> Option<Kind> {
    let mut all = NAMES
        .iter()
        .flat_map(|(kind, names)| names.iter().map(move |one| (kind, one)));
    let exact = all.find(|(_, one)| one.len() == name.len() && starts_with(name, one));
    let family = || FAMILIES.iter().find(|(_, family)| starts_with(name, family));
    exact
        .map(|(kind, _)| *kind)
        .or_else(|| family().map(|(kind, _)| *kind))
}

/// Whatever is neither letter nor digit counts as `-`: servers that make variables of names take it all for `_`.
fn starts_with(name: &str, prefix: &str) -> bool {
    let is = |(byte, wanted): (u8, u8)| byte == wanted || wanted == b'-' && !byte.is_ascii_alphanumeric();
    name.len() >= prefix.len() && name.bytes().zip(prefix.bytes()).all(is)
}

/// Which lengths the names of the table have whose letters give this [`slot`]; all from its own on for a family.
static LENGTHS: [u64; 256] = lengths();

/// Whether the table may hold the name: what ordinary requests bring is told by one look.
fn may_be_one(name: &[u8]) -> bool {
    let [first, _, third, _, fifth, ..] = name else {
        return false;
    };
    let lengths = LENGTHS
        .get(slot(*first, *third, *fifth))
        .copied()
        .unwrap_or(u64::MAX);
    lengths & length_bit(name.len()) != 0
}

const fn length_bit(length: usize) -> u64 {
    1 << if length < 63 { length } else { 63 }
}

/// A number below 256 for three letters of a name.
const fn slot(first: u8, third: u8, fifth: u8) -> usize {
    const fn folded(byte: u8) -> usize {
        if byte.is_ascii_alphanumeric() {
            byte as usize
        } else {
            b'-' as usize
        }
    }
    (folded(first) + folded(third) * 5 + folded(fifth) * 7) % 256
}

#[allow(
    clippy::indexing_slicing,
    reason = "made when the program is, which would then say so"
)]
const fn lengths() -> [u64; 256] {
    const fn slot_of(name: &str) -> usize {
        let bytes = name.as_bytes();
        slot(bytes[0], bytes[2], bytes[4])
    }
    let mut lengths = [0; 256];
    let (mut group, mut at) = (0, 0);
    while group < NAMES.len() {
        let names = NAMES[group].1;
        if at == names.len() {
            (group, at) = (group + 1, 0);
            continue;
        }
        lengths[slot_of(names[at])] |= length_bit(names[at].len());
        at += 1;
    }
    at = 0;
    while at < FAMILIES.len() {
        let family = FAMILIES[at].1;
        lengths[slot_of(family)] |= !(length_bit(family.len()) - 1);
        at += 1;
    }
    lengths
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = (Kind, &'static str)> {
        let names = NAMES
            .iter()
            .flat_map(|(kind, names)| names.iter().map(|name| (*kind, *name)));
        names.chain(FAMILIES.iter().copied())
    }

    #[test]
    fn a_name_is_found_in_every_spelling() {
        for (expected, name) in all() {
            for dash in ["-", "_", "."] {
                let spelled = name.replace('-', dash);
                assert_eq!(kind(&spelled), Some(expected), "{spelled}");
            }
        }
        assert_eq!(kind("x_forwarded-tls_client.cert"), Some(Kind::User));
        assert_eq!(kind("server-anything"), Some(Kind::Server));
        assert_eq!(
            kind(&format!("x-remote-extra-{}", "a".repeat(99))),
            Some(Kind::User)
        );
    }

    #[test]
    fn the_table_is_in_lower_case_and_has_each_name_once() {
        let mut names: Vec<_> = all().map(|(_, name)| name).collect();
        assert!(
            names
                .iter()
                .all(|name| !name.contains('_') && *name == name.to_ascii_lowercase())
        );
        names.sort_unstable();
        let before = names.len();
        names.dedup();
        assert_eq!(names.len(), before);
    }

    #[test]
    fn ordinary_names_are_not_even_looked_for() {
        for name in [
            "host",
            "user-agent",
            "accept",
            "accept-language",
            "accept-encoding",
            "cookie",
            "connection",
            "content-type",
            "content-length",
            "authorization",
            "cache-control",
            "pragma",
            "origin",
            "referer",
            "upgrade-insecure-requests",
            "sec-fetch-site",
            "sec-ch-ua-platform",
            "if-none-match",
            "range",
            "te",
            "x-requested-with",
            "x-csrf-token",
            "x-xsrf-token",
            "x-api-key",
            "x-request-id",
            "traceparent",
            "idempotency-key",
            "priority",
            "dnt",
            "api_key",
            "my_header",
        ] {
            assert!(!may_be_one(name.as_bytes()), "{name}");
            assert_eq!(kind(name), None, "{name}");
        }
    }

    #[test]
    fn what_clients_write_themselves_is_no_word_of_a_proxy() {
        for name in [
            "x-auth-user",
            "x-auth-token",
            "x-auth-email",
            "x-user",
            "x-user-id",
            "x-middleware-prefetch",
            "x-nextjs-data",
            "x-ms-client-request-id",
            "x-trino-user",
            "ssl-version",
            "remote",
            "server",
            "https-only",
            "x-client-id",
        ] {
            assert_eq!(kind(name), None, "{name}");
        }
    }

    #[test]
    fn what_is_kept_passes_in_its_own_spelling_from_those_who_may() {
        let name = |name: &'static str| HeaderName::from_static(name);
        let keep = Keep::new(vec![name("remote-user"), name("x-http-method-override")]);
        assert!(keep.lets_pass(&name("remote-user"), Kind::User, true));
        assert!(!keep.lets_pass(&name("remote-user"), Kind::User, false));
        assert!(!keep.lets_pass(&name("remote_user"), Kind::User, true));
        assert!(keep.lets_pass(&name("x-http-method-override"), Kind::Override, false));
    }

    #[test]
    fn the_page_for_operators_names_all_of_them() {
        let page = include_str!("../../docs/reference/proxy-headers.md").to_ascii_lowercase();
        for (_, name) in all() {
            let (dashes, lines) = (format!("`{name}"), format!("`{}", name.replace('-', "_")));
            assert!(page.contains(&dashes) || page.contains(&lines), "{name}");
        }
    }
}
