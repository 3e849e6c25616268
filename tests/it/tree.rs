//! What lies at the top of the repository, and what may never be among the dependencies.

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

/// A second TLS stack is a second set of holes; OpenSSL also ends the static binary.
const BANNED_PACKAGES: &[&str] = &["openssl", "openssl-sys", "native-tls"];

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

#[test]
fn one_tls_stack_and_no_openssl() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    for package in BANNED_PACKAGES {
        assert!(
            !lock.contains(&format!("name = \"{package}\"\n")),
            "`{package}` is in Cargo.lock: `cargo tree -i {package}` says who brings it; switch off that feature"
        );
    }
}

/// The lock file also lists what an optional feature of a dependency would bring; what is built decides.
#[test]
fn one_provider_of_cryptography() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let tree = Command::new(cargo)
        .args(["tree", "--locked", "--prefix", "none", "--edges", "normal,build"])
        .current_dir(root())
        .output()
        .unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    assert!(tree.contains("portcullis v"), "no tree was printed");
    assert!(
        !tree.lines().any(|line| line.starts_with("ring v")),
        "`cargo tree -i ring` says who brings it"
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
