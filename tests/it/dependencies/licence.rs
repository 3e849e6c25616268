//! Licence expressions (SPDX): `MIT OR (Apache-2.0 AND ISC)`, and `MIT/Apache-2.0` as crates once wrote it.

/// Whether what is allowed is enough to use something under this expression. No expression permits nothing.
pub fn permits(allowed: &[String], expression: &str) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    either(allowed, &mut words) && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn either(allowed: &[String], words: &mut Words) -> bool {
    let mut permitted = both(allowed, words);
    while words.next_if(|word| word.eq_ignore_ascii_case("or")).is_some() {
        permitted |= both(allowed, words);
    }
    permitted
}

fn both(allowed: &[String], words: &mut Words) -> bool {
    let mut permitted = one(allowed, words);
    while words.next_if(|word| word.eq_ignore_ascii_case("and")).is_some() {
        permitted &= one(allowed, words);
    }
    permitted
}

fn one(allowed: &[String], words: &mut Words) -> bool {
    let Some(word) = words.next() else { return false };
    if word == "(" {
        return either(allowed, words) & (words.next() == Some(")"));
    }
    let mut licence = word.to_owned();
    if words.next_if(|word| word.eq_ignore_ascii_case("with")).is_some() {
        licence = format!("{licence} WITH {}", words.next().unwrap_or_default());
    }
    allowed.contains(&licence)
}

#[test]
fn an_expression_is_read_as_it_is_meant() {
    let allowed = ["MIT", "ISC"].map(str::to_owned);
    for expression in [
        "MIT",
        "GPL-3.0 OR MIT",
        "GPL-3.0/MIT",
        "MIT AND ISC",
        "ISC AND (GPL-3.0 OR MIT)",
        "GPL-3.0 AND X OR ISC",
        "Apache-2.0 WITH LLVM-exception OR ISC",
    ] {
        assert!(permits(&allowed, expression), "{expression}");
    }
    for expression in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "MIT AND (GPL-3.0 OR X)",
        "(MIT OR ISC) AND GPL-3.0",
        "MIT WITH exception",
        "(MIT",
        "MIT ISC",
    ] {
        assert!(!permits(&allowed, expression), "{expression}");
    }
}
