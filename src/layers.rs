//! Floor 4: one file per protection, each with its compiled setting and its pure rule. They see the
//! exchange and their own setting, never the gateway, so each is tested with a request and nothing else.
//!
//! A protection takes one of four shapes, which `stack/shapes.rs` turns into tower services:
//! [`Check`] may refuse and never waits, [`Edit`] dresses every answer, [`Around`] may wait and refuse,
//! [`Mend`] looks into the few answers it wants to.

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use crate::http::exchange::{Exchange, Permit, Response};
use crate::http::quota::Quota;
use crate::http::refusal::Refusal;
use crate::observe::metrics::Counter;

pub mod access;
pub mod body_limit;
pub mod compress;
pub mod cors;
pub mod fixed;
#[cfg(test)]
pub(crate) mod fixture;
pub mod header_edits;
pub mod in_flight;
pub mod mask;
pub mod own;
pub mod queue;
pub mod rate_limit;
pub mod redirect;
pub mod redirect_to_https;
pub mod request_buffer;
pub mod rewrite;
pub mod security_headers;
pub mod strip_headers;

/// What a check finds.
#[derive(Debug)]
pub enum Verdict {
    /// Nothing against it.
    Pass,
    /// Nothing against it, and this place is held until the last byte of the answer has left.
    Hold(Permit),
    /// Nothing against it, and so much is left.
    Left(Quota),
    /// Answered here and now.
    Answer(Box<Response>),
    /// No.
    Refuse(Refusal),
}

/// A rule that may refuse and never waits.
pub trait Check: Send + Sync {
    /// Judges the request as of `now`.
    fn check(&self, exchange: &Exchange, now: Instant) -> Verdict;
}

/// A rule that dresses every answer, refusals included.
pub trait Edit: Send + Sync {
    /// What is kept of the request, whose headers are gone when the answer comes.
    type Note: Send;

    /// Looks at the request on its way in.
    fn before(&self, exchange: &Exchange) -> Self::Note;

    /// Changes the answer on its way out.
    fn after(&self, note: Self::Note, exchange: &Exchange, response: &mut Response);
}

/// The rest of the stack, as an [`Around`] sees it.
pub trait Next: Send {
    /// The answer, with what travels beside it.
    type Reply: Send;
    /// The refusal, with what travels beside it.
    type Refused: Send;

    /// The request.
    fn exchange(&mut self) -> &mut Exchange;

    /// The same request once more, without its client, beside it or after it: same route and head, no body, nothing of
    /// what the client may have under way. It counts, and leaves no line in the access log. Its answer, or why there is
    /// none.
    fn detached(&self) -> Pin<Box<dyn Future<Output = Result<Response, Refusal>> + Send>>;

    /// Goes on.
    fn run(self) -> impl Future<Output = Result<Self::Reply, Self::Refused>> + Send;

    /// Goes no further: this is the answer.
    fn answer(self, response: Response) -> Self::Reply;

    /// Goes no further: no.
    fn refuse(self, refusal: Refusal) -> Self::Refused;
}

/// A rule that may wait before or after the rest of the stack runs.
pub trait Around: Send + Sync {
    /// Judges the request first, as a [`Check`] does, and may wait for what it needs to know. What it takes for the
    /// length of the request it puts among the permits.
    fn ask(&self, _exchange: &mut Exchange) -> impl Future<Output = Verdict> + Send {
        ready(Verdict::Pass)
    }

    /// Runs the rest of the stack, or does not. Only for requests that pass.
    fn around<N: Next>(&self, next: N) -> impl Future<Output = Result<N::Reply, N::Refused>> + Send {
        next.run()
    }
}

/// A rule that must look into the body of some answers. Only those wait for it.
pub trait Mend: Send + Sync {
    /// Whether this answer is one of them.
    fn wants(&self, response: &Response) -> bool;

    /// Looks, and changes the answer where need be.
    fn mend(&self, exchange: &mut Exchange, response: Response) -> impl Future<Output = Response> + Send;
}

/// Says what a setting comes to, in short phrases for a person: `explain` shows them.
pub trait Describe {
    /// One phrase for each part of it.
    fn describe(&self) -> Vec<String>;
}

impl<T: Describe> Describe for Guarded<T> {
    fn describe(&self) -> Vec<String> {
        let mut phrases = self.rule.describe();
        if self.shadow.is_some() {
            phrases.push("in shadow: what it would refuse is counted and passes".to_owned());
        }
        phrases
    }
}

/// A [`Check`] or an [`Around`] in force on a route, or in shadow: then a refusal is counted and logged, and the request passes.
#[derive(Debug)]
pub struct Guarded<T> {
    /// The compiled rule.
    pub rule: T,
    /// The guard's name, for the log.
    pub name: Arc<str>,
    /// `Some` in shadow, with the count of what would have been refused.
    pub shadow: Option<Counter>,
}

impl<T> Guarded<T> {
    /// A rule of framing or routing, which cannot be put into shadow.
    pub fn always(name: &str, rule: T) -> Self {
        Self {
            rule,
            name: name.into(),
            shadow: None,
        }
    }

    /// Counts and logs what would have been refused, once per request: a limit is asked and taken from.
    pub fn note_shadowed(&self, count: &Counter, exchange: &mut Exchange) {
        if !exchange.notes.shadowed.contains(&self.name) {
            count.inc();
            exchange.notes.shadowed.push(Arc::clone(&self.name));
        }
    }

    /// Judges with `rule`, and turns a refusal in shadow into a pass plus a count.
    pub fn judge(
        &self,
        judge: impl Fn(&T, &Exchange, Instant) -> Verdict,
        exchange: &mut Exchange,
        now: Instant,
    ) -> Verdict {
        self.unless_in_shadow(judge(&self.rule, exchange, now), exchange)
    }

    fn unless_in_shadow(&self, verdict: Verdict, exchange: &mut Exchange) -> Verdict {
        match (verdict, &self.shadow) {
            (Verdict::Refuse(_), Some(count)) => {
                self.note_shadowed(count, exchange);
                Verdict::Pass
            }
            (verdict, _) => verdict,
        }
    }
}

impl<A: Around> Guarded<A> {
    /// Asks the rule, and turns a refusal in shadow into a pass plus a count.
    pub async fn ask(&self, exchange: &mut Exchange) -> Verdict {
        let verdict = self.rule.ask(exchange).await;
        self.unless_in_shadow(verdict, exchange)
    }
}

impl<E: Edit> Edit for Guarded<E> {
    type Note = E::Note;

    fn before(&self, exchange: &Exchange) -> E::Note {
        self.rule.before(exchange)
    }

    fn after(&self, note: E::Note, exchange: &Exchange, response: &mut Response) {
        self.rule.after(note, exchange, response);
    }
}
