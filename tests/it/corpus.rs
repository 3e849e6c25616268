//! What the fuzzers hold for any input (`tests/fuzz`), held for what they have found and been given.

use std::fs;
use std::path::Path;

#[path = "../fuzz/properties.rs"]
mod properties;

type Property = fn(&[u8]);

const TARGETS: [(&str, Property); 12] = [
    ("answer", properties::answer),
    ("chunks", properties::chunks),
    ("client", properties::client),
    ("frames", properties::frames),
    ("hop", properties::hop),
    ("host", properties::host),
    ("http2", properties::http2),
    ("path", properties::path),
    ("proxy", properties::proxy),
    ("request", properties::request),
    ("template", properties::template),
    ("upgrade", properties::upgrade),
];

fn fuzz() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz"))
}

#[test]
fn every_property_holds_for_its_corpus_and_for_what_is_nearly_the_same() {
    for (name, property) in TARGETS {
        let folder = fs::read_dir(fuzz().join("corpus").join(name)).unwrap();
        let inputs: Vec<Vec<u8>> = folder
            .map(|file| fs::read(file.unwrap().path()).unwrap())
            .collect();
        assert!(inputs.len() >= 5, "`{name}` has a corpus of {}", inputs.len());
        for input in &inputs {
            property(input);
            for cut in 0..input.len() {
                property(&input[..cut]);
                let mut changed = input.clone();
                for byte in [0, b'/', b'%', b',', b'\r', b'\n', b' ', b';', 0xff] {
                    changed[cut] = byte;
                    property(&changed);
                }
            }
        }
    }
}

#[test]
fn every_target_is_run_here_and_listed_where_it_is_built() {
    let built = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    let mut targets: Vec<String> = fs::read_dir(fuzz().join("targets"))
        .unwrap()
        .map(|file| {
            file.unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    targets.sort_unstable();
    assert_eq!(targets, TARGETS.map(|(name, _)| name.to_owned()));
    for name in targets {
        assert!(built.contains(&format!("path = \"targets/{name}.rs\"")), "{name}");
    }
}
