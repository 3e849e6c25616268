//! The reporter's thread: takes records off the queue, judges them, writes letters and sends a few at a
//! time. It goes on taking records while Sentry is slow or down, so that what is lost is known and counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use sentry::transports::{RateLimiter, RateLimitingCategory};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout_at};

use crate::observe::crashes::Record;
use crate::observe::crashes::budget::{Budget, Ruling};
use crate::observe::crashes::case::Case;
use crate::observe::crashes::hook::Panicked;
use crate::observe::crashes::letter::{Letter, Matter, Writer};
use crate::observe::crashes::outbox::Outbox;
use crate::observe::crashes::post::{Answered, Post, PostError};
use crate::observe::metrics::Metrics;

/// Letters on their way at once.
const AT_ONCE: usize = 8;
/// How long a panic waits for the request that unwinds; most come within a millisecond.
const UNWINDING: Duration = Duration::from_millis(200);
/// Panics that may wait so; a stack takes some KiB.
const MOST_UNWINDING: usize = 64;
/// How often trouble with Sentry is told.
const TELL_EVERY: Duration = Duration::from_mins(1);

type Posted = (Matter, Result<Answered, PostError>);

/// The thread's state.
pub(super) struct Desk {
    writer: Writer,
    post: Arc<Post>,
    metrics: Arc<Metrics>,
    /// Events a minute, as the policy in force has it; 0 is off.
    limit: Arc<AtomicU32>,
    budget: Budget,
    /// Panics that nobody has claimed yet.
    panics: Vec<(u64, Instant, Box<Panicked>)>,
    outbox: Outbox,
    posting: JoinSet<Posted>,
    /// What Sentry asked not to be sent for a while.
    pauses: RateLimiter,
    told: Option<Instant>,
}

impl Desk {
    pub(super) fn new(writer: Writer, post: Post, metrics: Arc<Metrics>, limit: Arc<AtomicU32>) -> Self {
        Self {
            writer,
            post: Arc::new(post),
            metrics,
            limit,
            budget: Budget::default(),
            panics: Vec::new(),
            outbox: Outbox::default(),
            posting: JoinSet::new(),
            pauses: RateLimiter::new(),
            told: None,
        }
    }

    /// Works until told to stop; then sends what is left, for as long as it was told. Whether all was sent.
    pub(super) async fn work(
        mut self,
        mut inbox: mpsc::Receiver<Record>,
        mut stop: oneshot::Receiver<Duration>,
    ) -> bool {
        let patience = loop {
            let unclaimed = self.panics.first().map(|(_, until, _)| *until);
            tokio::select! {
                // Nobody left to say so is as good as being told.
                patience = &mut stop => break patience.unwrap_or_default(),
                Some(posted) = self.posting.join_next() => self.posted(posted.ok()),
                Some(record) = inbox.recv() => self.take(record, Instant::now()),
                () = sleep_until(unclaimed.unwrap_or_else(Instant::now).into()), if unclaimed.is_some() =>
                    self.give_up_claims(Instant::now()),
            }
            self.dispatch();
        };
        let until = Instant::now() + patience;
        inbox.close();
        while let Ok(record) = inbox.try_recv() {
            self.take(record, Instant::now());
        }
        self.give_up_claims(Instant::now() + UNWINDING);
        self.finish(until).await
    }

    fn take(&mut self, record: Record, now: Instant) {
        match record {
            Record::Failure(case) => {
                let kind = ((&*case.route).into(), case.class().into());
                if let Some(before) = self.allowed(kind, now) {
                    self.put(self.writer.failure(&case, before), Matter::Event);
                }
            }
            Record::Timing(case, began, took) => {
                self.put(self.writer.timing(&case, began, took), Matter::Transaction);
            }
            Record::Panic(number, panic) => {
                self.panics.push((number, now + UNWINDING, panic));
                if self.panics.len() > MOST_UNWINDING {
                    self.give_up_claims(now + UNWINDING);
                }
            }
            Record::Whose(number, case) => {
                let found = self.panics.iter().position(|(known, _, _)| *known == number);
                if let Some(index) = found {
                    let (_, _, panic) = self.panics.remove(index);
                    self.panicked(&panic, Some(&case), now);
                }
            }
        }
    }

