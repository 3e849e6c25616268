//! The whole stack without a network: requests pass every layer and are answered at once in the place of an
//! upstream. The benches count its instructions; nothing that serves uses it, and it decides nothing.

use std::future::ready;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use http::request;
use tokio::sync::watch;
use tower::{ServiceExt, service_fn};

use crate::gateway::Gateway;
use crate::gateway::live::Live;
use crate::http::connection::{Connection, Facts};
use crate::http::exchange::Response;
use crate::http::memory::Memory;
use crate::observe::access_log;
use crate::stack::enter::Arrival;
#[cfg(test)]
use crate::stack::enter::enter;
use crate::stack::forward::outgoing;
use crate::stack::passage::{Held, Lane, Refused, Reply};
use crate::stack::stack_over;

/// What the application would say.
type Answers = Arc<Mutex<Vec<Response>>>;

/// A gateway, one worker of it and one connection from this machine.
pub struct Rehearsal {
    lane: Arc<Lane>,
    connection: Arc<Connection>,
    answers: Answers,
}

impl Rehearsal {
    /// Puts a gateway in force for one worker.
    pub fn new(gateway: Gateway, log: Option<access_log::Lane>) -> Self {
        let lane = Lane {
            holder: Live::new(gateway).holder(),
            log,
            crashes: None,
            leaving: watch::Sender::new(false),
        };
        let peer = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 40_000);
        let facts = Facts::new(peer, watch::channel(false).1);
        let connection = Connection::new(facts, Memory::new(1).open(0), Instant::now());
        Self {
            lane: Arc::new(lane),
            connection: Arc::new(connection),
            answers: Arc::default(),
        }
    }

    /// The request of this head, as it comes to the first of the protections.
    #[cfg(test)]
    pub(super) fn passage(&self, head: request::Parts) -> Held {
        enter(self.arrival(head))
    }

    fn arrival(&self, head: request::Parts) -> Arrival {
        let (connection, lane) = (Arc::clone(&self.connection), Arc::clone(&self.lane));
        Arrival::without_body(head, Some(0), connection, lane)
    }

    /// Answers a request without a body; `answer` is what the application would say, made before so that it does
    /// not count.
    pub async fn run(&self, head: request::Parts, answer: Response) -> Response {
        lock(&self.answers).push(answer);
        let arrival = self.arrival(head);
        let answers = Arc::clone(&self.answers);
        let stack = stack_over(service_fn(move |passage| ready(stand_in(passage, &answers))));
        match stack.oneshot(arrival).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

/// Makes the request that the upstream would get, and is the upstream.
fn stand_in(mut passage: Held, answers: &Answers) -> Result<Reply, Refused> {
    match outgoing(&mut passage) {
        Ok(request) => drop(std::hint::black_box(request)),
        Err(refusal) => return Err(Refused { passage, refusal }),
    }
    let response = lock(answers).pop().unwrap_or_default();
    Ok(Reply { passage, response })
}

fn lock(answers: &Answers) -> MutexGuard<'_, Vec<Response>> {
    answers.lock().unwrap_or_else(PoisonError::into_inner)
}
