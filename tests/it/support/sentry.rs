//! A Sentry that records what it is sent: real envelopes, read as the format says (one header line, then for
//! each item a header line with its length, and the item).

use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::{Origin, Reply, until};

/// A recording Sentry; dropping it is its outage.
pub struct Sentry {
    origin: Origin,
    envelopes: Arc<Mutex<Vec<Envelope>>>,
}

/// What came with one request.
#[derive(Debug, Clone)]
pub struct Envelope {
    pub target: String,
    /// Head and body as they came, but for the head's own `Host`.
    pub text: String,
    pub items: Vec<(String, Value)>,
}

impl Sentry {
    /// Takes everything.
    pub fn start() -> Self {
        Self::answering(|| Reply::new(200, "application/json", "{}"))
    }

    /// Records, and answers this.
    pub fn answering(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Self {
        let envelopes = Arc::<Mutex<Vec<Envelope>>>::default();
        let recorded = Arc::clone(&envelopes);
        let origin = Origin::playing(move |call, line| {
            let body = line.body().bytes;
            let headers: Vec<String> = call
                .head
                .headers
                .iter()
                .filter(|(name, _)| !name.eq_ignore_ascii_case("host"))
                .map(|(name, value)| format!("{name}: {value}"))
                .collect();
            let text = format!("{}\n{}", headers.join("\n"), String::from_utf8_lossy(&body));
            let (target, items) = (call.target.clone(), items(&body));
            recorded.lock().unwrap().push(Envelope { target, text, items });
            line.reply(&reply());
        });
        Self { origin, envelopes }
    }

    /// The DSN of its only project.
    pub fn dsn(&self) -> String {
        format!("http://publickey@{}/42", self.origin.address())
    }

    /// `[sentry]` with this DSN and these other lines.
    pub fn table(&self, lines: &str) -> String {
        format!("[sentry]\ndsn = \"{}\"\n{lines}\n", self.dsn())
    }

    pub fn envelopes(&self) -> Vec<Envelope> {
        self.envelopes.lock().unwrap().clone()
    }

    /// All items of a type (`event`, `transaction`) so far.
    pub fn items(&self, kind: &str) -> Vec<Value> {
        let envelopes = self.envelopes();
        let items = envelopes.into_iter().flat_map(|envelope| envelope.items);
        items
            .filter(|(known, _)| known == kind)
            .map(|(_, item)| item)
            .collect()
    }

    pub fn events(&self) -> Vec<Value> {
        self.items("event")
    }

    pub fn transactions(&self) -> Vec<Value> {
        self.items("transaction")
    }

    /// Waits until so many events are there.
    pub fn wait_for_events(&self, count: usize) -> Vec<Value> {
        until(&format!("{count} events at Sentry"), || {
            self.events().len() >= count
        });
        self.events()
    }

    /// Waits until so many transactions are there.
    pub fn wait_for_transactions(&self, count: usize) -> Vec<Value> {
        until(&format!("{count} transactions at Sentry"), || {
            self.transactions().len() >= count
        });
        self.transactions()
    }
}

fn items(body: &[u8]) -> Vec<(String, Value)> {
    let (header, mut rest) = split_line(body);
    assert!(json(header).is_object(), "no header of an envelope");
    let mut items = Vec::new();
    while !rest.is_empty() {
        let (header, after) = split_line(rest);
        let header = json(header);
        let length = header["length"].as_u64().unwrap_or_else(|| {
            after
                .iter()
                .position(|byte| *byte == b'\n')
                .unwrap_or(after.len()) as u64
        });
        let (item, after) = after.split_at(usize::try_from(length).unwrap());
        items.push((header["type"].as_str().unwrap().to_owned(), json(item)));
        rest = after.strip_prefix(b"\n").unwrap_or(after);
    }
    items
}

fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(bytes.len());
    (&bytes[..end], bytes.get(end + 1..).unwrap_or_default())
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes)
        .unwrap_or_else(|fault| panic!("{fault} in {}", String::from_utf8_lossy(bytes)))
}
