//! What can be wrong with the bytes of a request: one word each for log and metric, words for the client, and
//! the refusal that follows.

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Fault {
    /// A CR without its LF (RFC 9112 §2.2).
    #[error("a carriage return stands alone; end each line with CR LF")]
    BareCr,
    /// An LF without its CR: RFC 9112 §2.2 lets a server take it for an end of line, so two may differ.
    #[error("a line feed stands alone; end each line with CR LF")]
    BareLf,
    /// NUL or another control byte (RFC 9110 §5.5).
    #[error("there is a control byte in the message; send visible characters")]
    Control,
    /// Not `method SP target SP version` (RFC 9112 §3).
    #[error("the first line is not `METHOD target HTTP/1.1`, with one space between its parts")]
    RequestLine,
    /// More empty lines before it than one client ever sends (RFC 9112 §2.2).
    #[error("there are empty lines before the request; leave them out")]
    EmptyLines,
    /// The target has not the form of its method, or bytes that must be escaped (RFC 9112 §3.2, RFC 3986 §2).
    #[error("the request target is malformed")]
    Target,
    /// A target longer than so many bytes.
    #[error("the request target is longer than {0} bytes")]
    TargetTooLong(usize),
    /// A version other than 1.0 and 1.1 (RFC 9110 §15.6.6).
    #[error("this version of HTTP is not spoken here; send HTTP/1.1")]
    Version,
    /// A head of more than so many bytes.
    #[error("the head is larger than {0} bytes")]
    HeadTooLarge(usize),
    /// More than so many fields.
    #[error("the request has more than {0} header fields")]
    TooManyFields(usize),
    /// A line that begins with white space (RFC 9112 §5.2).
    #[error("a header is folded over two lines; write it in one")]
    Fold,
    /// White space between name and colon: who ignores it and who does not see different fields (RFC 9112 §5.1).
    #[error("there is white space before the colon of a header; leave it out")]
    SpaceBeforeColon,
    /// White space around a value in HTTP/2, which the next hop reads without (RFC 9113 §8.2.1).
    #[error("a header value begins or ends with white space; leave it out")]
    SpaceAroundValue,
    /// A name that is empty or no token, or a line without a colon.
    #[error("a header has no valid name; names are letters, digits and dashes")]
    FieldName,
    /// Not one plain decimal number (RFC 9112 §6.3).
    #[error("`content-length` is not one plain number; send its digits once")]
    ContentLength,
    /// `Content-Length` and `Transfer-Encoding` (RFC 9112 §6.1).
    #[error("`content-length` and `transfer-encoding` contradict each other; send one of them")]
    BothFramings,
    /// Anything but a single final `chunked`, or any in HTTP/1.0 (RFC 9112 §6.1).
    #[error("`transfer-encoding` is not `chunked`; send that or a `content-length`")]
    TransferEncoding,
    /// A coding before `chunked` (RFC 9112 §6.1).
    #[error("only the transfer coding `chunked` is understood; send the body without others")]
    TransferCoding,
    /// A chunk's size is not one to fifteen hexadecimal digits (RFC 9112 §7.1).
    #[error("a chunk of the body has no valid size; send it in hexadecimal digits")]
    ChunkSize,
    /// More extensions than anybody uses; they are read by nobody and cost time (RFC 9112 §7.1.1).
    #[error("the chunks of the body have too long extensions; leave them out")]
    ChunkExtension,
    /// No CRLF after a chunk's data.
    #[error("a chunk of the body is longer or shorter than its size says")]
    ChunkEnd,
    /// A trailer that is no field.
    #[error("the body's trailers are malformed")]
    Trailer,
    /// More trailers than a request has headers.
    #[error("the body's trailers are too large")]
    TrailersTooLarge,
    /// Found by the parser behind the guard.
    #[error("the request body is malformed")]
    Body,
}

impl Fault {
    /// Its word in log and metric.
    pub fn reason(self) -> &'static str {
        match self {
            Self::BareCr => "bare_cr",
            Self::BareLf => "bare_lf",
            Self::Control => "control_byte",
            Self::RequestLine => "request_line",
            Self::EmptyLines => "empty_lines",
            Self::Target => "target",
            Self::TargetTooLong(_) => "target_too_long",
            Self::Version => "version",
            Self::HeadTooLarge(_) => "head_too_large",
            Self::TooManyFields(_) => "too_many_headers",
            Self::Fold => "line_folding",
            Self::SpaceBeforeColon => "space_before_colon",
            Self::SpaceAroundValue => "space_around_value",
            Self::FieldName => "header_name",
            Self::ContentLength => "content_length",
            Self::BothFramings => "both_framings",
            Self::TransferEncoding => "transfer_encoding",
            Self::TransferCoding => "transfer_coding",
            Self::ChunkSize => "chunk_size",
            Self::ChunkExtension => "chunk_extension",
            Self::ChunkEnd => "chunk_end",
            Self::Trailer => "trailer",
            Self::TrailersTooLarge => "trailers_too_large",
            Self::Body => "body",
        }
    }
}
