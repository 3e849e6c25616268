//! Remedies that are values: for every key of the policy and many wrong values, what a report says to write is
//! written in their place, and is then taken. The keys are those of the reference.

use std::time::SystemTime;

use portcullis::carryover::Carryover;
use portcullis::gateway::Gateway;
use portcullis::observe::metrics::Metrics;
use portcullis::policy::report::{self, Style};

use crate::reference;

/// What people write where something else belongs.
const WRONG: &[&str] = &[
    "0",
    "1",
    "-1",
    "7",
    "70000",
    "5000000000",
    "1.5",
    "2.0",
    "true",
    "false",
    "1979-05-27",
    "[]",
    "[1]",
    "[\"\"]",
    "[\"a\", \"b\"]",
    "[true]",
    "{}",
    "{ a = 1 }",
    "[{ a = 1 }]",
    "\"\"",
    "\" \"",
    "\"x\"",
    "\"off\"",
    "\"Off\"",
    "\"yes\"",
    "\"none\"",
    "\"10MB\"",
    "\"10m\"",
    "\"10 mb\"",
    "\"10MB/s\"",
    "\"1.5MiB\"",
    "\"500\"",
    "\"8\"",
    "\"1.5h\"",
    "\"15S\"",
    "\"-3s\"",
    "\"1y\"",
    "\"2 months\"",
    "\"PT15S\"",
    "\"10r/s\"",
    "\"10r/s burst=20 nodelay\"",
    "\"20 nodelay\"",
    "\"100 per minute\"",
    "\"10rps\"",
    "\"0/minute\"",
    "\"1/fortnight\"",
    "\"^/api/.*$\"",
    "\"/api/**\"",
    "\"/**\"",
    "\"**\"",
    "\"~ \\\\.php$\"",
    "\"/a/:id/b\"",
    "\"/a//b\"",
    "\"a/b\"",
    "\"/a?b\"",
    "\"localhost:8080\"",
    "\":80\"",
    "\"80\"",
    "\"*:443\"",
    "\"443 ssl\"",
    "\"unix:/run/app.sock\"",
    "\"/run/app.sock\"",
    "\"app:8000\"",
    "\"http://app/x\"",
    "\"grpc://app:1\"",
    "\"ftp://app\"",
    "\"http://\"",
    "\"10.0.0.7/8\"",
    "\"10.0.0.0/255.0.0.0\"",
    "\"10.0.*.*\"",
    "\"localhost\"",
    "\"everyone\"",
    "\"192.0.2.1:80\"",
    "[\"10.0.0.7/8\", \"x\"]",
    "[\"get\"]",
    "[\"*\"]",
    "[\"any\"]",
    "[\"HTTPS://App.test/\"]",
    "[\"app.test\"]",
    "[\"null\"]",
    "[\"X Y\"]",
    "\"https://a.test:443\"",
    "\"Example.com:80\"",
    "\"*.*.a\"",
    "\"jsn\"",
    "\"warning\"",
    "\"prod\"",
    "\"access.log\"",
    "\"-\"",
    "\"X-User\"",
    "\"ip\"",
    "\"header:\"",
    "\"text/html; charset=utf-8\"",
    "\"*/*\"",
    "\"10%\"",
    "\"say \\\"no\\\"\"",
    "\"back\\\\slash\"",
    "\"tab\\there\"",
    "\"https://x/{nothing}\"",
    "\"//x\"",
    "\"x{\"",
];

/// One fault of a report.
#[derive(Debug)]
struct Fault {
    /// Line and column, from 1.
    place: (usize, usize),
    /// How many letters are underlined.
    width: usize,
    message: String,
    helps: Vec<String>,
}

#[test]
fn a_value_that_a_report_says_to_write_is_taken_where_it_belongs() {
    let keys = reference::keys();
    assert!(keys.len() > 100, "{}", keys.len());
    let (mut tried, mut wrong) = (0, Vec::new());
    for (heading, key) in &keys {
        let before = before(heading, key);
        for value in WRONG {
            let text = format!("{before}{key} = {value}\n");
            for fault in faults(&text) {
                for remedy in fault.helps.iter().filter_map(|help| value_in(help)) {
                    tried += 1;
                    wrong.extend(fails(&text, &fault, &remedy));
                }
            }
        }
    }
    assert!(tried > 1000, "only {tried} remedies were values");
    wrong.dedup();
    let shown = wrong.iter().take(40).map(String::as_str).collect::<Vec<_>>();
    assert!(
        wrong.is_empty(),
        "{} of {tried}:\n{}",
        wrong.len(),
        shown.join("\n")
    );
}

