//! What an explanation says. The names of the fields are those of `explain --format json` and stay as they are.

use std::net::IpAddr;

use serde::Serialize;

/// What would happen to a request, and why.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// The request as it was understood.
    pub request: Asked,
    /// Who calls, step by step.
    pub client: Client,
    /// The host that is matched; none if it is missing or wrong.
    pub host: Option<String>,
    /// The path as received and as it is matched.
    pub path: Forms,
    /// The route it takes.
    pub route: RouteTold,
    /// The routes it does not take.
    pub lost: Lost,
    /// What becomes of it.
    pub outcome: Outcome,
    /// Every layer of the stack, outermost first.
    pub layers: Vec<Layer>,
    /// The named limits of the route.
    pub limits: Vec<Limit>,
    /// Where it is sent, and what.
    pub upstream: Option<UpstreamTold>,
    /// How long each part may take.
    pub timeouts: Vec<Setting>,
    /// The headers that the gateway puts on the answer; those of the application come on top.
    pub answer_headers: Vec<Line>,
}

/// The request as it was understood.
#[derive(Debug, Serialize)]
pub struct Asked {
    /// Its method.
    pub method: String,
    /// Path and query as received.
    pub target: String,
    /// The other end of its connection.
    pub from: IpAddr,
    /// The listener it comes in by.
    pub listener: String,
    /// Whether that is the operator's own.
    pub admin: bool,
    /// Whether TLS ends at the gateway.
    pub tls: bool,
    /// Whether the client speaks https, to the gateway or to a trusted proxy before it.
    pub https: bool,
}

/// Who calls.
#[derive(Debug, Serialize)]
pub struct Client {
    /// The client's address.
    pub ip: IpAddr,
    /// How it was found: from the connection backwards.
    pub steps: Vec<Step>,
}

/// One step of the way back to the client.
#[derive(Debug, Serialize)]
pub struct Step {
    /// The address; none for an entry that is none.
    pub address: Option<IpAddr>,
    /// Whether it is a trusted proxy.
    pub trusted: bool,
    /// Why, or why not.
    pub why: String,
    /// The line of the trusted network.
    pub line: Option<usize>,
}

/// A path in two forms.
#[derive(Debug, Serialize)]
pub struct Forms {
    /// As received, and as it is forwarded unless the route rewrites it.
    pub received: String,
    /// Decoded and resolved: in this form it is matched.
    pub normal: String,
}

/// The route of a request.
#[derive(Debug, Serialize)]
pub struct RouteTold {
    /// As log and metrics call it.
    pub name: String,
    /// Whether a route of the policy takes the request; else it falls to `other`.
    pub matched: bool,
    /// Where it is written.
    pub line: Option<usize>,
}

/// The routes that a request does not take.
#[derive(Debug, Serialize)]
pub struct Lost {
    /// Those that came closest, in the order of the file.
    pub routes: Vec<Loser>,
    /// How many more there are.
    pub omitted: usize,
}

/// A route that a request does not take.
#[derive(Debug, Serialize)]
pub struct Loser {
    /// As log and metrics call it.
    pub name: String,
    /// `path`, `host`, `method`, or `later`: it matches, but another one stands before it.
    pub reason: &'static str,
    /// The same in words.
    pub why: String,
    /// Where it is written.
    pub line: Option<usize>,
}

/// What becomes of a request.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// `forward`, `answer` (by the gateway itself) or `refuse`.
    pub action: &'static str,
    /// The layer that decides it.
    pub layer: &'static str,
    /// The status; none where it depends on the application or on the last probes.
    pub status: Option<u16>,
    /// The code of the refusal.
    pub code: Option<String>,
    /// The words of the refusal.
    pub detail: Option<String>,
    /// Whether it is an endpoint of the gateway's own.
    pub own: bool,
    /// Guards in shadow that would have refused.
    pub shadowed: Vec<String>,
}

/// One layer of the stack.
#[derive(Debug, Serialize)]
pub struct Layer {
    /// Its name.
    pub name: &'static str,
    /// Whether it is in force for this request.
    pub applies: bool,
    /// Whether the request gets to it.
    pub reached: bool,
    /// What it is set to.
    pub value: Vec<String>,
    /// What says so, the last word first.
    pub sources: Vec<Said>,
}

/// A place in the policy that says something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    /// `route`, `defaults`, `policy` (another table), or `built_in`.
    pub from: &'static str,
    /// The key.
    pub key: String,
    /// The line it is written on.
    pub line: Option<usize>,
}

/// A named limit on a route.
#[derive(Debug, Serialize)]
pub struct Limit {
    /// Its name.
    pub name: String,
    /// The rate as the policy says it.
    pub rate: String,
    /// What that comes to.
    pub value: Vec<String>,
    /// What is counted apart.
    pub keys: Vec<String>,
    /// Which of them this request has.
    pub key: String,
    /// Its value: what this request is counted under.
    pub key_value: String,
    /// Whether it only counts what it would refuse.
    pub shadow: bool,
    /// What says so.
    pub sources: Vec<Said>,
}

/// Where a request is sent, and what.
#[derive(Debug, Serialize)]
pub struct UpstreamTold {
    /// The upstream.
    pub name: String,
    /// Its servers.
    pub servers: Vec<String>,
    /// The line of its table.
    pub line: Option<usize>,
    /// The method sent; none if nothing is.
    pub method: Option<String>,
    /// The target sent; none if nothing is.
    pub target: Option<String>,
    /// Headers that the request did not have, or had otherwise.
    pub added: Vec<Line>,
    /// Names of headers that are not passed on.
    pub removed: Vec<String>,
}

/// A header line.
#[derive(Debug, Serialize)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A key and what it is set to.
#[derive(Debug, Serialize)]
pub struct Setting {
    /// The key.
    pub name: String,
    /// Its value as the policy would write it.
    pub value: String,
    /// What says so, the last word first.
    pub sources: Vec<Said>,
}
