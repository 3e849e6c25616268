//! What would happen to a request, and why, without sending it. It runs through the same stack as traffic, over an
//! innermost service that notes what would be sent; what is said beside it is read off the same compiled
//! gateway. Nothing here decides anything, and nothing outside is asked.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use http::{HeaderMap, Method, Uri, header};
use tokio::sync::watch;

use crate::gateway::Gateway;
use crate::gateway::listener::Listener;
use crate::gateway::live::Live;
use crate::http::connection::{Connection, Entrance, Facts};
use crate::http::host;
use crate::http::memory::Memory;
use crate::policy::{Policy, Source};
use crate::stack::enter::{Arrival, enter};
use crate::stack::explain::sheet::Sheet;
use crate::stack::explain::told::{Asked, Explanation, Forms, RouteTold};
use crate::stack::passage::{Lane, Passage};
use crate::stack::spot::method_asked_for;

mod client;
mod layers;
mod limits;
mod outcome;
mod passing;
mod routing;
mod sheet;
pub mod told;

/// A request to explain.
#[derive(Debug, Clone)]
pub struct Question {
    /// Its method.
    pub method: Method,
    /// Its target in origin form.
    pub target: Uri,
    /// Its headers, `Host` among them.
    pub headers: HeaderMap,
    /// The other end of its connection.
    pub from: IpAddr,
    /// Whether it comes by TLS; else as the listener has it.
    pub tls: bool,
    /// The listener it comes in by; else the first that fits.
    pub listener: Option<String>,
}

/// Explains a request to a gateway that serves nothing else. The message says what is wrong with the question.
pub async fn explain(
    gateway: Gateway,
    policy: &Policy,
    source: &Source,
    question: &Question,
) -> Result<Explanation, String> {
    let live = Live::new(gateway);
    let gateway = live.current();
    let listener = listener(&gateway, question)?;
    let arrival = || arrival(&live, listener, question);
    let plan = enter(arrival());
    let ran = outcome::run(arrival, &plan).await;
    let sheet = Sheet::new(&gateway, policy, source, plan.place.number());
    Ok(Explanation {
        request: asked(question, listener, &plan),
        client: client::told(&plan, &sheet),
        host: plan_host(&plan),
        path: forms(question, &gateway),
        route: route(&plan, &sheet),
        lost: routing::lost(&plan, &sheet),
        layers: layers::all(&sheet, listener, ran.outcome.layer),
        limits: limits::told(&sheet, &plan),
        upstream: passing::upstream(&sheet, &ran, question),
        timeouts: passing::timeouts(&sheet, listener),
        answer_headers: passing::answer_headers(&sheet, &ran),
        outcome: ran.outcome,
    })
}

/// The one that is named; else the first that speaks TLS, or does not, as asked; else the first.
fn listener<'g>(gateway: &'g Gateway, question: &Question) -> Result<&'g Listener, String> {
    let listeners = || gateway.listeners.iter().chain(&gateway.admin);
    if let Some(name) = &question.listener {
        return listeners()
            .find(|listener| listener.name == *name)
            .ok_or_else(|| {
                let known: Vec<_> = listeners()
                    .map(|listener| format!("`{}`", listener.name))
                    .collect();
                format!(
                    "no listener is named `{name}`; listeners here: {}",
                    known.join(", ")
                )
            });
    }
    let fits = |listener: &&Listener| listener.tls.is_some() == question.tls;
    let public = gateway.listeners.iter();
    let found = public.clone().find(fits).or_else(|| public.clone().next());
    found.ok_or_else(|| "the policy has no listener".to_owned())
}

fn arrival(live: &Live, listener: &Listener, question: &Question) -> Arrival {
    let mut request = http::Request::new(());
    request.method_mut().clone_from(&question.method);
    request.uri_mut().clone_from(&question.target);
    request.headers_mut().clone_from(&question.headers);
    let (head, ()) = request.into_parts();
    let peer = SocketAddr::new(question.from.to_canonical(), 0);
    let facts = Facts {
        secure: question.tls || listener.tls.is_some(),
        ..listener.facts(peer, watch::channel(false).1)
    };
    let connection = Connection::new(facts, Memory::new(1).open(0), Instant::now());
    let lane = Lane {
        holder: live.holder(),
        log: None,
        crashes: None,
        leaving: watch::Sender::new(false),
    };
    Arrival::without_body(
        head,
        body_length(&question.headers),
        Arc::new(connection),
        Arc::new(lane),
    )
}

