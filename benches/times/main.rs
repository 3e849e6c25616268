//! Time taken, where instructions say too little: long loops over bytes, and cryptography written for the CPU at
//! hand. For reading, not for judging: `cargo bench --bench times` on a quiet machine.

use std::hint::black_box;
use std::sync::Arc;
use std::time::SystemTime;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use futures_util::FutureExt;
use http_body_util::BodyExt;
use portcullis::carryover::Carryover;
use portcullis::crypto::provider;
use portcullis::gateway::Gateway;
use portcullis::http::body::Body;
use portcullis::http::gzip::encoders::Encoders;
use portcullis::observe::metrics::Metrics;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

#[path = "../instructions/fixture.rs"]
#[allow(dead_code, reason = "shared with the benches that count")]
mod fixture;

fn gzip(criterion: &mut Criterion) {
    let text = fixture::json(20 << 10);
    let mut group = criterion.benchmark_group("gzip_20k");
    group.throughput(Throughput::Bytes(text.len() as u64));
    let encoders = Encoders::default();
    for level in [1, 2, 6] {
        group.bench_function(format!("level_{level}"), |bench| {
            bench.iter_batched(
                || (Body::from(text.clone()), encoders.open().expect("a place")),
                |(body, slot)| black_box(body.gzipped(level, slot).collect().now_or_never()),
                BatchSize::PerIteration,
            );
        });
    }
}

fn handshake(criterion: &mut Criterion) {
    let (server, client) = ends();
    criterion.bench_function("tls_13_handshake_both_ends", |bench| {
        bench.iter(|| shake(Arc::clone(&server), Arc::clone(&client)));
    });
}

/// A listener's terms, and a client that trusts its certificate and remembers no session.
fn ends() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let pair =
        rcgen::generate_simple_self_signed(vec!["shop.example.com".to_owned()]).expect("a certificate");
    let folder = tempfile::tempdir().expect("a folder");
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&cert, pair.cert.pem()).expect("a file");
    std::fs::write(&key, pair.signing_key.serialize_pem()).expect("a file");
    let policy = format!(
        "[upstreams.app]\nservers = [\"http://127.0.0.1:8000\"]\n[listeners.https]\naddress = \"127.0.0.1:0\"\n\
         [[listeners.https.certificates]]\ncert = \"{}\"\nkey = \"{}\"\n",
        cert.display(),
        key.display(),
    );
    let carryover = Carryover::new(Metrics::new(SystemTime::now()), 1);
    let (gateway, ..) = Gateway::from_text("bench.toml", &policy, &carryover, &|_| None);
    let gateway = gateway.expect("a policy without faults");
    let server = gateway
        .listeners
        .first()
        .and_then(|listener| listener.tls.as_ref())
        .map(|terms| Arc::clone(terms.at(|| None)));
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from(pair.cert.der().to_vec()))
        .expect("a certificate");
    let mut client = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.resumption = rustls::client::Resumption::disabled();
    (server.expect("it speaks TLS"), Arc::new(client))
}

fn shake(server: Arc<ServerConfig>, client: Arc<ClientConfig>) {
    let name = ServerName::try_from("shop.example.com").expect("a name");
    let mut client = ClientConnection::new(client, name).expect("a client");
    let mut server = ServerConnection::new(server).expect("a server");
    let mut wire = Vec::with_capacity(8 << 10);
    while client.is_handshaking() || server.is_handshaking() {
        client.write_tls(&mut wire).expect("a vector takes all");
        server.read_tls(&mut wire.as_slice()).expect("bytes at hand");
        server.process_new_packets().expect("a valid client");
        wire.clear();
        server.write_tls(&mut wire).expect("a vector takes all");
        client.read_tls(&mut wire.as_slice()).expect("bytes at hand");
        client.process_new_packets().expect("a valid server");
        wire.clear();
    }
}

criterion_group!(times, gzip, handshake);
criterion_main!(times);
