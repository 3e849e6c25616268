//! Whose fault it is that there is no answer: the client's, whose body broke off, or the upstream's.
//! What the operator should know of it stays in the source and never reaches the client.

use std::error::Error;
use std::io;
use std::sync::Arc;

use rustix::io::Errno;

use crate::http::flow::BodyFault;
use crate::http::guard::fault::Fault;
use crate::http::pace::TooSlow;
use crate::http::refusal::{Deadline, Refusal};
use crate::http::vet;
use crate::tls::client::is_distrust;
use crate::upstream::http1::Broke;
use crate::upstream::transport::{NotHttp2, TlsFailed};
use crate::upstream::watch::Upload;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[error("{refusal}")]
pub struct AttemptError {
    /// What the client is told.
    pub refusal: Refusal,
    /// What lies behind, for the log.
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl From<Refusal> for AttemptError {
    fn from(refusal: Refusal) -> Self {
        Self {
            refusal,
            source: None,
        }
    }
}

/// The request broke off.
pub(super) fn fault(error: Broke) -> AttemptError {
    let refusal = match &error {
        Broke::Body(body) => of_body(body),
        Broke::Vet(fault) => Refusal::UpstreamInvalid(*fault),
        // In TLS 1.3 a server judges our certificate after the handshake, and says so instead of an answer.
        Broke::Io(error) => of_tls(error).unwrap_or(Refusal::UpstreamClosed),
        Broke::Closed => Refusal::UpstreamClosed,
    };
    AttemptError {
        refusal,
        source: Some(Box::new(error)),
    }
}

/// What is the matter with a request body that ended before its end.
pub fn of_body(body: &BodyFault) -> Refusal {
    match body {
        BodyFault::TooLarge(most) => Refusal::BodyTooLarge(*most),
        BodyFault::TooSlow(why) => Refusal::RequestTimeout(match why {
            TooSlow::Idle => Deadline::RequestBodyIdle,
            TooSlow::Rate => Deadline::RequestBodyMinRate,
            TooSlow::Duration => Deadline::Total,
        }),
        BodyFault::Sender(error) => malformed(error).map_or(Refusal::ClientGone, Refusal::BodyInvalid),
        BodyFault::Coding | BodyFault::Unwanted | BodyFault::Broken(_) => Refusal::UpstreamClosed,
    }
}

/// An HTTP/2 connection, or a stream on it, ended before an answer. What we found fault with is the server's.
pub(super) fn of_connection(error: h2::Error) -> AttemptError {
    let refusal = if error.is_library() {
        Refusal::UpstreamInvalid(vet::Fault::Syntax)
    } else {
        Refusal::UpstreamClosed
    };
    AttemptError {
        refusal,
        source: Some(Box::new(error)),
    }
}

/// What TLS or the choice of a protocol has to do with it.
fn of_tls(error: &io::Error) -> Option<Refusal> {
    let inner = error.get_ref()?;
    if let Some(shared) = inner.downcast_ref::<Arc<io::Error>>() {
        return of_tls(shared);
    }
    if inner.is::<NotHttp2>() {
        return Some(Refusal::UpstreamInvalid(vet::Fault::Version));
    }
    let failed = inner.downcast_ref::<TlsFailed>().map(|failed| &failed.error);
    let error = failed.or_else(|| inner.downcast_ref::<rustls::Error>())?;
    Some(if is_distrust(error) {
        Refusal::UpstreamUntrusted
    } else {
        Refusal::UpstreamTls
    })
}

/// What is wrong with what the client sent as a body (a chunk without a size), if it did not just stop.
fn malformed(error: &hyper::Error) -> Option<Fault> {
    let source = error
        .source()
        .and_then(|source| source.downcast_ref::<io::Error>())?;
    let guarded = source.get_ref().and_then(|fault| fault.downcast_ref::<Fault>());
    match source.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            Some(guarded.copied().unwrap_or(Fault::Body))
        }
        _ => None,
    }
}

/// Which of two faults of addresses tells more: that one is not who it should be, rather than that another is away.
pub(super) fn graver(earlier: Option<io::Error>, later: io::Error) -> io::Error {
    earlier
        .filter(|earlier| of_tls(earlier).is_some())
        .unwrap_or(later)
}

/// No address is left to try; `last` is what the last one said.
pub(super) fn nobody(last: Option<io::Error>) -> AttemptError {
    let refusal = match &last {
        None => Refusal::UpstreamUnresolved,
        Some(error) if error.kind() == io::ErrorKind::TimedOut => Refusal::UpstreamTimeout(Deadline::Connect),
        Some(error) if is_ours(error) => Refusal::Exhausted,
        Some(error) => of_tls(error).unwrap_or(Refusal::UpstreamUnreachable),
    };
    AttemptError {
        refusal,
        source: last.map(Into::into),
    }
}

/// Whether no connection came about for want of something on this side: files, ports, memory.
pub(super) fn is_ours(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM | Errno::ADDRNOTAVAIL)
    )
}

/// A deadline ran out while the answer was awaited. If the client is still sending, and slower than it might,
/// nobody else is to blame.
pub(super) fn overdue(deadline: Deadline, upload: Option<&Upload>) -> AttemptError {
    if deadline == Deadline::Total && upload.is_some_and(Upload::awaits_client) {
        return AttemptError {
            refusal: Refusal::RequestTimeout(deadline),
            source: None,
        };
    }
    timed_out(deadline)
}

/// A deadline ran out.
pub(super) fn timed_out(deadline: Deadline) -> AttemptError {
    AttemptError {
        refusal: Refusal::UpstreamTimeout(deadline),
        source: None,
    }
}
