//! The way to Sentry: one request per letter, with deadlines. It never tries twice: an event that is late
//! is worth less than the next one.

use std::error::Error as _;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use reqwest::Client;
use reqwest::redirect::Policy;

use crate::crypto;
use crate::observe::crashes::dsn::Dsn;

/// From asking to the last byte of the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// For connecting alone.
const CONNECT: Duration = Duration::from_secs(2);
/// Longer answers are not read; the connection is given up instead.
const LONGEST_ANSWER: u64 = 4096;
/// How the gateway names itself.
const AGENT: &str = concat!("portcullis/", env!("CARGO_PKG_VERSION"));

/// Why a letter did not arrive. None of it names the DSN.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// It was not taken; the reason is Sentry's own, if it gave one.
    #[error("Sentry answered {0}{1}")]
    Status(StatusCode, String),
    /// No answer in time.
    #[error("Sentry did not answer in time")]
    Timeout,
    /// No connection, or one that broke.
    #[error("Sentry cannot be reached: {0}")]
    Network(String),
}

/// Sends letters.
pub(super) struct Post {
    client: Client,
    url: String,
    auth: HeaderValue,
}

/// Sentry's answer.
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
}

impl Post {
    pub(super) fn new(dsn: &Dsn) -> Result<Self, PostError> {
        // Its TLS takes the provider that stands for the whole process.
        let _provider = crypto::provider();
        let client = Client::builder()
            .user_agent(AGENT)
            .connect_timeout(CONNECT)
            .timeout(PATIENCE)
            // A redirect would carry the key to whoever it names.
            .redirect(Policy::none())
            .build()
            .map_err(|error| PostError::from(&error))?;
        let auth = HeaderValue::from_str(&dsn.0.to_auth(Some(AGENT)).to_string());
        let mut auth = auth.map_err(|_| PostError::Network("the key is no header value".to_owned()))?;
        auth.set_sensitive(true);
        Ok(Self {
            client,
            url: dsn.0.envelope_api_url().to_string(),
            auth,
        })
    }

    /// Sends one letter.
    pub(super) async fn send(&self, letter: Vec<u8>) -> Result<Answered, PostError> {
        let request = self.client.post(&self.url);
        let request = request
            .header("x-sentry-auth", self.auth.clone())
            .header(header::CONTENT_TYPE, "application/x-sentry-envelope");
        let mut response = request
            .body(letter)
            .send()
            .await
            .map_err(|error| PostError::from(&error))?;
        let answered = Answered {
            status: response.status(),
            headers: std::mem::take(response.headers_mut()),
        };
        if response
            .content_length()
            .is_some_and(|length| length <= LONGEST_ANSWER)
        {
            // Read to its end, so that the connection serves the next letter; what it says is known.
            let _unread = response.bytes().await.is_err();
        }
        Ok(answered)
    }
}

impl Answered {
    /// Whether the letter was taken, and why not.
    pub(super) fn accepted(&self) -> Result<(), PostError> {
        if self.status.is_success() {
            return Ok(());
        }
        let reason = self.headers.get("x-sentry-error").map(HeaderValue::as_bytes);
        let reason = reason.map_or_else(String::new, |reason| {
            let start = reason.get(..200).unwrap_or(reason);
            format!(": {}", String::from_utf8_lossy(start))
        });
        Err(PostError::Status(self.status, reason))
    }
}

impl From<&reqwest::Error> for PostError {
    /// The causes one after another, without the address: it is part of the DSN.
    fn from(error: &reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::Timeout;
        }
        let mut words = Vec::new();
        let mut next = error.source();
        while let Some(cause) = next {
            words.push(cause.to_string());
            next = cause.source();
        }
        Self::Network(words.join(": "))
    }
}
