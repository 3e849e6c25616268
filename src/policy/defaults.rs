//! Every default of the policy in one place, each with its reason. Whoever thinks one is wrong finds
//! here what it protects, and what changing it costs.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use super::settings::OnDrain;
use super::units::{Period, Size};

/// Safe to start with on a laptop; a deployment says `production` and gets the strict checks.
pub const ENVIRONMENT: &str = "development";
/// Docker kills 10 s after TERM: two seconds are left to close and to write the last log lines.
pub const DRAIN: Period = seconds(8);
/// Larger than `/tmp`, which may be memory.
pub const SPILL_FOLDER: &str = "/var/tmp";
/// A hundred bodies of 10 MiB at once.
pub const SPILL_MAX: Size = Size(1 << 30);
/// A secret that is set and empty is not set.
pub const SECRET_MIN_LENGTH: usize = 1;

/// The port a container can bind without privileges, on all interfaces, since a gateway is reached.
pub const LISTEN_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 8080);
/// Room for an office behind one address: sixty browsers that keep six connections each. Too few to take the file
/// descriptors of a small machine.
pub const CONNECTIONS_PER_CLIENT: u32 = 400;
/// Four times what browsers with heavy cookies send; nginx allows as much (4 × 8 KiB).
pub const MAX_HEAD: Size = Size(32 << 10);
/// Below this the HTTP parser cannot hold a head at all.
pub const MAX_HEAD_LOWEST: Size = Size(8 << 10);
/// Above this one connection could hold memory that ten thousand need.
pub const MAX_HEAD_HIGHEST: Size = Size(1 << 20);
/// Browsers send about 20, proxies in a row add some; parsing cost grows with the number.
pub const MAX_HEADERS: u16 = 100;
/// RFC 9110, 4.1 asks for 8000 octets at least.
pub const MAX_TARGET: Size = Size(8 << 10);
/// A head is one packet or a few; 15 s bear a bad mobile link, and end a slow loris.
pub const REQUEST_HEAD: Period = seconds(15);
/// Browsers keep connections for a minute or more; closing first only costs a handshake.
pub const KEEP_ALIVE_IDLE: Period = seconds(60);

/// Two round trips and a signature; 10 s bear a satellite, and end whoever opens connections to say nothing.
pub const TLS_HANDSHAKE: Period = seconds(10);
/// A month is when renewal is tried, two weeks before the end is when it must have worked.
pub const CERTIFICATE_WARNING: Period = seconds(14 * 86_400);

/// Metrics tell an attacker what works; only this machine reads them unless others are named.
pub const METRICS_ALLOW: [&str; 1] = ["loopback"];
/// What the operator's listener shows and does is for whoever is on this machine, unless others are named.
pub const ADMIN_ALLOW: [&str; 1] = ["loopback"];

/// One request in ten shows how fast each route is; a tenth of the quota is spent on it (seed row 3-07).
pub const TRACES_SAMPLE_RATE: f64 = 0.1;
/// One crash report a second: enough to see every kind of failure of a bad hour, and no bill from it.
pub const EVENTS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(60).expect("60 is not zero");

/// One household or server holds a /64 at least (RFC 6177).
pub const IPV6_PREFIX: u8 = 64;

/// A burst of clicks waits; what would wait behind a hundred others is answered 503 sooner.
pub const QUEUE_SIZE: u32 = 100;
/// People wait two seconds gladly; longer, and they press reload and make it worse.
pub const QUEUE_TIMEOUT: Period = seconds(2);
/// A server in the same network answers a SYN in milliseconds; one retransmission fits into 1 s.
pub const CONNECT: Period = seconds(1);
/// Less than the 5 s keep-alive of common application servers (uvicorn, node), so that the gateway,
/// not the server, is the one to close an idle connection.
pub const POOL_IDLE: Period = seconds(4);

/// 64 KiB of cookies, which some applications set, and what a request may have besides.
pub const ANSWER_MAX_HEAD: Size = Size(96 << 10);
/// Each cookie is a line of its own; honest answers have a few dozen.
pub const ANSWER_MAX_HEADERS: u16 = 200;

/// A request finds out by itself that a server is gone; a check finds out that it is back, and 5 s are soon enough.
pub const HEALTH_INTERVAL: Period = seconds(5);
/// What does not answer a question about its health within 1 s is not well.
pub const HEALTH_TIMEOUT: Period = seconds(1);
/// A round trip takes milliseconds; 5 s bear a pause for collecting garbage.
pub const PING_TIMEOUT: Period = seconds(5);
/// Shorter, and an ordinary pause between two requests would be answered with questions.
pub const PING_LOWEST: Period = seconds(1);

