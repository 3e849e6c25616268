//! What lies unread is counted by the buffers it lies in, and given back by whoever reads or drops it.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Wake;

use super::*;
use crate::http::room::backlog::Reader;
use crate::http::room::{BODIES, KEPT, PIECES, REQUESTS};

mod remembered;

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

const OPENED: News = News::Head {
    stream: 1,
    opens: true,
    remembered: false,
};

/// A connection whose read buffers are these.
struct Connection {
    backlogs: Backlogs,
    desk: Arc<Desk>,
    room: Arc<Room>,
    woken: Arc<Woken>,
    buffers: Vec<Vec<u8>>,
}

impl Connection {
    fn new() -> Self {
        let (room, desk) = (Arc::default(), Arc::default());
        Self {
            backlogs: Backlogs::new(&room, &desk),
            desk,
            room,
            woken: Arc::default(),
            buffers: Vec::new(),
        }
    }

    fn waits(&mut self) -> bool {
        self.backlogs.should_wait(&Waker::from(Arc::clone(&self.woken)))
    }

    /// Whether it waits for a reader, and not just for its turn.
    fn rests(&mut self) -> bool {
        self.backlogs.burst = 0;
        self.waits()
    }

    fn woken(&self) -> usize {
        self.woken.0.load(Relaxed)
    }

    /// A request with a body, called.
    fn opens(&mut self, stream: u32) -> Reader {
        assert!(self.backlogs.hear(News::Head {
            stream,
            opens: true,
            remembered: false
        }));
        assert!(self.waits());
        self.desk.reader().expect("it lies on the desk")
    }

    /// A piece that is all that is wanted of a whole buffer.
    fn alone(&mut self, stream: u32, octets: u32) {
        self.buffers.push(vec![0; SPACE]);
        self.backlogs.lie(self.buffers.last().unwrap(), 0);
        self.backlogs.passed(SPACE);
        self.backlogs.hear(News::Body(stream, octets));
    }

    fn unread(&self) -> usize {
        self.room.unread.load(Relaxed)
    }
}

#[test]
fn a_buffer_is_held_until_its_last_piece_is_taken() {
    let mut connection = Connection::new();
    let (first, second) = (connection.opens(1), connection.opens(3));
    connection.alone(1, 100);
    connection.backlogs.hear(News::Body(3, 1));
    connection.alone(3, 1);
    assert_eq!(connection.unread(), 2 * BUFFER);
    first.took(99);
    second.took(1);
    assert_eq!(connection.unread(), 2 * BUFFER, "one octet is left in each");
    first.took(1);
    assert_eq!(connection.unread(), BUFFER);
    assert_eq!(connection.room.pieces.load(Relaxed), 1);
}

#[test]
fn what_was_taken_is_held_until_it_is_dropped() {
    let mut connection = Connection::new();
    let reader = connection.opens(1);
    connection.alone(1, 100);
    connection.alone(1, 1);
    let taken = reader.take(Bytes::from(vec![7; 100]));
    assert_eq!((taken.len(), connection.room.pieces.load(Relaxed)), (100, 1));
    assert_eq!(
        connection.unread(),
        2 * BUFFER,
        "it waits for a server that reads it"
    );
    drop(taken);
    assert_eq!(connection.unread(), BUFFER);
}

#[test]
fn what_goes_on_where_it_ended_is_in_the_same_buffer() {
    let mut connection = Connection::new();
    let _reader = connection.opens(1);
    let (first, other) = (vec![0; SPACE], vec![0; 4 * SPACE]);
    let mut lies = |bytes: &[u8], space| {
        connection.backlogs.lie(bytes, space);
        connection.backlogs.passed(bytes.len());
        connection.backlogs.hear(News::Body(1, 1));
        connection.unread()
    };
    assert_eq!(lies(&first[..100], SPACE - 100), BUFFER);
    assert_eq!(lies(&first[100..], 0), BUFFER);
    // It was full, whatever lies behind it.
    assert_eq!(lies(&other[..10], SPACE - 10), 2 * BUFFER);
    assert_eq!(lies(&other[20..30], SPACE), 2 * BUFFER + LARGE_BUFFER);
}

