//! A server that answers in HTTP/1.0 knows no chunks (RFC 9112 §6.1): it takes a body without a length for none, and
//! answers as if all were well. So it gets the length, or nothing.

use crate::http::message::Message;
use crate::http::refusal::{Deadline, Refusal};
use crate::kept_body::{Bounds, Came, Fault, Keeper, SMALL};
use crate::policy::Size;
use crate::upstream::errand::Errand;
use crate::upstream::fault::{AttemptError, of_body, overdue};

/// Said to the operator.
#[derive(Debug, thiserror::Error)]
#[error(
    "the server answers in HTTP/1.0, which has no chunks, and the body has no length and more than {}: \
     set `request_buffer` on this route",
    Size(SMALL)
)]
struct TooLong;

/// Waits for all of a body without a length, and tells it.
pub(super) async fn keep(message: &mut Option<Message>, errand: &Errand<'_>) -> Result<(), AttemptError> {
    let Some(message) = message.as_mut().filter(|message| needs_length(message)) else {
        return Ok(());
    };
    let mut keeper = Keeper::new(Bounds {
        max: SMALL,
        ..Bounds::default()
    });
    match keeper.fill(&mut message.body, errand.waits.total).await {
        Ok(Came::Whole) => {
            message.body = keeper.finish().without_trailers().read(|| None);
            message.tell_length();
            Ok(())
        }
        Ok(Came::TooLong) => Err(AttemptError {
            refusal: Refusal::LengthRequired,
            source: Some(Box::new(TooLong)),
        }),
        Ok(Came::TooLate) => Err(overdue(Deadline::Total, errand.upload.map(AsRef::as_ref))),
        Err(Fault::Body(fault)) => Err(of_body(&fault).into()),
        // It is kept in memory.
        Err(Fault::Full | Fault::Disk(_)) => Err(Refusal::Internal.into()),
    }
}

fn needs_length(message: &Message) -> bool {
    message.body.is_streamed() && !message.tells_length()
}
