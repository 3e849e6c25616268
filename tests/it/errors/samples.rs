//! What real software sends when it fails (`tests/apps/errors`): each body that leaks is replaced, in every coding;
//! each that does not passes byte for byte.

use std::fs;
use std::path::PathBuf;

use super::coded::{CODINGS, coded};
use crate::support::origin::{Call, Line};
use crate::support::{Answer, Ask, Gateway, Origin, Reply, policy};

struct Sample {
    file: String,
    status: u16,
    kind: String,
    /// The signature that finds it; none if there is nothing to find.
    leak: Option<String>,
    bytes: Vec<u8>,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/apps/errors")
}

fn samples() -> Vec<Sample> {
    let index = fs::read_to_string(folder().join("index.txt")).unwrap();
    let lines = index.lines().filter(|line| !line.starts_with('#'));
    lines.map(Sample::read).collect()
}

impl Sample {
    fn read(line: &str) -> Self {
        let words: Vec<_> = line.split(" | ").collect();
        let [file, status, kind, leak, source] = words.try_into().unwrap_or_else(|_| panic!("{line}"));
        let sources = [
            "captured from ",
            "written from documentation: ",
            "written for this table",
        ];
        assert!(sources.iter().any(|known| source.starts_with(known)), "{line}");
        Self {
            file: file.to_owned(),
            status: status.parse().unwrap(),
            kind: kind.to_owned(),
            leak: (leak != "-").then(|| leak.to_owned()),
            bytes: fs::read(folder().join(file)).unwrap(),
        }
    }

    /// Asks for it with this status in this coding.
    fn ask(&self, status: u16, coding: &str, gateway: &Gateway) -> Answer {
        Ask::get(&format!("/{status}/{}/{coding}", self.file)).to(gateway.http())
    }

    #[track_caller]
    fn assert_passes(&self, status: u16, coding: &str, gateway: &Gateway) {
        let answer = self.ask(status, coding, gateway);
        assert_eq!(answer.status, status, "{}", self.file);
        assert_eq!(answer.header("content-type"), Some(&*self.kind), "{}", self.file);
        let bytes = coded(coding, &self.bytes);
        assert!(
            answer.body.bytes == bytes,
            "{} in {coding}: {}",
            self.file,
            answer.text()
        );
    }
}

/// Plays `/STATUS/FILE/CODING`.
fn failing() -> Origin {
    let samples = samples();
    Origin::playing(move |call: &Call, line: &mut Line| {
        line.body();
        let words: Vec<_> = call.target.split('/').skip(1).collect();
        let [status, file, coding] = words.try_into().unwrap();
        let sample = samples.iter().find(|sample| sample.file == file).unwrap();
        let reply = Reply::new(
            status.parse().unwrap(),
            &sample.kind,
            coded(coding, &sample.bytes),
        );
        let coding = if coding == "utf-8" { "identity" } else { coding };
        line.reply(&reply.header("Content-Encoding", coding));
    })
}

#[test]
fn each_leak_is_replaced_in_every_coding() {
    let origin = failing();
    let gateway = Gateway::start(policy([origin.address()]));
    let mut count = 0;
    let leaking: Vec<_> = samples()
        .into_iter()
        .filter(|sample| sample.leak.is_some())
        .collect();
    for sample in &leaking {
        let status = sample.status.max(500);
        for coding in CODINGS {
            sample
                .ask(status, coding, &gateway)
                .assert_refused(status, "upstream_error");
            count += 1;
        }
    }
    for sample in &leaking {
        gateway.wait_for_log(&sample.file, |line| {
            let path = line["path"].as_str().unwrap_or_default();
            let leak = line["leak"].as_str() == sample.leak.as_deref();
            line["masked"] == true && leak && path.contains(&sample.file)
        });
    }
    let metrics = gateway.metrics();
    assert_eq!(
        metrics.count("portcullis_leaks_total", &[("result", "replaced")]),
        count
    );
    assert_eq!(
        metrics.count("portcullis_leaks_total", &[("result", "passed")]),
        0
    );
    gateway.stop();
}

#[test]
fn what_does_not_leak_passes_byte_for_byte() {
    let origin = failing();
    let gateway = Gateway::start(policy([origin.address()]));
    for sample in samples().iter().filter(|sample| sample.leak.is_none()) {
        for coding in CODINGS {
            sample.assert_passes(sample.status, coding, &gateway);
            sample.assert_passes(sample.status.max(500), coding, &gateway);
        }
    }
    assert_eq!(gateway.metrics().count("portcullis_leaks_total", &[]), 0);
    gateway.stop();
}

#[test]
fn of_4xx_debug_pages_and_what_drivers_say_are_replaced() {
    let origin = failing();
    let gateway = Gateway::start(policy([origin.address()]));
    let samples = samples();
    let drivers = [
        "postgresql",
        "mysql",
        "sqlite",
        "sqlserver",
        "oracle",
        "mongodb",
        "redis",
        "pdo",
        "jdbc",
    ];
    let drivers = |sample: &Sample| sample.leak.as_deref().is_some_and(|leak| drivers.contains(&leak));
    for sample in samples.iter().filter(|sample| drivers(sample)) {
        sample
            .ask(409, "utf-8", &gateway)
            .assert_refused(409, "upstream_error");
    }
    let pages = |sample: &Sample| sample.leak.is_some() && sample.status < 500;
    for sample in samples.iter().filter(|sample| pages(sample)) {
        let status = sample.status;
        sample
            .ask(status, "gzip", &gateway)
            .assert_refused(status, "upstream_error");
    }
    assert!(samples.iter().filter(|sample| pages(sample)).count() >= 5);
    gateway.stop();
}

#[test]
fn other_4xx_that_look_like_a_leak_pass_and_are_counted() {
    let origin = failing();
    let gateway = Gateway::start(policy([origin.address()]));
    let samples = samples();
    let files = [
        "node_stack.json",
        "starlette_500.txt",
        "java_trace.txt",
        "soap_dotnet_500.xml",
        "connection_string_500.json",
        "file_line_500.json",
        // A page of Django that came as text is no page.
        "django_500.txt",
    ];
    for file in files {
        let sample = samples.iter().find(|sample| sample.file == file).unwrap();
        sample.assert_passes(422, "gzip", &gateway);
        gateway.wait_for_log(file, |line| {
            let path = line["path"].as_str().unwrap_or_default();
            line["leak"].as_str() == sample.leak.as_deref() && line["masked"].is_null() && path.contains(file)
        });
    }
    let metrics = gateway.metrics();
    let count = i64::try_from(files.len()).unwrap();
    assert_eq!(
        metrics.count("portcullis_leaks_total", &[("result", "passed")]),
        count
    );
    assert_eq!(
        metrics.count("portcullis_leaks_total", &[("result", "replaced")]),
        0
    );
    gateway.stop();
}
