//! One request of a [`Session`](super::Session) under way: its answer piece by piece, taken off the wire no
//! faster than the test reads. Dropping it is how a client leaves.

use http::{HeaderMap, Request, response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Answer;
use super::pipe::{Body, Head};
use super::session::{Outgoing, Sender, runtime, wait};

/// A request under way.
pub struct Exchange {
    events: mpsc::Receiver<Event>,
    task: JoinHandle<()>,
    trailers: Vec<(String, String)>,
    complete: bool,
}

enum Event {
    Head(Box<response::Parts>),
    Piece(Vec<u8>),
    Trailers(HeaderMap),
    End,
}

impl Exchange {
    pub(super) fn begin(sender: Sender, request: Request<Outgoing>) -> Self {
        let (tell, events) = mpsc::channel(1);
        Self {
            events,
            task: runtime().spawn(run(sender, request, tell)),
            trailers: Vec::new(),
            complete: false,
        }
    }

    /// The whole answer.
    #[track_caller]
    pub fn answer(mut self) -> Answer {
        let mut answer = self.head();
        answer.body = self.rest_of_body();
        answer
    }

    /// The head of the answer.
    #[track_caller]
    pub fn head(&mut self) -> Answer {
        self.try_head().expect("the request ended without an answer")
    }

    /// The head of the answer; none if the connection or the stream ends without.
    #[track_caller]
    pub fn try_head(&mut self) -> Option<Answer> {
        let Some(Event::Head(head)) = wait("an answer", self.events.recv()) else {
            return None;
        };
        Some(Answer {
            status: head.status.as_u16(),
            head: Head {
                first: format!("{:?} {}", head.version, head.status),
                headers: fields(&head.headers),
            },
            body: Body::default(),
        })
    }

    /// The next piece of the body as it arrives; `None` at its end.
    #[track_caller]
    pub fn piece(&mut self) -> Option<Vec<u8>> {
        loop {
            match wait("a piece of the body", self.events.recv())? {
                Event::Piece(bytes) => return Some(bytes),
                Event::Trailers(trailers) => self.trailers = fields(&trailers),
                Event::End => self.complete = true,
                Event::Head(_) => {}
            }
        }
    }

    /// Reads the body until it holds `text`.
    #[track_caller]
    pub fn piece_with(&mut self, text: &str) {
        let mut seen = String::new();
        while !seen.contains(text) {
            let piece = self.piece();
            let piece = piece.unwrap_or_else(|| panic!("the body ended before `{text}`: {seen}"));
            seen.push_str(&String::from_utf8_lossy(&piece));
        }
    }

    #[track_caller]
    pub fn rest_of_body(&mut self) -> Body {
        let mut bytes = Vec::new();
        while let Some(piece) = self.piece() {
            bytes.extend(piece);
        }
        Body {
            bytes,
            trailers: std::mem::take(&mut self.trailers),
            complete: self.complete,
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(sender: Sender, request: Request<Outgoing>, tell: mpsc::Sender<Event>) {
    let answered = match sender {
        Sender::Two(mut sender) => sender.send_request(request).await,
        Sender::One(sender) => {
            let mut sender = sender.lock().await;
            if sender.ready().await.is_err() {
                return;
            }
            sender.send_request(request).await
        }
    };
    let Ok(response) = answered else { return };
    let (head, body) = response.into_parts();
    let _nobody_reads = tell.send(Event::Head(Box::new(head))).await;
    pass_on(body, tell).await;
}

async fn pass_on(mut body: Incoming, tell: mpsc::Sender<Event>) {
    while let Some(frame) = body.frame().await {
        let event = match frame.map(hyper::body::Frame::into_data) {
            Ok(Ok(bytes)) => Event::Piece(bytes.to_vec()),
            Ok(Err(frame)) => Event::Trailers(frame.into_trailers().unwrap_or_default()),
            Err(_) => return,
        };
        if tell.send(event).await.is_err() {
            return;
        }
    }
    let _nobody_reads = tell.send(Event::End).await;
}

fn fields(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect()
}
