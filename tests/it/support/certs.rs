//! Certificates for a test: one authority for the whole run, which the clients of the test bed trust, and
//! files that a policy can name.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::SystemTime;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::CertificateDer;
use tempfile::TempDir;

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: CertificateDer<'static>,
    pem: String,
}

static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(DnType::CommonName, "test authority");
    let key = KeyPair::generate().unwrap();
    let own = params.self_signed(&key).unwrap();
    Authority {
        der: own.der().clone(),
        pem: own.pem(),
        issuer: Issuer::new(params, key),
    }
});

/// Whom clients trust.
pub fn authority() -> CertificateDer<'static> {
    AUTHORITY.der.clone()
}

/// A folder of certificates.
pub struct Certs(TempDir);

impl Certs {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Certificate and key for these names, as `NAME.pem` and `NAME.key`; a second time it is renewed.
    pub fn issue(&self, name: &str, names: &[&str]) -> &Self {
        self.issue_until(name, names, None)
    }

    /// Whom to trust, as `authority.pem`.
    pub fn authority(&self) -> PathBuf {
        self.write("authority.pem", &AUTHORITY.pem);
        self.path("authority.pem")
    }

    /// As [`issue`](Self::issue), with the end of its days.
    pub fn issue_until(&self, name: &str, names: &[&str], until: Option<SystemTime>) -> &Self {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        if let Some(until) = until {
            params.not_after = until.into();
        }
        let key = KeyPair::generate().unwrap();
        let own = params.signed_by(&key, &AUTHORITY.issuer).unwrap();
        self.write(&format!("{name}.pem"), own.pem() + &AUTHORITY.pem);
        self.write(&format!("{name}.key"), key.serialize_pem());
        self
    }

    pub fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(file), text).unwrap();
    }

    pub fn path(&self, file: &str) -> PathBuf {
        Path::new(self.0.path()).join(file)
    }

    /// `[[listeners.LISTENER.certificates]]` with the files of these names.
    pub fn tables(&self, listener: &str, names: &[&str]) -> String {
        let mut tables = String::new();
        for name in names {
            let path = self.path(name);
            let path = path.display();
            tables += &format!(
                "[[listeners.{listener}.certificates]]\ncert = \"{path}.pem\"\nkey = \"{path}.key\"\n"
            );
        }
        tables
    }

    /// A listener `https` with these certificates.
    pub fn listener(&self, names: &[&str]) -> String {
        format!(
            "[listeners.https]\naddress = \"127.0.0.1:0\"\n{}",
            self.tables("https", names)
        )
    }
}