/// As the head tells it; none for a chunked body.
fn body_length(headers: &HeaderMap) -> Option<u64> {
    if headers.contains_key(header::TRANSFER_ENCODING) {
        return None;
    }
    let told = headers.get(header::CONTENT_LENGTH);
    told.map_or(Some(0), |length| length.to_str().ok()?.trim().parse().ok())
}

fn asked(question: &Question, listener: &Listener, plan: &Passage) -> Asked {
    Asked {
        method: question.method.to_string(),
        target: question.target.to_string(),
        from: question.from.to_canonical(),
        listener: listener.name.clone(),
        admin: listener.entrance != Entrance::Public,
        preflight_for: method_asked_for(&question.method, &question.headers).map(|method| method.to_string()),
        tls: plan.exchange.connection.facts.secure,
        https: plan.exchange.is_https(),
    }
}

/// The host that is matched, unless there is something wrong with it.
fn plan_host(plan: &Passage) -> Option<String> {
    let head = &plan.exchange.head;
    let authority = host::of_request(head.version, &head.uri, &head.headers).ok()??;
    Some(authority.host.into_owned())
}

fn forms(question: &Question, gateway: &Gateway) -> Forms {
    let received = question.target.path();
    Forms {
        received: received.to_owned(),
        normal: gateway.matched_path(received).into_owned(),
    }
}

fn route(plan: &Passage, sheet: &Sheet<'_>) -> RouteTold {
    RouteTold {
        name: plan.place.route().endpoint.to_string(),
        matched: plan.place.number() != sheet.gateway.fallback(),
        line: sheet.line_of_route(plan.place.number()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::carryover::Carryover;
    use crate::observe::metrics::Metrics;
    use crate::stack::ORDER;

    const POLICY: &str =
        "[upstreams.app]\nservers = [\"http://127.0.0.1:9\"]\n[defaults]\nmax_body = \"1KiB\"\n";

    async fn told(method: Method, headers: &[(header::HeaderName, &'static str)]) -> Explanation {
        let carryover = Carryover::new(Metrics::new(SystemTime::now()), 1);
        let none = |_: &str| None;
        let (gateway, source, _) = Gateway::from_text("p.toml", POLICY, &carryover, &none);
        let (policy, _, _) = Policy::read("p.toml", POLICY, &none);
        let mut question = Question {
            method,
            target: Uri::from_static("/x"),
            headers: HeaderMap::new(),
            from: std::net::Ipv4Addr::LOCALHOST.into(),
            tls: false,
            listener: None,
        };
        for (name, value) in headers {
            question
                .headers
                .insert(name, header::HeaderValue::from_static(value));
        }
        explain(gateway.unwrap(), &policy.unwrap(), &source, &question)
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn every_layer_of_the_order_is_described() {
        let told = told(Method::GET, &[(header::HOST, "a.test")]).await;
        let names: Vec<_> = told.layers.iter().map(|layer| layer.name).collect();
        assert_eq!(
            names, ORDER,
            "a name of the order has no line in `stack/explain/layers.rs`"
        );
        assert!(told.layers.iter().all(|layer| layer.reached));
    }

    #[tokio::test]
    async fn what_is_inside_of_a_refusal_is_not_reached() {
        let headers = [(header::HOST, "a.test"), (header::CONTENT_LENGTH, "1025")];
        let told = told(Method::POST, &headers).await;
        assert_eq!((told.outcome.layer, told.outcome.status), ("max_body", Some(413)));
        let mut reached = told.layers.iter().filter(|layer| layer.reached);
        assert_eq!(reached.next_back().unwrap().name, "max_body");
        assert!(told.upstream.unwrap().method.is_none(), "nothing is sent");
    }

    #[tokio::test]
    async fn a_body_of_unknown_length_is_none_that_is_too_large() {
        let headers = [(header::HOST, "a.test"), (header::TRANSFER_ENCODING, "chunked")];
        let told = told(Method::POST, &headers).await;
        assert_eq!(told.outcome.action, "forward");
    }
}
