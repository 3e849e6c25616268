//! The client's side of a connection, as raw as a test needs it: any bytes out, at any pace; answers in whole
//! or piece by piece.

use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use super::pipe::{Body, Framing, Head, Incoming, Pipe};

/// A connection to the gateway.
pub struct Wire {
    pipe: Pipe,
    incoming: Incoming,
}

/// An answer, with its body if it was read.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub head: Head,
    pub body: Body,
}

impl Wire {
    pub fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address).unwrap()
    }

    pub fn try_connect(address: SocketAddr) -> std::io::Result<Self> {
        TcpStream::connect(address).map(Self::over)
    }

    /// Connects from another address of the loopback network: another client.
    pub fn connect_from(source: &str, address: SocketAddr) -> Self {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        let source: IpAddr = source.parse().unwrap();
        socket.bind(&SocketAddr::new(source, 0).into()).unwrap();
        socket.connect(&address.into()).unwrap();
        Self::over(socket.into())
    }

    /// Connects with the smallest buffer there is, so that each piece it reads makes room that the other side hears of.
    pub fn narrow(address: SocketAddr) -> Self {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(1).unwrap();
        socket.connect(&address.into()).unwrap();
        Self::over(socket.into())
    }

    fn over(stream: TcpStream) -> Self {
        Self {
            pipe: Pipe::new(stream),
            incoming: Incoming::new(Framing::Done),
        }
    }

    /// Our end of it.
    pub fn local_address(&self) -> SocketAddr {
        self.pipe.stream.local_addr().unwrap()
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.pipe.send(bytes).unwrap();
    }

    /// Sends what may no longer be wanted: `false` once the gateway has closed.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.pipe.send(bytes).is_ok()
    }

    /// Says that no more bytes will come, but goes on reading.
    pub fn finish_sending(&mut self) {
        self.pipe.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// The next answer, whole.
    pub fn answer(&mut self) -> Answer {
        self.answer_to("GET")
    }

    /// The next answer, whole, knowing that one to `HEAD` has no body.
    pub fn answer_to(&mut self, method: &str) -> Answer {
        let mut answer = self.head_of_answer_to(method);
        answer.body = self.rest_of_body();
        answer
    }

    /// The next answer's head; read its body with `piece` or `rest_of_body`.
    pub fn head(&mut self) -> Answer {
        self.head_of_answer_to("GET")
    }

    /// As [`answer`](Self::answer); `None` if the connection ends before a head is complete.
    pub fn try_answer(&mut self) -> Option<Answer> {
        let head = self.pipe.head()?;
        let mut answer = self.begin(head, "GET");
        answer.body = self.rest_of_body();
        Some(answer)
    }

    /// The next piece of the body as it arrives; `None` at its end.
    pub fn piece(&mut self) -> Option<Vec<u8>> {
        self.pipe.piece(&mut self.incoming)
    }

    /// Reads the body until it holds `text`.
    pub fn piece_with(&mut self, text: &str) -> String {
        let mut seen = String::new();
        while !seen.contains(text) {
            let piece = self
                .piece()
                .unwrap_or_else(|| panic!("the body ended before `{text}`: {seen}"));
            seen.push_str(&String::from_utf8_lossy(&piece));
        }
        seen
    }

    pub fn rest_of_body(&mut self) -> Body {
        self.pipe.body(std::mem::replace(
            &mut self.incoming,
            Incoming::new(Framing::Done),
        ))
    }

    /// So many bytes; none if the gateway closes before.
    pub fn exactly(&mut self, count: usize) -> Option<Vec<u8>> {
        self.pipe.exactly(count)
    }

    /// Everything until the gateway closes.
    pub fn rest(&mut self) -> Vec<u8> {
        self.pipe.rest()
    }

    /// Reads to the end of the connection and says whether it ended with a reset.
    pub fn is_reset(&mut self) -> bool {
        self.pipe.is_reset()
    }

    /// Waits for the end of the connection, and says whether nothing came before it.
    pub fn is_closed(&mut self) -> bool {
        self.pipe.is_closed()
    }

    /// Whether nothing at all, not even an end, arrives for so long.
    pub fn is_silent_for(&mut self, period: Duration) -> bool {
        self.pipe.is_silent_for(period)
    }

    fn head_of_answer_to(&mut self, method: &str) -> Answer {
        let head = self.pipe.head().expect("the connection ended before an answer");
        self.begin(head, method)
    }

    fn begin(&mut self, head: Head, method: &str) -> Answer {
        let status = head
            .first
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status line: `{}`", head.first));
        let bodiless = method == "HEAD" || matches!(status, 100..=199 | 204 | 304);
        let framing = if bodiless {
            Framing::Done
        } else {
            head.framing().unwrap_or(Framing::UntilClose)
        };
        self.incoming = Incoming::new(framing);
        Answer {
            status,
            head,
            body: Body::default(),
        }
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body.bytes).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body.bytes)
            .unwrap_or_else(|fault| panic!("not JSON ({fault}), status {}: {}", self.status, self.text()))
    }

    /// The `code` of a refusal, having checked that it is dressed as one.
    #[track_caller]
    pub fn code(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{self:?}"
        );
        let body = self.json();
        assert_eq!(body["status"], self.status, "{body}");
        assert_eq!(body["request_id"].as_str(), self.header("x-request-id"), "{body}");
        assert!(
            body["type"].is_string() && body["title"].is_string() && body["detail"].is_string(),
            "{body}"
        );
        body["code"].as_str().unwrap().to_owned()
    }

    /// Fails unless it is this refusal.
    #[track_caller]
    pub fn assert_refused(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{} {}", self.head.first, self.text());
        assert_eq!(self.code(), code);
    }
}
