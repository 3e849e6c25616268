//! Connections that stay are spread over the workers: whichever of them the kernel gives a connection to, none ends up with
//! much more than its share, and one that was handed on is served as any other, and ends as any other.

use std::collections::BTreeMap;

use crate::support::{Ask, Certs, Gateway, Origin, Proto, Session, Wire, policy, until};

/// How many are opened at a time.
const CROWD: usize = 60;

/// A gateway with two workers, and what they wait for without a connection.
fn gateway(origin: &Origin, certs: &Certs) -> (Gateway, BTreeMap<u32, usize>) {
    let caps = "max_connections_per_client = \"off\"";
    let gateway = Gateway::start(policy([origin.address()]).listener(caps).tls(certs));
    // Both have taken their sockets: two, beside what wakes them.
    until("both listen", || {
        gateway.awaited().values().filter(|count| **count > 3).count() == 2
    });
    let before = gateway.awaited();
    (gateway, before)
}

/// Connections that each of the two holds.
fn held(gateway: &Gateway, before: &BTreeMap<u32, usize>) -> BTreeMap<u32, usize> {
    let now = gateway.awaited().into_iter();
    now.map(|(worker, count)| {
        (
            worker,
            count.saturating_sub(before.get(&worker).copied().unwrap_or(0)),
        )
    })
    .filter(|(_, count)| *count > 0)
    .collect()
}

/// Opens a connection, and says which worker holds it once it has been served (by the gateway itself: no connection to the
/// origin is opened for it).
fn opened(gateway: &Gateway) -> (Wire, u32) {
    let (before, mut wire) = (gateway.awaited(), gateway.connect());
    assert_eq!(Ask::get("/metrics").via(&mut wire).status, 200);
    let now = gateway.awaited().into_iter();
    let mut grown = now.filter(|(worker, count)| before.get(worker).is_some_and(|before| before < count));
    let home = grown.next().expect("it is held by a worker");
    assert_eq!(grown.next(), None);
    (wire, home.0)
}

/// Each of two has between 45 and 55 % of so many.
#[track_caller]
fn assert_fair(held: &BTreeMap<u32, usize>, all: usize) {
    assert_eq!(held.values().sum::<usize>(), all, "{held:?}");
    let fair = held
        .values()
        .all(|count| count * 100 >= all * 45 && count * 100 <= all * 55);
    assert!(held.len() == 2 && fair, "{held:?}");
}

#[test]
fn connections_that_stay_are_spread_and_spread_again_when_those_of_one_worker_leave() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    let (gateway, before) = gateway(&origin, &certs);
    let crowd: Vec<_> = (0..CROWD * 2).map(|_| opened(&gateway)).collect();
    let at_first = held(&gateway, &before);
    assert_fair(&at_first, CROWD * 2);

    // The kernel would go on giving half of the newcomers to either.
    let stays = *at_first.keys().next().unwrap();
    let stayed: Vec<_> = crowd.into_iter().filter(|(_, home)| *home == stays).collect();
    until("the others are gone", || {
        held(&gateway, &before).into_iter().eq([(stays, stayed.len())])
    });
    let newcomers: Vec<_> = stayed.iter().map(|_| opened(&gateway)).collect();
    assert_fair(&held(&gateway, &before), stayed.len() * 2);

    for (mut wire, _) in stayed.into_iter().chain(newcomers) {
        assert_eq!(Ask::get("/").via(&mut wire).status, 200);
    }
    gateway.stop();
}

#[test]
fn one_that_was_handed_on_speaks_every_protocol_and_ends_with_the_gateway() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    let (gateway, before) = gateway(&origin, &certs);
    // One worker has all there are: every newcomer that it accepts goes to the other, some thirty of sixty.
    let crowd: Vec<_> = (0..CROWD * 2).map(|_| opened(&gateway)).collect();
    let stays = crowd[0].1;
    let stayed: Vec<_> = crowd.into_iter().filter(|(_, home)| *home == stays).collect();
    until("the others are gone", || {
        held(&gateway, &before).into_iter().eq([(stays, stayed.len())])
    });
    for proto in Proto::ALL {
        let sessions: Vec<_> = (0..CROWD / 6).map(|_| Session::open(proto, &gateway)).collect();
        for session in &sessions {
            assert_eq!(session.ask(&Ask::get("/")).status, 200, "{proto:?}");
        }
    }
    gateway.terminate();
    for (mut wire, _) in stayed {
        assert!(wire.is_closed());
    }
    assert_eq!(gateway.wait().code, Some(0));
}
