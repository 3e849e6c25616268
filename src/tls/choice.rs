//! Which certificate a client is shown, by the name it asks for in its first message (SNI, RFC 6066 §3), or by the
//! address that it has connected to if it asks for none, as it does where there is no name.
//! What nobody has a certificate for gets the first one: the client then says what it thinks of it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::tls::certificate::Certificate;

/// Certificates by name, and the one for who asks for none.
#[derive(Debug, Clone)]
pub struct Choice {
    index: Arc<Index>,
    first: usize,
}

#[derive(Debug)]
struct Index {
    exact: HashMap<Box<str>, usize>,
    /// By what stands behind `*.`.
    under: HashMap<Box<str>, usize>,
    all: Vec<Arc<CertifiedKey>>,
    /// What each is for.
    names: Vec<Arc<[String]>>,
}

impl Choice {
    /// The certificates of a listener, the default one first. Of two for one name the earlier is shown.
    pub fn new(certificates: &[Certificate]) -> Self {
        let (mut exact, mut under) = (HashMap::new(), HashMap::new());
        for (index, certificate) in certificates.iter().enumerate() {
            for name in &certificate.names {
                match name.strip_prefix("*.") {
                    Some(suffix) => under.entry(Box::from(suffix)).or_insert(index),
                    None => exact.entry(Box::from(name.as_str())).or_insert(index),
                };
            }
        }
        let index = Index {
            exact,
            under,
            all: certificates
                .iter()
                .map(|certificate| Arc::clone(&certificate.key))
                .collect(),
            names: certificates
                .iter()
                .map(|certificate| certificate.names.clone().into())
                .collect(),
        };
        Self {
            index: Arc::new(index),
            first: 0,
        }
    }

    /// For each address that another certificate than the first is for: the choice of who has connected to it.
    pub fn of_addresses(&self) -> impl Iterator<Item = (IpAddr, Self)> {
        let exact = self.index.exact.iter().filter(|(_, first)| **first != 0);
        exact.filter_map(|(name, first)| {
            let address = name.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
            let choice = Self {
                index: Arc::clone(&self.index),
                first: *first,
            };
            Some((address, choice))
        })
    }

    /// What the certificate is for that is shown to whoever asks for this name.
    pub fn names(&self, asked_for: Option<&str>) -> Arc<[String]> {
        self.index
            .names
            .get(self.pick(asked_for))
            .cloned()
            .unwrap_or_default()
    }

    /// The place of the certificate for a name: an exact one, a wildcard for its first label, or the first.
    fn pick(&self, name: Option<&str>) -> usize {
        let Some(name) = name.map(str::to_ascii_lowercase) else {
            return self.first;
        };
        let wildcard = || self.index.under.get(name.split_once('.')?.1);
        self.index
            .exact
            .get(name.as_str())
            .or_else(wildcard)
            .copied()
            .unwrap_or(0)
    }
}

impl ResolvesServerCert for Choice {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.index.all.get(self.pick(hello.server_name())).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::certificate::tests::certificate;

    #[test]
    fn an_exact_name_wins_over_a_wildcard_and_the_first_is_for_the_rest() {
        let choice = Choice::new(&[
            certificate(&["default.test"]),
            certificate(&["*.site.test"]),
            certificate(&["www.site.test", "site.test"]),
        ]);
        assert_eq!(choice.pick(Some("www.site.test")), 2);
        assert_eq!(choice.pick(Some("WWW.Site.test")), 2);
        assert_eq!(choice.pick(Some("shop.site.test")), 1);
        assert_eq!(choice.pick(Some("site.test")), 2);
        assert_eq!(choice.pick(Some("stranger.test")), 0);
        assert_eq!(choice.pick(None), 0);
    }

    #[test]
    fn a_wildcard_stands_for_one_label_only() {
        let choice = Choice::new(&[certificate(&["default.test"]), certificate(&["*.site.test"])]);
        assert_eq!(choice.pick(Some("a.b.site.test")), 0);
        assert_eq!(choice.pick(Some("site.test")), 0);
    }

    #[test]
    fn who_connects_to_an_address_and_names_nothing_is_shown_its_certificate() {
        let choice = Choice::new(&[
            certificate(&["default.test", "192.0.2.1"]),
            certificate(&["other.test", "192.0.2.2", "2001:db8::1"]),
        ]);
        let mut others: Vec<_> = choice.of_addresses().collect();
        others.sort_by_key(|(address, _)| *address);
        let picks: Vec<_> = others
            .iter()
            .map(|(address, choice)| {
                (
                    address.to_string(),
                    choice.pick(None),
                    choice.pick(Some("default.test")),
                )
            })
            .collect();
        assert_eq!(
            picks,
            [("192.0.2.2".to_owned(), 1, 0), ("2001:db8::1".to_owned(), 1, 0)]
        );
    }

    #[test]
    fn of_two_for_one_name_the_earlier_is_shown() {
        let choice = Choice::new(&[certificate(&["a.test"]), certificate(&["b.test", "a.test"])]);
        assert_eq!(choice.pick(Some("a.test")), 0);
    }
}
