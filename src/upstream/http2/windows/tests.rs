//! What is granted, told and given back.

use super::*;

fn told(windows: &Windows, last: u32) -> Vec<(u32, u32)> {
    let mut all = Vec::new();
    windows.tell(last, |stream, octets| all.push((stream, octets)));
    all
}

#[test]
fn a_server_is_told_of_streams_that_it_knows_and_of_each_once() {
    let windows = Windows::new(Start::Least);
    windows.open(1, 5000);
    windows.open(3, LEAST);
    windows.open(5, 2 * LEAST);
    assert_eq!(told(&windows, 0), []);
    assert_eq!(told(&windows, 3), [(1, 5000 - LEAST)]);
    assert_eq!(told(&windows, 5), [(5, LEAST)]);
    assert_eq!(told(&windows, 5), []);
    windows.untold(5, LEAST);
    assert_eq!(told(&windows, 5), [(5, LEAST)]);
}

#[test]
fn what_is_taken_is_replaced_once_it_is_worth_a_frame() {
    let windows = Windows::new(Start::Least);
    windows.open(1, 4096);
    told(&windows, 1);
    assert_eq!(windows.came(1, 4096), Ok(()));
    windows.took(1, 2047, 4096);
    assert_eq!(told(&windows, 1), []);
    windows.took(1, 1, 4096);
    assert_eq!(told(&windows, 1), [(1, 2048)]);
    // A smaller share grants nothing before what is there fits into it.
    windows.took(1, 1024, 2048);
    assert_eq!(told(&windows, 1), []);
    assert_eq!(windows.held(1).0, 3072);
}

#[test]
fn more_than_the_window_is_noticed() {
    let windows = Windows::new(Start::Least);
    windows.open(1, LEAST);
    assert_eq!(windows.came(1, LEAST), Ok(()));
    assert_eq!(windows.came(1, 1), Err(Overrun));
}

#[test]
fn of_a_stream_that_is_over_nothing_is_told() {
    let windows = Windows::new(Start::Least);
    windows.open(1, MOST);
    windows.open(3, MOST);
    windows.close(1);
    assert_eq!(told(&windows, 3), [(3, MOST - LEAST)]);
    assert_eq!(windows.came(1, MOST), Ok(()));
    windows.close(3);
    assert_eq!(told(&windows, 3), []);
}

#[tokio::test(start_paused = true)]
async fn those_without_room_are_granted_the_least_after_a_pause() {
    let windows = Windows::new(Start::Least);
    windows.open(1, LEAST);
    assert_eq!(windows.came(1, LEAST), Ok(()));
    windows.took(1, LEAST, LEAST);
    assert_eq!(told(&windows, 1), [], "not at once");
    let _ends_never = tokio::time::timeout(2 * PAUSE, windows.trickle()).await;
    assert_eq!(told(&windows, 1), [(1, LEAST)]);
}

/// Each of these has used up the least, and has none but that.
fn use_up(windows: &Windows, streams: &[u32]) {
    for stream in streams {
        assert_eq!(windows.came(*stream, LEAST), Ok(()));
        windows.took(*stream, LEAST, LEAST);
    }
}

#[tokio::test(start_paused = true)]
async fn many_wait_longer_than_few_but_not_for_ever() {
    for (count, pauses) in [(BATCH, 1), (BATCH * 3, 3), (BATCH * 100, MOST_PAUSES)] {
        let windows = Windows::new(Start::Least);
        let streams: Vec<_> = (0..count).map(|at| 2 * at + 1).collect();
        for stream in &streams {
            windows.open(*stream, LEAST);
        }
        let mut trickle = std::pin::pin!(windows.trickle());
        use_up(&windows, &streams);
        assert!(tokio::time::timeout(2 * PAUSE, &mut trickle).await.is_err());
        assert_eq!(told(&windows, u32::MAX).len(), streams.len());
        use_up(&windows, &streams);
        assert!(
            tokio::time::timeout(PAUSE * (pauses - 1), &mut trickle)
                .await
                .is_err()
        );
        assert_eq!(told(&windows, u32::MAX), [], "{count}");
        assert!(tokio::time::timeout(2 * PAUSE, &mut trickle).await.is_err());
        assert_eq!(told(&windows, u32::MAX).len(), streams.len());
    }
}
