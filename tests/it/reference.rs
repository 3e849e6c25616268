//! The reference of the policy is made from the types: every table and key with what its doc comment says.
//! `PORTCULLIS_BLESS=1` writes it anew.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use syn::{Attribute, Expr, Fields, Item, ItemStruct, Lit, Meta};

const PAGE: &str = "docs/reference/policy.md";

/// The tables in the order of the page: how each is headed, and the type behind it.
const TABLES: &[(&str, &str)] = &[
    ("[gateway]", "Gateway"),
    ("[gateway] spill", "Spill"),
    ("[required_secrets.NAME]", "RequiredSecret"),
    ("[listeners.NAME]", "Listener"),
    ("[listeners.NAME.timeouts]", "ListenerTimeouts"),
    ("[[listeners.NAME.certificates]]", "CertificateFiles"),
    ("[admin]", "Admin"),
    ("[logs]", "Logs"),
    ("[client]", "Client"),
    ("[upstreams.NAME]", "Upstream"),
    ("[upstreams.NAME.queue]", "Queue"),
    ("[upstreams.NAME.tls]", "UpstreamTls"),
    ("[upstreams.NAME.health]", "HealthCheck"),
    ("[limits.NAME]", "Limit"),
    ("[defaults] and [[routes]]", "Settings"),
    ("… request_buffer", "RequestBuffer"),
    ("… timeouts", "Timeouts"),
    ("… slow", "Slow"),
    ("… stream", "Stream"),
    ("… access", "Access"),
    ("… security_headers", "SecurityHeaders"),
    ("… security_headers.hsts", "Hsts"),
    ("… cors", "Cors"),
    ("… request_headers and … response_headers", "HeaderEdits"),
    ("… compression", "Compression"),
    ("… errors", "Errors"),
    ("[[routes]] alone", "RouteHead"),
    ("[routes.match]", "Match"),
    ("[routes.redirect]", "Redirect"),
    ("[routes.respond]", "Respond"),
    ("[readiness]", "Readiness"),
    ("[sentry]", "Sentry"),
];

#[test]
fn the_page_says_what_the_types_say() {
    let structs = structs();
    for table in structs.iter().filter(|table| refuses_unknown_keys(table)) {
        assert!(
            TABLES.iter().any(|(_, name)| table.ident == name),
            "`{}` is a table of the policy: add it to TABLES in tests/it/reference.rs",
            table.ident
        );
    }
    let written = page(&structs);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    if std::env::var_os("PORTCULLIS_BLESS").is_some() {
        fs::write(&path, &written).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        found, written,
        "{PAGE} is behind the types: PORTCULLIS_BLESS=1 writes it anew"
    );
}

#[test]
fn every_key_is_documented() {
    for table in structs() {
        let Fields::Named(fields) = &table.fields else {
            continue;
        };
        for field in fields
            .named
            .iter()
            .filter(|_| TABLES.iter().any(|(_, name)| table.ident == name))
        {
            let name = field.ident.as_ref().unwrap();
            assert!(
                !words(&field.attrs).is_empty(),
                "`{}.{name}` has no doc comment",
                table.ident
            );
        }
    }
}

/// Every key of the policy, with the heading of its table.
pub fn keys() -> Vec<(&'static str, String)> {
    let structs = structs();
    let mut keys = Vec::new();
    for (heading, name) in TABLES {
        let table = structs.iter().find(|table| table.ident == name).unwrap();
        for field in &table.fields {
            let key = renamed(&field.attrs).unwrap_or_else(|| field.ident.as_ref().unwrap().to_string());
            keys.push((*heading, key));
        }
    }
    keys
}

fn page(structs: &[ItemStruct]) -> String {
    let mut page = String::from(
        "# The policy, key by key\n\nMade from the types that read it; a test holds the two together. How the keys \
         behave together is told in the pages beside this one. `…` stands for `[defaults]` or a route.\n",
    );
    for (heading, name) in TABLES {
        let table = structs
            .iter()
            .find(|table| table.ident == name)
            .unwrap_or_else(|| panic!("no type is named `{name}`"));
        let _ = write!(
            page,
            "\n## `{heading}`\n{}\n| key | meaning |\n|---|---|\n",
            introduction(table)
        );
        let Fields::Named(fields) = &table.fields else {
            continue;
        };
        for field in &fields.named {
            let key = renamed(&field.attrs).unwrap_or_else(|| field.ident.as_ref().unwrap().to_string());
            let _ = writeln!(page, "| `{key}` | {} |", words(&field.attrs).replace('|', "\\|"));
        }
    }
    page
}

/// What the doc comment says of the table beyond its name.
fn introduction(table: &ItemStruct) -> String {
    let words = words(&table.attrs);
    let (name, rest) = words.split_once(": ").unwrap_or((&words, ""));
    if name.starts_with('`') && rest.is_empty() {
        return String::new();
    }
    let text = if name.starts_with('`') { rest } else { &words };
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    format!("\n{}{}\n", first.unwrap_or_default(), letters.as_str())
}

fn structs() -> Vec<ItemStruct> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/policy");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let sources = files
        .iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"));
    let items = sources.flat_map(|path| syn::parse_file(&fs::read_to_string(path).unwrap()).unwrap().items);
    items
        .filter_map(|item| match item {
            Item::Struct(table) => Some(table),
            _ => None,
        })
        .collect()
}

fn refuses_unknown_keys(table: &ItemStruct) -> bool {
    serde(&table.attrs).any(|words| words.contains("deny_unknown_fields"))
}

/// The name a key has in the file, where it is another than in the code.
fn renamed(attributes: &[Attribute]) -> Option<String> {
    serde(attributes).find_map(|words| {
        let name = words.split("rename = \"").nth(1)?.split('"').next()?;
        Some(name.to_owned())
    })
}

fn serde(attributes: &[Attribute]) -> impl Iterator<Item = String> {
    attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("serde") => {
            Some(list.tokens.to_string().replace(" = ", "=").replace('=', " = "))
        }
        _ => None,
    })
}

/// The doc comment in one line.
fn words(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value().trim().to_owned()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    lines.collect::<Vec<_>>().join(" ").trim().to_owned()
}
