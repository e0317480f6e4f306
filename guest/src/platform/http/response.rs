//! Responses of the plugin's routes; see [`super::page`] for pages. Every response with a body forbids content sniffing and caching.

use crate::bindings::handlers::http_handler::Response;
use serde::Serialize;

/// A response with a body, or with none if the content type is empty.
pub fn with_security_headers(status: u16, content_type: &str, body: Vec<u8>) -> Response {
    let mut headers = vec![
        ("X-Content-Type-Options".to_owned(), "nosniff".to_owned()),
        ("Cache-Control".to_owned(), "no-store".to_owned()),
    ];
    if !content_type.is_empty() {
        headers.push(("Content-Type".to_owned(), content_type.to_owned()));
    }
    Response {
        status,
        headers,
        body,
    }
}

/// A status without headers or a body, for webhooks.
pub fn status_only(status: u16) -> Response {
    Response {
        status,
        headers: Vec::new(),
        body: Vec::new(),
    }
}

/// A response without a body.
pub fn without_body(status: u16) -> Response {
    with_security_headers(status, "", Vec::new())
}

/// A sentence as plain text.
pub fn text(status: u16, sentence: &str) -> Response {
    with_security_headers(
        status,
        "text/plain; charset=utf-8",
        format!("{sentence}\n").into_bytes(),
    )
}

/// A value as JSON.
pub fn json(status: u16, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => with_security_headers(status, "application/json", body),
        Err(_) => without_body(500),
    }
}

/// An error for the webapp: `{"error": …}`.
pub fn error(status: u16, sentence: &str) -> Response {
    json(status, &serde_json::json!({ "error": sentence }))
}

/// A redirect to another URL.
pub fn redirect(url: &str) -> Response {
    with_header(without_body(302), "Location", url)
}

/// The response with one more header.
pub fn with_header(mut response: Response, name: &str, value: &str) -> Response {
    response.headers.push((name.to_owned(), value.to_owned()));
    response
}

/// A header of a response.
pub fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response
        .headers
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_response_forbids_sniffing_and_caching() {
        for answer in [
            without_body(200),
            text(400, "x"),
            error(500, "x"),
            redirect("https://a.b"),
        ] {
            assert_eq!(header(&answer, "X-Content-Type-Options"), Some("nosniff"));
            assert_eq!(header(&answer, "Cache-Control"), Some("no-store"));
        }
    }

    #[test]
    fn d45_json_is_escaped() {
        let answer = error(500, "a \"quoted\" word");
        assert_eq!(answer.body, br#"{"error":"a \"quoted\" word"}"#);
    }
}
