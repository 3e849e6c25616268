//! Thousands of connections that do nothing, dribble or reset, and ordinary requests between them.

use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::support::wait::Load;
use crate::support::{Ask, Gateway, Origin, Reply, Wire, policy, until};

const IDLE: usize = 5_000;
const SLOW: usize = 2_000;
const RESETS_A_SECOND: usize = 500;
/// How long ordinary requests are sent among them.
const STRETCH: Duration = Duration::from_secs(4);

/// How many of so many the limit of files allows, here and in the gateway.
fn share(count: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(u64::MAX).min(65_536);
    let raised = Rlimit {
        current: Some(most.max(limit.current.unwrap_or(0))),
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).unwrap();
    let most = usize::try_from(most).unwrap().saturating_sub(1_500);
    count * most.min(IDLE + SLOW) / (IDLE + SLOW)
}

/// Opens and resets connections, some with half a request, at a steady pace.
fn reset(gateway: &Gateway, over: &AtomicBool, done: &AtomicUsize) {
    let start = Instant::now();
    while !over.load(Ordering::SeqCst) {
        let due = (Instant::now() - start).as_millis() * RESETS_A_SECOND as u128 / 1000;
        if done.load(Ordering::SeqCst) as u128 >= due {
            thread::park_timeout(Duration::from_millis(5));
            continue;
        }
        let Ok(stream) = TcpStream::connect(gateway.http()) else {
            continue;
        };
        if done.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) {
            let _gone = std::io::Write::write(&mut &stream, b"GET /reset HTTP/1.1\r\nHost: gate");
        }
        let _gone = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    }
}

/// A byte more of each head, again and again.
fn dribble(slow: &mut [Wire], over: &AtomicBool) {
    while !over.load(Ordering::SeqCst) {
        for wire in slow.iter_mut() {
            wire.try_send("a");
        }
        thread::park_timeout(Duration::from_millis(500));
    }
}

/// Sends requests in pairs, one on a connection that is kept and one on a new one, to each gateway in turn; how long each pair
/// took there, sorted.
fn pairs(gateways: [&Gateway; 2]) -> [Vec<Duration>; 2] {
    let (start, mut kept) = (Instant::now(), gateways.map(Gateway::connect));
    let mut took = [Vec::new(), Vec::new()];
    while Instant::now() - start < STRETCH || took[0].len() < 10 {
        for at in [0, 1] {
            let began = Instant::now();
            assert_eq!(Ask::get("/kept").via(&mut kept[at]).text(), "ok");
            assert_eq!(Ask::get("/new").to(gateways[at].http()).text(), "ok");
            took[at].push(Instant::now() - began);
        }
    }
    took.each_mut().map(|took| {
        took.sort_unstable();
        std::mem::take(took)
    })
}

#[test]
fn ordinary_requests_are_served_among_thousands_that_are_not() {
    let (idle, slow) = (share(IDLE), share(SLOW));
    let origin = Origin::answering(Reply::text("ok"));
    // The machine is as busy for the other, which nobody crowds.
    let [gateway, quiet] = [(), ()].map(|()| {
        Gateway::start(policy([origin.address()]).listener(
            "max_connections = 50000\nmax_connections_per_client = \"off\"\n\
             timeouts = { request_head = \"60s\", keep_alive_idle = \"60s\" }",
        ))
    });
    let idle: Vec<Wire> = (0..idle).map(|_| gateway.connect()).collect();
    let mut slow: Vec<Wire> = (0..slow).map(|_| gateway.connect()).collect();
    for wire in &mut slow {
        wire.send("GET /slow HTTP/1.1\r\nHost: gateway.test\r\nX-Slow: ");
    }
    let all = i64::try_from(idle.len() + slow.len()).unwrap();
    until("all are in", || {
        gateway.metrics().count("portcullis_connections", &[]) > all
    });
    let (over, resets) = (AtomicBool::new(false), AtomicUsize::new(0));
    let [among, beside] = thread::scope(|scope| {
        let _load = Load(&over);
        scope.spawn(|| reset(&gateway, &over, &resets));
        scope.spawn(|| dribble(&mut slow, &over));
        pairs([&gateway, &quiet])
    });
    let [(median, worst), (usual, longest)] =
        [&among, &beside].map(|took| (took[took.len() / 2], took[took.len() - 1]));
    let seen = format!(
        "{} pairs, median {median:?} (in quiet {usual:?}), worst {worst:?} ({longest:?})",
        among.len()
    );
    assert!(median < usual * 10 + Duration::from_millis(250), "{seen}");
    assert!(worst < longest + Duration::from_secs(5), "{seen}");
    assert!(
        resets.load(Ordering::SeqCst) > RESETS_A_SECOND,
        "{resets:?} resets only"
    );
    assert!(
        origin
            .calls()
            .iter()
            .all(|call| call.target == "/kept" || call.target == "/new")
    );
    drop((idle, slow));
    until("nothing is left of them", || {
        gateway.metrics().count("portcullis_connections", &[]) == 1
    });
    assert!(gateway.open_files() < 200, "{} files", gateway.open_files());
    gateway.stop();
    quiet.stop();
}
