//! `upgrades` → the protocols that may take over a connection.

use http::HeaderValue;

use crate::http::upgrade::{Upgrades, carries_http, is_protocol};
use crate::policy::problem::At;

pub(super) fn compile(protocols: &[String], at: &At<'_>) -> Upgrades {
    let mut listed = Vec::new();
    for (index, protocol) in protocols.iter().enumerate() {
        let at = at.index(index);
        if !is_protocol(protocol.as_bytes()) {
            at.fault(format!("`{protocol}` is no protocol of an `Upgrade` header"))
                .help("write one name, such as \"tcp\" or \"SPDY/3.1\"");
        } else if carries_http(protocol) {
            at.fault(format!("`{protocol}` would carry requests past every check"))
                .help("leave it out: clients speak HTTP/2 to the gateway, and `http2 = true` asks an upstream by it");
        } else {
            listed.extend(HeaderValue::from_str(protocol));
        }
    }
    Upgrades::new(listed)
}
