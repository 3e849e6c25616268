//! What a client still sends of a body that nobody reads, over HTTP/2. An answer that comes with the reset of its stream
//! (RFC 9113 §8.1) is lost on clients that see the reset first: curl 7.88 shows an error in place of the status. So a
//! bounded part of the body is read and thrown away, and the reset comes when the client has had time to read the answer.

use std::future::{pending, poll_fn};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::http::inflow::Inflow;

/// How much is read, in bytes; what comes after it waits in the stream's window.
const MOST: usize = 64 << 10;
/// From the answer to the reset, where the client does not end the stream itself.
const PATIENCE: Duration = Duration::from_secs(1);

/// Reads what is left of a body and throws it away, in a task of its own. `held` is given back at the end of it: what the
/// request holds of its client's limits.
pub fn discard(body: Inflow, held: impl Send + 'static) {
    let Ok(runtime) = Handle::try_current() else {
        return;
    };
    runtime.spawn(async move {
        let _over = timeout(PATIENCE, drain(body)).await;
        drop(held);
    });
}

/// Until the body is over. One that is longer keeps its stream open as long as it is let.
async fn drain(mut body: Inflow) {
    let mut left = MOST;
    while left > 0 {
        match poll_fn(|cx| body.poll(cx)).await {
            Some(Ok(frame)) => left = left.saturating_sub(frame.data_ref().map_or(0, bytes::Bytes::len)),
            Some(Err(_)) | None => return,
        }
    }
    pending().await
}

/// Where a body is left that is on its way to a server, until its request is answered: whoever is the last to drop this,
/// the request or the body, has the rest discarded.
#[derive(Debug, Default)]
pub struct Remainder<T: Send + 'static>(Mutex<(Option<Inflow>, Option<T>)>);

impl<T: Send + 'static> Remainder<T> {
    /// Nobody will read the rest of this.
    pub fn leave(&self, body: Inflow) {
        self.parts().0 = Some(body);
    }

    /// The request is answered, and held this.
    pub fn hold(&self, held: T) {
        self.parts().1 = Some(held);
    }

    fn parts(&self) -> std::sync::MutexGuard<'_, (Option<Inflow>, Option<T>)> {
        // Each part is there or not.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Send + 'static> Drop for Remainder<T> {
    fn drop(&mut self) {
        let (body, held) = std::mem::take(self.0.get_mut().unwrap_or_else(PoisonError::into_inner));
        if let Some(body) = body {
            discard(body, held);
        }
    }
}
