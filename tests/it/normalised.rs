//! One normalised request: what reaches the upstream is what routes and guards have judged, and nothing else.

mod expect;
mod fields;
mod hosts;
mod path_parameters;
mod paths;

use crate::support::{Gateway, Origin, Proto, policy};

/// The two that differ on the wire.
const BOTH: [Proto; 2] = [Proto::Http1, Proto::H2c];

fn echoing() -> (Origin, Gateway) {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    (origin, gateway)
}
