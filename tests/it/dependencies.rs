//! What may be among the dependencies stands in `.github/deny.toml`: which crates never, under which licences, from
//! where. Known vulnerabilities are not looked for here, since their database is on the network.

mod licence;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use licence::permits;
use serde::Deserialize;

/// As much of `.github/deny.toml` as is checked here.
#[derive(Deserialize)]
struct Rules {
    graph: Graph,
    bans: Bans,
    licenses: Licences,
    sources: Sources,
}

#[derive(Deserialize)]
struct Graph {
    targets: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
    allow_git: Vec<String>,
}

/// A crate that is built for a target, in tests too.
struct Package {
    name: String,
    licence: String,
}

#[test]
fn no_crate_is_banned() {
    let rules = rules();
    let mut faults = String::new();
    for target in &rules.graph.targets {
        let packages = packages(target);
        for ban in &rules.bans.deny {
            if packages.iter().any(|package| package.name == ban.name) {
                let _ = writeln!(
                    faults,
                    "`{}` is banned ({}): `cargo tree --target {target} -i {0}` says who brings it; switch off that feature",
                    ban.name, ban.reason
                );
            }
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn every_licence_is_allowed() {
    let rules = rules();
    let mut faults = String::new();
    for target in &rules.graph.targets {
        for Package { name, licence } in packages(target) {
            if !permits(&rules.licenses.allow, &licence) {
                let _ = writeln!(
                    faults,
                    "`{name}` is under `{licence}`, which licenses.allow in .github/deny.toml does not permit"
                );
            }
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

/// The lock file names more than is built; all of it comes from known sources.
#[test]
fn every_source_is_known() {
    let sources = rules().sources;
    let known: Vec<String> = sources
        .allow_registry
        .iter()
        .map(|registry| format!("registry+{registry}"))
        .chain(sources.allow_git.iter().map(|url| format!("git+{url}")))
        .collect();
    let lock: toml::Table = toml::from_str(&read("Cargo.lock")).unwrap();
    let strangers: Vec<_> = lock["package"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|package| {
            package
                .get("source")
                .and_then(toml::Value::as_str)
                .is_some_and(|source| {
                    !known
                        .iter()
                        .any(|known| source.split(['?', '#']).next() == Some(known))
                })
        })
        .collect();
    assert!(
        strangers.is_empty(),
        "of sources that .github/deny.toml does not allow: {strangers:?}"
    );
}

/// `*` takes any version, also one that was never tried.
#[test]
fn every_dependency_names_a_version() {
    let manifest: toml::Table = toml::from_str(&read("Cargo.toml")).unwrap();
    for table in ["dependencies", "dev-dependencies"] {
        for (name, wanted) in manifest[table].as_table().unwrap() {
            let version = wanted.as_str().or_else(|| wanted.get("version")?.as_str());
            assert!(
                version.is_some_and(|version| !version.contains('*')),
                "[{table}] {name} = {wanted}: name a version"
            );
        }
    }
}

/// The oldest Rust stands in Cargo.toml, from which the workflows take it.
#[test]
fn the_oldest_rust_is_named_once() {
    let manifest: toml::Table = toml::from_str(&read("Cargo.toml")).unwrap();
    let version = manifest["package"]["rust-version"].as_str().unwrap();
    let places = [
        "README.md",
        "deploy/Dockerfile",
        "docs/start.md",
        ".github/CONTRIBUTING.md",
        ".github/RELEASE.md",
        ".github/workflows/tests.yml",
        ".github/workflows/release.yml",
    ];
    for place in places {
        assert!(
            !read(place).contains(version),
            "{place} repeats rust-version of Cargo.toml"
        );
    }
}

fn rules() -> Rules {
    toml::from_str(&read(".github/deny.toml")).unwrap()
}

fn packages(target: &str) -> Vec<Package> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "tree",
            "--locked",
            "--prefix",
            "none",
            "--no-dedupe",
            "--format",
            "{p}\t{l}",
        ])
        .args(["--target", target])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let tree = String::from_utf8(output.stdout).unwrap();
    let mut packages: Vec<Package> = tree
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(name, licence)| Package {
            name: name.split(' ').next().unwrap_or(name).to_owned(),
            licence: licence.to_owned(),
        })
        .collect();
    packages.sort_by(|one, other| one.name.cmp(&other.name));
    packages.dedup_by(|one, other| one.name == other.name && one.licence == other.licence);
    assert!(
        packages.iter().any(|package| package.name == "portcullis"),
        "no tree was printed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    packages
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
