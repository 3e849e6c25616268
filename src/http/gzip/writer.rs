//! A gzip stream (RFC 1952) written batch by batch, in one of two ways. Alone on its connection, an answer keeps the state
//! of deflate to its end. Where a hundred share a connection, that would be forty megabytes: each batch is then coded
//! by whichever coder is at hand, into blocks that end with an octet (RFC 1951), and what is kept is the end of the text.

use std::sync::Arc;

use bytes::Bytes;
use flate2::FlushCompress as Flush;

use crate::http::flow::BodyFault;
use crate::http::gzip::batch::Batch;
use crate::http::gzip::coder::{Coder, Form};
use crate::http::gzip::thrift::Thrift;
use crate::http::room::Room;

/// Writes one stream.
pub struct Writer {
    level: u8,
    /// None before the first batch, so that an answer that waits for its upstream holds none; and in between by thrift.
    coder: Option<Coder>,
    thrift: Option<Box<Thrift>>,
}

impl Writer {
    /// Nothing has been written. With a room, all it holds is in there.
    pub fn new(level: u8, room: Option<Arc<Room>>) -> Self {
        Self {
            level,
            coder: None,
            thrift: room.map(|room| Box::new(Thrift::new(room))),
        }
    }

    /// Compresses a batch. `flush` is `None` if more follows at once (not with a room: then it would be lost), `Sync` if
    /// all so far is to come out, `Finish` at the end.
    pub fn code(&mut self, batch: Batch, flush: Flush) -> Result<Bytes, BodyFault> {
        self.prepare(flush);
        let coded = self.write(&batch, flush)?;
        Ok(self.settle(batch, coded, flush))
    }

    /// Takes a coder, with which a batch is written next.
    pub(super) fn prepare(&mut self, flush: Flush) {
        // All in one batch, as most answers come, needs no thrift.
        let last = matches!(flush, Flush::Finish);
        let whole = self.thrift.as_ref().is_none_or(|thrift| last && thrift.is_new());
        let form = if whole { Form::Gzip } else { Form::Blocks };
        self.coder.get_or_insert_with(|| Coder::take(self.level, form));
    }

    /// Compresses a batch, on whichever thread.
    pub(super) fn write(&mut self, batch: &Batch, flush: Flush) -> Result<Vec<u8>, BodyFault> {
        let coder = self.coder.as_mut().ok_or(BodyFault::Coding)?;
        match &mut self.thrift {
            Some(thrift) if coder.form == Form::Blocks => thrift.write(coder, batch, flush),
            _ => coder.code(batch.pieces(), flush),
        }
    }

    /// Gives back what needs not be kept, and takes a share for what came out.
    pub(super) fn settle(&mut self, batch: Batch, coded: Vec<u8>, flush: Flush) -> Bytes {
        let last = matches!(flush, Flush::Finish);
        if last || self.thrift.is_some() {
            self.coder.take().into_iter().for_each(Coder::give_back);
        }
        match &mut self.thrift {
            Some(thrift) => thrift.settle(batch, coded, last),
            None => coded.into(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;
