//! Policy → Gateway, or problems. It goes on after a fault and reports all of them; what it builds for
//! a policy that turns out faulty is simply dropped. `check` and `explain` run this same compile.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::carryover::Carryover;
use crate::gateway::Gateway;
use crate::gateway::listener::Listener;
use crate::gateway::ranges;
use crate::gateway::router::Router;
use crate::http::allowed::Allowed;
use crate::http::client::Trust;
use crate::layers::Guarded;
use crate::layers::own::Own;
use crate::layers::own::sight::Sight;
use crate::layers::redirect_to_https::RedirectToHttps;
use crate::policy::Policy;
use crate::policy::problem::{At, Problems};
use crate::policy::source::Source;

mod access_log;
mod actions;
mod admin;
pub mod awaited;
mod certificates;
mod client;
mod compression;
mod cors;
mod headers;
mod limits;
mod listeners;
mod memory;
mod methods;
mod paths;
mod production;
mod request_buffer;
mod rewriting;
mod routes;
mod sentry;
mod settings;
mod transport;
mod upgrades;
mod upstreams;

/// What a policy is compiled at: the process it will run in, and where its faults go.
pub struct Build<'a> {
    /// What the running gateway leaves to the next.
    pub carryover: &'a Carryover,
    /// Reads an environment variable.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// Collects faults and warnings.
    pub problems: &'a Problems,
    /// Whether it will run in production.
    pub production: bool,
    /// The policy as it is written.
    pub source: &'a Source,
}

impl Build<'_> {
    fn at(&self) -> At<'_> {
        self.problems.at()
    }
}

impl Gateway {
    /// Reads and compiles a policy; a gateway only if it has no fault.
    pub fn from_text(
        name: &str,
        text: &str,
        carryover: &Carryover,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> (Option<Self>, Source, Problems) {
        let (policy, source, problems) = Policy::read(name, text, env);
        let build = Build {
            carryover,
            env,
            problems: &problems,
            production: policy.as_ref().is_some_and(|policy| policy.gateway.production()),
            source: &source,
        };
        let gateway = policy.map(|policy| Self::compile(&policy, hash(text), &build));
        let gateway = gateway.filter(|_| !problems.is_refused());
        (gateway, source, problems)
    }

    fn compile(policy: &Policy, hash: String, build: &Build<'_>) -> Self {
        production::check(policy, build);
        access_log::check(policy, build);
        let upstreams = upstreams::compile(policy, build);
        let limits = limits::compile(policy, build);
        request_buffer::report_folder(policy, build);
        let (rules, routes) = routes::compile(policy, &upstreams, &limits, build);
        let router = Router::new(rules.all);
        headers::report_off(policy, build);
        routes::report_unreachable(policy, &router, &rules.faulty, build);
        let used = upstreams::in_use(&upstreams, &routes);
        let own = Own {
            style: policy.readiness.style,
            version: policy
                .readiness
                .version
                .clone()
                .unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned()),
            draining: Arc::clone(&build.carryover.draining),
            sight: Sight::new(&used, &build.carryover.metrics),
            metrics_allow: Allowed::new(&ranges(&policy.admin.metrics_readers())),
            admin_allow: Allowed::new(&ranges(&policy.admin.operators())),
        };
        let listeners = listeners::compile(policy, build);
        let max_memory = memory::compile(policy, build);
        Self {
            remarks: remarks(policy, &listeners, max_memory),
            listeners,
            admin: admin::compile(policy, build),
            router,
            path_parameters: policy.gateway.path_parameters,
            routes,
            own: Some(Guarded::always("own", own)),
            redirect_to_https: redirect_to_https(policy),
            unbelieved: Arc::clone(&build.carryover.unbelieved),
            trust: Trust::new(&ranges(&policy.client.trusted_proxies)),
            keep_headers: client::keep_headers(&policy.client, &build.at().key("client")),
            ipv6_prefix: policy.client.ipv6_prefix,
            metrics: Arc::clone(&build.carryover.metrics),
            upstreams: used,
            workers: policy.gateway.workers,
            logs: policy.logs.clone(),
            sentry: sentry::compile(policy, build),
            max_memory,
            drain: policy.gateway.drain.0,
            hash,
        }
    }
}

fn redirect_to_https(policy: &Policy) -> Option<Guarded<RedirectToHttps>> {
    let any = policy
        .listeners
        .values()
        .any(|listener| listener.redirect_to_https.as_ref().is_some());
    any.then(|| Guarded::always("redirect_to_https", RedirectToHttps))
}

/// Tells one policy text from another, in the metrics and the log.
fn hash(text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// What the defaults leave open, said by `check` and at start.
fn remarks(policy: &Policy, listeners: &[Listener], max_memory: u64) -> Vec<String> {
    let mut remarks = Vec::from_iter(listeners::remark(listeners));
    remarks.push(format!("at most {} MiB of memory", max_memory >> 20));
    if policy.routes.iter().all(|route| route.settings.limits.is_empty()) && policy.defaults.limits.is_empty()
    {
        remarks
            .push("no route has a rate limit: add `[limits.default]` and name it in `[defaults]`".to_owned());
    }
    let environment = policy.gateway.environment.trim().to_ascii_lowercase();
    if matches!(environment.as_str(), "development" | "dev") {
        remarks.push("the environment is not production: the checks for production only warn".to_owned());
    } else if !policy.gateway.production() {
        // The name may come from outside, so it is not told.
        remarks.push(
            "the environment is neither `development` nor `production`, the only names with a meaning: the checks for \
             production only warn"
                .to_owned(),
        );
    }
    remarks.extend(without_hsts(policy));
    remarks
}

/// HSTS is for production: whoever serves https elsewhere is told, unless the policy speaks of it.
fn without_hsts(policy: &Policy) -> Option<String> {
    let table = &policy.defaults.security_headers;
    let silent = table.hsts.is_none() && (!policy.gateway.production() || !table.enabled);
    let mut listeners = policy.listeners.iter();
    let (name, _) = listeners.find(|(_, listener)| silent && !listener.certificates.is_empty())?;
    Some(format!(
        "`listeners.{name}` serves https without HSTS, which is sent by default in production only: \
         write `hsts = {{ max_age = \"365d\" }}` in `[defaults.security_headers]`"
    ))
}
