//! A client of HTTP/2 that means harm, in the clear and under TLS: it is sent away before it has cost much, it is
//! counted, and whoever else is there is served as ever.

use crate::support::frames::{Frame, Frames, GOAWAY};
use crate::support::{Ask, Certs, Gateway, Origin, Proto, policy, until};

mod floods;
mod heads;
mod memory;
mod pieces;
mod resets;
mod upstream;
mod waiting;

/// What a connection ends with that was too much (RFC 9113 §7).
const ENHANCE_YOUR_CALM: u32 = 11;

/// Runs an attack over both, each against a gateway of its own, and looks that others are served after it.
fn attack(origin: impl Fn() -> Origin, play: impl Fn(&Origin, &Gateway, Proto)) {
    for proto in [Proto::H2c, Proto::H2Tls] {
        let (origin, certs) = (origin(), Certs::new());
        let gateway = Gateway::start(policy([origin.address()]).tls(&certs));
        play(&origin, &gateway, proto);
        assert_eq!(Ask::get("/").over(proto, &gateway).status, 200, "{proto:?}");
        gateway.stop();
    }
}

/// The connection was ended, with this code if the client could be told.
#[track_caller]
fn ended(mut frames: Frames, codes: &[u32]) -> Vec<Frame> {
    let rest = frames.rest();
    if let Some(goodbye) = rest.iter().find(|frame| frame.kind == GOAWAY) {
        assert!(codes.contains(&goodbye.error()), "{goodbye:?}");
    }
    rest
}

/// Sends until the gateway has had enough; says how often that was, and when it was told.
fn flood(frames: &mut Frames, most: usize, mut send: impl FnMut(&mut Frames, usize) -> bool) -> usize {
    (0..most).take_while(|at| send(frames, *at)).count()
}

fn counted(gateway: &Gateway, reason: &str) {
    until("it is counted", || {
        let name = "portcullis_malformed_requests_total";
        gateway.metrics().count(name, &[("reason", reason)]) == 1
    });
}
