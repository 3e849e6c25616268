//! A connection while its answer is being read. Whoever reads the answer to its end gives the connection
//! back; whoever drops it midway ends it, and the server notices at once.

use std::sync::Arc;
use std::time::Duration;

use hyper::upgrade::OnUpgrade;

use crate::upstream::connect::Conn;
use crate::upstream::now;
use crate::upstream::pool::{Idle, Lane};
use crate::upstream::watch::Upload;

/// The hold on a connection. Dropped, it ends the connection.
pub struct Lease {
    pub(super) conn: Conn,
    pub(super) lane: Arc<Lane>,
    pub(super) upload: Option<Arc<Upload>>,
    /// How long the connection may rest before it is used again.
    pub(super) rest: Duration,
    /// The connection itself, after an answer that switches protocols.
    pub(super) switched: Option<OnUpgrade>,
}

impl Lease {
    /// Ends the hold. `clean` says that the answer was read to its last byte; then the connection is kept
    /// for the next request, if the server allows and the request was sent to its end too.
    pub fn finish(self, clean: bool) {
        let sent = self.upload.as_ref().is_none_or(|upload| upload.is_complete());
        // What the server said of closing (`Connection: close`, HTTP/1.0) has closed it by now.
        if clean && sent && !self.rest.is_zero() && !self.conn.is_closed() {
            let since = now();
            self.lane.put(Idle {
                conn: self.conn,
                since,
                until: since + self.rest,
            });
        }
    }
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Lease").field(&self.lane.mark().address()).finish()
    }
}
