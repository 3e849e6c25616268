//! A gateway that was told to stop, and waits for peers that let it.

use super::clients::{start, under_way};
use super::peers::State;
use super::{MOST, costs_nothing, frames, least_share};
use crate::support::{Gateway, Proto, Wire, until};

/// Once all requests have begun: what has not is not waited for.
fn told_to_stop(gateway: &Gateway) {
    assert!(least_share(gateway) <= MOST);
    let address = gateway.http();
    gateway.terminate();
    until("new connections are refused", || {
        Wire::try_connect(address).is_err()
    });
}

/// Streams of events and messages are told to leave, and may be gone.
fn may_leave(state: State) -> State {
    if state.name.contains("WebSocket") || state.name.contains("event") || state.name.contains("server's") {
        return state.ending();
    }
    state
}

#[test]
fn requests_under_way() {
    for proto in [Proto::Http1, Proto::Http1Tls] {
        let states: Vec<_> = under_way(proto).into_iter().map(may_leave).collect();
        costs_nothing(start, &states, told_to_stop);
    }
}

#[test]
fn streams_under_way() {
    for proto in [Proto::H2c, Proto::H2Tls] {
        let states: Vec<_> = frames::under_way(proto).into_iter().map(may_leave).collect();
        costs_nothing(start, &states, told_to_stop);
    }
}
