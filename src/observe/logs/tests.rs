//! Events as lines, and the level that changes while running.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::io::{Read, pipe};

use super::*;

/// What is written at this level while `run` runs, at the first second of 1970.
fn logged(dialect: Dialect, level: Level, run: impl FnOnce(&Logs)) -> String {
    let (mut reader, writer) = pipe().unwrap();
    let outlet = Outlet::start("test", Sink::to(Box::new(writer)), Counter::detached()).unwrap();
    let (logs, mut events) = connect(Arc::new(outlet), dialect, level);
    events.clock = || SystemTime::UNIX_EPOCH;
    tracing::subscriber::with_default(tracing_subscriber::registry().with(events), || run(&logs));
    assert!(logs.stop(Duration::from_secs(10)));
    drop(logs);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_json_event_has_the_five_keys_and_then_its_fields() {
    let text = logged(Dialect::Json, Level::Info, |_| {
        let address = "0.0.0.0:80";
        tracing::warn!(target: "portcullis::edge::listener", %address, port = 80, tls = false, cost = 1.5, "listening");
    });
    assert_eq!(
        text,
        concat!(
            r#"{"timestamp":"1970-01-01T00:00:00.000000Z","level":"WARN","logger":"portcullis","message":"listening","#,
            r#""module":"edge::listener","address":"0.0.0.0:80","port":80,"tls":false,"cost":1.5}"#,
            "\n"
        )
    );
}

#[test]
fn a_text_event_is_readable_and_one_line() {
    let text = logged(Dialect::Text, Level::Info, |_| {
        tracing::info!(target: "portcullis", name = "a b", plain = "x", "one\ntwo \x1b[2J");
    });
    assert_eq!(
        text,
        "1970-01-01T00:00:00.000000Z INFO  portcullis: one\\ntwo \\u001b[2J name=\"a b\" plain=x\n"
    );
}

#[test]
fn a_terminal_gets_colour() {
    let text = logged(
        Dialect::Colour,
        Level::Info,
        |_| tracing::error!(target: "portcullis::a", "no"),
    );
    assert_eq!(text, "1970-01-01T00:00:00.000000Z \x1b[31mERROR\x1b[0m a: no\n");
}

#[test]
fn a_field_cannot_stand_in_for_one_of_the_five() {
    let text = logged(Dialect::Json, Level::Info, |_| {
        tracing::info!(level = "none", module = 7, "x");
    });
    assert!(
        text.ends_with("\"field.level\":\"none\",\"field.module\":7}\n"),
        "{text}"
    );
}

#[test]
fn an_error_is_written_with_its_causes() {
    #[derive(Debug, thiserror::Error)]
    #[error("no answer from `{0}`")]
    struct Outer(&'static str, #[source] io::Error);
    let error = Outer("db", io::Error::other("reset"));
    let text = logged(Dialect::Json, Level::Info, |_| {
        tracing::info!(
            error = &error as &(dyn std::error::Error + 'static),
            amount = f64::NAN,
            "x"
        );
    });
    assert!(
        text.ends_with("\"error\":\"no answer from `db`: reset\",\"amount\":\"NaN\"}\n"),
        "{text}"
    );
}

#[test]
fn the_level_changes_while_running() {
    let text = logged(Dialect::Text, Level::Warn, |logs| {
        let say = |word| {
            tracing::debug!(word);
            tracing::warn!(word);
        };
        say("before");
        logs.set_level(Level::Debug);
        say("between");
        logs.set_level(Level::Error);
        say("after");
    });
    let words: Vec<_> = text
        .lines()
        .map(|line| line.rsplit('=').next().unwrap())
        .collect();
    assert_eq!(words, ["before", "between", "between"]);
}
