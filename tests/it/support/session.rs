//! A client that speaks HTTP/1.1 or HTTP/2, in the clear or under TLS, the same to a test in each: so that one
//! test body runs over all. Where the bytes matter, a test takes a `Wire` instead.

use std::convert::Infallible;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, LazyLock};
use std::thread;

use bytes::Bytes;
use futures_util::stream;
use http::Request;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody, combinators::BoxBody};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpSocket;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;

use super::exchange::Exchange;
use super::secure::{connect, trusting};
use super::{Answer, Ask, DEADLINE, Gateway};

/// How a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proto {
    Http1,
    Http1Tls,
    H2c,
    H2Tls,
}

impl Proto {
    pub const ALL: [Self; 4] = [Self::Http1, Self::Http1Tls, Self::H2c, Self::H2Tls];

    pub fn is_tls(self) -> bool {
        matches!(self, Self::Http1Tls | Self::H2Tls)
    }

    pub fn is_h2(self) -> bool {
        matches!(self, Self::H2c | Self::H2Tls)
    }

    /// The listener of the gateway that speaks so.
    pub fn address(self, gateway: &Gateway) -> SocketAddr {
        gateway.address(if self.is_tls() { "https" } else { "http" })
    }

    /// `http_version` in the access log.
    pub fn version(self) -> &'static str {
        if self.is_h2() { "HTTP/2" } else { "HTTP/1.1" }
    }
}

pub(super) type Outgoing = BoxBody<Bytes, Infallible>;

/// A connection.
pub struct Session {
    proto: Proto,
    sender: Sender,
}

#[derive(Clone)]
pub(super) enum Sender {
    One(Arc<Mutex<http1::SendRequest<Outgoing>>>),
    Two(http2::SendRequest<Outgoing>),
}

static RUNTIME: LazyLock<Handle> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let handle = runtime.handle().clone();
    thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
    handle
});

/// Waits for a future on the clients' runtime, with the deadline of all waits.
#[track_caller]
pub(super) fn wait<T>(what: &str, future: impl Future<Output = T>) -> T {
    RUNTIME
        .block_on(async { timeout(DEADLINE, future).await })
        .unwrap_or_else(|_| panic!("waited {DEADLINE:?} in vain: {what}"))
}

pub(super) fn runtime() -> &'static Handle {
    &RUNTIME
}

impl Session {
    /// Connects to a gateway that `policy(..).tls(..)` describes.
    #[track_caller]
    pub fn open(proto: Proto, gateway: &Gateway) -> Self {
        Self::connect(proto, proto.address(gateway), Ipv4Addr::LOCALHOST)
    }

    /// Connects from another address of the loopback network: another client.
    #[track_caller]
    pub fn connect(proto: Proto, address: SocketAddr, source: Ipv4Addr) -> Self {
        let sender = wait("a connection", async move {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind((source, 0).into()).unwrap();
            let stream = socket.connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            if !proto.is_tls() {
                return handshake(proto, stream).await;
            }
            let protocol: &[u8] = if proto.is_h2() { b"h2" } else { b"http/1.1" };
            let terms = trusting(&[protocol], &rustls::version::TLS13);
            let stream = connect(stream, "gateway.test", terms).await.unwrap();
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol));
            handshake(proto, stream).await
        });
        Self { proto, sender }
    }

    /// The whole answer.
    #[track_caller]
    pub fn ask(&self, ask: &Ask) -> Answer {
        self.start(ask).answer()
    }

    /// Sends a request; the answer is for the caller to read.
    pub fn start(&self, ask: &Ask) -> Exchange {
        let body = ask.body().map(Bytes::copy_from_slice);
        let body = stream::iter(body.map(|bytes| Ok(Frame::data(bytes))));
        self.send(
            ask,
            ask.body().map(<[u8]>::len),
            BodyExt::boxed(StreamBody::new(body)),
        )
    }

    /// As [`start`](Self::start), with a body that the test sends piece by piece.
    pub fn upload(&self, ask: &Ask) -> (Exchange, mpsc::UnboundedSender<Frame<Bytes>>) {
        let (pieces, body) = mpsc::unbounded_channel();
        let body = stream::unfold(body, |mut body: mpsc::UnboundedReceiver<_>| async {
            body.recv().await.map(|frame| (Ok(frame), body))
        });
        (
            self.send(ask, None, BodyExt::boxed(StreamBody::new(body))),
            pieces,
        )
    }

    fn send(&self, ask: &Ask, length: Option<usize>, body: Outgoing) -> Exchange {
        let scheme = if self.proto.is_tls() { "https" } else { "http" };
        let mut request = Request::builder().method(ask.method());
        if self.proto.is_h2() {
            request = request.uri(format!("{scheme}://{}{}", ask.authority(), ask.target()));
        } else {
            request = request.uri(ask.target()).header("host", ask.authority());
        }
        for (name, value) in ask.headers() {
            request = request.header(name, value);
        }
        if let Some(length) = length {
            request = request.header("content-length", length);
        }
        Exchange::begin(self.sender.clone(), request.body(body).unwrap())
    }
}

async fn handshake<S>(proto: Proto, stream: S) -> Sender
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let io = TokioIo::new(stream);
    if proto.is_h2() {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        // As browsers do; by itself hyper takes 16 KiB.
        builder.max_header_list_size(256 << 10);
        let (sender, connection) = builder.handshake(io).await.unwrap();
        runtime().spawn(connection);
        return Sender::Two(sender);
    }
    let (sender, connection) = http1::handshake(io).await.unwrap();
    runtime().spawn(connection);
    Sender::One(Arc::new(Mutex::new(sender)))
}
