//! `logs.access` → whether a file could be opened there. Nothing is opened: `check` leaves no file behind.

use std::io;
use std::path::Path;

use super::Build;
use crate::policy::{AccessLog, Policy};

pub(super) fn check(policy: &Policy, build: &Build<'_>) {
    let AccessLog::File(path) = &policy.logs.access else {
        return;
    };
    let at = build.at().key("logs").key("access");
    if path.is_dir() {
        at.fault(format!(
            "`{}` is a folder, and the access log is a file",
            path.display()
        ))
        .help("add the name of the file");
        return;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    match folder.metadata() {
        Ok(about) if about.is_dir() => {}
        Ok(_) => {
            at.fault(format!(
                "`{}` is no folder, so there is no access log in it",
                folder.display()
            ))
            .help("name a file in a folder");
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            at.fault(format!(
                "the folder `{}` of the access log does not exist",
                folder.display()
            ))
            .help("create it, for the gateway's user to write in, or name another");
        }
        Err(error) => {
            at.fault(format!(
                "the folder `{}` of the access log cannot be reached: {error}",
                folder.display()
            ))
            .help("let the gateway's user into it");
        }
    }
}