    /// Panics that no request claimed were in the background.
    fn give_up_claims(&mut self, now: Instant) {
        let due = |(_, until, _): &mut (u64, Instant, _)| *until <= now;
        for (_, _, panic) in self.panics.extract_if(.., due).collect::<Vec<_>>() {
            self.panicked(&panic, None, now);
        }
    }

    fn panicked(&mut self, panic: &Panicked, case: Option<&Case>, now: Instant) {
        let route = case.map_or("", |case| &case.route);
        if let Some(before) = self.allowed((route.into(), panic.place.as_str().into()), now) {
            self.put(self.writer.panic(panic, case, before), Matter::Event);
        }
    }

    /// Whether an event of this kind is sent, and how many before it were not.
    fn allowed(&mut self, kind: (Box<str>, Box<str>), now: Instant) -> Option<u64> {
        match self.budget.judge(kind, self.limit.load(Relaxed), now) {
            Ruling::Send(before) => Some(before),
            Ruling::Suppress => {
                self.metrics.sentry_events.count("suppressed");
                None
            }
        }
    }

    fn put(&mut self, letter: Option<Letter>, matter: Matter) {
        let put = letter.is_some_and(|letter| self.outbox.put(letter).is_ok());
        if !put {
            self.count(matter, "dropped");
        }
    }

    /// Sends as many as may be on their way at once.
    fn dispatch(&mut self) {
        while self.posting.len() < AT_ONCE
            && let Some(letter) = self.outbox.take()
        {
            let category = match letter.matter {
                Matter::Event => RateLimitingCategory::Error,
                Matter::Transaction => RateLimitingCategory::Transaction,
            };
            if self.pauses.is_disabled(category).is_some() {
                self.count(letter.matter, "dropped");
                continue;
            }
            let post = Arc::clone(&self.post);
            self.posting
                .spawn(async move { (letter.matter, post.send(letter.bytes).await) });
        }
    }

    fn posted(&mut self, posted: Option<Posted>) {
        let Some((matter, outcome)) = posted else { return };
        match outcome.and_then(|answered| {
            self.heed(&answered);
            answered.accepted()
        }) {
            Ok(()) => self.count(matter, "sent"),
            Err(error) => {
                self.count(matter, "dropped");
                self.tell(&error, Instant::now());
            }
        }
    }

    /// What Sentry says about sending less.
    fn heed(&mut self, answered: &Answered) {
        let text = |name: &str| answered.headers.get(name)?.to_str().ok();
        if let Some(limits) = text("x-sentry-rate-limits") {
            self.pauses.update_from_sentry_header(limits);
        } else if answered.status == http::StatusCode::TOO_MANY_REQUESTS {
            match text("retry-after") {
                Some(after) => self.pauses.update_from_retry_after(after),
                None => self.pauses.update_from_429(),
            }
        }
    }

    fn tell(&mut self, error: &PostError, now: Instant) {
        if self
            .told
            .is_none_or(|told| now.saturating_duration_since(told) >= TELL_EVERY)
        {
            self.told = Some(now);
            tracing::warn!(error = %error, "a crash report or timing did not reach Sentry; traffic is not affected");
        }
    }

    async fn finish(mut self, until: Instant) -> bool {
        loop {
            self.dispatch();
            match timeout_at(until.into(), self.posting.join_next()).await {
                Ok(Some(posted)) => self.posted(posted.ok()),
                Ok(None) => return true,
                Err(_) => break,
            }
        }
        while let Some(letter) = self.outbox.take() {
            self.count(letter.matter, "dropped");
        }
        false
    }

    fn count(&self, matter: Matter, result: &'static str) {
        match matter {
            Matter::Event => self.metrics.sentry_events.count(result),
            Matter::Transaction => self.metrics.sentry_transactions.count(result),
        }
    }
}
