//! `tls`, `http2`, `ping` and `health` of an upstream → how each of its servers is reached. The files are read
//! here, so that `check`, start and reload judge the same.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use aws_lc_rs::digest::{Context, SHA256};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, ServerName};

use super::certificates::{contents, judge, read_pair, report_times};
use crate::http::proxy_protocol::Version;
use crate::policy::problem::At;
use crate::policy::{CertificateFiles, ProxyVersion, ServerUrl, Upstream, defaults};
use crate::tls::certificate::{Certificate, Fault, read_chain};
use crate::tls::client::{client_terms, system_roots};
use crate::upstream::transport::{Health, Http2, Tls, Transport};

/// The transport of each server, in their order; none where there was a fault.
pub(super) fn compile(table: &Upstream, at: &At<'_>) -> Option<Vec<Transport>> {
    report(table, at);
    let plain = Transport {
        tls: None,
        http2: table.http2.then(|| Http2 {
            ping: table.ping.get().map(|ping| ping.0),
            ping_timeout: defaults::PING_TIMEOUT.0,
            max_head: u32::try_from(table.max_head.0).unwrap_or(u32::MAX),
        }),
        announce: announce(table),
    };
    if !table.servers.iter().any(|server| server.secure) {
        return Some(vec![plain; table.servers.len()]);
    }
    let tls = terms(table, &at.key("tls"))?;
    let each = table.servers.iter().enumerate();
    each.map(|(index, server)| {
        let name = name_of(table, server, &at.key("servers").index(index), &at.key("tls"))?;
        Some(Transport {
            tls: Some(Tls { name, ..tls.clone() }),
            ..plain.clone()
        })
    })
    .collect()
}

/// What is asked of the health of each server.
pub(super) fn health(table: &Upstream) -> Option<Health> {
    table.health.as_ref().map(|health| Health {
        service: health.grpc.clone(),
        interval: health.interval.0,
        timeout: health.timeout.0,
    })
}

/// How the servers are told whose request a connection carries.
pub(super) fn announce(table: &Upstream) -> Option<Version> {
    table.proxy_protocol.get().map(|version| match version {
        ProxyVersion::V1 => Version::One,
        ProxyVersion::V2 => Version::Two,
    })
}

/// What contradicts itself.
fn report(table: &Upstream, at: &At<'_>) {
    let secure = table.servers.iter().filter(|server| server.secure).count();
    if secure != 0 && secure != table.servers.len() {
        at.key("servers")
            .fault("some servers are reached by TLS and some in plain, and nobody could tell which a request took")
            .help("write \"https://…\" for all of them, or make two upstreams");
    }
    if secure == 0 && table.tls != crate::policy::UpstreamTls::default() {
        at.key("tls")
            .fault("no server of this upstream is reached by TLS")
            .help("write \"https://…\" in `servers`, or leave `tls` out");
    }
    if table.http2 && announce(table).is_some() {
        at.key("proxy_protocol")
            .fault("one connection of HTTP/2 carries the requests of many clients, and could be announced for one")
            .help("leave it out; the servers read the client's address in `X-Forwarded-For`");
    }
    if let Some(ping) = table.ping.get() {
        if !table.http2 {
            at.key("ping")
                .fault("there is no PING in HTTP/1.1")
                .help("set `http2 = true`, or leave `ping` out");
        } else if ping < defaults::PING_LOWEST {
            at.key("ping")
                .fault(format!("`{ping}` is an ordinary pause between two requests"))
                .help("write \"1s\" or more, or \"off\"");
        }
    }
    if let Some(health) = &table.health {
        let at = at.key("health");
        if !table.http2 {
            at.key("grpc")
                .fault("gRPC is spoken over HTTP/2 only")
                .help("set `http2 = true` beside `servers`");
        }
        if health.interval < defaults::PING_LOWEST {
            at.key("interval")
                .fault(format!("a check every {} is an attack", health.interval))
                .help("write \"1s\" or more");
        }
    }
}

/// Whom the servers must come from, and what we show them. The name is filled in for each.
fn terms(table: &Upstream, at: &At<'_>) -> Option<Tls> {
    let mut digest = Context::new(&SHA256);
    let roots = roots(table.tls.ca.as_ref(), &mut digest, at);
    let own = match (&table.tls.cert, &table.tls.key) {
        (Some(cert), Some(key)) => Some(own(cert, key, &mut digest, at)),
        (None, None) => None,
        (Some(_), None) => {
            at.key("cert")
                .fault("a certificate without its key proves nothing")
                .help("name the file of its private key in `key`");
            Some(None)
        }
        (None, Some(_)) => {
            at.key("key")
                .fault("a key without its certificate proves nothing")
                .help("name the file of its certificate in `cert`");
            Some(None)
        }
    };
    let own = match own {
        Some(None) => return None,
        Some(own) => own,
        None => None,
    };
    let terms = client_terms(roots?, own.as_ref(), table.http2);
    if let Err(error) = &terms {
        at.fault(format!("these terms of TLS cannot be used: {error}"));
    }
    let mut sum = [0; 32];
    sum.copy_from_slice(digest.finish().as_ref());
    Some(Tls {
        terms: terms.ok()?,
        name: ServerName::try_from("unnamed").expect("a word is a DNS name"),
        digest: sum,
    })
}

fn roots(ca: Option<&PathBuf>, digest: &mut Context, at: &At<'_>) -> Option<RootCertStore> {
    let certificates = match ca {
        Some(path) => {
            let at = at.key("ca");
            contents(path, &at).and_then(|pem| judge(read_chain(&pem), path, &at))?
        }
        None => system_roots(),
    };
    let mut roots = RootCertStore::empty();
    for certificate in &certificates {
        digest.update(certificate);
        let added = roots.add(certificate.clone());
        if let (Err(_), Some(path)) = (added, ca) {
            judge::<()>(Err(Fault::Unreadable), path, &at.key("ca"));
            return None;
        }
    }
    if roots.is_empty() {
        at.fault("this machine has no root certificates to verify servers against")
            .help("install them (Debian: the package `ca-certificates`), or name your own in `tls.ca`");
        return None;
    }
    Some(roots)
}

fn own(cert: &Path, key: &Path, digest: &mut Context, at: &At<'_>) -> Option<Certificate> {
    let files = CertificateFiles {
        cert: cert.to_path_buf(),
        key: key.to_path_buf(),
    };
    let certificate = read_pair(&files, at)?;
    report_times(&certificate, SystemTime::now(), &at.key("cert"));
    certificate
        .chain()
        .iter()
        .for_each(|link: &CertificateDer<'_>| digest.update(link));
    Some(certificate)
}

/// What the certificate of this server must be for.
fn name_of(
    table: &Upstream,
    server: &ServerUrl,
    at_server: &At<'_>,
    at_tls: &At<'_>,
) -> Option<ServerName<'static>> {
    if let Some(name) = &table.tls.server_name {
        let read = ServerName::try_from(name.clone());
        if read.is_err() {
            at_tls
                .key("server_name")
                .fault(format!("`{name}` is no name a certificate can be for"))
                .help("write a DNS name such as \"api.example.com\", without scheme and port");
        }
        return read.ok();
    }
    let read = ServerName::try_from(server.host.clone());
    if read.is_err() {
        at_server
            .fault(format!("no certificate can be for `{}`", server.host))
            .help("set `tls.server_name` to the name in the server's certificate");
    }
    read.ok()
}
