//! `errors.strip_headers`: headers of the application that tell an attacker what runs behind the gateway.

use http::HeaderName;

use crate::http::exchange::{Exchange, Response};
use crate::layers::{Describe, Edit};

/// The names to remove from every answer.
#[derive(Debug)]
pub struct StripHeaders {
    /// Lower-case names.
    pub names: Vec<HeaderName>,
}

impl Edit for StripHeaders {
    type Note = ();

    fn before(&self, _exchange: &Exchange) {}

    fn after(&self, (): (), _exchange: &Exchange, response: &mut Response) {
        for name in &self.names {
            response.headers_mut().remove(name);
        }
    }
}

impl Describe for StripHeaders {
    fn describe(&self) -> Vec<String> {
        self.names.iter().map(ToString::to_string).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::http::body::Body;
    use crate::layers::fixture::exchange;

    #[test]
    fn removes_every_occurrence() {
        let rule = StripHeaders {
            names: vec![HeaderName::from_static("x-powered-by")],
        };
        let mut response = Response::new(Body::Empty);
        response
            .headers_mut()
            .append("x-powered-by", "PHP/5".parse().unwrap());
        response
            .headers_mut()
            .append("x-powered-by", "Express".parse().unwrap());
        rule.after((), &exchange("GET", "/"), &mut response);
        assert!(response.headers().is_empty());
    }
}
