//! A request as a test thinks of it: method, target, a few headers, a body. Sent as it is, over a new
//! connection or one that is kept.

use std::net::SocketAddr;

use super::{Answer, Gateway, Proto, Session, Wire};

/// A request to send.
#[derive(Debug, Clone)]
pub struct Ask {
    method: String,
    target: String,
    host: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Ask {
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            host: "gateway.test".to_owned(),
            headers: Vec::new(),
            body: None,
        }
    }

    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    pub fn head(target: &str) -> Self {
        Self::new("HEAD", target)
    }

    pub fn post(target: &str, body: impl AsRef<[u8]>) -> Self {
        Self {
            body: Some(body.as_ref().to_vec()),
            ..Self::new("POST", target)
        }
    }

    pub fn with_body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = Some(body.as_ref().to_vec());
        self
    }

    pub fn host(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn method(&self) -> &str {
        &self.method
    }

    pub fn target(&self) -> &str {
        &self.target
    }

    pub fn authority(&self) -> &str {
        &self.host
    }

    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    pub fn body(&self) -> Option<&[u8]> {
        self.body.as_deref()
    }

    /// Over a new connection that speaks so.
    #[track_caller]
    pub fn over(&self, proto: Proto, gateway: &Gateway) -> Answer {
        Session::open(proto, gateway).ask(self)
    }

    /// Over a new connection.
    #[track_caller]
    pub fn to(&self, address: SocketAddr) -> Answer {
        self.via(&mut Wire::connect(address))
    }

    /// Over a new connection from another loopback address.
    #[track_caller]
    pub fn sent_by(&self, source: &str, address: SocketAddr) -> Answer {
        self.via(&mut Wire::connect_from(source, address))
    }

    /// Over a connection that stays open.
    #[track_caller]
    pub fn via(&self, wire: &mut Wire) -> Answer {
        wire.send(self.bytes());
        wire.answer_to(&self.method)
    }

    /// Sent over a new connection; the answer is for the caller to read.
    pub fn start(&self, address: SocketAddr) -> Wire {
        let mut wire = Wire::connect(address);
        wire.send(self.bytes());
        wire
    }

    /// What goes over the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\n",
            self.method, self.target, self.host
        );
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if let Some(body) = &self.body {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        let mut bytes = (head + "\r\n").into_bytes();
        bytes.extend(self.body.iter().flatten());
        bytes
    }
}
