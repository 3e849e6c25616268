//! A Sentry DSN. It has no `Debug` and no `Display`: whoever knows it can fill the project's quota, so it
//! stands in no report and no log.

/// Where events go, and the key that lets them in.
#[derive(Clone, PartialEq, Eq)]
pub struct Dsn(pub(super) sentry::types::Dsn);

impl Dsn {
    /// Reads a DSN; what is wrong with it is said without repeating any of it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        use sentry::types::ParseDsnError as Wrong;
        text.parse().map(Self).map_err(|wrong| match wrong {
            Wrong::InvalidUrl => "it is no URL",
            Wrong::InvalidScheme => "it begins with neither https nor http",
            Wrong::NoUsername => "it has no key before the `@`",
            Wrong::NoProjectId => "it has no project at its end",
            Wrong::InvalidProjectId(_) => "the project at its end is not valid",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dsn_has_a_scheme_a_key_a_host_and_a_project() {
        assert!(Dsn::parse("https://key@o1.ingest.example.com/42").is_ok());
        for bad in [
            "",
            "hunter2",
            "ftp://key@host/1",
            "https://host/1",
            "https://key@host",
            "https://key@host/",
            "https://key@/1",
        ] {
            assert!(Dsn::parse(bad).is_err(), "{bad}");
        }
    }
}
