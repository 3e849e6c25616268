//! A WebSocket over HTTP/2 (RFC 8441): the one CONNECT that is taken. It is written as the handshake of HTTP/1.1 that
//! it stands for, so that routes, rules and upstreams see one kind of WebSocket; and the consent to it is written
//! back. What is no such wish is left as it is, and refused as any CONNECT.

use std::sync::Arc;

use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use http::{Method, StatusCode, request};
use hyper::ext::Protocol;
use hyper::upgrade::OnUpgrade;

use crate::http::exchange::Response;
use crate::http::progress::Progress;
use crate::http::upgrade;

/// What a request over HTTP/2 has of its stream.
#[derive(Debug)]
pub struct Stream {
    /// What the answer waits for.
    pub progress: Arc<Progress>,
    /// Of a CONNECT: the stream itself, as soon as the answer is on its way. Boxed, as few are.
    pub tunnel: Option<Box<OnUpgrade>>,
}

/// Writes a wish for a WebSocket as HTTP/1.1 does: GET, `Upgrade` and a key. The key is ours (RFC 8441 §5: HTTP/2 has
/// none), drawn from `random`.
pub fn unfold(head: &mut request::Parts, random: impl FnOnce() -> [u8; 16]) {
    if head.method != Method::CONNECT {
        return;
    }
    let protocol = head.extensions.get::<Protocol>();
    if protocol.is_none_or(|protocol| protocol.as_ref() != b"websocket") {
        return;
    }
    head.method = Method::GET;
    upgrade::dress_websocket(&mut head.headers);
    head.headers.insert(SEC_WEBSOCKET_KEY, upgrade::key(random()));
}

/// Writes the consent as HTTP/2 does: 200, and nothing of the handshake of HTTP/1.1.
pub fn fold(response: &mut Response) {
    *response.status_mut() = StatusCode::OK;
    for name in [CONNECTION, UPGRADE, SEC_WEBSOCKET_ACCEPT] {
        response.headers_mut().remove(name);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use http::{HeaderValue, Request, Version};

    use super::*;
    use crate::http::body::Body;
    use crate::http::upgrade::Handshake;

    fn connect(protocol: Option<&'static str>) -> request::Parts {
        let mut request = Request::builder()
            .method(Method::CONNECT)
            .version(Version::HTTP_2)
            .uri("https://a.test/chat")
            .header("sec-websocket-version", "13")
            .body(())
            .unwrap();
        if let Some(protocol) = protocol {
            request.extensions_mut().insert(Protocol::from_static(protocol));
        }
        request.into_parts().0
    }

    #[test]
    fn a_wish_becomes_a_handshake_that_upstreams_know() {
        let mut head = connect(Some("websocket"));
        unfold(&mut head, || [7; 16]);
        assert_eq!(head.method, Method::GET);
        assert!(upgrade::names_websocket(&head.headers));
        let handshake = Handshake::of(&head.method, head.version, &head.headers, true);
        assert!(handshake.is_some());
    }

    #[test]
    fn every_other_connect_stays_one() {
        for protocol in [None, Some("connect-udp"), Some("WebSocket"), Some("")] {
            let mut head = connect(protocol);
            unfold(&mut head, || [7; 16]);
            assert_eq!(head.method, Method::CONNECT, "{protocol:?}");
            assert!(!head.headers.contains_key("upgrade"));
        }
    }

    #[test]
    fn the_consent_says_nothing_of_the_handshake() {
        let mut response = Response::new(Body::Empty);
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        upgrade::dress_websocket(response.headers_mut());
        response
            .headers_mut()
            .insert("sec-websocket-protocol", HeaderValue::from_static("chat"));
        fold(&mut response);
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers().len(), 1);
    }
}