/// The one protocol that browsers switch to; all others carry what nobody here can judge.
pub const UPGRADES: [&str; 1] = ["websocket"];

/// Twice what a page with many images asks for at once, a tenth of what hurts a small application.
pub const INFLIGHT_PER_CLIENT: u32 = 100;
/// A photograph or a document; routes for uploads say more.
pub const MAX_BODY: Size = Size(10 << 20);
/// As much as `max_body` lets in.
pub const REQUEST_BUFFER: Size = MAX_BODY;
/// Forms and most calls fit in; a thousand of them at once take 64 MiB.
pub const REQUEST_BUFFER_MEMORY: Size = Size(64 << 10);
/// From here on a person notices.
pub const SLOW_WARN: Period = millis(500);
/// From here on a person is annoyed.
pub const SLOW_ERROR: Period = millis(1500);
/// Longer than the waits that protocols prescribe: long polls answer after 30 s (Matrix), 60 s (BOSH) or 90 s (`SignalR`).
pub const RESPONSE_HEAD: Period = seconds(120);
/// Half a minute without one byte is a dead client, not a slow one.
pub const REQUEST_BODY_IDLE: Period = seconds(30);
/// A minute without one byte of an answer of known length is a stuck application; streams have their own limit.
pub const RESPONSE_BODY_IDLE: Period = seconds(60);
/// A minute in which the client takes nothing: a film that is paused for a moment is not cut.
pub const CLIENT_STALL: Period = seconds(60);
/// One whole try, and half a minute for the queue, for another try or for a slow upload.
pub const RESPONSE_HEAD_TOTAL: Period = seconds(150);
/// Bytes per second a body must average after its first 10 s: a trickle of one byte per idle timeout
/// would hold an in-flight place for days. 500 B/s is slower than any modem.
pub const REQUEST_BODY_MIN_RATE: Size = Size(500);
/// The same for whoever reads an answer, and holds an application's connection by it.
pub const RESPONSE_BODY_MIN_RATE: Size = Size(500);
/// A browser keeps one stream per tab. An address is not a person: behind that of an office or of a container's network
/// there are dozens.
pub const STREAMS_PER_CLIENT: u32 = 200;
/// Event streams send comments every 15 to 60 s; five minutes of silence is a lost peer.
pub const STREAM_IDLE: Period = seconds(300);

/// A reader of a model's tokens takes an end for the end of the answer, so none is invented.
pub const ON_DRAIN: OnDrain = OnDrain::Finish;

/// Keeps the method, and no browser remembers it: a mistake is gone when the policy is. Who means for good
/// says 308.
pub const REDIRECT_STATUS: u16 = 307;
/// Most fixed answers are a page or a file such as `robots.txt`.
pub const RESPOND_STATUS: u16 = 200;
/// Without a character set browsers guess one, and may be led to guess wrong.
pub const RESPOND_CONTENT_TYPE: &str = "text/plain; charset=utf-8";

/// What browsers' preload lists ask for.
pub const HSTS_MAX_AGE: Period = seconds(365 * 86_400);
/// The methods web applications use; TRACE and CONNECT never.
pub const CORS_METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/// Mirrors what the browser asks for: headers are no secret, origins are the gate.
pub const CORS_HEADERS: [&str; 1] = ["*"];
/// Short enough that a change of policy is felt, long enough to spare the extra requests.
pub const CORS_MAX_AGE: Period = seconds(600);
/// What most of a body's redundancy costs little for; from 7 on time grows and size hardly shrinks (seed row 2-02).
pub const COMPRESSION_LEVEL: u8 = 6;
/// Smaller bodies fit into one packet either way (seed row 2-01).
pub const COMPRESSION_MIN_SIZE: Size = Size(1000);
/// Seed row 2-02 (with its own spelling of RSS), and what else is text in disguise. Pictures, films and
/// archives are compressed already.
pub const COMPRESSION_TYPES: [&str; 9] = [
    "text/*",
    "application/json",
    "application/*+json",
    "application/javascript",
    "application/xml",
    "application/*+xml",
    "application/xml+rss",
    "image/svg+xml",
    "application/wasm",
];
/// Both name the software to attack, and help nobody else.
pub const STRIP_HEADERS: [&str; 2] = ["server", "x-powered-by"];

const fn seconds(count: u64) -> Period {
    Period(Duration::from_secs(count))
}

const fn millis(count: u64) -> Period {
    Period(Duration::from_millis(count))
}
