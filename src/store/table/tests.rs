//! The table when it is used, shared and flooded.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::AtomicBool;
use std::thread;

use super::*;

#[derive(Default)]
struct State {
    busy: AtomicBool,
    hits: AtomicU64,
}

impl Idle for State {
    fn idle(&self, _: Duration) -> bool {
        !self.busy.load(Ordering::Relaxed)
    }
}

fn key(number: u32) -> Key {
    ClientKey::new(IpAddr::V4(Ipv4Addr::from(number)), 64).into()
}

const NOW: Duration = Duration::from_secs(5);

#[test]
fn a_key_finds_its_state_again() {
    let table = Table::<State>::new(1_000);
    let first = table.entry(key(1), NOW);
    assert!(Arc::ptr_eq(&first, &table.entry(key(1), NOW)));
    assert!(!Arc::ptr_eq(&first, &table.entry(key(2), NOW)));
    assert_eq!(table.len(), 2);
}

#[test]
fn values_of_different_headers_are_different_keys() {
    let table = Table::<State>::new(1_000);
    assert_eq!(table.key_of("x-user", b"7"), table.key_of("x-user", b"7"));
    assert_ne!(table.key_of("x-user", b"7"), table.key_of("x-team", b"7"));
    assert_ne!(table.key_of("x-user", b"7"), table.key_of("x-user", b"8"));
    assert_ne!(table.key_of("a", b"bc"), table.key_of("ab", b"c"));
    assert_ne!(
        table.key_of("x-user", b"7"),
        Table::<State>::new(1).key_of("x-user", b"7")
    );
}

#[test]
fn sweeps_what_is_idle_and_held_by_nobody() {
    let table = Table::<State>::new(10_000);
    let held = table.entry(key(1), NOW);
    table.entry(key(2), NOW).busy.store(true, Ordering::Relaxed);
    for number in 3..3_000 {
        table.entry(key(number), NOW);
    }
    table.sweep(NOW);
    assert_eq!(table.len(), 2);
    assert!(Arc::ptr_eq(&held, &table.entry(key(1), NOW)));
}

#[test]
fn a_full_table_makes_room_by_dropping_idle_entries() {
    let table = Table::<State>::new(64);
    for number in 0..200 {
        table.entry(key(number), NOW + SEARCH_EVERY * number);
    }
    assert!(table.len() <= 64);
    assert_eq!(table.overflowed(), 0);
}

#[test]
fn a_table_full_of_busy_entries_gives_strangers_one_shared_entry() {
    let table = Table::<State>::new(64);
    let held: Vec<_> = (0..1_000).map(|number| table.entry(key(number), NOW)).collect();
    assert!(table.len() <= 64);
    assert_eq!(table.overflowed(), 1_000 - table.len() as u64);
    let shared = held
        .iter()
        .filter(|entry| Arc::ptr_eq(entry, &table.overflow))
        .count();
    assert_eq!(shared as u64, table.overflowed());
    drop(held);
    let later = table.entry(key(2_000), NOW + SEARCH_EVERY);
    assert!(!Arc::ptr_eq(&later, &table.overflow));
}

#[test]
fn workers_share_one_state_per_key() {
    let table = Table::<State>::new(10_000);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0..10_000 {
                    table
                        .entry(key(number % 100), NOW)
                        .hits
                        .fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(table.len(), 100);
    assert!((0..100).all(|number| table.entry(key(number), NOW).hits.load(Ordering::Relaxed) == 400));
}
