//! What follows from a refusal.

use super::*;

#[test]
fn the_blame_follows_from_the_status() {
    assert_eq!(Refusal::NotFound.blame(), Blame::Client);
    assert_eq!(Refusal::UpstreamClosed.blame(), Blame::Upstream);
    assert_eq!(Refusal::Internal.blame(), Blame::Gateway);
}

#[test]
fn a_deadline_names_the_key_that_set_it() {
    let refusal = Refusal::UpstreamTimeout(Deadline::ResponseHead);
    assert_eq!(refusal.deadline().map(Deadline::name), Some("response_head"));
    assert_eq!(refusal.status(), 504);
}
