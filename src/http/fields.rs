//! Taking fields off a head so that the rest stays as it came: in order, repeated ones next to each other.
//! The map's own `remove` puts its last field in the place of the one that goes.

use http::{HeaderMap, HeaderName};

/// Keeps the fields whose name satisfies `keep`, in their order. It writes the map anew, so look first whether
/// anything is to go.
#[cold]
pub fn retain(headers: &mut HeaderMap, mut keep: impl FnMut(&HeaderName) -> bool) {
    let all = std::mem::take(headers);
    headers.reserve(all.keys_len());
    let mut present: Option<HeaderName> = None;
    for (name, value) in all {
        // A repeated field has its name on the first of its lines only.
        if let Some(name) = name {
            present = keep(&name).then_some(name);
        }
        if let Some(name) = &present {
            headers.append(name, value);
        }
    }
}

/// Takes a field off, if it is there.
pub fn remove(headers: &mut HeaderMap, name: &HeaderName) {
    if headers.contains_key(name) {
        retain(headers, |other| other != name);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_keeps_its_order_and_its_repetitions() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("a", "1"),
            ("gone", "x"),
            ("b", "2"),
            ("gone", "y"),
            ("c", "3"),
            ("a", "4"),
            ("d", "5"),
        ] {
            headers.append(name, value.parse().unwrap());
        }
        remove(&mut headers, &HeaderName::from_static("gone"));
        let left: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        assert_eq!(left, [("a", "1"), ("a", "4"), ("b", "2"), ("c", "3"), ("d", "5")]);
    }
}
