//! The shape of the source: who may import whom (and no circles), how long files and functions may be, which words are banned
//! from names. Read from the syntax tree, so that comments and strings don't count. It judges, it repairs nothing.

mod circles;
mod source;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use circles::circles;
use source::{File, read_sources};

/// The floor of each top-level module: a file imports only lower floors, and its own folder.
const FLOORS: &[(u8, &[&str])] = &[
    (0, &["crypto", "http", "policy"]),
    (1, &["kept_body", "observe", "tls"]),
    (2, &["store", "upstream"]),
    (3, &["carryover"]),
    (4, &["layers"]),
    (5, &["gateway"]),
    (6, &["stack"]),
    (7, &["edge", "admin", "import"]),
    (
        TOP,
        &[
            "main",
            "cli",
            "serve",
            "workers",
            "signals",
            "source",
            "demo",
            "healthcheck",
        ],
    ),
];

/// The top floor, whose modules may import each other.
const TOP: u8 = 8;

/// Folders whose circles are still there. To be emptied, not filled.
const CIRCLES_LEFT: &[&str] = &["policy"];

/// Words that say nothing, or hide that a thing does two jobs.
const BANNED: &[&str] = &[
    "manager", "managers", "handler", "handlers", "helper", "helpers", "util", "utils", "common", "context",
    "ctx", "data", "info", "misc", "process", "do",
];

const LONGEST_FILE: usize = 300;
const MEDIAN_FILE: usize = 130;
const LONGEST_FUNCTION: usize = 60;

#[test]
fn a_file_imports_only_lower_floors_and_its_own_folder() {
    let floors = floors();
    let mut faults = String::new();
    for file in read_sources("src") {
        let home = file.top_module();
        if home == "lib" {
            continue;
        }
        let Some(&floor) = floors.get(home) else {
            let _ = writeln!(
                faults,
                "{}: module `{home}` has no floor: add it to FLOORS in tests/it/floors.rs",
                file.name
            );
            continue;
        };
        for import in file.imports() {
            let Some(&other) = floors.get(import.module.as_str()) else {
                continue;
            };
            if import.module != home && other >= floor && floor != TOP {
                let _ = writeln!(
                    faults,
                    "{}:{}: `{home}` is on floor {floor} and imports `{}` on floor {other}: move what both need to a lower floor",
                    file.name, import.line, import.module
                );
            }
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn no_files_of_a_folder_import_each_other_in_a_circle() {
    let found = circles(&read_sources("src"));
    let faults: Vec<_> = found
        .iter()
        .filter(|(folder, _)| !CIRCLES_LEFT.contains(&folder.as_str()))
        .map(|(_, report)| report.as_str())
        .collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    for left in CIRCLES_LEFT {
        assert!(
            found.iter().any(|(folder, _)| folder == left),
            "src/{left} has no circle any more: take it off CIRCLES_LEFT in tests/it/floors.rs"
        );
    }
}

#[test]
fn no_file_is_over_300_lines_and_half_of_them_are_under_130() {
    let sources = read_sources("src");
    let mut faults = String::new();
    for file in sources.iter().chain(&read_sources("tests/it")) {
        if file.lines() > LONGEST_FILE {
            let _ = writeln!(
                faults,
                "{}: {} lines, {LONGEST_FILE} at most: split it by what it is for",
                file.name,
                file.lines()
            );
        }
    }
    let mut lengths: Vec<usize> = sources.iter().map(File::lines).collect();
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    if median > MEDIAN_FILE {
        let _ = writeln!(
            faults,
            "src: the median file has {median} lines, {MEDIAN_FILE} at most: split the long ones"
        );
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn no_function_is_over_60_lines() {
    let mut faults = String::new();
    for file in read_sources("src").iter().chain(&read_sources("tests/it")) {
        for function in file
            .functions()
            .into_iter()
            .filter(|f| f.lines > LONGEST_FUNCTION)
        {
            let _ = writeln!(
                faults,
                "{}:{}: `{}` has {} lines, {LONGEST_FUNCTION} at most: give its parts names",
                file.name, function.line, function.name, function.lines
            );
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn no_name_uses_a_word_that_says_nothing() {
    let mut faults = String::new();
    for file in read_sources("src") {
        for (name, line) in file.names() {
            for word in words(&name).iter().filter(|word| BANNED.contains(&word.as_str())) {
                let _ = writeln!(
                    faults,
                    "{}:{line}: `{name}` says `{word}`: name what it is or does, in the words of docs/lexicon.md",
                    file.name
                );
            }
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn nothing_outside_tests_unwraps() {
    let mut faults = String::new();
    for file in read_sources("src") {
        for line in file.unwraps() {
            let _ = writeln!(
                faults,
                "{}:{line}: `unwrap()`: return the error, or `expect(\"why it can't fail\")`",
                file.name
            );
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn every_file_says_what_it_is_for() {
    let mute: Vec<_> = read_sources("src")
        .into_iter()
        .chain(read_sources("tests/it"))
        .filter(|file| !file.text.starts_with("//!") && !file.name.ends_with("/tests.rs"))
        .map(|file| file.name)
        .collect();
    assert!(
        mute.is_empty(),
        "open with 2-6 lines of `//!`, what it is for and what it refuses to be: {mute:?}"
    );
}

fn floors() -> BTreeMap<&'static str, u8> {
    FLOORS
        .iter()
        .flat_map(|(floor, modules)| modules.iter().map(|module| (*module, *floor)))
        .collect()
}

/// `RateLimit`, `rate_limit` and `RATE_LIMIT` are all two words.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_small = false;
    for letter in name.chars() {
        if letter == '_' || (letter.is_uppercase() && after_small) {
            words.push(String::new());
        }
        after_small = letter.is_lowercase() || letter.is_ascii_digit();
        if letter != '_'
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
    }
    words
}

#[test]
fn splits_a_name_into_its_words() {
    assert_eq!(words("RateLimit"), ["rate", "limit"]);
    assert_eq!(words("rate_limit"), ["rate", "limit"]);
    assert_eq!(words("RATE_LIMIT"), ["rate", "limit"]);
}

#[test]
fn sees_imports_however_they_are_written() {
    let text = "use crate::{stack::forward, edge as door};
        fn far() { super::super::admin::health(); }
        mod deep { use super::super::super::gateway::Route; use super::super::near; }
        // crate::serve\n";
    let imports = File::parse("src/layers/cors.rs", text).imports();
    let modules: Vec<_> = imports.iter().map(|import| import.module.as_str()).collect();
    assert_eq!(modules, ["stack", "edge", "admin", "gateway", "layers"]);
}

#[test]
fn sees_names_lengths_and_unwraps() {
    let text = "struct DataStore; impl Iterator for X { fn do_it() {} }
        fn long() {
            a.unwrap()
        }
        #[cfg(test)] mod tests { fn f() { a.unwrap() } }";
    let file = File::parse("src/http/utils.rs", text);
    let names: Vec<_> = file.names().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["DataStore", "long", "utils"]);
    assert_eq!(file.unwraps(), [3]);
    assert!(
        file.functions()
            .iter()
            .any(|function| function.name == "long" && function.lines == 3)
    );
}
