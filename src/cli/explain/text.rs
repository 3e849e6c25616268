//! An explanation for people: from the client to the answer, one thought a line, the line of the policy at its end.

use std::fmt::Write;

use crate::stack::explain::told::{
    Client, Explanation, Layer, Limit, Lost, Outcome, Said, Setting, UpstreamTold,
};

/// A text that grows line by line.
struct Sheet<'a> {
    out: String,
    file: &'a str,
}

pub(super) fn render(told: &Explanation, file: &str) -> String {
    let mut sheet = Sheet {
        out: String::new(),
        file,
    };
    let asked = &told.request;
    let speaks = if asked.tls { ", with TLS" } else { "" };
    sheet.line(&format!(
        "{} {} on listener `{}`{speaks}",
        asked.method, asked.target, asked.listener
    ));
    sheet.line("");
    sheet.client(&told.client);
    sheet.field("host", told.host.as_deref().unwrap_or("none that is valid"));
    if told.path.received == told.path.normal {
        sheet.field("path", &told.path.normal);
    } else {
        sheet.field(
            "path",
            &format!(
                "{}   (matched in this form; received as {})",
                told.path.normal, told.path.received
            ),
        );
    }
    let place = sheet.at(told.route.line);
    sheet.field("route", &format!("{}{place}", told.route.name));
    sheet.lost(&told.lost);
    sheet.outcome(&told.outcome, told.upstream.as_ref());
    sheet.layers(&told.layers);
    sheet.limits(&told.limits);
    sheet.upstream(told.upstream.as_ref());
    sheet.timeouts(&told.timeouts);
    sheet.title("the gateway's headers on the answer");
    for line in &told.answer_headers {
        sheet.line(&format!("  {}: {}", line.name, line.value));
    }
    sheet.out
}

impl Sheet<'_> {
    fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    fn field(&mut self, name: &str, value: &str) {
        self.line(&format!("{name:<9} {value}"));
    }

    fn title(&mut self, text: &str) {
        self.line("");
        self.line(text);
    }

    fn client(&mut self, client: &Client) {
        self.field("client", &client.ip.to_string());
        for step in &client.steps {
            let address = step.address.map_or_else(|| "?".to_owned(), |ip| ip.to_string());
            let place = self.at(step.line);
            self.line(&format!("          {address}: {}{place}", step.why));
        }
    }

    fn lost(&mut self, lost: &Lost) {
        for loser in &lost.routes {
            let place = self.at(loser.line);
            self.line(&format!("          not {}: {}{place}", loser.name, loser.why));
        }
        if lost.omitted > 0 {
            self.line(&format!("          and {} more", lost.omitted));
        }
    }

    fn outcome(&mut self, outcome: &Outcome, upstream: Option<&UpstreamTold>) {
        let status = outcome
            .status
            .map(|status| status.to_string())
            .unwrap_or_default();
        let said = match (outcome.action, &outcome.code) {
            ("forward", _) => {
                let name = upstream.map_or("", |upstream| upstream.name.as_str());
                format!("sent to the upstream `{name}`, which decides the status")
            }
            (_, Some(code)) => format!(
                "refused by {}: {status} {code} ({})",
                outcome.layer,
                outcome.detail.as_deref().unwrap_or_default()
            ),
            _ if outcome.status.is_none() => {
                format!("answered by {}: 200 or 503, by the last probes", outcome.layer)
            }
            _ => format!("answered by {}: {status}", outcome.layer),
        };
        self.field("outcome", &said);
        if !outcome.shadowed.is_empty() {
            let names = outcome.shadowed.join(", ");
            self.line(&format!(
                "          would be refused, were it not in shadow: {names}"
            ));
        }
    }

    fn layers(&mut self, layers: &[Layer]) {
        self.title("layers, outermost first (a dot: not in force here; a dash: not reached)");
        for layer in layers {
            let mark = match (layer.reached, layer.applies) {
                (false, _) => '-',
                (true, false) => '·',
                (true, true) => '+',
            };
            let place = self.said(&layer.sources);
            let mut phrases = layer.value.iter().map(String::as_str);
            let first = if layer.applies || layer.value.len() == 1 {
                phrases.next().unwrap_or("off")
            } else {
                "off"
            };
            self.line(&format!("  {mark} {:<24} {first}{place}", layer.name));
            if layer.applies {
                for phrase in phrases {
                    self.line(&format!("    {:<24} {phrase}", ""));
                }
            }
        }
    }

    fn limits(&mut self, limits: &[Limit]) {
        if limits.is_empty() {
            return;
        }
        self.title("limits");
        for limit in limits {
            let shadow = if limit.shadow { ", in shadow" } else { "" };
            let place = self.said(&limit.sources);
            self.line(&format!(
                "  {}: {} ({}){shadow}, counted by {} = {}{place}",
                limit.name,
                limit.rate,
                limit.value.join(", "),
                limit.key,
                limit.key_value
            ));
        }
    }

    fn upstream(&mut self, upstream: Option<&UpstreamTold>) {
        let Some(upstream) = upstream else { return };
        let place = self.at(upstream.line);
        self.title(&format!("upstream `{}`{place}", upstream.name));
        self.line(&format!("  servers: {}", upstream.servers.join(", ")));
        let (Some(method), Some(target)) = (&upstream.method, &upstream.target) else {
            self.line("  is not asked");
            return;
        };
        self.line(&format!("  is asked: {method} {target}"));
        for line in &upstream.added {
            self.line(&format!("  + {}: {}", line.name, line.value));
        }
        for name in &upstream.removed {
            self.line(&format!("  - {name}"));
        }
    }

    fn timeouts(&mut self, timeouts: &[Setting]) {
        self.title("timeouts");
        for setting in timeouts {
            let place = self.said(&setting.sources);
            self.line(&format!("  {:<30} {}{place}", setting.name, setting.value));
        }
    }

    /// `   (portcullis.toml:12)`
    fn at(&self, line: Option<usize>) -> String {
        line.map_or_else(String::new, |line| format!("   ({}:{line})", self.file))
    }

    /// Where it is said, the last word first.
    fn said(&self, sources: &[Said]) -> String {
        let mut out = String::new();
        for said in sources {
            let separator = if out.is_empty() { "   (" } else { ", " };
            // Writing into a string cannot fail.
            let _ = match said.line {
                Some(line) => write!(out, "{separator}{}:{line}", self.file),
                None => write!(out, "{separator}built in"),
            };
        }
        if !out.is_empty() {
            out.push(')');
        }
        out
    }
}
