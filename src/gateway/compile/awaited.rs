//! Certificates that are not there yet: certbot needs the plain listener to get the first one. So at start a listener whose
//! files do not exist waits for them, and all others serve. A file that is there and wrong is a fault as ever.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::{Build, certificates};
use crate::carryover::Carryover;
use crate::gateway::listener::Listener;
use crate::policy::CertificateFiles;
use crate::policy::problem::Problems;
use crate::tls::certificate::{read_chain, read_key};

/// The files of a listener that waits for some of them; none where all exist, or where it may not wait.
pub(super) fn missing(
    listener: &str,
    files: &[CertificateFiles],
    build: &Build<'_>,
) -> Option<Arc<[CertificateFiles]>> {
    if !files.iter().any(is_incomplete) || !build.carryover.awaited.may_wait(listener) {
        return None;
    }
    let at = build.at().key("listeners").key(listener).key("certificates");
    for (index, files) in files.iter().enumerate() {
        for (key, path) in [("cert", &files.cert), ("key", &files.key)] {
            let at = at.index(index).key(key);
            if is_missing(path) {
                at.warn(format!(
                    "`{}` does not exist, so the listener `{listener}` stays closed until it does",
                    path.display()
                ))
                .help("it is looked for every 10 s and at each reload; a relative path starts where the gateway was started");
            } else if let Some(pem) = certificates::contents(path, &at) {
                let read = if key == "cert" {
                    read_chain(&pem).map(drop)
                } else {
                    read_key(&pem).map(drop)
                };
                certificates::judge(read, path, &at);
            }
        }
    }
    Some(files.into())
}

/// A listener that waited, with its certificates; why it goes on waiting, else.
pub fn look_again(listener: &Listener, carryover: &Carryover) -> Result<Listener, String> {
    let files = listener.awaits.as_deref().unwrap_or_default();
    let mut paths = files.iter().flat_map(|files| [&files.cert, &files.key]);
    if let Some(path) = paths.find(|path| is_missing(path)) {
        return Err(format!("`{}` does not exist", path.display()));
    }
    let problems = Problems::default();
    match certificates::compile(&listener.name, files, SystemTime::now(), (carryover, &problems)) {
        Some((tls, certificates)) => Ok(Listener {
            tls: Some(tls),
            certificates: Some(certificates),
            awaits: None,
            ..listener.clone()
        }),
        None => Err(problems.first_fault().unwrap_or_default()),
    }
}

fn is_incomplete(files: &CertificateFiles) -> bool {
    is_missing(&files.cert) || is_missing(&files.key)
}

fn is_missing(path: &Path) -> bool {
    path.metadata()
        .is_err_and(|error| error.kind() == ErrorKind::NotFound)
}
