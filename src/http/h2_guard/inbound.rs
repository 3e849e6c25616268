//! What a client sends, frame by frame: the rules that can be judged by the head of a frame and the first bytes
//! behind it (RFC 9113 §4–§6), and how much each frame weighs. Header blocks are decoded by h2 alone: two
//! decoders would be two opinions.

use crate::http::h2_guard::Fault;
use crate::http::h2_guard::bounds::Bounds;
use crate::http::h2_guard::frame::{Head, flag, kind};
use crate::http::h2_guard::rules::{
    FRAME, WINDOW, Weight, chatter, depends, is_idle, may_send, of_the_connection, reset, setting, settings,
    window,
};
use crate::http::h2_guard::streams::{Known, Streams};
use crate::http::h2_guard::trailers::Trailers;

/// What a frame of DATA weighs that has none.
const NOTHING: u32 = 10;

/// A header block that has begun and not ended.
#[derive(Debug, Clone, Copy)]
struct Block {
    stream: u32,
    bytes: u32,
    frames: u32,
}

/// One client, as far as it has come.
#[derive(Debug)]
pub(super) struct Inbound {
    bounds: Bounds,
    /// The first frame has come.
    begun: bool,
    block: Option<Block>,
    /// A header block on a stream that has one already.
    trailers: Option<Trailers>,
    frame: Head,
    /// The first bytes of the payload, or of one setting, as far as they matter.
    part: [u8; 6],
    have: usize,
    want: usize,
}

