//! What is wrong with an answer: the word for it in log and metric. The client is told only that it is wrong.

/// A fault of what a server sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The first line is no status line (RFC 9112 §4).
    StatusLine,
    /// A version other than 1.0 and 1.1 (RFC 9112 §2.3).
    Version,
    /// A field line without a name, or whose name is no token with a colon right after it (RFC 9112 §5).
    FieldName,
    /// A line folded into the next (RFC 9112 §5.2).
    Folded,
    /// A control octet.
    Control,
    /// CR or LF alone (RFC 9112 §2.2).
    LineEnd,
    /// Too many fields.
    TooManyFields,
    /// A head without end.
    HeadTooLarge,
    /// `Content-Length` is no single number (RFC 9112 §6.3).
    ContentLength,
    /// `Transfer-Encoding` is not just `chunked`, or comes with HTTP/1.0 (RFC 9112 §6.1).
    TransferEncoding,
    /// A length beside chunks (RFC 9112 §6.3).
    TwoFramings,
    /// Interim answers without end, or one with a body (RFC 9110 §15.2).
    Interim,
    /// A 101 that nobody asked for (RFC 9110 §15.2.2).
    Switch,
    /// A body on a 204 or 304 (RFC 9110 §15.3.5, §15.4.5).
    BodyForbidden,
    /// A chunk line that is none, or a chunk of another length (RFC 9112 §7.1).
    Chunk,
    /// Trailers that are no fields, too many, or tell a length (RFC 9110 §6.5).
    Trailer,
    /// Octets nobody asked for, on a connection at rest.
    Unasked,
    /// Octets beyond the end of an answer.
    Excess,
    /// Whatever else is no answer.
    Syntax,
}

impl Fault {
    const ALL: [Self; 19] = [
        Self::StatusLine,
        Self::Version,
        Self::FieldName,
        Self::Folded,
        Self::Control,
        Self::LineEnd,
        Self::TooManyFields,
        Self::HeadTooLarge,
        Self::ContentLength,
        Self::TransferEncoding,
        Self::TwoFramings,
        Self::Interim,
        Self::Switch,
        Self::BodyForbidden,
        Self::Chunk,
        Self::Trailer,
        Self::Unasked,
        Self::Excess,
        Self::Syntax,
    ];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::StatusLine => "status_line",
            Self::Version => "version",
            Self::FieldName => "field_name",
            Self::Folded => "folded",
            Self::Control => "control",
            Self::LineEnd => "line_end",
            Self::TooManyFields => "too_many_fields",
            Self::HeadTooLarge => "head_too_large",
            Self::ContentLength => "content_length",
            Self::TransferEncoding => "transfer_encoding",
            Self::TwoFramings => "two_framings",
            Self::Interim => "interim",
            Self::Switch => "switch",
            Self::BodyForbidden => "body_forbidden",
            Self::Chunk => "chunk",
            Self::Trailer => "trailer",
            Self::Unasked => "unasked",
            Self::Excess => "excess",
            Self::Syntax => "syntax",
        }
    }

    /// As a number, to keep it in an atomic.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Back from its number.
    pub fn numbered(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_comes_back_from_its_number() {
        for fault in Fault::ALL {
            assert_eq!(Fault::numbered(fault.number()), Some(fault));
        }
        assert_eq!(Fault::numbered(u8::MAX), None);
    }
}
