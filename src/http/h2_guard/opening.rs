//! The head of a request, as far as it matters here: what follows it, and whether it puts a target into the dynamic table. h2
//! keeps names and values there in octets of their own, and `:path`, `:authority` and `:scheme` where they were read.

use crate::http::h2_guard::block::Block;
use crate::http::h2_guard::frame::{Head, flag};
use crate::http::h2_guard::news::News;

/// As far as it has come.
#[derive(Debug)]
pub(super) struct Opening {
    first: Head,
    block: Block,
}

impl Opening {
    /// Its first frame begins.
    pub(super) fn new(first: Head) -> Self {
        let mut block = Block::default();
        block.begin(first);
        Self { first, block }
    }

    /// Another frame of it begins.
    pub(super) fn begin(&mut self, head: Head) {
        self.block.begin(head);
    }

    /// Payload of the present frame comes.
    pub(super) fn read(&mut self, piece: &[u8]) {
        self.block.read(piece);
    }

    /// What it brings, now that it is whole.
    pub(super) fn news(&self) -> Option<News> {
        let opens = !self.first.has(flag::END_STREAM);
        let remembered = self.block.fields.remembered;
        (opens || remembered).then_some(News::Head {
            stream: self.first.stream,
            opens,
            remembered,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::h2_guard::frame::{head, kind};

    /// What a head brings that comes in frames and pieces of these sizes.
    fn remembered(block: &[u8], frame: usize, piece: usize) -> bool {
        let mut frames = block.chunks(frame).enumerate().peekable();
        let mut opening: Option<Opening> = None;
        while let Some((at, payload)) = frames.next() {
            let kind = if at == 0 {
                kind::HEADERS
            } else {
                kind::CONTINUATION
            };
            let flags = if frames.peek().is_none() {
                flag::END_HEADERS
            } else {
                0
            } | flag::END_STREAM;
            let head = head(kind, flags, payload.len());
            let opening = opening.get_or_insert_with(|| Opening::new(head));
            if at > 0 {
                opening.begin(head);
            }
            payload.chunks(piece).for_each(|piece| opening.read(piece));
        }
        opening.and_then(|opening| opening.news()).is_some()
    }

    #[test]
    fn targets_that_enter_the_table_are_found_however_they_come() {
        let found: [&[u8]; 5] = [
            b"\x82\x44\x02/a",
            b"\x41\x01a\x84",
            b"\x40\x05:path\x02/a",
            b"\x3f\xe1\x1f\x46\x04http",
            // A name that was remembered may be one of those.
            b"\x7f\x00\x02/a",
        ];
        let ordinary: [&[u8]; 4] = [
            b"\x82\x04\x02/a\x86",
            b"\x40\x03x-a\x02:a",
            b"\x14\x02/a",
            b"\xbe\x84\x82",
        ];
        for (frame, piece) in [(99, 99), (99, 1), (2, 99), (1, 1), (5, 2)] {
            assert!(found.iter().all(|block| remembered(block, frame, piece)));
            assert!(!ordinary.iter().any(|block| remembered(block, frame, piece)));
        }
    }

    #[test]
    fn padding_and_priority_are_no_part_of_it() {
        let payload = b"\x03\x00\x00\x00\x00\x09\x82\x44\x40\x40";
        let flags = flag::PADDED | flag::PRIORITY | flag::END_HEADERS | flag::END_STREAM;
        let first = head(kind::HEADERS, flags, payload.len());
        for size in [1, 3, 10] {
            let mut opening = Opening::new(first);
            payload.chunks(size).for_each(|piece| opening.read(piece));
            assert_eq!(opening.news(), None);
        }
    }
}
