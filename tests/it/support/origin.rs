//! A backend in threads of this process. Each test says in a closure how it answers, so that it can be held
//! at any point, or break HTTP on purpose; what it was asked is recorded.

use std::collections::HashMap;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::json;

use super::pipe::{Body, Framing, Head, Incoming, Pipe};
use super::{Reply, until};

type Play = dyn Fn(&Call, &mut Line) + Send + Sync;

/// A listening backend; dropping it cuts its connections.
pub struct Origin {
    address: SocketAddr,
    stage: Arc<Stage>,
    accepting: Option<JoinHandle<()>>,
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: String,
    pub target: String,
    pub head: Head,
    /// Which connection it came over, and as which of its requests; both from 0.
    pub connection: usize,
    pub turn: usize,
}

/// The connection that a call came over.
pub struct Line {
    pipe: Option<Pipe>,
    incoming: Incoming,
    peer: SocketAddr,
    open: Open,
}

/// A second hold on each open socket, by its peer, to cut it from outside.
type Open = Arc<Mutex<HashMap<SocketAddr, TcpStream>>>;

struct Stage {
    play: Box<Play>,
    calls: Mutex<Vec<Call>>,
    open: Open,
    connections: AtomicUsize,
    stopping: AtomicBool,
}

impl Origin {
    /// Answers as the closure says.
    pub fn playing(play: impl Fn(&Call, &mut Line) + Send + Sync + 'static) -> Self {
        Self::at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), play)
    }

    /// As [`playing`](Self::playing), at an address that was used before.
    pub fn at(address: SocketAddr, play: impl Fn(&Call, &mut Line) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let stage = Arc::new(Stage {
            play: Box::new(play),
            calls: Mutex::default(),
            open: Open::default(),
            connections: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
        });
        let shared = Arc::clone(&stage);
        let accepting = Some(thread::spawn(move || shared.accept(&listener)));
        Self {
            address,
            stage,
            accepting,
        }
    }

    /// Reads each request whole and answers with what it saw, as JSON.
    pub fn echo() -> Self {
        Self::playing(|call, line| {
            let body = line.body();
            line.reply(&call.echo(&body));
        })
    }

    /// Always answers this.
    pub fn answering(reply: Reply) -> Self {
        Self::playing(move |_, line| {
            line.body();
            line.reply(&reply);
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every request so far, in order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.stage.calls.lock().unwrap().clone()
    }

    /// Waits until so many requests arrived.
    pub fn wait_for_calls(&self, count: usize) {
        until(&format!("{count} requests at the origin"), || {
            self.calls().len() >= count
        });
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.stage.stopping.store(true, Ordering::SeqCst);
        let _wake = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _panicked = accepting.join();
        }
        for stream in self.stage.open.lock().unwrap().values() {
            let _already_gone = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}

impl Stage {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming() {
            if self.stopping.load(Ordering::SeqCst) {
                return;
            }
            let Ok(stream) = stream else { continue };
            let Ok(peer) = stream.peer_addr() else { continue };
            self.open
                .lock()
                .unwrap()
                .insert(peer, stream.try_clone().unwrap());
            let stage = Arc::clone(self);
            thread::spawn(move || stage.serve(stream, peer));
        }
    }

    fn serve(&self, stream: TcpStream, peer: SocketAddr) {
        let pipe = Some(Pipe::lenient(stream));
        let mut line = Line {
            pipe,
            incoming: Incoming::new(Framing::Done),
            peer,
            open: Arc::clone(&self.open),
        };
        let mut connection = None;
        for turn in 0.. {
            let Some(head) = line.next_head() else { return };
            // Probes connect and say nothing: only connections that carry requests are numbered.
            let connection =
                *connection.get_or_insert_with(|| self.connections.fetch_add(1, Ordering::SeqCst));
            let mut words = head.first.split(' ').map(str::to_owned);
            let method = words.next().unwrap_or_default();
            let call = Call {
                method,
                target: words.next().unwrap_or_default(),
                head,
                connection,
                turn,
            };
            line.incoming = Incoming::new(call.head.framing().unwrap_or(Framing::Done));
            self.calls.lock().unwrap().push(call.clone());
            (self.play)(&call, &mut line);
            if line.pipe.is_some() {
                line.body();
            }
        }
    }
}

impl Call {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    /// What was seen, as JSON, with the headers that a careless framework adds.
    pub fn echo(&self, body: &Body) -> Reply {
        let seen = json!({
            "method": self.method, "target": self.target, "headers": self.head.headers,
            "body": String::from_utf8_lossy(&body.bytes), "trailers": body.trailers, "complete": body.complete,
            "connection": self.connection,
        });
        Reply::new(200, "application/json", seen.to_string())
            .header("Server", "origin/1.0")
            .header("X-Powered-By", "tests")
    }
}

impl Line {
    /// The rest of the request's body.
    pub fn body(&mut self) -> Body {
        let incoming = std::mem::replace(&mut self.incoming, Incoming::new(Framing::Done));
        self.pipe
            .as_mut()
            .map(|pipe| pipe.body(incoming))
            .unwrap_or_default()
    }

    /// The next piece of the request's body, as it arrives.
    pub fn piece(&mut self) -> Option<Vec<u8>> {
        self.pipe.as_mut()?.piece(&mut self.incoming)
    }

    /// From here on what arrives is no HTTP: `piece` gives all of it.
    pub fn switch(&mut self) {
        self.incoming = Incoming::new(Framing::UntilClose);
    }

    /// Whether nothing at all, not even an end, arrives for so long.
    pub fn is_silent_for(&mut self, period: Duration) -> bool {
        self.pipe.as_mut().is_some_and(|pipe| pipe.is_silent_for(period))
    }

    pub fn reply(&mut self, reply: &Reply) -> bool {
        self.send(reply.bytes())
    }

    /// Sends raw bytes; `false` when the gateway has gone.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.pipe.as_mut().is_some_and(|pipe| pipe.send(bytes).is_ok())
    }

    /// Sends from another thread, while this one goes on reading.
    pub fn send_aside(&self, bytes: Vec<u8>) -> JoinHandle<bool> {
        let mut stream = self.pipe.as_ref().unwrap().stream.try_clone().unwrap();
        thread::spawn(move || stream.write_all(&bytes).is_ok())
    }

    pub fn close(&mut self) {
        if let Some(mut pipe) = self.pipe.take() {
            pipe.close();
        }
    }

    /// Ends with a reset instead of an orderly close.
    pub fn reset(&mut self) {
        if let Some(pipe) = self.pipe.take() {
            self.open.lock().unwrap().remove(&self.peer);
            pipe.reset();
        }
    }

    /// Waits until the gateway closes this connection.
    pub fn wait_for_close(&mut self) {
        if let Some(pipe) = &mut self.pipe {
            pipe.rest();
        }
    }

    fn next_head(&mut self) -> Option<Head> {
        self.pipe.as_mut()?.head()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.open.lock().unwrap().remove(&self.peer);
    }
}
