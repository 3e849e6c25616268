//! The checks that refuse to start in production and only warn elsewhere (seed rows 3-02, 3-03, 3-05).

use super::Build;
use crate::policy::problem::{At, Note};
use crate::policy::settings::Cors;
use crate::policy::{Policy, RequiredSecret, suggest};

/// Words people leave in a template where the secret should go.
const PLACEHOLDERS: [&str; 10] = [
    "changeme",
    "change-me",
    "change_me",
    "replaceme",
    "replace-me",
    "your-",
    "your_",
    "placeholder",
    "example",
    "xxx",
];

pub(super) fn check(policy: &Policy, build: &Build<'_>) {
    let at = build.at().key("gateway").key("environment");
    if is_nearly_production(&policy.gateway.environment) {
        at.fault(format!(
            "`{}` is nearly `production`, and would leave out its checks",
            policy.gateway.environment.trim()
        ))
        .help("write `production`, or a name that cannot be taken for it, such as `staging`");
    }
    let production = policy.gateway.production();
    for (name, rule) in &policy.required_secrets {
        let at = build.at().key("required_secrets").key(name);
        check_secret(
            name,
            rule,
            &(build.env)(name).unwrap_or_default(),
            production,
            &at,
        );
    }
    let at = build.at().key("defaults").key("cors");
    check_cors(&policy.defaults.cors, production, &at);
    check_approval(&policy.defaults.cors, None, production, (build, &at));
    for (index, route) in policy.routes.iter().enumerate() {
        if route.settings.cors != policy.defaults.cors {
            let at = build.at().key("routes").index(index).key("cors");
            check_cors(&route.settings.cors, production, &at);
            check_approval(&route.settings.cors, Some(index), production, (build, &at));
        }
    }
}

/// A slip of `production` or `prod`, or one of them with something behind: `prodution`, `prod-eu`.
fn is_nearly_production(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    let near = |word: &str, slips: usize| suggest::distance(&name, word) <= slips;
    !matches!(name.as_str(), "production" | "prod")
        && (near("production", 2) || name.len() > 2 && near("prod", 1) || name.starts_with("prod"))
}

/// A fault in production, a warning elsewhere.
fn grave<'a>(at: &At<'a>, production: bool, message: String) -> Note<'a> {
    if production {
        at.fault(message)
    } else {
        at.warn(message)
    }
}

fn check_secret(name: &str, rule: &RequiredSecret, value: &str, production: bool, at: &At<'_>) {
    // Two digits a byte, and 256 bits at least.
    let bytes = rule.min_length.div_ceil(2).max(32);
    let remedy =
        format!("set the environment variable `{name}`; `openssl rand -hex {bytes}` makes a good one");
    if value.trim().is_empty() {
        grave(at, production, format!("the secret `{name}` is not set")).help(remedy);
    } else if value.chars().count() < rule.min_length {
        let message = format!(
            "the secret `{name}` is shorter than {} characters",
            rule.min_length
        );
        grave(at, production, message).help(remedy);
    } else if is_placeholder(value) {
        grave(
            at,
            production,
            format!("the secret `{name}` still holds a placeholder"),
        )
        .help(remedy);
    }
}

pub(super) fn is_placeholder(value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    let bracketed = value.starts_with('<') && value.ends_with('>');
    bracketed
        || PLACEHOLDERS
            .iter()
            .any(|word| value == *word || value.starts_with(word))
}

/// In production: https origins only, never `*` or `null`, and each approved in the file itself, so that
/// an environment variable alone opens nothing.
fn check_cors(cors: &Cors, production: bool, at: &At<'_>) {
    if !cors.enabled || !production {
        return;
    }
    for (index, origin) in cors.origins.iter().enumerate() {
        let at = at.key("origins").index(index);
        if origin == "*" || origin == "null" {
            at.fault(format!("the origin `{origin}` lets any page read the answers"))
                .help("list the https origins of your own pages");
        } else if origin.starts_with("http://") {
            at.fault("an origin in production must be https")
                .help("serve the page over https and write its origin as \"https://…\"");
        } else if !cors.approved_origins.contains(origin) {
            at.fault("an origin is not among `approved_origins`")
                .help("add it to `cors.approved_origins` in the policy, or remove it from `origins`");
        }
    }
}

/// A variable that approves itself opens whatever it says. Elsewhere than in production it is worth a warning: there it
/// will be a fault.
fn check_approval(cors: &Cors, route: Option<usize>, production: bool, (build, at): (&Build<'_>, &At<'_>)) {
    if !cors.enabled || cors.origins.is_empty() {
        return;
    }
    let route = route.map(|index| index.to_string());
    let written = |key| {
        let of_route = route
            .as_deref()
            .and_then(|index| build.source.variables(&["routes", index, "cors", key]));
        of_route
            .or_else(|| build.source.variables(&["defaults", "cors", key]))
            .unwrap_or_default()
    };
    let (asked, approved) = (written("origins"), written("approved_origins"));
    if let Some(name) = approved.iter().find(|name| asked.contains(name)) {
        let message =
            format!("`approved_origins` is filled from `{name}`, as `origins` is: it approves itself");
        grave(&at.key("approved_origins"), production, message)
            .help("write the origins themselves in `approved_origins`: \"https://app.example.com\"");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_production_is_not_another_environment() {
        for near in [
            "prodution",
            "Producton",
            "produktion",
            "prd",
            "pro",
            "prod-eu",
            "production_2",
            "prods",
        ] {
            assert!(is_nearly_production(near), "{near}");
        }
        for other in [
            "production",
            "PROD",
            "development",
            "dev",
            "staging",
            "preprod",
            "non-production",
            "test",
            "",
            "live",
        ] {
            assert!(!is_nearly_production(other), "{other}");
        }
    }

    #[test]
    fn placeholders_are_known_and_secrets_are_not_mistaken_for_them() {
        for placeholder in ["changeme", "<your secret>", "your-secret-here", "XXXXXXXX"] {
            assert!(is_placeholder(placeholder), "{placeholder}");
        }
        assert!(!is_placeholder("b1946ac92492d2347c6235b4d2611184"));
    }
}
