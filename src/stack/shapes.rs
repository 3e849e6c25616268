//! The shapes of a protection as tower layers: the only poll code of the stack. A shape asks its
//! selector for the route's setting; where there is none it is one branch. Services hold nothing but
//! the next service, so the whole stack has no size and costs nothing to clone.
//!
//! Every service here is always ready: what could make it wait is awaited inside the call.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Instant;

use crate::http::exchange::{Exchange, Notes, Response};
use crate::http::quota::Quota;
use crate::http::refusal::Refusal;
use crate::layers::{Guarded, Verdict};
use crate::stack::passage::{Held, Refused, Reply};
use crate::stack::place::Place;

mod around;
mod check;
mod edit;
mod mend;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::ref_option)]
mod tests;

pub use around::AroundLayer;
pub use check::CheckLayer;
pub use edit::EditLayer;
pub use mend::MendLayer;

/// A future whose size does not weigh on those around it.
pub type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Finds a route's setting; a closure with the type it finds.
pub struct Select<S, T: ?Sized>(S, PhantomData<fn() -> Box<T>>);

impl<S: Copy, T: ?Sized> Clone for Select<S, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Copy, T: ?Sized> Copy for Select<S, T> {}

/// See [`Select`].
pub trait Pick: Copy + Send + 'static {
    /// The setting found.
    type Of: ?Sized;

    /// Finds it.
    fn pick<'a>(&self, place: &'a Place) -> &'a Self::Of;
}

impl<S, T: ?Sized + 'static> Pick for Select<S, T>
where
    S: Fn(&Place) -> &T + Copy + Send + 'static,
{
    type Of = T;

    fn pick<'a>(&self, place: &'a Place) -> &'a T {
        (self.0)(place)
    }
}

/// Every rule that passes lets the request go on; the first that refuses or answers ends its way in.
/// `judge` is the method of the rule to ask: to check, or to take.
pub fn check<C, S, J>(select: S, judge: J) -> CheckLayer<Select<S, [Guarded<C>]>, J>
where
    S: Fn(&Place) -> &[Guarded<C>] + Copy,
    J: Fn(&C, &Exchange, Instant) -> Verdict + Copy,
{
    CheckLayer {
        pick: Select(select, PhantomData),
        judge,
    }
}

/// Dresses every answer on its way out.
pub fn edit<E, S>(select: S) -> EditLayer<Select<S, Option<E>>>
where
    S: Fn(&Place) -> &Option<E> + Copy,
{
    EditLayer {
        pick: Select(select, PhantomData),
    }
}

/// May wait, and refuse; boxed only on the routes that have it.
pub fn around<A, S>(select: S) -> AroundLayer<Select<S, Option<Guarded<A>>>>
where
    S: Fn(&Place) -> &Option<Guarded<A>> + Copy,
{
    AroundLayer {
        pick: Select(select, PhantomData),
    }
}

/// Looks into the answers it wants; boxed only for those.
pub fn mend<M, S>(select: S) -> MendLayer<Select<S, Option<M>>>
where
    S: Fn(&Place) -> &Option<M> + Copy,
{
    MendLayer {
        pick: Select(select, PhantomData),
    }
}

/// What ends a request on its way in.
enum Stop {
    Answer(Box<Response>),
    Refuse(Refusal),
}

impl Stop {
    /// The request goes no further.
    fn end(self, passage: Held) -> Result<Reply, Refused> {
        match self {
            Self::Answer(response) => Ok(Reply {
                passage,
                response: *response,
            }),
            Self::Refuse(refusal) => Err(Refused { passage, refusal }),
        }
    }
}

/// Notes what a rule found, and says whether that ends the request.
fn heed(verdict: Verdict, exchange: &mut Exchange) -> Option<Stop> {
    match verdict {
        Verdict::Pass => {}
        Verdict::Hold(permit) => exchange.permits.in_flight = Some(permit),
        Verdict::Left(quota) => note_quota(&mut exchange.notes, quota),
        Verdict::Answer(response) => return Some(Stop::Answer(response)),
        Verdict::Refuse(refusal) => {
            if let Refusal::RateLimited(quota) = &refusal {
                exchange.notes.quota = Some(Quota::clone(quota));
            }
            return Some(Stop::Refuse(refusal));
        }
    }
    None
}

/// Of several limits the client is told of the one that will refuse first.
fn note_quota(notes: &mut Notes, quota: Quota) {
    let tighter = notes
        .quota
        .as_ref()
        .is_none_or(|noted| quota.remaining <= noted.remaining);
    if tighter {
        notes.quota = Some(quota);
    }
}
