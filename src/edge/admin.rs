//! The operator's own door. It is served on the runtime that opens it, not by the workers: it answers
//! while all of them are busy, and until the very end of a stop. What it answers is decided in the stack.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::{mpsc, watch};

use crate::carryover::Carryover;
use crate::edge::accept::Acceptor;
use crate::edge::crew::Crew;
use crate::edge::door::{BindError, Door};
use crate::edge::visitors::Visitors;
use crate::gateway::Gateway;
use crate::gateway::live::Live;
use crate::observe::metrics::Metrics;
use crate::stack::passage::Lane;
use crate::stack::stack;

/// Connections at once: a scraper, probes and an operator need a handful, and they must not take the files of the public
/// listeners.
const MOST: usize = 64;

/// An admin door just opened, and its socket.
pub type Opened = (Arc<Door>, Vec<TcpListener>);

/// Opens it, if the policy has one.
pub fn open(gateway: &Gateway) -> Result<Option<Opened>, BindError> {
    let listener = gateway.admin.as_ref();
    // Its connections are no part of those of the others: it answers when they have none left.
    let apart = Arc::default();
    listener
        .map(|listener| Door::open(listener, 1, &apart))
        .transpose()
}

/// Serves it on the present runtime, to the end of the process.
pub fn serve((door, sockets): Opened, live: &Live, carryover: &Arc<Carryover>) -> std::io::Result<Arc<Door>> {
    let acceptor = Acceptor {
        // Nothing is forwarded from here, so no pool of the worker is touched.
        worker: 0,
        lane: Arc::new(Lane {
            holder: live.holder(),
            // Scrapes and probes are not traffic.
            log: None,
            crashes: None,
            leaving: watch::Sender::new(false),
        }),
        crew: Crew::alone(),
        carryover: Arc::clone(carryover),
        // They are no traffic either: nobody reads what is counted here.
        metrics: Metrics::new(SystemTime::now()),
        visitors: Some(Arc::new(Visitors::new(MOST))),
        stack: stack(),
    };
    let (alive, _nobody_waits) = mpsc::channel(1);
    for socket in sockets {
        let socket = tokio::net::TcpListener::from_std(socket)?;
        tokio::spawn(acceptor.clone().run(socket, Arc::clone(&door), alive.clone()));
    }
    Ok(door)
}
