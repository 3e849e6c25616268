//! From what was noted to what Sentry reads. Fields are set one by one from a [`Case`]; the library that
//! knows the format adds the system's and the compiler's version, and nothing of the host.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sentry::integrations::backtrace::{ProcessStacktraceIntegration, parse_stacktrace};
use sentry::integrations::contexts::ContextIntegration;
use sentry::protocol::{
    Context, Event, Exception, Level, Map, Mechanism, SpanId, SpanStatus, Stacktrace, TraceContext,
    Transaction,
};
use sentry::{Client, ClientOptions, Envelope};

use crate::observe::crashes::Settings;
use crate::observe::crashes::case::Case;
use crate::observe::crashes::hook::Panicked;

/// What a letter tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Matter {
    /// A panic or a 5xx.
    Event,
    /// The timing of a request.
    Transaction,
}

/// One envelope, ready to be sent.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) matter: Matter,
    pub(super) bytes: Vec<u8>,
}

/// Writes letters.
pub(super) struct Writer {
    /// Completes events. It has no DSN: it could not send if it tried.
    client: Client,
}

impl Writer {
    pub(super) fn new(settings: &Settings) -> Self {
        let mut options = ClientOptions::new()
            .release(settings.release.clone())
            .environment(settings.environment.clone())
            .default_integrations(false)
            .send_default_pii(false)
            // Else the host's own name would be looked up and told.
            .server_name("")
            .add_integration(ContextIntegration::new().add_device(false))
            .add_integration(ProcessStacktraceIntegration::new());
        options.in_app_include = vec!["portcullis"];
        Self {
            client: Client::with_options(options),
        }
    }

    /// An answer that was a 5xx.
    pub(super) fn failure(&self, case: &Case, before: u64) -> Option<Letter> {
        let class = case.class();
        let by = if case.refusal.is_some() {
            "the gateway"
        } else {
            "the upstream"
        };
        self.event(Event {
            level: Level::Error,
            message: Some(format!("{} from {by}: {class}", case.status)),
            fingerprint: fingerprint(&case.route, &class),
            ..about(Some(case), before)
        })
    }

    /// A panic, and whose request it was.
    pub(super) fn panic(&self, panic: &Panicked, case: Option<&Case>, before: u64) -> Option<Letter> {
        let mut event = about(case, before);
        event.tags.insert("thread".to_owned(), panic.thread.clone());
        self.event(Event {
            level: Level::Fatal,
            culprit: Some(panic.place.clone()),
            fingerprint: fingerprint(case.map_or("", |case| &case.route), &panic.place),
            exception: vec![Exception {
                ty: "panic".to_owned(),
                value: Some(format!("{} at {}", panic.message, panic.place)),
                stacktrace: parse_stacktrace(&panic.stack.to_string()).map(without_its_own),
                mechanism: Some(Mechanism {
                    ty: "panic".to_owned(),
                    handled: Some(case.is_some()),
                    ..Mechanism::default()
                }),
                ..Exception::default()
            }]
            .into(),
            ..event
        })
    }

    /// The timing of a request, until the head of its answer.
    pub(super) fn timing(&self, case: &Case, began: SystemTime, took: Duration) -> Option<Letter> {
        let options = self.client.options();
        let span = trace_of(case, Some(status_name(case.status)));
        let transaction = Transaction {
            name: Some(case.route.to_string()),
            release: options.release.clone(),
            environment: options.environment.clone(),
            platform: "native".into(),
            start_timestamp: began,
            timestamp: Some(began + took),
            tags: tags(case),
            contexts: [("trace".to_owned(), Context::from(span))].into(),
            ..Transaction::default()
        };
        write(&transaction.into(), Matter::Transaction)
    }

