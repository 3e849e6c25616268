//! HTTP/1.1 read from a socket byte by byte, for both the client's and the origin's side. It accepts what
//! arrives and says whether it was complete; it judges nothing.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use super::DEADLINE;

/// A socket and what was read from it too early.
pub struct Pipe {
    pub stream: TcpStream,
    unread: Vec<u8>,
    /// Silence until the deadline counts as an end, not as a failed test: an origin's idle connections.
    lenient: bool,
}

/// The first line and the header fields of a message.
#[derive(Debug, Clone, Default)]
pub struct Head {
    pub first: String,
    pub headers: Vec<(String, String)>,
}

/// How much of a body is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
    Done,
}

/// A body being read.
pub struct Incoming {
    pub framing: Framing,
    pub trailers: Vec<(String, String)>,
}

/// A body read to its end, or as far as it came.
#[derive(Debug, Clone, Default)]
pub struct Body {
    pub bytes: Vec<u8>,
    pub trailers: Vec<(String, String)>,
    /// Its framing said it was over, rather than the connection ending.
    pub complete: bool,
}

impl Head {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).into_iter().next()
    }

    /// Every value of a header, in order.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let same = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
        self.headers
            .iter()
            .filter(same)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// The framing that the headers announce, if any.
    pub fn framing(&self) -> Option<Framing> {
        if self
            .header("transfer-encoding")
            .is_some_and(|coding| coding.contains("chunked"))
        {
            return Some(Framing::Chunked);
        }
        self.header("content-length")
            .and_then(|length| length.parse().ok())
            .map(Framing::Length)
    }
}

impl Incoming {
    pub fn new(framing: Framing) -> Self {
        Self {
            framing: if framing == Framing::Length(0) {
                Framing::Done
            } else {
                framing
            },
            trailers: Vec::new(),
        }
    }
}

impl Pipe {
    pub fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            unread: Vec::new(),
            lenient: false,
        }
    }

    pub fn lenient(stream: TcpStream) -> Self {
        Self {
            lenient: true,
            ..Self::new(stream)
        }
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// A whole head; `None` if the other side closed before its end.
    pub fn head(&mut self) -> Option<Head> {
        let mut lines = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() && !lines.is_empty() {
                break;
            }
            lines.push(line);
        }
        let mut lines = lines.into_iter();
        let first = lines.next()?;
        Some(Head {
            first,
            headers: lines.map(|line| split_field(&line)).collect(),
        })
    }

    /// The next piece of a body, as it arrives; `None` at its end, or where it was cut.
    pub fn piece(&mut self, body: &mut Incoming) -> Option<Vec<u8>> {
        match body.framing {
            Framing::Done => None,
            Framing::UntilClose => {
                let piece = self.some(usize::MAX);
                if piece.is_none() {
                    body.framing = Framing::Done;
                }
                piece
            }
            Framing::Length(left) => {
                let piece = self.some(left)?;
                let left = left - piece.len();
                body.framing = if left == 0 {
                    Framing::Done
                } else {
                    Framing::Length(left)
                };
                Some(piece)
            }
            Framing::Chunked => self.chunk(body),
        }
    }

    /// The rest of a body.
    pub fn body(&mut self, mut body: Incoming) -> Body {
        let mut bytes = Vec::new();
        while let Some(piece) = self.piece(&mut body) {
            bytes.extend(piece);
        }
        Body {
            bytes,
            trailers: body.trailers,
            complete: body.framing == Framing::Done,
        }
    }

    /// Everything until the other side closes.
    pub fn rest(&mut self) -> Vec<u8> {
        while self.fill() {}
        std::mem::take(&mut self.unread)
    }

    /// Whether neither a byte nor an end arrives for so long.
    pub fn is_silent_for(&mut self, period: Duration) -> bool {
        if !self.unread.is_empty() {
            return false;
        }
        self.stream.set_read_timeout(Some(period)).unwrap();
        let peeked = self.stream.peek(&mut [0]);
        let silent = matches!(&peeked, Err(error) if is_timeout(error));
        if !silent {
            eprintln!("not silent: {peeked:?}");
        }
        self.stream.set_read_timeout(Some(DEADLINE)).unwrap();
        silent
    }

    /// Reads to the end of the connection and says whether it ended with a reset.
    pub fn is_reset(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) => return error.kind() == io::ErrorKind::ConnectionReset,
            }
        }
    }

    /// Waits for the other side to close, and says that it sent nothing before.
    pub fn is_closed(&mut self) -> bool {
        !self.fill() && self.unread.is_empty()
    }

    pub fn close(&mut self) {
        let _already_gone = self.stream.shutdown(Shutdown::Both);
    }

    /// Ends the connection with RST, so that the other side sees an error rather than an end.
    pub fn reset(self) {
        socket2::SockRef::from(&self.stream)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    }

    fn chunk(&mut self, body: &mut Incoming) -> Option<Vec<u8>> {
        let line = self.line()?;
        let size = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
        if size > 0 {
            let bytes = self.exactly(size)?;
            self.line()?;
            return Some(bytes);
        }
        loop {
            let line = self.line()?;
            if line.is_empty() {
                body.framing = Framing::Done;
                return None;
            }
            body.trailers.push(split_field(&line));
        }
    }

    fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                return Some(
                    String::from_utf8_lossy(&line)
                        .trim_end_matches(['\r', '\n'])
                        .to_owned(),
                );
            }
            if !self.fill() {
                return None;
            }
        }
    }

    pub fn exactly(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.unread.len() < count {
            if !self.fill() {
                return None;
            }
        }
        Some(self.unread.drain(..count).collect())
    }

    fn some(&mut self, most: usize) -> Option<Vec<u8>> {
        if self.unread.is_empty() && !self.fill() {
            return None;
        }
        let count = most.min(self.unread.len());
        Some(self.unread.drain(..count).collect())
    }

    /// Reads once; `false` when the other side closed or reset.
    fn fill(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(count) => {
                    self.unread.extend_from_slice(&buffer[..count]);
                    return count > 0;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) && !self.lenient => panic!("waited {DEADLINE:?} for a byte"),
                Err(_) => return false,
            }
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

fn split_field(line: &str) -> (String, String) {
    let (name, value) = line.split_once(':').unwrap_or((line, ""));
    (name.to_owned(), value.trim().to_owned())
}
