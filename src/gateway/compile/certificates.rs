//! `[[listeners.NAME.certificates]]` → the terms of TLS. The files are read here, so that `check`, start and
//! reload judge the same, and a file that went bad is found before the old certificates are let go.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use crate::carryover::Carryover;
use crate::policy::problem::{At, Problems};
use crate::policy::{CertificateFiles, defaults};
use crate::tls::certificate::{Certificate, Fault, read_chain, read_key};
use crate::tls::choice::Choice;
use crate::tls::terms::Terms;
use crate::tls::tickets::Tickets;

/// A chain is a few kilobytes; whoever names a device or a log by mistake is told so.
const LARGEST_FILE: u64 = 1 << 20;

/// None for a listener without certificates, and where there was a fault: then there will be no gateway.
pub(super) fn compile(
    listener: &str,
    files: &[CertificateFiles],
    now: SystemTime,
    (carryover, problems): (&Carryover, &Problems),
) -> Option<(Arc<Terms>, Arc<Choice>)> {
    if files.is_empty() {
        return None;
    }
    let at = problems.at().key("listeners").key(listener).key("certificates");
    let mut certificates = Vec::new();
    for (index, files) in files.iter().enumerate() {
        if let Some(certificate) = read(files, &at.index(index)) {
            report_times(&certificate, now, &at.index(index).key("cert"));
            certificates.push(certificate);
        }
    }
    if certificates.len() < files.len() {
        return None;
    }
    report_shared_names(&certificates, &at);
    let tickets = carryover.tickets.get_or_build(listener.to_owned(), Tickets::new);
    let choice = Arc::new(Choice::new(&certificates));
    let terms = Terms::new(&choice, &tickets);
    if let Err(error) = &terms {
        at.fault(format!("these certificates cannot be used: {error}"));
    }
    Some((Arc::new(terms.ok()?), choice))
}

/// Both files, each with its own faults, then what they are together.
pub(super) fn read_pair(files: &CertificateFiles, at: &At<'_>) -> Option<Certificate> {
    let (at_cert, at_key) = (at.key("cert"), at.key("key"));
    let chain =
        contents(&files.cert, &at_cert).and_then(|pem| judge(read_chain(&pem), &files.cert, &at_cert));
    let key = contents(&files.key, &at_key).and_then(|pem| judge(read_key(&pem), &files.key, &at_key));
    let certificate = judge(Certificate::new(chain?, key?), &files.cert, &at_cert)?;
    if !certificate.has_its_key() {
        at_key
            .fault(format!(
                "the key in `{}` does not belong to the certificate in `{}`",
                files.key.display(),
                files.cert.display()
            ))
            .help("the key must be that of the first certificate in the file: see which of the two was renewed alone");
        return None;
    }
    if !certificate.in_order {
        at_cert
            .warn(format!(
                "the chain in `{}` is out of order, and some clients refuse it",
                files.cert.display()
            ))
            .help("the server's certificate comes first, then the one that issued it, and so on");
    }
    Some(certificate)
}

/// A pair to show to browsers.
fn read(files: &CertificateFiles, at: &At<'_>) -> Option<Certificate> {
    let (certificate, at_cert) = (read_pair(files, at)?, at.key("cert"));
    if certificate.names.is_empty() {
        at_cert
            .warn(format!(
                "the certificate in `{}` is for no name and no address, so browsers refuse it",
                files.cert.display()
            ))
            .help("have it issued with the site's names as `subjectAltName`");
    }
    Some(certificate)
}

pub(super) fn contents(path: &Path, at: &At<'_>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST_FILE + 1).read_to_end(&mut bytes));
    let refuse = |what: String, help: &str| {
        at.fault(format!("`{}` {what}", path.display())).help(help);
        None
    };
    match read {
        Ok(length) if length as u64 > LARGEST_FILE => refuse(
            "is larger than 1 MiB".to_owned(),
            "name the file of the certificate or the key",
        ),
        Ok(_) => Some(bytes),
        Err(error) => refuse(
            format!("cannot be read: {error}"),
            match error.kind() {
                io::ErrorKind::NotFound => "a relative path starts where the gateway was started",
                io::ErrorKind::PermissionDenied => "let the gateway's user read it, and nobody else",
                _ => "name a file in PEM",
            },
        ),
    }
}

pub(super) fn judge<T>(read: Result<T, Fault>, path: &Path, at: &At<'_>) -> Option<T> {
    read.map_err(|fault| {
        at.fault(format!("`{}` {fault}", path.display()))
            .help(fault.remedy());
    })
    .ok()
}

/// A certificate out of its time is a warning: refusing the policy would take the whole gateway down with it.
pub(super) fn report_times(certificate: &Certificate, now: SystemTime, at: &At<'_>) {
    let renew = "renew it, then reload with SIGHUP";
    if now < certificate.from {
        at.warn(format!(
            "the certificate is not valid before {}",
            day(certificate.from)
        ))
        .help("see whether the clock of this machine is right");
    } else if now > certificate.until {
        at.warn(format!("the certificate expired on {}", day(certificate.until)))
            .help(renew);
    } else if now + defaults::CERTIFICATE_WARNING.0 > certificate.until {
        at.warn(format!("the certificate expires on {}", day(certificate.until)))
            .help(renew);
    }
}

fn report_shared_names(certificates: &[Certificate], at: &At<'_>) {
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, certificate) in certificates.iter().enumerate() {
        for name in &certificate.names {
            let earlier = *first.entry(name).or_insert(index);
            if earlier != index {
                at.index(index)
                    .key("cert")
                    .warn(format!(
                        "`{name}` is covered by certificate {} already, which is shown instead",
                        earlier + 1
                    ))
                    .help("leave one of the two out");
            }
        }
    }
}

/// `2026-11-21`
fn day(at: SystemTime) -> String {
    let mut text = humantime::format_rfc3339_seconds(at).to_string();
    text.truncate(10);
    text
}
