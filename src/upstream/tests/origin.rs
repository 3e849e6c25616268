//! For tests: a server that does exactly what the test says, a client that uploads byte by byte, and an
//! upstream around them.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::header::HOST;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::{TcpListener, TcpStream};

use crate::http::body::Body;
use crate::http::exchange::Trip;
use crate::http::flow::BodyFault;
use crate::http::inflow::Inflow;
use crate::http::message::Message;
use crate::http::pace::Pace;
use crate::http::refusal::Refusal;
use crate::upstream::deadline::Waits;
use crate::upstream::errand::Answer;
use crate::upstream::errand::Errand;
use crate::upstream::fault::AttemptError;
use crate::upstream::send::send;
use crate::upstream::server::Server;
use crate::upstream::watch::Upload;
use crate::upstream::{Setup, Sight, Upstream};

/// A server on loopback.
pub(in crate::upstream) struct Origin(TcpListener);

/// One connection to it, from its side.
pub(in crate::upstream) struct Talk(TcpStream);

/// What was counted.
#[derive(Default)]
pub(in crate::upstream) struct Seen(Mutex<Vec<String>>);

/// An upstream, what it saw, and the trip of the last request.
pub(in crate::upstream) struct Bench {
    pub(in crate::upstream) upstream: Upstream,
    pub(in crate::upstream) seen: Arc<Seen>,
    pub(in crate::upstream) waits: Waits<'static>,
    pub(in crate::upstream) trip: Trip,
}

impl Origin {
    pub(in crate::upstream) async fn bind() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(in crate::upstream) fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    pub(in crate::upstream) fn server(&self) -> Arc<Server> {
        Arc::new(Server::new("127.0.0.1", self.address().port(), 1))
    }

    pub(in crate::upstream) async fn accept(&self) -> Talk {
        Talk(self.0.accept().await.unwrap().0)
    }

    /// Accepts, reads one request, gives this answer.
    pub(in crate::upstream) async fn serve(&self, answer: &str) -> Talk {
        let mut talk = self.accept().await;
        talk.request().await;
        talk.say(answer).await;
        talk
    }
}

impl Talk {
    /// Whether a request comes at all; takes it off the wire.
    pub(in crate::upstream) async fn asks(&mut self) -> bool {
        let asks = self.0.peek(&mut [0]).await.unwrap() > 0;
        if asks {
            self.request().await;
        }
        asks
    }

    /// The next request's head.
    pub(in crate::upstream) async fn request(&mut self) -> String {
        self.until("\r\n\r\n").await
    }

    /// All that comes until it ends so.
    pub(in crate::upstream) async fn until(&mut self, end: &str) -> String {
        let mut heard = String::new();
        while !heard.ends_with(end) {
            heard.push(char::from(self.0.read_u8().await.unwrap()));
        }
        heard
    }

    pub(in crate::upstream) async fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Returns when the gateway has closed the connection.
    pub(in crate::upstream) async fn closed(&mut self) {
        while self.0.read_u8().await.is_ok() {}
    }
}

impl Seen {
    pub(in crate::upstream) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn add(&self, what: &str) {
        self.0.lock().unwrap().push(what.to_owned());
    }
}

impl Sight for Seen {
    fn connected(&self, ok: bool) {
        self.add(if ok { "connected" } else { "not connected" });
    }

    fn retried(&self) {
        self.add("retried");
    }

    fn answered(&self, result: &'static str) {
        self.add(result);
    }

    fn repaired(&self, _: &'static str) {}
    fn malformed(&self, reason: &'static str) {
        self.add(reason);
    }
}

/// An upstream of these servers, in HTTP/1.1 and plain.
pub(in crate::upstream) fn upstream_of(servers: Vec<Arc<Server>>, sight: Arc<dyn Sight>) -> Upstream {
    let setup = Setup {
        rules: crate::http::vet::Rules::default(),
        name: "app".to_owned(),
        servers,
        connect: Duration::from_secs(1),
        pool_idle: Duration::from_secs(4),
        http2: false,
        cap: None,
        sight,
        announce: None,
        health: None,
    };
    Upstream::new(setup, 1)
}

impl Bench {
    pub(in crate::upstream) fn new(servers: Vec<Arc<Server>>) -> Self {
        let seen = Arc::<Seen>::default();
        let upstream = upstream_of(servers, Arc::<Seen>::clone(&seen));
        Self {
            upstream,
            seen,
            waits: Waits::default(),
            trip: Trip::default(),
        }
    }

    pub(in crate::upstream) async fn get(&mut self) -> Result<Answer, AttemptError> {
        self.send(request(Method::GET, Body::Empty), None).await
    }

    pub(in crate::upstream) async fn post(
        &mut self,
        body: Body,
        upload: Arc<Upload>,
    ) -> Result<Answer, AttemptError> {
        self.send(request(Method::POST, body), Some(upload)).await
    }

    pub(in crate::upstream) async fn send(
        &mut self,
        message: Message,
        upload: Option<Arc<Upload>>,
    ) -> Result<Answer, AttemptError> {
        self.trip = Trip::default();
        let (method, target) = (message.method.clone(), message.target.clone());
        let again = move || Some(Message::new(method.clone(), target.clone(), Body::Empty));
        let errand = Errand {
            upload: upload.as_ref(),
            worker: 0,
            waits: self.waits,
            one_of_many: false,
            consent: None,
            again: &again,
            pinned: None,
            client: Box::default(),
        };
        send(&self.upstream, &mut Some(message), &errand, &mut self.trip).await
    }

    /// A GET to its end, its connection given back.
    pub(in crate::upstream) async fn get_all(&mut self) -> Result<String, Refusal> {
        let answer = self.get().await.map_err(|error| error.refusal)?;
        Ok(read(answer.body).await.unwrap())
    }

    pub(in crate::upstream) async fn refused(&mut self) -> Refusal {
        self.get().await.unwrap_err().refusal
    }
}

pub(in crate::upstream) fn request(method: Method, body: Body) -> Message {
    let mut message = Message::new(method, PathAndQuery::from_static("/"), body);
    message.lines.push(HOST, HeaderValue::from_static("app"));
    message
}

pub(in crate::upstream) async fn read(body: Inflow) -> Result<String, BodyFault> {
    let body = Body::streamed(body, Pace::default(), None);
    let bytes = http_body_util::BodyExt::collect(body).await?.to_bytes();
    Ok(String::from_utf8(bytes.to_vec()).unwrap())
}

/// A client that sends a chunked body: write to it what shall arrive, drop it to break off.
pub(in crate::upstream) async fn upload(pace: Pace) -> (DuplexStream, Body, Arc<Upload>) {
    let (mut client, server) = tokio::io::duplex(64 * 1024);
    let (tell, told) = tokio::sync::oneshot::channel();
    let tell = Mutex::new(Some(tell));
    let service = service_fn(move |request: Request<Incoming>| {
        let tell = tell.lock().unwrap().take().unwrap();
        tell.send(request.into_body()).unwrap();
        std::future::pending::<Result<http::Response<String>, Infallible>>()
    });
    tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(server), service));
    let head = "POST / HTTP/1.1\r\nhost: app\r\ntransfer-encoding: chunked\r\n\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    let upload = Upload::new();
    let body = Body::streamed(told.await.unwrap(), pace, Some(upload.watch()));
    (client, body, upload)
}
