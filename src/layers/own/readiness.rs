//! The two bodies of `/health/ready` that the seeds ask for (rows 3-11 and 0-22).

use std::time::SystemTime;

use serde_json::{Map, Value, json};

/// An upstream's name, and whether it has a live server.
pub type Check = (String, bool);

fn all_up(checks: &[Check]) -> bool {
    checks.iter().all(|(_, up)| *up)
}

fn word(up: bool) -> &'static str {
    if up { "healthy" } else { "unhealthy" }
}

/// `{"status":"ready","checks":{"database":"healthy"}}`
pub fn compact(checks: &[Check]) -> Value {
    let each = checks.iter().map(|(name, up)| (name.clone(), json!(word(*up))));
    json!({
        "status": if all_up(checks) { "ready" } else { "not_ready" },
        "checks": each.collect::<Map<_, _>>(),
    })
}

/// With time and version. Of a fault only its class: a probe's own words may name hosts and users (trap T10).
pub fn detailed(checks: &[Check], version: &str, now: SystemTime) -> Value {
    let each = checks.iter().map(|(name, up)| {
        let mut check = json!({ "status": word(*up) });
        if let (false, Some(check)) = (up, check.as_object_mut()) {
            check.insert("error".to_owned(), json!("no_live_server"));
        }
        (name.clone(), check)
    });
    json!({
        "status": word(all_up(checks)),
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
        assert_eq!(compact(&checks()), one_down);
        assert_eq!(compact(&[])["status"], "ready");
    }

    #[test]
    fn detailed_tells_time_version_and_the_class_of_a_fault() {
        let body = detailed(&checks(), "1.2", SystemTime::UNIX_EPOCH);
        assert_eq!(body["status"], "unhealthy");
        assert_eq!(body["timestamp"], "1970-01-01T00:00:00.000Z");
        assert_eq!(body["checks"]["db"], json!({"status": "unhealthy", "error": "no_live_server"}));
        assert_eq!(body["version"], "1.2");
    }
}
