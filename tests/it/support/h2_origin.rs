//! A backend that speaks HTTP/2 without asking, on the runtime of the clients. Each test says in a closure how a
//! stream is answered, and may order a whole connection to leave, to fall silent or to break.

use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use h2::server::{Builder, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, Request, Response, request};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::session::{runtime, wait};
use super::until;

type Playing = Pin<Box<dyn Future<Output = ()> + Send>>;
type Play = dyn Fn(H2Call) -> Playing + Send + Sync;

/// A listening backend; dropping it cuts its connections.
pub struct H2Origin {
    address: SocketAddr,
    stage: Arc<Stage>,
    accepting: JoinHandle<()>,
}

/// A stream that has begun.
pub struct H2Call {
    pub head: request::Parts,
    pub body: RecvStream,
    pub respond: SendResponse<Bytes>,
    /// Which connection it came over, from 0; only those that carry requests are numbered.
    pub connection: usize,
    pub orders: Orders,
}

/// What was seen of a stream.
#[derive(Debug, Clone)]
pub struct H2Seen {
    pub head: HeaderMap,
    pub uri: http::Uri,
    pub connection: usize,
}

/// The way to tell a connection what to do.
#[derive(Clone)]
pub struct Orders(mpsc::UnboundedSender<Order>);

enum Order {
    Leave,
    Silence,
    Break,
}

struct Stage {
    play: Box<Play>,
    most: Option<u32>,
    seen: Mutex<Vec<H2Seen>>,
    connections: AtomicUsize,
}

impl H2Origin {
    /// Answers as the closure says.
    pub fn playing<F>(play: impl Fn(H2Call) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::taking(None, play)
    }

    /// As [`playing`](Self::playing), at most so many streams at once on a connection.
    pub fn taking<F>(most: Option<u32>, play: impl Fn(H2Call) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stage = Arc::new(Stage {
            play: Box::new(move |call| Box::pin(play(call))),
            most,
            seen: Mutex::default(),
            connections: AtomicUsize::new(0),
        });
        let listener = wait("an address", TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::clone(&stage);
        let accepting = runtime().spawn(async move {
            // Dropped with the task, and all connections with it.
            let mut open = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.spawn(Arc::clone(&shared).serve(stream));
            }
        });
        Self {
            address,
            stage,
            accepting,
        }
    }

    /// Answers each stream with its own body and trailers, piece by piece.
    pub fn echo() -> Self {
        Self::playing(|call| async move {
            let (mut body, mut sending) = call.answer(Response::new(()));
            while let Some(Ok(piece)) = body.data().await {
                let _taken = body.flow_control().release_capacity(piece.len());
                if sending.send_data(piece, false).is_err() {
                    return;
                }
            }
            let trailers = body.trailers().await.ok().flatten().unwrap_or_default();
            let _gone = sending.send_trailers(trailers);
        })
    }

    /// Always answers this.
    pub fn saying(text: &'static str) -> Self {
        Self::playing(move |call| async move { call.say(text).await })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every stream so far.
    pub fn seen(&self) -> Vec<H2Seen> {
        self.stage.seen.lock().unwrap().clone()
    }

    pub fn wait_for_calls(&self, count: usize) {
        until(&format!("{count} streams at the origin"), || {
            self.seen().len() >= count
        });
    }
}

impl Drop for H2Origin {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Stage {
    async fn serve(self: Arc<Self>, stream: TcpStream) {
        let mut builder = Builder::new();
        if let Some(most) = self.most {
            builder.max_concurrent_streams(most);
        }
        let Ok(mut connection) = builder.handshake::<_, Bytes>(stream).await else {
            return;
        };
        let (orders, mut ordered) = mpsc::unbounded_channel();
        let mut number = None;
        loop {
            tokio::select! {
                order = ordered.recv() => match order {
                    Some(Order::Leave) => connection.graceful_shutdown(),
                    Some(Order::Silence) => std::future::pending().await,
                    Some(Order::Break) | None => return,
                },
                next = connection.accept() => {
                    let Some(Ok((request, respond))) = next else { return };
                    let number = *number.get_or_insert_with(|| self.connections.fetch_add(1, Ordering::SeqCst));
                    self.begin(request, respond, number, Orders(orders.clone()));
                }
            }
        }
    }

    fn begin(
        &self,
        request: Request<RecvStream>,
        respond: SendResponse<Bytes>,
        connection: usize,
        orders: Orders,
    ) {
        let (head, body) = request.into_parts();
        self.seen.lock().unwrap().push(H2Seen {
            head: head.headers.clone(),
            uri: head.uri.clone(),
            connection,
        });
        tokio::spawn((self.play)(H2Call {
            head,
            body,
            respond,
            connection,
            orders,
        }));
    }
}

impl H2Call {
    /// The head of the answer; its body is for the caller to send.
    pub fn answer(mut self, head: Response<()>) -> (RecvStream, SendStream<Bytes>) {
        let sending = self.respond.send_response(head, false).unwrap();
        (self.body, sending)
    }

    /// Reads the request and answers 200 with this text.
    pub async fn say(mut self, text: &str) {
        let _request = self.read().await;
        let (_, mut sending) = self.answer(Response::new(()));
        let _gone = sending.send_data(Bytes::copy_from_slice(text.as_bytes()), true);
    }

    /// The whole body of the request; none if it broke off.
    pub async fn read(&mut self) -> Option<Vec<u8>> {
        let mut whole = Vec::new();
        while let Some(piece) = self.body.data().await {
            let piece = piece.ok()?;
            let _taken = self.body.flow_control().release_capacity(piece.len());
            whole.extend_from_slice(&piece);
        }
        Some(whole)
    }

    pub fn reset(mut self, reason: Reason) {
        self.respond.send_reset(reason);
    }
}

impl Orders {
    /// Says GOAWAY, and finishes what has begun.
    pub fn leave(&self) {
        let _gone = self.0.send(Order::Leave);
    }

    /// Reads and writes nothing any more; the connection stays open.
    pub fn fall_silent(&self) {
        let _gone = self.0.send(Order::Silence);
    }

    /// Closes the connection under everything.
    pub fn break_off(&self) {
        let _gone = self.0.send(Order::Break);
    }
}
