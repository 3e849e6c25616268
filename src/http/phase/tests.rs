//! What a connection waits for, and until when.

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const PATIENCE: Patience = Patience {
    head: Duration::from_secs(15),
    idle: Duration::from_mins(1),
};

#[test]
fn a_head_is_timed_from_its_first_byte_not_from_each() {
    let start = Instant::now();
    let phase = Phase::new(start);
    phase.heard(start + SECOND);
    phase.heard(start + 9 * SECOND);
    assert_eq!(
        phase.deadline(PATIENCE, start + 9 * SECOND),
        (start + 16 * SECOND, State::Head)
    );
}

#[test]
fn silence_after_the_opening_ends_like_a_slow_head() {
    let start = Instant::now();
    assert_eq!(
        Phase::new(start).deadline(PATIENCE, start),
        (start + 15 * SECOND, State::Silent)
    );
}

#[test]
fn a_client_that_takes_nothing_is_given_up_after_the_patience_of_its_answer() {
    let start = Instant::now();
    let phase = Phase::new(start);
    phase.asked(start);
    phase.wrote(None, || start + SECOND);
    assert_eq!(phase.deadline(PATIENCE, start + SECOND).1, State::Busy);
    phase.expects(Some(10 * SECOND), None);
    phase.wrote(None, || start + 5 * SECOND);
    // Looked at once a second, as only the system knows of what it takes bit by bit.
    assert_eq!(
        phase.deadline(PATIENCE, start + 5 * SECOND),
        (start + 6 * SECOND, State::Busy)
    );
    assert_eq!(
        phase.deadline(PATIENCE, start + 10 * SECOND),
        (start + 11 * SECOND, State::Stalled)
    );
    phase.wrote(Some(1), || start + 6 * SECOND);
    assert_eq!(phase.deadline(PATIENCE, start + 6 * SECOND).1, State::Busy);
}

#[test]
fn a_request_under_way_is_left_alone_and_idleness_begins_after_it() {
    let start = Instant::now();
    let phase = Phase::new(start);
    phase.asked(start + SECOND);
    phase.heard(start + 2 * SECOND);
    assert_eq!(phase.deadline(PATIENCE, start + 50 * SECOND).1, State::Busy);
    phase.answered(start + 50 * SECOND);
    assert_eq!(
        phase.deadline(PATIENCE, start + 100 * SECOND),
        (start + 110 * SECOND, State::Idle)
    );
}

#[test]
fn a_head_that_begins_between_two_looks_has_no_more_time_than_any_other() {
    let start = Instant::now();
    let phase = Phase::new(start);
    phase.greeted(start);
    let (look, state) = phase.deadline(PATIENCE, start);
    assert_eq!((look, state), (start + 15 * SECOND, State::Idle));
    phase.heard(start + SECOND);
    assert_eq!(phase.deadline(PATIENCE, look), (start + 16 * SECOND, State::Head));
}

#[test]
fn with_many_requests_idleness_begins_after_the_last() {
    let start = Instant::now();
    let phase = Phase::new(start);
    phase.greeted(start + SECOND);
    assert_eq!(
        phase.deadline(PATIENCE, start + 50 * SECOND),
        (start + 61 * SECOND, State::Idle)
    );
    phase.asked(start + 2 * SECOND);
    phase.asked(start + 3 * SECOND);
    phase.answered(start + 4 * SECOND);
    phase.greeted(start + 5 * SECOND);
    assert_eq!(phase.deadline(PATIENCE, start + 70 * SECOND).1, State::Busy);
    phase.answered(start + 80 * SECOND);
    phase.greeted(start + 90 * SECOND);
    assert_eq!(
        phase.deadline(PATIENCE, start + 130 * SECOND),
        (start + 140 * SECOND, State::Idle)
    );
}
