//! Policies on disk: every file in `tests/policies/good` is read without a word, every file in
//! `tests/policies/bad` is refused with exactly the report in the `.txt` beside it. Run with
//! `PORTCULLIS_BLESS=1` to write the reports anew, then read the difference before committing it.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::{env, fs};

use portcullis::policy::Policy;
use portcullis::policy::report::{self, Style};

/// The only environment these policies see.
fn environment(name: &str) -> Option<String> {
    match name {
        "SET" => Some("value".to_owned()),
        "EMPTY" => Some(String::new()),
        "LIST" => Some("a, b,c".to_owned()),
        _ => None,
    }
}

fn policies(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/policies")
        .join(folder);
    let entries = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .collect();
    files.sort();
    files
}

/// Whether there is a policy, and the report.
fn read(file: &Path) -> (bool, String) {
    let name = file.file_name().unwrap().to_str().unwrap();
    let text = fs::read_to_string(file).unwrap();
    let (policy, source, problems) = Policy::read(name, &text, &environment);
    assert_eq!(
        policy.is_none(),
        problems.is_refused(),
        "{name}: refused without a fault, or read in spite of one"
    );
    (
        policy.is_some(),
        report::render(&problems, &source, Style::Plain),
    )
}

#[test]
fn good_policies_are_read_without_a_word() {
    let files = policies("good");
    assert!(files.len() >= 6);
    for file in files {
        let (read, report) = read(&file);
        assert!(read && report.is_empty(), "{}:\n{report}", file.display());
    }
}

#[test]
fn bad_policies_are_refused_with_the_report_beside_them() {
    let bless = env::var_os("PORTCULLIS_BLESS").is_some();
    let files = policies("bad");
    assert!(files.len() >= 25);
    let mut differing = Vec::new();
    for file in files {
        let (read, report) = read(&file);
        assert!(!read, "{} is read without a fault", file.display());
        let expected = file.with_extension("txt");
        if bless {
            fs::write(&expected, &report).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != report {
            differing.push(format!("{}:\n{report}", file.display()));
        }
    }
    assert!(
        differing.is_empty(),
        "not the report beside it (PORTCULLIS_BLESS=1 writes it):\n{}",
        differing.join("\n")
    );
}
