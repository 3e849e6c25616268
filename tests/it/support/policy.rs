//! A policy text for a test: one listener on a free port, one upstream, and what the test is about.

use std::fmt::Display;

use super::Certs;

/// A policy being written.
#[derive(Debug, Clone)]
pub struct PolicyText {
    workers: u16,
    gateway: String,
    listener: String,
    upstream: String,
    rest: String,
}

/// Everything from the listener `http` goes to the upstream `backend`, whose servers are at these addresses.
pub fn policy<A: Display>(servers: impl IntoIterator<Item = A>) -> PolicyText {
    reaching(servers.into_iter().map(|server| format!("http://{server}")))
}

/// As [`policy`], with the servers written out: `https://localhost:8443`.
pub fn reaching<A: Display>(servers: impl IntoIterator<Item = A>) -> PolicyText {
    let servers: Vec<_> = servers
        .into_iter()
        .map(|server| format!("\"{server}\""))
        .collect();
    PolicyText {
        workers: 2,
        gateway: String::new(),
        listener: "address = \"127.0.0.1:0\"\n".to_owned(),
        upstream: format!("servers = [{}]\n", servers.join(", ")),
        rest: String::new(),
    }
}

impl PolicyText {
    /// So many workers; two if nothing is said.
    pub fn workers(mut self, workers: u16) -> Self {
        self.workers = workers;
        self
    }

    /// Lines of `[gateway]`.
    pub fn gateway(mut self, lines: &str) -> Self {
        self.gateway += &format!("{lines}\n");
        self
    }

    /// Lines of `[listeners.http]`.
    pub fn listener(mut self, lines: &str) -> Self {
        self.listener += &format!("{lines}\n");
        self
    }

    /// Lines of `[upstreams.backend]`.
    pub fn upstream(mut self, lines: &str) -> Self {
        self.upstream += &format!("{lines}\n");
        self
    }

    /// Whole tables.
    pub fn and(mut self, tables: &str) -> Self {
        self.rest += &format!("\n{tables}\n");
        self
    }

    /// A listener `https` beside the plain one, with a certificate for `gateway.test` and `shop.test`.
    pub fn tls(self, certs: &Certs) -> Self {
        certs.issue("gateway", &["gateway.test", "shop.test"]);
        self.and(&certs.listener(&["gateway"]))
    }

    /// A route to `backend`: its name, its `match` table, its other keys as lines.
    pub fn route(self, name: &str, matches: &str, lines: &str) -> Self {
        self.and(&format!(
            "[[routes]]\nname = \"{name}\"\nmatch = {{ {matches} }}\nupstream = \"backend\"\n{lines}"
        ))
    }

    pub fn text(&self) -> String {
        let Self {
            workers,
            gateway,
            listener,
            upstream,
            rest,
        } = self;
        format!(
            "[gateway]\nworkers = {workers}\n{gateway}\n[listeners.http]\n{listener}\n[upstreams.backend]\n{upstream}{rest}"
        )
    }
}

impl From<&PolicyText> for String {
    fn from(policy: &PolicyText) -> Self {
        policy.text()
    }
}

impl From<PolicyText> for String {
    fn from(policy: PolicyText) -> Self {
        policy.text()
    }
}