impl Inbound {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            begun: false,
            block: None,
            trailers: None,
            frame: Head {
                length: 0,
                kind: kind::SETTINGS,
                flags: 0,
                stream: 0,
            },
            part: [0; 6],
            have: 0,
            want: 0,
        }
    }

    pub(super) fn is_in_block(&self) -> bool {
        self.block.is_some()
    }

    /// A frame begins.
    pub(super) fn begin(&mut self, head: Head, streams: &mut Streams) -> Result<Weight, Fault> {
        self.frame = head;
        (self.have, self.want) = (0, 0);
        if head.length > FRAME {
            return Err(Fault::size("a frame is larger than was allowed"));
        }
        if let Some(block) = self.block {
            return self.go_on(block, head);
        }
        self.trailers = None;
        if !self.begun {
            self.begun = true;
            if head.kind != kind::SETTINGS || head.has(flag::ACK) {
                return Err(Fault::protocol("the first frame is no SETTINGS"));
            }
        }
        match head.kind {
            kind::DATA => self.payload(head, streams),
            kind::HEADERS => self.headers(head, streams),
            kind::RST_STREAM => reset(head, streams),
            kind::WINDOW_UPDATE => {
                self.want = 4;
                window(head, streams)
            }
            kind::SETTINGS => {
                self.want = if head.has(flag::ACK) { 0 } else { 6 };
                settings(head)
            }
            kind::PING => of_the_connection(head, head.length == 8, 1),
            kind::PRIORITY => self.priority(head),
            kind::GOAWAY => of_the_connection(head, head.length >= 8, 10),
            kind::PUSH_PROMISE => Err(Fault::protocol("a client cannot promise")),
            kind::CONTINUATION => Err(Fault::protocol("CONTINUATION continues nothing")),
            kind::PRIORITY_UPDATE => {
                self.want = 4;
                of_the_connection(head, head.length >= 4, 1)
            }
            // Unknown kinds are ignored (RFC 9113 §5.5), but not for ever.
            _ => Ok(chatter(1)),
        }
    }

    /// Bytes of the frame's payload.
    pub(super) fn look(&mut self, whole: &[u8]) -> Result<Weight, Fault> {
        let (mut piece, mut weight) = (whole, Weight::default());
        while self.want > 0 {
            let Some((byte, rest)) = piece.split_first() else {
                break;
            };
            piece = rest;
            if let Some(slot) = self.part.get_mut(self.have) {
                *slot = *byte;
            }
            self.have += 1;
            if self.have == self.want {
                self.have = 0;
                self.judge()?;
                weight = self.weigh();
            }
        }
        if let Some(trailers) = &mut self.trailers {
            trailers.gather(whole)?;
        }
        Ok(weight)
    }

    fn go_on(&mut self, mut block: Block, head: Head) -> Result<Weight, Fault> {
        if head.kind != kind::CONTINUATION || head.stream != block.stream {
            return Err(Fault::protocol(
                "something comes between the frames of a header block",
            ));
        }
        block.frames += 1;
        block.bytes += head.length;
        if block.frames > self.bounds.continuations {
            return Err(Fault::flood("a header block has too many frames"));
        }
        if block.bytes > self.bounds.block {
            return Err(Fault::flood("a header block is too large"));
        }
        self.block = (!head.has(flag::END_HEADERS)).then_some(block);
        if let Some(trailers) = &mut self.trailers {
            trailers.begin(head);
        }
        Ok(chatter(u32::from(head.length == 0) * 100))
    }

    fn payload(&mut self, head: Head, streams: &mut Streams) -> Result<Weight, Fault> {
        self.want = usize::from(head.has(flag::PADDED));
        if head.has(flag::PADDED) && head.length == 0 {
            return Err(Fault::size("DATA has no room for the length of its padding"));
        }
        if head.stream == 0 || is_idle(head.stream, streams) {
            return Err(Fault::protocol("DATA belongs to no stream"));
        }
        may_send(streams.known(head.stream))?;
        let ends = head.has(flag::END_STREAM);
        if ends {
            streams.ended(head.stream);
        }
        Ok(chatter(if head.length == 0 && !ends { NOTHING } else { 0 }))
    }

    /// All padding and no data is as good as nothing.
    fn weigh(&self) -> Weight {
        let [padding, ..] = self.part;
        let hollow = self.frame.kind == kind::DATA && self.frame.length == u32::from(padding) + 1;
        let ends = self.frame.has(flag::END_STREAM);
        chatter(if hollow && !ends { NOTHING } else { 0 })
    }

    fn headers(&mut self, head: Head, streams: &mut Streams) -> Result<Weight, Fault> {
        if head.stream.is_multiple_of(2) {
            return Err(Fault::protocol("HEADERS has the number of no stream of a client"));
        }
        let padded = usize::from(head.has(flag::PADDED));
        self.want = padded + if head.has(flag::PRIORITY) { 5 } else { 0 };
        if (head.length as usize) < self.want {
            return Err(Fault::size("HEADERS is too short for what its flags announce"));
        }
        let ends = head.has(flag::END_STREAM);
        if head.stream > streams.highest() {
            if !streams.open(head.stream, ends) {
                return Err(Fault::flood("more streams are opened than were allowed"));
            }
        } else {
            match streams.known(head.stream) {
                // RFC 9113 §5.1.1: a number that was skipped cannot be used any more.
                Known::Gone => return Err(Fault::protocol("HEADERS goes back to a lower number")),
                known => may_send(known)?,
            }
            if ends {
                streams.ended(head.stream);
            }
            self.trailers.insert(Trailers::default()).begin(head);
        }
        if !head.has(flag::END_HEADERS) {
            self.block = Some(Block {
                stream: head.stream,
                bytes: head.length,
                frames: 0,
            });
        }
        Ok(Weight::default())
    }

    fn priority(&mut self, head: Head) -> Result<Weight, Fault> {
        self.want = 4;
        if head.stream == 0 {
            return Err(Fault::protocol("PRIORITY belongs to no stream"));
        }
        if head.length != 5 {
            return Err(Fault::size("PRIORITY is not five bytes long"));
        }
        Ok(chatter(1))
    }

    /// The bytes that were wanted are there.
    #[allow(
        clippy::many_single_char_names,
        reason = "bytes that mean something else in each frame"
    )]
    fn judge(&mut self) -> Result<(), Fault> {
        let [a, b, c, d, e, f] = self.part;
        let number = u32::from_be_bytes([a, b, c, d]) & WINDOW;
        let want = self.want;
        if self.frame.kind != kind::SETTINGS {
            self.want = 0;
        }
        match self.frame.kind {
            kind::DATA => self.padding(a, 1),
            kind::HEADERS => {
                let padded = self.frame.has(flag::PADDED);
                if padded {
                    self.padding(a, want)?;
                }
                let on = if padded { [b, c, d, e] } else { [a, b, c, d] };
                if self.frame.has(flag::PRIORITY) {
                    depends(self.frame.stream, u32::from_be_bytes(on) & WINDOW)?;
                }
                Ok(())
            }
            kind::PRIORITY => depends(self.frame.stream, number),
            kind::WINDOW_UPDATE if number == 0 => Err(Fault::protocol("WINDOW_UPDATE opens nothing")),
            kind::PRIORITY_UPDATE if number == 0 => Err(Fault::protocol("PRIORITY_UPDATE names no stream")),
            kind::SETTINGS => setting(u16::from_be_bytes([a, b]), u32::from_be_bytes([c, d, e, f])),
            _ => Ok(()),
        }
    }

    fn padding(&self, padding: u8, before: usize) -> Result<(), Fault> {
        if u32::from(padding) + u32::try_from(before).unwrap_or(FRAME) > self.frame.length {
            return Err(Fault::protocol("there is more padding than frame"));
        }
        Ok(())
    }
}