#[test]
fn a_body_that_is_dropped_holds_nothing_and_what_still_comes_is_not_counted() {
    let mut connection = Connection::new();
    let reader = connection.opens(1);
    connection.alone(1, 100);
    connection.backlogs.hear(News::Trailers(1, 500));
    assert_eq!(connection.unread(), BUFFER + 500);
    reader.took(100);
    assert_eq!(connection.unread(), BUFFER + 500, "trailers come last");
    drop(reader);
    connection.alone(1, 100);
    connection.alone(5, 100);
    assert_eq!(
        (connection.unread(), connection.room.pieces.load(Relaxed)),
        (BUFFER, 0)
    );
}

#[test]
fn a_request_is_called_before_more_is_passed_on() {
    let mut connection = Connection::new();
    assert!(!connection.waits());
    assert!(connection.backlogs.hear(OPENED));
    assert!(connection.waits());
    assert_eq!(connection.woken(), 1, "it comes back by itself");
    // Nobody has called it.
    assert!(!connection.waits());
    assert!(connection.desk.reader().is_none());
    connection.alone(1, 100);
    assert_eq!(connection.room.pieces.load(Relaxed), 0);
}

#[test]
fn who_reads_bodies_comes_between_bursts() {
    let mut connection = Connection::new();
    let reader = connection.opens(1);
    for at in 1..=10 * BURST {
        assert!(!connection.waits());
        let stops = connection.backlogs.hear(News::Body(1, 1));
        assert_eq!(stops, at % BURST == 0);
        if stops {
            assert!(connection.waits());
            reader.took(BURST);
        }
    }
    assert_eq!(connection.room.pieces.load(Relaxed), 0);
}

#[test]
fn too_many_pieces_wait_for_a_reader() {
    let mut connection = Connection::new();
    let reader = connection.opens(1);
    while !connection.rests() {
        connection.backlogs.hear(News::Body(1, 1));
    }
    assert_eq!(connection.room.pieces.load(Relaxed), PIECES + 1);
    let before = connection.woken();
    assert!((0..10).all(|_| connection.waits()));
    assert_eq!(connection.woken(), before);
    reader.took(1);
    assert_eq!(connection.woken(), before + 1);
    assert!(!connection.waits());
}

#[test]
fn bodies_have_their_part_and_no_more_than_requests_leave() {
    let mut connection = Connection::new();
    let reader = connection.opens(1);
    let mut request = http::Request::new(());
    let mut shares: Vec<_> = std::iter::from_fn(|| connection.room.admit(&mut request, true)).collect();
    while !connection.rests() {
        connection.alone(1, 1);
    }
    let bodies = BODIES as usize;
    assert!(
        (bodies..=bodies + BUFFER).contains(&connection.unread()),
        "requests have the rest"
    );
    assert!(connection.room.admit(&mut request, true).is_none());
    let before = connection.woken();
    shares.truncate(1);
    assert_eq!(connection.woken(), before + 1);
    while !connection.rests() {
        connection.alone(1, 1);
    }
    assert!((REQUESTS - bodies..=REQUESTS + BUFFER).contains(&connection.unread()));
    drop(reader);
    assert!(!connection.waits());
}

#[test]
fn a_request_waits_on_the_desk_for_those_before_it() {
    let mut connection = Connection::new();
    connection.backlogs.hear(OPENED);
    assert!(connection.waits());
    // hyper calls one, and reads before it calls the next.
    for _before in 0..3 {
        connection.desk.call();
        assert!(connection.waits());
    }
    connection.desk.call();
    assert!(connection.desk.reader().is_some());
    assert!(!connection.waits());
}

#[test]
fn padded_pieces_for_a_reader_that_lags_are_borne_for_a_while() {
    let mut connection = Connection::new();
    let _reader = connection.opens(1);
    let padded = [0, 0, 2, 0, 8, 0, 0, 0, 1];
    let pads = |connection: &mut Connection, count| {
        (0..count).for_each(|_| {
            assert!(!connection.backlogs.stops_before(&padded));
            connection.backlogs.hear(News::Body(1, 1));
        });
        connection.backlogs.check()
    };
    assert!(pads(&mut connection, FEW).is_ok());
    assert!(pads(&mut connection, PADDED).is_ok());
    assert!(pads(&mut connection, 1).is_err());
}
