//! Responses of the plugin's routes. Every response with a body forbids content sniffing and caching.

use crate::bindings::handlers::http_handler::Response;
use crate::text::{self, Locale, Message};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Closes the browser window that was opened for Zoom. A browser may refuse to close it, so the page also has a sentence.
const CLOSE: &str = "window.close();";

fn with_security_headers(status: u16, content_type: &str, body: Vec<u8>) -> Response {
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

/// Where a link opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// In the same tab.
    Same,
    /// In a new tab, which cannot reach this one.
    NewTab,
}

/// A link below the sentence of a page.
#[derive(Clone, Debug)]
pub struct Link<'a> {
    /// The text.
    pub text: String,
    /// The URL; empty for the page itself, with its query.
    pub address: &'a str,
    /// The tab in which it opens.
    pub target: Target,
}

/// A page with one sentence. Its content security policy forbids scripts and resources.
pub fn page(status: u16, locale: Locale, sentence: &str) -> Response {
    build_page(status, locale, sentence, &[], "")
}

/// A page with one sentence and links.
pub fn page_with_links(
    status: u16,
    locale: Locale,
    sentence: &str,
    links: &[Link<'_>],
) -> Response {
    build_page(status, locale, sentence, links, "")
}

/// A page with one sentence that closes its own window.
pub fn closing_page(locale: Locale, sentence: &str) -> Response {
    build_page(200, locale, sentence, &[], CLOSE)
}

fn anchor(link: &Link<'_>) -> String {
    let (address, text) = (escape_html(link.address), escape_html(&link.text));
    let target = match link.target {
        Target::Same => "",
        Target::NewTab => " target=\"_blank\" rel=\"noopener noreferrer\"",
    };
    format!("<p><a href=\"{address}\"{target}>{text}</a></p>")
}

fn build_page(
    status: u16,
    locale: Locale,
    sentence: &str,
    links: &[Link<'_>],
    script: &str,
) -> Response {
    let title = escape_html(&text::plain(locale, Message::PageTitle));
    let sentence = escape_html(sentence);
    let language = locale.tag();
    let links: String = links.iter().map(anchor).collect();
    let (element, policy) = if script.is_empty() {
        (String::new(), "'none'".to_owned())
    } else {
        let hash = STANDARD.encode(Sha256::digest(script.as_bytes()));
        (
            format!("<script>{script}</script>"),
            format!("'sha256-{hash}'"),
        )
    };
    let body = format!(
        "<!doctype html>\n<html lang=\"{language}\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title></head>\n\
         <body><main><h1>{title}</h1><p>{sentence}</p>{links}</main>{element}</body>\n</html>\n"
    );
    let policy = format!(
        "default-src 'none'; script-src {policy}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let answer = with_security_headers(status, "text/html; charset=utf-8", body.into_bytes());
    let answer = with_header(answer, "Content-Security-Policy", &policy);
    with_header(answer, "Referrer-Policy", "no-referrer")
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

fn escape_html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
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
            page(200, Locale::En, "x"),
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

    #[test]
    fn a_page_runs_only_the_plugins_script() {
        let page = closing_page(Locale::En, "<b>&'\"");
        let body = String::from_utf8(page.body.clone()).unwrap();
        assert!(
            body.contains("&lt;b&gt;&amp;&#39;&quot;")
                && body.contains("<script>window.close();</script>")
        );
        let policy = header(&page, "Content-Security-Policy").unwrap();
        assert!(
            policy.contains("script-src 'sha256-Wn5wULmWNAS84lRO4JMQ9jE/kYWz1ADWjWy4z2jjosA='"),
            "{policy}"
        );
        let links = [Link {
            text: "<a>".into(),
            address: "https://a.b/\"onclick=",
            target: Target::NewTab,
        }];
        let linked = page_with_links(401, Locale::En, "x", &links);
        let body = String::from_utf8(linked.body).unwrap();
        assert!(
            body.contains("href=\"https://a.b/&quot;onclick=\" target=\"_blank\""),
            "{body}"
        );
        assert!(body.contains(">&lt;a&gt;</a>"), "{body}");
        let still = super::page(404, Locale::En, "x");
        assert!(
            header(&still, "Content-Security-Policy")
                .unwrap()
                .contains("script-src 'none'")
        );
    }
}
