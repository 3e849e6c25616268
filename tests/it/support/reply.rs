//! An answer of an origin, complete and well-formed unless the test says otherwise.

/// What an origin sends.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Reply {
    pub fn new(status: u16, kind: &str, body: impl AsRef<[u8]>) -> Self {
        Self {
            status,
            headers: vec![("Content-Type".into(), kind.into())],
            body: body.as_ref().to_vec(),
        }
    }

    pub fn text(body: &str) -> Self {
        Self::new(200, "text/plain", body)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The whole answer, with its length.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.head_with(&format!("Content-Length: {}\r\n", self.body.len()));
        bytes.extend(&self.body);
        bytes
    }

    /// The answer's head alone, without its length.
    pub fn head_without_body(&self) -> Vec<u8> {
        self.head_with(&format!("Content-Length: {}\r\n", self.body.len()))
    }

    /// The head of an answer that comes in chunks.
    pub fn chunked_head(&self) -> Vec<u8> {
        self.head_with("Transfer-Encoding: chunked\r\n")
    }

    fn head_with(&self, framing: &str) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} Word\r\n{framing}", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        (head + "\r\n").into_bytes()
    }
}

/// One chunk of a chunked body.
pub fn chunk(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let bytes = bytes.as_ref();
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}
