//! gRPC's own implementation at both ends: a server behind the gateway, a client before it.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::support::Certs;
use crate::support::lines::Lines;
use crate::support::python::python;

/// A running server; dropping it ends it.
pub struct Greeter {
    child: Child,
    port: u16,
}

/// A client that makes one call after another.
pub struct Caller {
    child: Child,
    told: Lines,
    complained: Lines,
}

impl Greeter {
    /// In plain, without asking.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Under TLS, with the certificate of this name.
    pub fn secure(certs: &Certs, name: &str) -> Self {
        Self::with(&[
            &certs.path(&format!("{name}.pem")),
            &certs.path(&format!("{name}.key")),
        ])
    }

    fn with(files: &[&Path]) -> Self {
        let mut child = python()
            .arg("greeter.py")
            .args(files)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let printed = Lines::read(child.stdout.take().unwrap());
        let port = printed.find("the port of the gRPC server", |lines| {
            lines
                .iter()
                .find_map(|line| line.strip_prefix("port ")?.parse().ok())
        });
        Self {
            child,
            port: port.expect("the gRPC server ended"),
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }
}

impl Drop for Greeter {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _status = self.child.wait();
    }
}

impl Caller {
    /// Begins to make these calls, under TLS if an authority is named.
    pub fn begin(address: SocketAddr, authority: Option<&Path>, calls: &[&str]) -> Self {
        let authority = authority.unwrap_or(Path::new("-"));
        let mut child = python()
            .arg("caller.py")
            .arg(address.to_string())
            .arg(authority)
            .args(calls)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            told: Lines::read(child.stdout.take().unwrap()),
            complained: Lines::read(child.stderr.take().unwrap()),
            child,
        }
    }

    /// What came of the calls, in their order.
    pub fn told(mut self) -> Vec<Value> {
        let told = self.told.all();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{:#?}", self.complained.all());
        told.iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Goes away in the middle.
    pub fn leave(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Makes these calls and tells what came of them.
pub fn call(address: SocketAddr, authority: Option<&Path>, calls: &[&str]) -> Vec<Value> {
    Caller::begin(address, authority, calls).told()
}
