//! The same with curl, which sends bodies of every size and shows the status it was answered.

use std::process::Command;

use super::{PATHS, origin, start};
use crate::support::Certs;

const SIZES: [usize; 4] = [100, 60_000, 1_000_000, 20_000_000];
/// How often each is asked for.
const TIMES: usize = 3;

#[test]
fn curl_shows_the_status_whatever_the_size_of_its_body() {
    let (origin, certs) = (origin(), Certs::new());
    let gateway = start(&origin, &certs);
    let (http, https) = (gateway.http(), gateway.address("https"));
    let ways = [
        vec!["--http2-prior-knowledge".to_owned(), format!("http://{http}")],
        vec![
            "--http2".to_owned(),
            "--insecure".to_owned(),
            "--resolve".to_owned(),
            format!("gateway.test:{}:127.0.0.1", https.port()),
            format!("https://gateway.test:{}", https.port()),
        ],
        vec!["--http1.1".to_owned(), format!("http://{http}")],
    ];
    let bodies = tempfile::tempdir().unwrap();
    let mut faults = Vec::new();
    for size in SIZES {
        let body = bodies.path().join(size.to_string());
        std::fs::write(&body, vec![b'x'; size]).unwrap();
        for way in &ways {
            for (path, status) in PATHS {
                for _ in 0..TIMES {
                    let (url, options) = way.split_last().unwrap();
                    let mut curl = Command::new("curl");
                    curl.args([
                        "--silent",
                        "--max-time",
                        "60",
                        "--output",
                        "/dev/null",
                        "--write-out",
                    ])
                    .arg("%{http_code}")
                    .args(["--data-binary", &format!("@{}", body.display())])
                    .args(options)
                    .arg(format!("{url}{path}"));
                    let shown = curl.output().expect("curl is not installed: see tests/run");
                    let said = String::from_utf8_lossy(&shown.stdout).into_owned();
                    if !shown.status.success() || said != status.to_string() {
                        faults.push(format!(
                            "{} {path}, {size} bytes: {said}, {}",
                            options[0], shown.status
                        ));
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    gateway.stop();
}
