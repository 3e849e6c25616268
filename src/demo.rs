//! `portcullis demo`: a deliberately leaky application and the gateway in front of it, in one process,
//! with a tour of what the gateway does about it.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use crate::serve::{StartError, serve};
use crate::source::PolicySource;

mod backend;

/// Where the demo listens if that is free.
const USUAL_PORT: u16 = 8080;

/// Runs the demo until a signal ends it.
pub fn run(listen: Option<SocketAddr>) -> Result<(), StartError> {
    let backend = backend::start()?;
    let address = match listen {
        Some(address) => address,
        None => free_address()?,
    };
    tour(address, backend);
    serve(PolicySource::BuiltIn {
        name: "config/demo.toml (built in)",
        text: include_str!("../config/demo.toml"),
        variables: vec![
            ("DEMO_ADDRESS", address.to_string()),
            ("DEMO_BACKEND", backend.to_string()),
        ],
    })
}

/// The usual port, or one that is free.
fn free_address() -> std::io::Result<SocketAddr> {
    let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, USUAL_PORT));
    let bound = TcpListener::bind(usual).or_else(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    bound.local_addr()
}

/// What to try, and what one sees.
fn tour(address: SocketAddr, backend: SocketAddr) {
    let tour = format!(
        "\
A leaky application listens on {backend}; the gateway stands in front of it on {address}.
Its policy is config/demo.toml. Open another terminal and try:

  curl -i http://{address}/
      the page, with security headers, a request id and timings; `Server` and `X-Powered-By` are gone
  curl -i http://{address}/error
      the application answers with a stack trace and a database password; you see a problem with a request id
  curl -i http://{address}/sold-out
      an error in JSON that the application meant for its users passes as it is
  curl -i http://{address}/stuck
      an endpoint that never answers: 504 after 2 s, and the timeout that fired is named
  for i in 1 2 3 4 5 6; do curl -si -X POST http://{address}/login | head -1; done
      six logins: the sixth is refused with 429
  head -c 2000000 /dev/zero | curl -si --data-binary @- http://{address}/upload | head -1
      a body over 1 MiB: 413 before the application sees it
  curl -N http://{address}/events
      server-sent events arrive one by one
  curl -si -X OPTIONS -H 'Origin: https://evil.com' -H 'Access-Control-Request-Method: POST' http://{address}/
      a preflight from a foreign origin: answered here, and nothing is allowed
  curl -s http://{address}/health/ready; curl -s http://{address}/metrics | grep ^http_requests_total
      health and metrics are the gateway's own

Ctrl-C ends both.

"
    );
    tell(&tour);
}

/// Nobody reading the tour is no reason not to run.
fn tell(text: &str) {
    let _unread = std::io::stdout().write_all(text.as_bytes()).is_err();
}
