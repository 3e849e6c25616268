//! When the memory of the process is short, connections that nobody uses give way.

use tokio::sync::watch;

use crate::http::memory::Stage;

/// Waits until the process comes near its ceiling: who has nothing under way gives way then.
pub(super) async fn near(changes: &mut watch::Receiver<Stage>) {
    while changes.changed().await.is_ok() {
        if *changes.borrow_and_update() != Stage::Free {
            return;
        }
    }
    std::future::pending::<()>().await;
}
