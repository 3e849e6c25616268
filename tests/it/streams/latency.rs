//! An event is at the client as soon as the application has sent it, whatever stands in between.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::support::reply::chunk;
use crate::support::{Ask, Certs, Gate, Gateway, Origin, Proto, Reply, Session, policy};

const EVENTS: usize = 200;
const MOST: Duration = Duration::from_millis(5);
/// A machine that does other things is given a second and a third chance; holding back gets none.
const ROUNDS: usize = 3;

/// Every protection that may have to do with an answer.
const LAYERS: &str = r#"
[defaults]
max_body = "1MiB"
max_inflight_per_client = 50
limits = ["all"]

[limits.all]
rate = "1000/s"

[defaults.compression]
enabled = true

[defaults.cors]
origins = ["https://app.test"]

[defaults.errors]
mask = "5xx"
"#;

/// How long events take, in the median: of each, from before it is sent until it has been read.
fn median(session: &Session, ask: &Ask, gate: &Gate, sent: &mpsc::Receiver<Instant>) -> Duration {
    let mut events = session.start(ask);
    let head = events.head();
    assert_eq!(head.header("content-type"), Some("text/event-stream"));
    assert_eq!(head.header("content-encoding"), None);
    let mut took: Vec<Duration> = (0..EVENTS)
        .map(|number| {
            gate.pass_one();
            events.piece_with(&format!("data: {number}\n\n"));
            Instant::now() - sent.recv().unwrap()
        })
        .collect();
    assert!(events.rest_of_body().complete);
    took.sort_unstable();
    took[EVENTS / 2]
}

#[test]
fn an_event_takes_less_than_five_milliseconds_through_every_layer() {
    let gate = Gate::default();
    let (held, (tell, sent)) = (gate.clone(), mpsc::channel());
    let origin = Origin::playing(move |_, line| {
        line.send(Reply::new(200, "text/event-stream", "").chunked_head());
        for number in 0..EVENTS {
            assert!(held.wait());
            tell.send(Instant::now()).unwrap();
            line.send(chunk(format!("data: {number}\n\n")));
        }
        line.send("0\r\n\r\n");
    });
    let gateway = Gateway::start(policy([origin.address()]).tls(&Certs::new()).and(LAYERS));
    let ask = Ask::get("/events")
        .header("Accept-Encoding", "gzip")
        .header("Accept", "text/event-stream")
        .header("Origin", "https://app.test");
    for proto in Proto::ALL {
        let session = Session::open(proto, &gateway);
        let medians: Vec<Duration> = (0..ROUNDS)
            .map(|_| median(&session, &ask, &gate, &sent))
            .take_while(|median| *median >= MOST)
            .collect();
        assert!(medians.len() < ROUNDS, "{proto:?}: {medians:?}");
    }
    gateway.stop();
}
