//! The two bodies of `/health/ready` that the seeds ask for (rows 3-11 and 0-22).

use std::time::SystemTime;

use serde_json::{Map, Value, json};

/// An upstream's name, and whether it has a live server.
pub type Check = (String, bool);

/// What all of it comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Requests are welcome.
    Ready,
    /// Some upstream has no live server.
    NotReady,
    /// The process is ending, whatever the upstreams do.
    Draining,
}

impl State {
    /// What these checks come to.
    pub fn of(checks: &[Check], draining: bool) -> Self {
        if draining {
            Self::Draining
        } else if checks.iter().all(|(_, up)| *up) {
            Self::Ready
        } else {
            Self::NotReady
        }
    }
}

fn word(up: bool) -> &'static str {
    if up { "healthy" } else { "unhealthy" }
}

/// `{"status":"ready","checks":{"database":"healthy"}}`
pub fn compact(checks: &[Check], state: State) -> Value {
    let each = checks.iter().map(|(name, up)| (name.clone(), json!(word(*up))));
    json!({
        "status": match state {
            State::Ready => "ready",
            State::NotReady => "not_ready",
            State::Draining => "draining",
        },
        "checks": each.collect::<Map<_, _>>(),
    })
}

/// With time and version. Of a fault only its class: a probe's own words may name hosts and users (trap T10).
pub fn detailed(checks: &[Check], state: State, version: &str, now: SystemTime) -> Value {
    let each = checks.iter().map(|(name, up)| {
        let mut check = json!({ "status": word(*up) });
        if let (false, Some(check)) = (up, check.as_object_mut()) {
            check.insert("error".to_owned(), json!("no_live_server"));
        }
        (name.clone(), check)
    });
    json!({
        "status": match state {
            State::Draining => "draining",
            state => word(state == State::Ready),
        },
        "timestamp": humantime::format_rfc3339_millis(now).to_string(),
        "checks": each.collect::<Map<_, _>>(),
        "version": version,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checks() -> Vec<Check> {
        vec![("app".to_owned(), true), ("db".to_owned(), false)]
    }

    #[test]
    fn compact_names_every_check() {
        let one_down = json!({"status": "not_ready", "checks": {"app": "healthy", "db": "unhealthy"}});
        assert_eq!(compact(&checks(), State::of(&checks(), false)), one_down);
        assert_eq!(compact(&[], State::of(&[], false))["status"], "ready");
    }

    #[test]
    fn a_process_that_ends_is_not_ready_whatever_its_upstreams_do() {
        let state = State::of(&[], true);
        assert_eq!(compact(&[], state)["status"], "draining");
        assert_eq!(
            detailed(&[], state, "", SystemTime::UNIX_EPOCH)["status"],
            "draining"
        );
    }

    #[test]
    fn detailed_tells_time_version_and_the_class_of_a_fault() {
        let body = detailed(&checks(), State::NotReady, "1.2", SystemTime::UNIX_EPOCH);
        assert_eq!(body["status"], "unhealthy");
        assert_eq!(body["timestamp"], "1970-01-01T00:00:00.000Z");
        assert_eq!(
            body["checks"]["db"],
            json!({"status": "unhealthy", "error": "no_live_server"})
        );
        assert_eq!(body["version"], "1.2");
    }
}
