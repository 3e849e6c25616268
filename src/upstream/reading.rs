//! The body of an answer while it is read. Read to its end, its connection is kept for the next request; dropped midway,
//! the connection ends, and the server notices at once.

use std::io;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Frame;

use crate::http::inflow::Flow;
use crate::upstream::home::Home;
use crate::upstream::http1::{Broke, Conn};

/// A body on its connection.
pub(super) struct Reading {
    /// Gone once the body is over.
    conn: Option<Box<Conn>>,
    /// What came with the head.
    first: Option<Result<Frame<Bytes>, Broke>>,
    /// Why there is no more; told after what came before has been passed on.
    broke: Option<Broke>,
    home: Home,
}

impl Reading {
    /// The body whose head has been read, with what came right after it.
    pub(super) fn new(conn: Box<Conn>, first: Option<Result<Frame<Bytes>, Broke>>, home: Home) -> Self {
        Self {
            conn: Some(conn),
            first,
            broke: None,
            home,
        }
    }

    /// Sends on, while there is no room for what is read.
    pub(super) fn send_on(&mut self, cx: &mut Context<'_>) {
        let sent = self.conn.as_mut().map(|conn| conn.send_on(cx));
        if let Some(Err(broke)) = sent {
            (self.conn, self.broke) = (None, Some(broke));
        }
    }

    /// Gives the connection back once nothing more will come on it.
    fn settle(&mut self) {
        if self.conn.as_ref().is_some_and(|conn| conn.left() == Some(0))
            && let Some(conn) = self.conn.take()
        {
            self.home.keep(conn);
        }
    }
}

impl Flow for Reading {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(broke) = self.broke.take() {
            return Poll::Ready(Some(Err(told(broke))));
        }
        let piece = match (self.first.take(), &mut self.conn) {
            (Some(first), _) => Some(first),
            (None, Some(conn)) => ready!(conn.poll_piece(cx)),
            (None, None) => None,
        };
        match piece {
            Some(Ok(frame)) => {
                self.settle();
                Poll::Ready(Some(Ok(frame)))
            }
            // Whoever writes the answer throws away what it still holds of it when it hears of this. So it gets to
            // write first: the client shall see what there was, and that it is not all.
            Some(Err(broke)) => {
                (self.conn, self.broke) = (None, Some(broke));
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            None => {
                self.settle();
                self.conn = None;
                Poll::Ready(None)
            }
        }
    }

    fn is_over(&self) -> bool {
        self.first.is_none() && self.broke.is_none() && self.conn.is_none()
    }

    fn left(&self) -> Option<u64> {
        let first = match &self.first {
            // No bytes, but a length would keep them from being told.
            Some(Ok(frame)) => frame.data_ref()?.len() as u64,
            _ => 0,
        };
        let rest = match &self.conn {
            Some(conn) => conn.left(),
            None => self.broke.is_none().then_some(0),
        };
        rest.map(|rest| rest + first)
    }
}

fn told(error: Broke) -> io::Error {
    match error {
        Broke::Io(error) => error,
        Broke::Vet(fault) => io::Error::new(io::ErrorKind::InvalidData, fault),
        Broke::Closed => io::ErrorKind::UnexpectedEof.into(),
        Broke::Body(fault) => io::Error::other(fault),
    }
}
