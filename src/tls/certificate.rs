//! A certificate with its key, read from PEM: what is wrong with the files, and what the certificate says of
//! itself. It trusts nobody and verifies no chain: that is for the client to do.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{Error, InconsistentKeys};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use crate::tls::provider;

/// A certificate that can be shown to clients.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// What rustls shows and signs with.
    pub(super) key: Arc<CertifiedKey>,
    /// What it is for, as a request names it: DNS names in lower case, where `*.` stands for one label, and addresses,
    /// IPv6 in brackets and shortest form.
    pub names: Vec<String>,
    /// Not valid before.
    pub from: SystemTime,
    /// Not valid after.
    pub until: SystemTime,
    /// Whether each certificate of the chain is issued by the next.
    pub in_order: bool,
}

/// What is wrong with a certificate or key file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No certificate in it.
    #[error("holds no certificate in PEM")]
    NoCertificate,
    /// A key where a certificate belongs.
    #[error("holds a private key, but no certificate")]
    KeyInstead,
    /// No key in it.
    #[error("holds no private key in PEM")]
    NoKey,
    /// The binary form of what we read as text.
    #[error("is not PEM: it looks like DER")]
    Der,
    /// Nobody is there to type the passphrase.
    #[error("holds an encrypted private key")]
    KeyEncrypted,
    /// PEM that breaks off or holds no base64.
    #[error("is broken PEM")]
    BrokenPem,
    /// No X.509 inside the PEM.
    #[error("holds a certificate that cannot be read")]
    Unreadable,
    /// A kind of key nobody signs with.
    #[error("holds a private key of a kind that TLS does not use")]
    KeyUnusable,
}

impl Fault {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::NoCertificate | Self::Unreadable => {
                "give the server's certificate first, then those that issued it: each begins with `-----BEGIN CERTIFICATE-----`"
            }
            Self::KeyInstead => "the paths of `cert` and `key` may be swapped",
            Self::NoKey => {
                "a key begins with `-----BEGIN PRIVATE KEY-----`, or with RSA or EC before `PRIVATE`"
            }
            Self::Der => {
                "`openssl x509 -inform der` (for a key: `openssl pkey -inform der`) turns it into PEM"
            }
            Self::KeyEncrypted => {
                "a gateway cannot type a passphrase: `openssl pkey` decrypts it; let only the gateway's user read it"
            }
            Self::BrokenPem => "see that the file was copied whole",
            Self::KeyUnusable => "use ECDSA (P-256, P-384), RSA of 2048 bits or more, or Ed25519",
        }
    }
}

/// The certificates of a file, the server's own first.
pub fn read_chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|_| Fault::BrokenPem)?;
    if !chain.is_empty() {
        return Ok(chain);
    }
    Err(if is_der(pem) {
        Fault::Der
    } else if contains(pem, b"PRIVATE KEY-----") {
        Fault::KeyInstead
    } else {
        Fault::NoCertificate
    })
}

/// The first private key of a file.
pub fn read_key(pem: &[u8]) -> Result<Arc<dyn SigningKey>, Fault> {
    if contains(pem, b"ENCRYPTED") {
        return Err(Fault::KeyEncrypted);
    }
    let key = PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        rustls::pki_types::pem::Error::NoItemsFound if is_der(pem) => Fault::Der,
        rustls::pki_types::pem::Error::NoItemsFound => Fault::NoKey,
        _ => Fault::BrokenPem,
    })?;
    let loaded = provider().key_provider.load_private_key(key);
    loaded.map_err(|_| Fault::KeyUnusable)
}

impl Certificate {
    /// Reads what the first certificate of a chain says of itself.
    pub fn new(chain: Vec<CertificateDer<'static>>, key: Arc<dyn SigningKey>) -> Result<Self, Fault> {
        let first = chain.first().ok_or(Fault::NoCertificate)?;
        let (_, own) = X509Certificate::from_der(first).map_err(|_| Fault::Unreadable)?;
        let (names, from, until) = (
            names(&own),
            time(own.validity().not_before.timestamp()),
            time(own.validity().not_after.timestamp()),
        );
        Ok(Self {
            names,
            from,
            until,
            in_order: is_in_order(&chain)?,
            key: Arc::new(CertifiedKey::new(chain, key)),
        })
    }

    /// The certificate and those that issued it.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.key.cert
    }

    /// Whether the key is the certificate's own.
    pub fn has_its_key(&self) -> bool {
        // A key that does not tell its public half is given the benefit of the doubt.
        matches!(
            self.key.keys_match(),
            Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown))
        )
    }
}

