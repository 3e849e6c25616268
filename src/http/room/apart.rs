//! A target with octets of its own. As h2 reads it, it shares those of the buffer that it was read into, which is many times
//! larger: one request that waits would keep all of it.

use bytes::{Bytes, BytesMut};
use http::Request;
use http::uri::{Authority, PathAndQuery, Uri};

/// Gives the target octets of its own. The fields have theirs.
pub(super) fn take_apart<B>(request: &mut Request<B>) {
    if let Some(own) = apart(request.uri()) {
        *request.uri_mut() = own;
    }
}

/// Part by part, as each was read: written out and read as a whole, `*` would be taken for a piece of the host.
fn apart(uri: &Uri) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    let (authority, target) = (parts.authority.take(), parts.path_and_query.take());
    let (authority, target) = (
        authority.as_ref().map_or("", Authority::as_str),
        target.as_ref().map_or("", PathAndQuery::as_str),
    );
    let mut own = BytesMut::with_capacity(authority.len() + target.len());
    own.extend_from_slice(authority.as_bytes());
    own.extend_from_slice(target.as_bytes());
    let mut own: Bytes = own.freeze();
    let authority = own.split_to(authority.len());
    if !authority.is_empty() {
        parts.authority = Some(Authority::from_maybe_shared(authority).ok()?);
    }
    if !own.is_empty() {
        parts.path_and_query = Some(PathAndQuery::from_maybe_shared(own).ok()?);
    }
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn apart(uri: &Uri) -> Uri {
        let mut request = Request::new(());
        *request.uri_mut() = uri.clone();
        take_apart(&mut request);
        request.uri().clone()
    }

    #[test]
    fn a_target_stays_the_same() {
        for target in [
            "https://a.test:8443/p%41th?q=%2F",
            "//a.test",
            "a.test:443",
            "*",
            "/?",
            "/a*b?c",
        ] {
            let uri = Uri::from_static(target);
            assert_eq!(apart(&uri), uri, "{target}");
        }
        let asterisk = Uri::builder()
            .scheme("http")
            .authority("a.test")
            .path_and_query("*");
        let asterisk = apart(&asterisk.build().unwrap());
        assert_eq!((asterisk.path(), asterisk.host()), ("*", Some("a.test")));
    }

    #[test]
    fn it_shares_its_octets_with_nobody() {
        let read = Bytes::from_static(b"https://a.test:8443/p%41th?q=%2F");
        let uri = apart(&Uri::from_maybe_shared(read.clone()).unwrap());
        for own in [
            uri.authority().unwrap().as_str(),
            uri.path_and_query().unwrap().as_str(),
        ] {
            assert!(!read.as_ptr_range().contains(&own.as_ptr()));
        }
    }
}
