//! The connections of the admin listener, of which there are few. Where one more comes than there is room for, the oldest
//! that asks nothing gives way: connections that only wait must not keep a health check or a scrape out.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::task::AbortHandle;

use crate::http::phase::Phase;

/// What a connection is doing, once it has begun.
pub(super) type Begun = Arc<OnceLock<Arc<Phase>>>;

/// All that are open, in the order in which they came.
#[derive(Debug)]
pub struct Visitors {
    most: usize,
    open: Mutex<VecDeque<(Begun, AbortHandle)>>,
}

impl Visitors {
    /// Room for so many.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            open: Mutex::default(),
        }
    }

    /// Takes one more in. Where there is no room for it, the oldest without a request under way is ended, or else the oldest.
    pub(super) fn admit(&self, begun: Begun, task: AbortHandle) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|(_, task)| !task.is_finished());
        if open.len() >= self.most {
            let idle = open.iter().position(|(begun, _)| !is_busy(begun));
            if let Some((_, task)) = open.remove(idle.unwrap_or(0)) {
                task.abort();
            }
        }
        open.push_back((begun, task));
    }
}

fn is_busy(begun: &Begun) -> bool {
    begun.get().is_some_and(|phase| phase.is_busy())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn the_oldest_that_asks_nothing_gives_way() {
        let visitors = Visitors::new(2);
        let visit = |busy: bool| {
            let phase = Arc::new(Phase::new(Instant::now()));
            if busy {
                phase.asked(Instant::now());
            }
            let task = tokio::spawn(std::future::pending::<()>());
            visitors.admit(Arc::new(OnceLock::from(phase)), task.abort_handle());
            task
        };
        let (busy, idle, late) = (visit(true), visit(false), visit(true));
        assert!(idle.await.unwrap_err().is_cancelled());
        assert!(!busy.is_finished() && !late.is_finished());
        let _last = visit(false);
        assert!(busy.await.unwrap_err().is_cancelled(), "all were at work");
        assert!(!late.is_finished());
    }
}