/// Whether a remedy is what was written, or is refused where it is put.
fn fails(text: &str, fault: &Fault, remedy: &str) -> Option<String> {
    let (line, column) = fault.place;
    let lines: Vec<&str> = text.lines().collect();
    let (before, from) = lines[line - 1].split_at(column - 1);
    let (written, after) = from.split_at(fault.width.min(from.len()));
    let said = |what: &str| Some(format!("{written} -> {remedy}: {what} ({})", fault.message));
    if written == remedy {
        return said("what was written");
    }
    let mut other: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    // A comment behind a value would end the line.
    let value = remedy.split("  # ").next().unwrap_or(remedy);
    other[line - 1] = format!("{before}{value}{after}");
    let again = faults(&(other.join("\n") + "\n"));
    let still = again.iter().find(|other| other.place == fault.place);
    still.and_then(|still| said(&format!("then {}", still.message)))
}

/// The value a remedy consists of.
fn value_in(help: &str) -> Option<String> {
    let value = help.strip_prefix("write ")?;
    let line = format!("v = {value}");
    line.parse::<toml::Table>()
        .ok()
        .filter(|table| table.len() == 1)?;
    Some(value.to_owned())
}

/// The table a key stands in, with what the table needs besides.
fn before(heading: &str, key: &str) -> String {
    let table = match heading {
        "[defaults] and [[routes]]" => "[defaults]".to_owned(),
        "… request_headers and … response_headers" => "[defaults.request_headers]".to_owned(),
        "[[routes]] alone" => "[[routes]]".to_owned(),
        nested if nested.starts_with("[routes.") => format!("[[routes]]\n{nested}"),
        of_defaults if of_defaults.starts_with("… ") => {
            format!("[defaults.{}]", of_defaults.trim_start_matches("… "))
        }
        other => other.to_owned(),
    };
    let needed = match heading {
        "[limits.NAME]" => "rate = \"1/s\"\n",
        "[upstreams.NAME]" => "servers = [\"http://127.0.0.1:9\"]\nhttp2 = true\n",
        "[upstreams.NAME.health]" => "grpc = \"\"\n",
        "[routes.redirect]" => "to = \"/\"\n",
        _ => "",
    };
    // Of what is needed, the key itself is not given twice.
    let others = needed
        .lines()
        .filter(|line| !line.starts_with(&format!("{key} = ")));
    let needed = others.collect::<Vec<_>>().join("\n");
    let client = if heading == "[client]" {
        ""
    } else {
        "[client]\ntrusted_proxies = [\"192.0.2.1\"]\n"
    };
    let base = "[upstreams.app]\nservers = [\"http://127.0.0.1:9\"]\n";
    let upstream = match heading {
        nested if nested.starts_with("[upstreams.NAME.") => {
            "[upstreams.NAME]\nservers = [\"http://127.0.0.1:9\"]\nhttp2 = true\n"
        }
        _ => "",
    };
    format!("{client}{base}{upstream}{table}\n{needed}\n")
}

fn faults(text: &str) -> Vec<Fault> {
    let carryover = Carryover::new(Metrics::new(SystemTime::now()), 1);
    let (_, source, problems) = Gateway::from_text("p.toml", text, &carryover, &|_| None);
    let report = report::render(&problems, &source, Style::Plain);
    report.split("\n\n").filter_map(fault).collect()
}

/// Takes one fault of a report apart.
fn fault(part: &str) -> Option<Fault> {
    let message = part.lines().next()?.strip_prefix("error: ")?.to_owned();
    let place = part
        .lines()
        .find_map(|line| line.trim().strip_prefix("--> p.toml:"))?;
    let (line, column) = place.split_once(':')?;
    let underline = part
        .lines()
        .find(|line| line.trim_start_matches([' ', '|']).starts_with('^'))?;
    let helps = part
        .lines()
        .filter_map(|line| line.trim().strip_prefix("= help: "));
    Some(Fault {
        place: (line.parse().ok()?, column.parse().ok()?),
        width: underline.matches('^').count(),
        message,
        helps: helps.map(str::to_owned).collect(),
    })
}
