//! The terms on which a server is spoken to: which certificates it may come from, what we show it, and which
//! protocol. There is no way to leave the verification out.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::sign::SingleCertAndKey;
use rustls::version::{TLS12, TLS13};
use rustls::{CertificateError, ClientConfig, Error, RootCertStore};

use crate::tls::certificate::Certificate;
use crate::tls::provider;
use crate::tls::terms::H2;

/// The roots this machine trusts; those that cannot be read are left out, as every other program does.
pub fn system_roots() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}

/// TLS 1.2 and 1.3, verified against these roots. `http2` offers that protocol and no other, else HTTP/1.1:
/// who has chosen beforehand must not be led to another by the server.
pub fn client_terms(
    roots: RootCertStore,
    own: Option<&Certificate>,
    http2: bool,
) -> Result<Arc<ClientConfig>, Error> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_root_certificates(roots);
    let mut config = match own {
        Some(own) => config.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(&own.key)))),
        None => config.with_no_client_auth(),
    };
    config.alpn_protocols = vec![if http2 { H2.to_vec() } else { b"http/1.1".to_vec() }];
    Ok(Arc::new(config))
}

/// Whether it was the server's certificate that failed, and not the handshake around it.
pub fn is_distrust(error: &Error) -> bool {
    matches!(error, Error::InvalidCertificate(_))
}

/// What the operator can do about a handshake with a server that failed.
pub fn remedy(error: &Error) -> &'static str {
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "if its issuer is your own, name that certificate in `tls.ca`"
        }
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "set `tls.server_name` to a name the certificate is for",
        Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => "renew the server's certificate, or see whether the clock of this machine is right",
        Error::InvalidCertificate(_) => "see which certificate the server shows",
        Error::InvalidMessage(_) => "the server may speak plain HTTP: write \"http://…\" in `servers`",
        Error::NoApplicationProtocol => "the server offers no such HTTP: see `http2` of the upstream",
        Error::AlertReceived(_) => {
            "the server refused: it may want a certificate (`tls.cert`) or another name"
        }
        _ => "see whether the server speaks TLS 1.2 or 1.3",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn one_protocol_is_offered_and_no_other() {
        let offered = |http2| {
            client_terms(RootCertStore::empty(), None, http2)
                .unwrap()
                .alpn_protocols
                .clone()
        };
        assert_eq!(offered(true), [b"h2"]);
        assert_eq!(offered(false), [b"http/1.1"]);
    }

    #[test]
    fn only_the_certificate_is_distrusted() {
        assert!(is_distrust(&Error::InvalidCertificate(CertificateError::Expired)));
        assert!(!is_distrust(&Error::DecryptError));
    }
}
