//! The window against a plain list of moments.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use proptest::prelude::*;

use super::*;

const MINUTE: Duration = Duration::from_mins(1);

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

#[test]
fn refuses_request_101_within_a_minute() {
    let quota = WindowQuota::new(100, MINUTE);
    let mut window = Window::default();
    for request in 0..100_u32 {
        let verdict = window.take(&quota, seconds(7.0 + f64::from(request) * 0.59));
        assert!(verdict.allowed);
        assert_eq!(verdict.remaining, 99 - request);
    }
    let verdict = window.take(&quota, seconds(66.9));
    assert!(!verdict.allowed);
    assert!(verdict.retry_after > Duration::ZERO && verdict.retry_after < seconds(7.0));
}

#[test]
fn says_when_to_come_back_and_keeps_its_word() {
    let quota = WindowQuota::new(5, MINUTE);
    let mut window = Window::default();
    for request in 0..5 {
        assert!(
            window
                .take(&quota, seconds(1.0 + f64::from(request) / 100.0))
                .allowed
        );
    }
    let refused = window.take(&quota, seconds(2.0));
    assert!(
        refused.retry_after >= seconds(59.0) && refused.retry_after <= seconds(59.1),
        "{refused:?}"
    );
    let back = seconds(2.0) + refused.retry_after;
    assert!(
        !window
            .peek(&quota, back.checked_sub(Duration::from_nanos(1)).unwrap())
            .allowed
    );
    assert!(window.peek(&quota, back).allowed);
    assert_eq!(refused.reset, refused.retry_after);
    assert!(window.is_free(back) && !window.is_free(seconds(60.0)));
}

#[test]
fn a_refusal_and_a_look_spend_nothing() {
    let quota = WindowQuota::new(1, MINUTE);
    let mut window = Window::default();
    assert!(window.peek(&quota, seconds(1.0)).allowed);
    assert!(window.take(&quota, seconds(1.0)).allowed);
    let before = window.clone();
    assert!(!window.take(&quota, seconds(30.0)).allowed);
    assert_eq!(window, before);
    assert!(window.take(&quota, seconds(61.1)).allowed);
}

#[test]
fn a_clock_that_lags_spends_in_the_newest_slot() {
    let quota = WindowQuota::new(2, MINUTE);
    let mut window = Window::default();
    assert!(window.take(&quota, seconds(100.0)).allowed);
    assert!(window.take(&quota, seconds(80.0)).allowed);
    assert!(!window.take(&quota, seconds(159.0)).allowed);
}

#[test]
fn fits_a_cache_line() {
    assert!(size_of::<Window>() <= 64);
}

#[test]
fn extreme_quotas_do_not_overflow() {
    for per in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
        let quota = WindowQuota::new(0, per);
        let mut window = Window::default();
        for now in [Duration::ZERO, seconds(1e9)] {
            window.take(&quota, now);
            window.peek(&quota, now);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn never_more_than_the_count_in_any_window(
        count in 1_u32..8,
        per in 10_u64..5_000,
        gaps in prop::collection::vec(prop_oneof![3 => 0_u64..50, 2 => 0_u64..1_000, 1 => 0_u64..20_000], 1..120),
    ) {
        let quota = WindowQuota::new(count, Duration::from_nanos(per));
        let length = quota.window();
        let mut window = Window::default();
        let (mut now, mut taken) = (0, Vec::new());
        for gap in gaps {
            now += gap;
            let peeked = window.peek(&quota, Duration::from_nanos(now));
            let verdict = window.take(&quota, Duration::from_nanos(now));
            prop_assert_eq!(peeked.allowed, verdict.allowed);
            let within = |reach: u64| taken.iter().filter(|at| now - **at < reach).count();
            if verdict.allowed {
                prop_assert!(within(length) < count as usize, "too many in one window");
                prop_assert_eq!(peeked.remaining, verdict.remaining + 1);
                taken.push(now);
            } else {
                prop_assert!(within(length + length / PARTS + 1) >= count as usize, "refused without reason");
                prop_assert!(verdict.retry_after > Duration::ZERO && verdict.retry_after <= verdict.reset);
                let back = Duration::from_nanos(now) + verdict.retry_after;
                prop_assert!(window.peek(&quota, back).allowed, "came back as told and was refused");
            }
            let last = taken.last().copied().unwrap_or(0);
            prop_assert!(window.is_free(Duration::from_nanos(last + length + length / PARTS + 1)));
            prop_assert!(!window.is_free(Duration::from_nanos(last + length - 1)));
        }
    }
}
