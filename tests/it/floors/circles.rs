//! Circles among the files of one folder. A folder counts as one with the file of its name, and that file may use what
//! lies in the folder, and be used by it: it speaks for the whole.

use std::collections::{BTreeMap, BTreeSet};

use super::source::File;

/// One import: where it stands, for the report.
type Evidence = String;

/// Which name in a folder imports which others, and one place where it does.
type Graph = BTreeMap<String, BTreeMap<String, Evidence>>;

/// All circles, by folder, each as a report of its own.
pub fn circles(files: &[File]) -> Vec<(String, String)> {
    let modules: BTreeSet<_> = files.iter().map(File::path_from_root).collect();
    let mut folders: BTreeMap<String, Graph> = BTreeMap::new();
    for file in files {
        let from = file.path_from_root();
        for (path, line) in file.paths() {
            let longest = (1..=path.len())
                .rev()
                .find(|length| modules.contains(&path[..*length]));
            let to = &path[..longest.unwrap_or(0)];
            let shared = from.iter().zip(to).take_while(|(a, b)| a == b).count();
            if let (Some(a), Some(b)) = (from.get(shared), to.get(shared))
                && shared > 0
            {
                let graph = folders.entry(from[..shared].join("/")).or_default();
                let edges = graph.entry(a.clone()).or_default();
                edges
                    .entry(b.clone())
                    .or_insert_with(|| format!("{}:{line}", file.name));
            }
        }
    }
    folders
        .iter()
        .flat_map(|(folder, graph)| in_folder(folder, graph))
        .collect()
}

/// The shortest circle of each name that is in one, unless a shorter report names it already.
fn in_folder(folder: &str, graph: &Graph) -> Vec<(String, String)> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for start in graph.keys() {
        let Some(circle) = shortest(graph, start) else {
            continue;
        };
        if circle.iter().any(|name| seen.contains(name)) {
            continue;
        }
        seen.extend(circle.iter().cloned());
        let next = circle.iter().cycle().skip(1);
        let places: Vec<_> = circle
            .iter()
            .zip(next)
            .map(|(a, b)| graph[a][b].clone())
            .collect();
        found.push((
            folder.to_owned(),
            format!(
                "src/{folder}: {} → {start} ({}): move what both need to a file of its own",
                circle.join(" → "),
                places.join(", ")
            ),
        ));
    }
    found
}

/// The shortest way from a name back to it.
fn shortest(graph: &Graph, start: &str) -> Option<Vec<String>> {
    let mut ways = vec![vec![start.to_owned()]];
    let mut reached = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let last = way.last().expect("a way begins somewhere");
            for next in graph.get(last).into_iter().flat_map(BTreeMap::keys) {
                if next == start {
                    return Some(way);
                }
                if reached.insert(next.clone()) {
                    longer.push([&way[..], std::slice::from_ref(next)].concat());
                }
            }
        }
        ways = longer;
    }
    None
}

#[test]
fn a_circle_is_found_through_folders_and_named_with_its_places() {
    let file = |name: &str, text: &str| File::parse(&format!("src/{name}.rs"), text);
    let files = [
        file("a", "use crate::a::one::One; mod one; mod two; mod three;"),
        file("a/one", "use super::two::deep::Deep;"),
        file("a/two", "mod deep;"),
        file("a/two/deep", "use crate::a::A;\nfn f() { crate::a::three::g(); }"),
        file(
            "a/three",
            "use crate::a::{one, three};\n#[cfg(test)] mod tests { use crate::a::two; }",
        ),
        file("b", "use crate::a::one::One;"),
    ];
    let found = circles(&files);
    assert_eq!(found.len(), 1, "{found:?}");
    let (folder, report) = &found[0];
    assert_eq!(folder, "a");
    for part in [
        "src/a: one → two → three → one",
        "src/a/one.rs:1, src/a/two/deep.rs:2, src/a/three.rs:1",
    ] {
        assert!(report.contains(part), "{report}");
    }
}

#[test]
fn the_tests_of_a_file_make_no_circle() {
    let files = [
        File::parse("src/a/one.rs", "use super::two::Two;"),
        File::parse(
            "src/a/two.rs",
            "#[cfg(test)] mod tests { use super::super::one::One; }",
        ),
    ];
    assert_eq!(circles(&files), []);
}
