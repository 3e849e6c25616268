//! What lies at the top of the repository.

use std::fs;
use std::path::Path;
use std::process::Command;

const TOP_LEVEL: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "LICENSE",
    "README.md",
    "src",
    "config",
    "tests",
    "benches",
    "deploy",
    "docs",
];

#[test]
fn the_top_level_holds_only_what_belongs_there() {
    let strangers: Vec<_> = top_level()
        .into_iter()
        .filter(|name| !name.starts_with('.') && !TOP_LEVEL.contains(&name.as_str()))
        .collect();
    assert!(
        strangers.is_empty(),
        "move into one of {TOP_LEVEL:?}: {strangers:?}"
    );
}

/// What is committed; in an unpacked archive, what lies there, less the build folder.
fn top_level() -> Vec<String> {
    let listed = Command::new("git")
        .args(["ls-files"])
        .current_dir(root())
        .output();
    let mut names: Vec<String> = match listed {
        Ok(output) if output.status.success() && !output.stdout.is_empty() => {
            String::from_utf8(output.stdout)
                .unwrap()
                .lines()
                .map(first_part)
                .collect()
        }
        _ => fs::read_dir(root())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| name != "target")
            .collect(),
    };
    names.dedup();
    names
}

fn first_part(path: &str) -> String {
    path.split('/').next().unwrap_or(path).to_owned()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
