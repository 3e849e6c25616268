//! A request once more, without its client: for what answers from memory, and asks anew meanwhile. It has the same
//! route and head, no body, and nothing of what its client may have under way. It counts as any request does, and leaves
//! no line in the access log.

use std::sync::Arc;
use std::time::Instant;

use http::header::{CONTENT_LENGTH, EXPECT, TRAILER, TRANSFER_ENCODING, UPGRADE};
use http::{Extensions, request};
use tower::Service;

use crate::http::connection::Connection;
use crate::http::exchange::{Exchange, Notes, Permits, Response};
use crate::http::flow::End;
use crate::http::refusal::Refusal;
use crate::stack::passage::{Held, Ledger, Passage, Refused, Reply};

impl Passage {
    /// The same without its client.
    pub(super) fn detached(&self) -> Held {
        let (exchange, now) = (&self.exchange, Instant::now());
        let connection = Connection::new(
            exchange.connection.facts.clone(),
            Arc::clone(&exchange.connection.memory),
            now,
        );
        connection.phase.asked(now);
        Box::new(Self {
            exchange: Exchange {
                head: without_body(&exchange.head),
                body_length: Some(0),
                connection: Arc::new(connection),
                client: exchange.client.clone(),
                request_id: exchange.request_id.clone(),
                arrived: now,
                permits: Permits::default(),
                notes: Notes::default(),
            },
            place: self.place.clone(),
            body: None,
            fault: None,
            miss: None,
            grpc: false,
            deadline: None,
            trace: self.trace.clone(),
            upload: None,
            consent: None,
            switched: None,
            stream: None,
            lane: Arc::clone(&self.lane),
            ledger: Ledger {
                detached: true,
                ..Ledger::default()
            },
        })
        .counted()
    }
}

/// What it says of its body and of its connection goes.
fn without_body(head: &request::Parts) -> request::Parts {
    let mut head = head.clone();
    head.extensions = Extensions::new();
    for name in [CONTENT_LENGTH, EXPECT, TRAILER, TRANSFER_ENCODING, UPGRADE] {
        head.headers.remove(name);
    }
    head
}

/// Its answer, whose body closes its account.
pub(super) async fn fetch<N>(mut next: N, passage: Held) -> Result<Response, Refusal>
where
    N: Service<Held, Response = Reply, Error = Refused>,
{
    let took = |passage: &Passage| Instant::now() - passage.exchange.arrived;
    match next.call(passage).await {
        Ok(Reply {
            mut passage,
            mut response,
        }) => {
            passage.head_known(response.status(), took(&passage));
            passage.ride(&mut response);
            Ok(response)
        }
        Err(Refused { mut passage, refusal }) => {
            passage.exchange.notes.refusal = Some(refusal.code());
            passage.head_known(refusal.status(), took(&passage));
            passage.close(End::Complete);
            Err(refusal)
        }
    }
}
