//! How much room a request takes while it waits for its answer, which may be most of its life. The figures are size
//! classes of the allocator: a byte more costs the next one, for each of all the requests that wait.

use tower::Service;

use super::send_on;
use crate::http::refusal::Refusal;
use crate::stack::enter::Arrival;
use crate::stack::passage::Passage;
use crate::stack::stack;

fn room_of_future<A, F>(_: impl Fn(A) -> F) -> usize {
    size_of::<F>()
}

fn room_of_answering<S: Service<Arrival>>(_: S) -> usize {
    size_of::<S::Future>()
}

#[test]
fn a_request_that_waits_for_its_answer_takes_little_room() {
    // Each async function keeps its arguments twice, and what is lent by them once more: pass large ones by reference.
    let forwarding = room_of_future(send_on);
    assert!(forwarding <= 640, "forwarding: {forwarding}");
    let passage = size_of::<Passage>();
    assert!(passage <= 896, "passage: {passage}");
    // With what hyper adds for a stream of HTTP/2, and we for our patience with it, 512.
    let answering = room_of_answering(stack());
    assert!(answering <= 376, "answering: {answering}");
}

#[test]
fn a_refusal_takes_little_room_where_there_is_none() {
    assert_eq!(size_of::<Option<Refusal>>(), 24);
}
