//! Methods as a policy writes them.

use http::Method;

/// What an accepted method looks like.
pub(super) const METHOD_FORM: &str = "a method in capitals, such as \"GET\"";

/// Methods are case-sensitive (RFC 9110 §9.1), and no client sends one in small letters.
pub(super) fn method_of(text: &str) -> Result<Method, String> {
    let known = Method::from_bytes(text.as_bytes()).ok();
    let known = known.filter(|_| !text.bytes().any(|byte| byte.is_ascii_lowercase()));
    known.ok_or_else(|| match text {
        "*" | "any" | "ANY" | "all" => format!("`{text}` is no method: leave `methods` out for any"),
        _ => format!(
            "`{text}` is no method: write \"{}\"",
            text.trim().to_ascii_uppercase()
        ),
    })
}