/// The names clients compare with; the common name has not counted for years (RFC 9525 §2).
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    let names = extension.value.general_names.iter();
    names
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
            GeneralName::IPAddress(octets) => address(octets),
            _ => None,
        })
        .collect()
}

/// An address as the authority of a request has it.
fn address(octets: &[u8]) -> Option<String> {
    if let Ok(v4) = <[u8; 4]>::try_from(octets) {
        return Some(Ipv4Addr::from(v4).to_string());
    }
    let v6 = <[u8; 16]>::try_from(octets).ok()?;
    Some(format!("[{}]", Ipv6Addr::from(v6)))
}

fn is_in_order(chain: &[CertificateDer<'_>]) -> Result<bool, Fault> {
    let mut issuer: Option<Vec<u8>> = None;
    for link in chain {
        let (_, link) = X509Certificate::from_der(link).map_err(|_| Fault::Unreadable)?;
        if issuer.is_some_and(|issuer| issuer != link.subject().as_raw()) {
            return Ok(false);
        }
        issuer = Some(link.issuer().as_raw().to_vec());
    }
    Ok(true)
}

/// Certificates may speak of times before 1970; those are as good as 1970.
fn time(seconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

/// A DER certificate or key is one ASN.1 sequence.
fn is_der(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0x30)
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
pub(super) mod tests {
    use super::*;

    /// A certificate of its own making, as PEM, and its key.
    pub(in crate::tls) fn self_signed(names: &[&str]) -> (String, String) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    pub(in crate::tls) fn certificate(names: &[&str]) -> Certificate {
        let (cert, key) = self_signed(names);
        let chain = read_chain(cert.as_bytes()).unwrap();
        Certificate::new(chain, read_key(key.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn a_certificate_tells_its_names_and_times() {
        let certificate = certificate(&["A.test", "*.b.test"]);
        assert_eq!(certificate.names, ["a.test", "*.b.test"]);
        let of_addresses = super::tests::certificate(&["192.0.2.1", "2001:DB8:0::1"]);
        assert_eq!(of_addresses.names, ["192.0.2.1", "[2001:db8::1]"]);
        assert!(certificate.from < certificate.until);
        assert!(certificate.in_order && certificate.has_its_key());
    }

    #[test]
    fn a_key_of_another_certificate_is_told() {
        let (cert, _) = self_signed(&["a.test"]);
        let (_, key) = self_signed(&["a.test"]);
        let chain = read_chain(cert.as_bytes()).unwrap();
        let joined = Certificate::new(chain, read_key(key.as_bytes()).unwrap()).unwrap();
        assert!(!joined.has_its_key());
    }

    #[test]
    fn a_chain_out_of_order_is_told() {
        let pem = self_signed(&["a.test"]).0 + &self_signed(&["b.test"]).0;
        assert!(is_in_order(&read_chain(pem.as_bytes()).unwrap()).unwrap());
        let issuer = rcgen::KeyPair::generate().unwrap();
        let mut other = rcgen::CertificateParams::new(vec!["ca.test".to_owned()]).unwrap();
        other.distinguished_name = rcgen::DistinguishedName::new();
        other
            .distinguished_name
            .push(rcgen::DnType::CommonName, "somebody else");
        let pem = pem + &other.self_signed(&issuer).unwrap().pem();
        assert!(!is_in_order(&read_chain(pem.as_bytes()).unwrap()).unwrap());
    }

    #[test]
    fn what_is_no_pem_is_named_for_what_it_is() {
        let (cert, key) = self_signed(&["a.test"]);
        let chain = |pem: &[u8]| read_chain(pem).unwrap_err();
        let key_of = |pem: &[u8]| read_key(pem).unwrap_err();
        assert_eq!(chain(b""), Fault::NoCertificate);
        assert_eq!(chain(key.as_bytes()), Fault::KeyInstead);
        assert_eq!(chain(&[0x30, 0x82]), Fault::Der);
        assert_eq!(chain(&cert.as_bytes()[..cert.len() - 40]), Fault::BrokenPem);
        assert_eq!(key_of(cert.as_bytes()), Fault::NoKey);
        assert_eq!(
            key_of(b"-----BEGIN ENCRYPTED PRIVATE KEY-----"),
            Fault::KeyEncrypted
        );
        let empty = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert_eq!(key_of(empty.as_bytes()), Fault::KeyUnusable);
        let empty = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let key = read_key(key.as_bytes()).unwrap();
        let read = Certificate::new(read_chain(empty.as_bytes()).unwrap(), key);
        assert_eq!(read.unwrap_err(), Fault::Unreadable);
    }
}