    /// An event that says that events arrive, and its id.
    pub(super) fn test(&self) -> (String, Letter) {
        let event = Event {
            level: Level::Info,
            message: Some("a test event from `portcullis sentry-test`".to_owned()),
            ..about(None, 0)
        };
        let id = event.event_id.simple().to_string();
        let empty = || Letter {
            matter: Matter::Event,
            bytes: Vec::new(),
        };
        (id, self.event(event).unwrap_or_else(empty))
    }

    fn event(&self, event: Event<'static>) -> Option<Letter> {
        let mut event = self.client.prepare_event(event, None)?;
        event.server_name = None;
        write(&event.into(), Matter::Event)
    }
}

/// What every event says of its request.
fn about(case: Option<&Case>, before: u64) -> Event<'static> {
    let mut event = Event {
        logger: Some("portcullis".to_owned()),
        transaction: case.map(|case| case.route.to_string()),
        tags: case.map(tags).unwrap_or_default(),
        ..Event::default()
    };
    if let Some(case) = case {
        let trace = trace_of(case, None);
        event.contexts.insert("trace".to_owned(), Context::from(trace));
    }
    if before > 0 {
        event
            .extra
            .insert("suppressed_since_the_last".to_owned(), before.into());
    }
    event
}

fn tags(case: &Case) -> Map<String, String> {
    let text = |text: &str| Some(text.to_owned());
    let upstream: Option<&Arc<str>> = case.upstream.as_ref();
    let tags = [
        ("request_id", case.request_id.to_str().ok().and_then(text)),
        ("route", text(&case.route)),
        ("upstream", upstream.and_then(|name| text(name))),
        ("refusal", case.refusal.and_then(text)),
        ("method", text(case.method)),
        ("http.status_code", Some(case.status.to_string())),
        ("masked", case.masked.then(|| "true".to_owned())),
    ];
    tags.into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

/// Where the request stands in its trace: below the client's span, or first.
fn trace_of(case: &Case, status: Option<SpanStatus>) -> TraceContext {
    let given: Option<SpanId> = case.trace.span_id().parse().ok();
    let (span_id, parent_span_id) = if case.trace.is_given() {
        (SpanId::default(), given)
    } else {
        (given.unwrap_or_default(), None)
    };
    TraceContext {
        trace_id: case.trace.trace_id().parse().unwrap_or_default(),
        span_id,
        parent_span_id,
        op: Some("http.server".to_owned()),
        status,
        ..TraceContext::default()
    }
}

fn status_name(status: u16) -> SpanStatus {
    match status {
        499 => SpanStatus::Cancelled,
        503 => SpanStatus::Unavailable,
        504 => SpanStatus::DeadlineExceeded,
        500.. => SpanStatus::InternalError,
        401 => SpanStatus::Unauthenticated,
        403 => SpanStatus::PermissionDenied,
        400.. => SpanStatus::InvalidArgument,
        _ => SpanStatus::Ok,
    }
}

/// Groups by what makes two events the same here, not by Sentry's guess from their words.
fn fingerprint(route: &str, class: &str) -> Cow<'static, [Cow<'static, str>]> {
    Cow::Owned(vec![
        "portcullis".into(),
        route.to_owned().into(),
        class.to_owned().into(),
    ])
}

/// Without the frames of panicking itself, which come last.
fn without_its_own(mut stack: Stacktrace) -> Stacktrace {
    let begins = stack.frames.iter().position(|frame| {
        let name = frame.function.as_deref().unwrap_or_default();
        name.starts_with("core::panicking::")
            || name.contains("begin_unwind")
            || name.contains("begin_panic")
            || name.contains("rust_panic")
    });
    if let Some(begins) = begins.filter(|begins| *begins > 0) {
        stack.frames.truncate(begins);
    }
    stack
}

fn write(envelope: &Envelope, matter: Matter) -> Option<Letter> {
    let mut bytes = Vec::new();
    envelope.to_writer(&mut bytes).ok()?;
    Some(Letter { matter, bytes })
}

#[cfg(test)]
mod tests;
