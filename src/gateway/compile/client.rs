//! `[client] keep_headers` → the headers that pass although only a proxy may write them.

use http::HeaderName;

use crate::http::proxy_headers::{self, Keep, Kind};
use crate::policy::Client;
use crate::policy::problem::At;

pub(super) fn keep_headers(table: &Client, at: &At<'_>) -> Keep {
    let mut names = Vec::new();
    for (index, written) in table.keep_headers.iter().enumerate() {
        let at = at.key("keep_headers").index(index);
        let Ok(name) = HeaderName::from_bytes(written.as_bytes()) else {
            at.fault(format!("`{written}` is no header name"))
                .help("use letters, digits and `-`, such as \"remote-user\"");
            continue;
        };
        match proxy_headers::kind(name.as_str()) {
            None => {
                at.fault(format!(
                    "`{written}` passes anyway: it is no header that only a proxy may write"
                ))
                .help("leave it out");
            }
            Some(Kind::Ours) => {
                at.fault(format!(
                    "`{written}` is written by the gateway, from what `trusted_proxies` say in it"
                ))
                .help("leave it out");
            }
            Some(Kind::Way) => {
                at.fault(format!(
                    "`{written}` passes from `trusted_proxies` anyway, and from nobody else"
                ))
                .help("leave it out");
            }
            Some(kind) if !kind.is_for_strangers() && table.trusted_proxies.is_empty() => {
                at.warn(format!(
                    "`{written}` passes from trusted proxies only, and there are none"
                ))
                .help("name the proxy in `client.trusted_proxies`, or leave the header out");
            }
            Some(_) => {}
        }
        names.push(name);
    }
    Keep::new(names)
}
