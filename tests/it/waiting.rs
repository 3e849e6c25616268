//! A peer that waits costs no processor time: connections are brought into every state in which a peer can leave them,
//! several in each, and the gateway sleeps. What is measured is its processor time, not how long anything takes.

mod clients;
mod draining;
mod frames;
mod peers;
mod servers;

use std::thread;
use std::time::{Duration, Instant};

use crate::support::Gateway;
use peers::{Peer, State};

/// Connections in each state.
const COPIES: usize = 3;
/// How long the gateway is looked at.
const STRETCH: Duration = Duration::from_millis(700);
/// How often at most: what came before may still be on its way.
const LOOKS: usize = 6;
/// Of one core, in percent.
const MOST: f64 = 5.0;

/// Fails if the gateway spends processor time on these states, and says on which. `start` gives a gateway and what
/// stands behind it, `then` is what happens to it once all are connected.
#[track_caller]
fn costs_nothing<T>(start: impl Fn() -> (Gateway, T), states: &[State], then: impl Fn(&Gateway)) {
    if share_spent(&start, states, &then).is_none() {
        return;
    }
    let spent: Vec<_> = states
        .iter()
        .filter_map(|state| {
            let share = share_spent(&start, std::slice::from_ref(state), &then)?;
            Some(format!("{}: {share:.0} %", state.name))
        })
        .collect();
    panic!("processor time is spent on peers that wait: {spent:#?} (if none: on many at once)");
}

/// How much of a core is spent while all stand still, in percent, if it is too much.
#[track_caller]
fn share_spent<T>(
    start: &impl Fn() -> (Gateway, T),
    states: &[State],
    then: &impl Fn(&Gateway),
) -> Option<f64> {
    let (gateway, _behind) = start();
    let mut peers: Vec<(&str, Peer)> = Vec::new();
    for state in states {
        peers.extend((0..COPIES).map(|_| (state.name, state.enter(&gateway))));
    }
    then(&gateway);
    let share = least_share(&gateway);
    for (name, peer) in &mut peers {
        assert!(peer.is_as_expected(), "the gateway closed the connection: {name}");
    }
    (share > MOST).then_some(share)
}

/// Of several looks the best: one that finds everything at rest is enough.
fn least_share(gateway: &Gateway) -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..LOOKS {
        let (start, used) = (Instant::now(), gateway.cpu_time());
        // The stretch that is measured.
        thread::park_timeout(STRETCH);
        let spent = gateway.cpu_time().saturating_sub(used).as_secs_f64();
        least = least.min(100.0 * spent / (Instant::now() - start).as_secs_f64());
        if least <= MOST {
            break;
        }
    }
    least
}
