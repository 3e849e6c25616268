//! Targets that are remembered are counted by their buffers, and there is an end to them.

use futures_util::FutureExt;

use super::*;

/// Requests whose targets are remembered, each in a buffer of its own, until this is so.
fn remembers(connection: &mut Connection, until: impl Fn(&Connection) -> bool) -> usize {
    for targets in 0..1000 {
        if until(connection) {
            return targets;
        }
        connection.alone(99, 1);
        connection.backlogs.hear(News::Head {
            stream: 1,
            opens: false,
            remembered: true,
        });
    }
    1000
}

fn is_told_to_end(connection: &Connection) -> bool {
    connection.desk.parting().now_or_never().is_some()
}

#[test]
fn a_connection_whose_targets_are_remembered_in_too_many_buffers_is_told_to_end() {
    let mut connection = Connection::new();
    let targets = remembers(&mut connection, is_told_to_end);
    let most = (REQUESTS + KEPT) / BUFFER;
    assert!((most - KEPT / BUFFER..=most).contains(&targets), "{targets}");
    assert!(connection.backlogs.check().is_ok());
    let more = remembers(&mut connection, |connection| connection.backlogs.check().is_err());
    assert!((4..=KEPT / BUFFER + 1).contains(&more), "{more}");
}

#[test]
fn a_busy_connection_keeps_less_and_an_ordinary_one_is_left_alone() {
    let mut connection = Connection::new();
    let mut request = http::Request::new(());
    let room = Arc::clone(&connection.room);
    let _full: Vec<_> = std::iter::from_fn(|| room.admit(&mut request, true)).collect();
    let targets = remembers(&mut connection, is_told_to_end);
    assert!(
        (KEPT / BUFFER..=KEPT / BUFFER + 2).contains(&targets),
        "{targets}"
    );
    let mut ordinary = Connection::new();
    let remembered = News::Head {
        stream: 1,
        opens: false,
        remembered: true,
    };
    (0..10_000).for_each(|_| {
        ordinary.backlogs.hear(remembered);
    });
    assert!(!is_told_to_end(&ordinary), "all in one buffer");
    assert_eq!(ordinary.room.kept.load(Relaxed), BUFFER);
}

#[test]
fn what_was_remembered_long_ago_is_forgotten() {
    let mut connection = Connection::new();
    remembers(&mut connection, |connection| {
        connection.room.kept.load(Relaxed) >= 20 * BUFFER
    });
    assert!(connection.room.kept.load(Relaxed) >= 20 * BUFFER);
    (0..128).for_each(|_| {
        connection.backlogs.hear(News::Head {
            stream: 1,
            opens: false,
            remembered: true,
        });
    });
    assert_eq!(connection.room.kept.load(Relaxed), BUFFER);
}
