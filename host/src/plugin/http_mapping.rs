//! Maps HTTP requests and responses between Mattermost's and the component's form.
//!
//! Requests lose what a component must not see: cookies and session details beyond the user's ID. Responses are checked, and
//! their headers are filtered.
//!
//! A plugin's responses come from the server's own origin, often through a proxy, and a header can affect far more than its
//! response: cookies, storage, certificates, and other addresses of the origin; instructions to a proxy
//! (`X-Accel-Redirect`); who may read it (`Access-Control-…`); a password prompt for the site (`WWW-Authenticate`).
//! Browsers and proxies add new ones every year. Allowed headers are therefore listed, and a plugin has its own prefix.

use std::collections::BTreeMap;

use mattermost_plugin_rpc::mattermost::HttpRequest;
use serde::de::IgnoredAny;

use crate::bindings::plugin::exports::mattermost::plugin::http_handler;
use crate::go_json::is_field;

/// The largest response body of a component, in bytes.
const RESPONSE_LIMIT: usize = 16 * 1024 * 1024;

/// The largest headers of a response, names and values together, in bytes.
const HEADERS_LIMIT: usize = 64 * 1024;

/// An HTTP response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Name and value pairs.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Reply {
    pub(crate) fn text(status: u16, sentence: &str) -> Self {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Self {
            status,
            headers: vec![
                header("Content-Type", "text/plain; charset=utf-8"),
                header("X-Content-Type-Options", "nosniff"),
            ],
            body: format!("{sentence}\n").into_bytes(),
        }
    }

    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Self {
            status,
            headers: vec![
                header("Content-Type", "application/json"),
                header("X-Content-Type-Options", "nosniff"),
            ],
            body: body.to_string().into_bytes(),
        }
    }

    pub(crate) fn busy() -> Self {
        let mut reply = Self::text(503, "too many requests at once; try again in a moment");
        let seconds = ("Retry-After".to_owned(), "2".to_owned());
        reply.headers.push(seconds);
        reply
    }

    /// The time limit of the route has passed. The event continues.
    pub(crate) fn late() -> Self {
        let mut reply = Self::text(503, "there is no answer yet; send the request again later");
        let seconds = ("Retry-After".to_owned(), "60".to_owned());
        reply.headers.push(seconds);
        reply
    }

    pub(crate) fn failed() -> Self {
        Self::text(
            500,
            "the plugin failed on this request; the server's log says why",
        )
    }
}

/// The request for the component; `None` if its address is not UTF-8. Its origin is not yet known.
pub(crate) fn component_request(
    request: &HttpRequest,
    body: Vec<u8>,
) -> Option<http_handler::Request> {
    const REMOVED: [&str; 5] = [
        "authorization",
        "cookie",
        "mattermost-plugin-id",
        "mattermost-user-id",
        "x-csrf-token",
    ];
    let (path, query) = match request.url.split_once('?') {
        Some((path, query)) => (path, query),
        None => (request.url.as_str(), ""),
    };
    let raw_path = if path.is_empty() { "/" } else { path };
    let path = percent_encoding::percent_decode_str(raw_path)
        .decode_utf8()
        .ok()?;
    let mut user_id = None;
    let mut headers = Vec::new();
    for (name, values) in &request.headers {
        let name = name.to_lowercase();
        if name == "mattermost-user-id" {
            user_id = values.first().filter(|id| !id.is_empty()).cloned();
        }
        if !REMOVED.contains(&name.as_str()) {
            headers.extend(values.iter().map(|value| (name.clone(), value.clone())));
        }
    }
    Some(http_handler::Request {
        method: request.method.to_uppercase(),
        path: path.into_owned(),
        raw_path: raw_path.to_owned(),
        query: query.to_owned(),
        headers,
        body,
        user_id,
        origin: http_handler::Origin::Other,
    })
}

/// Headers that affect only their own response.
const ALLOWED_HEADERS: [&str; 18] = [
    "accept-ranges",
    "allow",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-range",
    "content-security-policy",
    "content-type",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "etag",
    "expires",
    "last-modified",
    "location",
    "referrer-policy",
    "retry-after",
    "vary",
];

/// The prefix of a plugin's own headers.
const PLUGIN_HEADER_PREFIX: &str = "x-plugin-";

fn is_allowed(name: &str) -> bool {
    ALLOWED_HEADERS.contains(&name) || name.starts_with(PLUGIN_HEADER_PREFIX)
}

/// Headers added to every response with content. If there are several content security policies, all apply.
const ADDED_HEADERS: [(&str, &str); 2] = [
    (
        "content-security-policy",
        "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox",
    ),
    ("x-content-type-options", "nosniff"),
];

/// The user who sent the request, if it has a session.
pub(crate) fn user_of(request: &HttpRequest) -> Option<&str> {
    let user = request.header("Mattermost-User-Id");
    user.filter(|id| !id.is_empty())
}

/// Whether the request has a session.
pub(crate) fn is_signed_in(request: &HttpRequest) -> bool {
    user_of(request).is_some()
}

/// Whether this is a click on a button or the submission of a dialog.
///
/// The server sends it in the name of the user, as JSON with fields that it never omits. A client can send the same; then the
/// response must follow the same rules.
pub(crate) fn is_click(request: &HttpRequest, body: &[u8]) -> bool {
    const MARKS: [&[u8]; 2] = [b"\"trigger_id\":", b"\"callback_id\":"];
    request.method.eq_ignore_ascii_case("POST")
        && is_signed_in(request)
        && MARKS
            .iter()
            .any(|mark| body.windows(mark.len()).any(|part| part == *mark))
}

/// Fields of a response to a click that the server acts on, whatever its status: it would change the post with the button,
/// whoever wrote it, show a form or blocks whose buttons lead anywhere, or open an address. Host functions change posts and
/// open dialogs, with checks.
const FORBIDDEN_FIELDS: [&str; 6] = [
    "update",
    "form",
    "mm_blocks",
    "mm_blocks_actions",
    "block_dialog",
    "goto_location",
];

fn check_click_response(body: &[u8]) -> Result<(), &'static str> {
    if body.is_empty() {
        return Ok(());
    }
    let fields: BTreeMap<String, IgnoredAny> = serde_json::from_slice(body).map_err(
        |_| "the component responded to a click with something other than a JSON object",
    )?;
    let done = |key: &String| FORBIDDEN_FIELDS.iter().any(|name| is_field(key, name));
    if fields.keys().any(done) {
        return Err(
            "the component responded to a click with a post update, a form, blocks, or an address instead of calling the host",
        );
    }
    Ok(())
}

/// The component's response for the client, or the reason that it is invalid.
pub(crate) fn reply(response: http_handler::Response, click: bool) -> Result<Reply, &'static str> {
    if !(200..600).contains(&response.status) {
        return Err("the component responded with a status outside 200 to 599");
    }
    if response.body.len() > RESPONSE_LIMIT {
        return Err("the component responded with more than 16 MiB");
    }
    if click {
        check_click_response(&response.body)?;
    }
    let sizes = response.headers.iter();
    let size: usize = sizes.map(|(name, value)| name.len() + value.len()).sum();
    if size > HEADERS_LIMIT {
        return Err("the component responded with more than 64 KiB of headers");
    }
    let mut headers = Vec::with_capacity(response.headers.len());
    for (name, value) in response.headers {
        let name = http::HeaderName::from_bytes(name.as_bytes());
        let name = name.map_err(|_| "the component responded with an invalid header name")?;
        http::HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| "the component responded with an invalid header value")?;
        if is_allowed(name.as_str()) {
            headers.push((name.as_str().to_owned(), value));
        }
    }
    // A component's pages have the server's origin. The sandbox policy removes it, so that their scripts cannot use the
    // viewer's session. Pages that open in another tab are not sandboxed: otherwise a link to the site would open a client
    // without an origin. A bare status needs no policy, and saves two round trips without headers: responses to webhooks.
    let has_content = !headers.is_empty() || !response.body.is_empty();
    for (name, value) in ADDED_HEADERS.iter().filter(|_| has_content) {
        headers.push(((*name).to_owned(), (*value).to_owned()));
    }
    Ok(Reply {
        status: response.status,
        headers,
        body: response.body,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, header: (&str, &str)) -> http_handler::Response {
        http_handler::Response {
            status,
            headers: vec![(header.0.to_owned(), header.1.to_owned())],
            body: Vec::new(),
        }
    }

    #[test]
    fn an_invalid_http_response_is_refused() {
        let reply = |response| reply(response, false);
        assert!(reply(response(7, ("a", "b"))).is_err());
        assert!(reply(response(101, ("a", "b"))).is_err());
        assert!(reply(response(200, ("a b", "c"))).is_err());
        assert!(reply(response(200, ("a", "b\r\nSet-Cookie: x=y"))).is_err());
        assert!(reply(response(200, ("x-plugin-name", "caf\u{fffd}"))).is_ok());
        let reply = reply(response(200, ("content-type", "text/html"))).unwrap();
        let html = ("content-type".to_owned(), "text/html".to_owned());
        assert_eq!(reply.headers[0], html);
    }

    #[test]
    fn a_response_cannot_set_cookies_of_the_site() {
        let mut page = response(200, ("Set-Cookie", "MMAUTHTOKEN=x"));
        page.body = b"<script>".to_vec();
        let reply = reply(page, false).unwrap();
        assert!(reply.headers.iter().all(|(name, _)| name != "set-cookie"));
        let policy = reply
            .headers
            .iter()
            .find(|(name, _)| name == "content-security-policy");
        let policy = &policy.unwrap().1;
        assert!(policy.starts_with("sandbox ") && !policy.contains("allow-same-origin"));
        assert!(policy.contains("allow-popups-to-escape-sandbox"));
    }

    #[test]
    fn headers_that_affect_more_than_their_response_are_removed() {
        for name in [
            "Access-Control-Allow-Origin",
            "Alt-Svc",
            "Clear-Site-Data",
            "Connection",
            "Link",
            "NEL",
            "Public-Key-Pins",
            "Refresh",
            "Report-To",
            "Reporting-Endpoints",
            "Service-Worker-Allowed",
            "Set-Cookie",
            "Strict-Transport-Security",
            "Transfer-Encoding",
            "WWW-Authenticate",
            "X-Accel-Redirect",
            "X-Frame-Options",
            "X-Invented-Tomorrow",
            "X-Sendfile",
        ] {
            let headers = reply(response(200, (name, "x")), false).unwrap().headers;
            assert_eq!(headers, [], "{name}");
        }
        for name in ["Location", "cache-control", "X-Plugin-Anything"] {
            let headers = reply(response(200, (name, "x")), false).unwrap().headers;
            let first = headers.first().map(|(name, _)| name.as_str());
            assert_eq!(first, Some(name.to_lowercase().as_str()));
        }
    }

    #[test]
    fn a_response_to_a_click_changes_no_post_and_shows_no_form_or_blocks() {
        let answer = |body: &str, click| {
            let mut answer = response(200, ("content-type", "application/json"));
            answer.body = body.as_bytes().to_vec();
            reply(answer, click)
        };
        for body in [
            "",
            "{}",
            r#"{"ephemeral_text": "thanks", "errors": {"update": "x"}}"#,
        ] {
            assert!(answer(body, true).is_ok(), "{body}");
        }
        for body in [
            r#"{"update": {"message": "changed"}}"#,
            r#"{"UpDate": {}}"#,
            r#"{"\u0075pdate": {}}"#,
            r#"{"type": "form", "form": {}}"#,
            r#"{"type": "refresh", "mm_blocks": []}"#,
            r#"{"type": "refresh", "MM_Blocks_Actions": {"x": {"type": "external", "url": "/plugins/other/x"}}}"#,
            r#"{"type": "dialog", "block_dialog": {}}"#,
            r#"{"goto_location": "https://example.com/"}"#,
            "[]",
            "{",
        ] {
            assert!(answer(body, true).is_err(), "{body}");
            assert!(answer(body, false).is_ok(), "{body}");
        }
        let mut refused = response(400, ("content-type", "application/json"));
        refused.body = br#"{"error": "no"}"#.to_vec();
        assert!(reply(refused.clone(), true).is_ok());
        // The server does not look at the status.
        refused.body = br#"{"update": {}}"#.to_vec();
        assert!(reply(refused, true).is_err());
    }

    #[test]
    fn a_click_is_recognized_by_the_fields_that_the_server_writes() {
        let asked = |method: &str, user: &str, body: &str| {
            let user = ("Mattermost-User-Id".to_owned(), vec![user.to_owned()]);
            let request = HttpRequest {
                method: method.to_owned(),
                headers: BTreeMap::from([user]),
                ..HttpRequest::default()
            };
            is_click(&request, body.as_bytes())
        };
        let button = r#"{"user_id":"u","post_id":"p","trigger_id":"t","context":{}}"#;
        let dialog = r#"{"type":"dialog_submission","callback_id":"c","state":""}"#;
        assert!(asked("POST", "u", button) && asked("POST", "u", dialog));
        assert!(!asked("GET", "u", button) && !asked("POST", "", button));
        assert!(!asked("POST", "u", r#"{"topic":"trigger_id"}"#));
    }

    #[test]
    fn a_bare_status_has_no_headers_and_content_has_a_policy() {
        let answer = |headers: &[(&str, &str)], body: &[u8]| {
            let headers = headers.iter();
            let headers = headers.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let answer = http_handler::Response {
                status: 204,
                headers: headers.collect(),
                body: body.to_vec(),
            };
            reply(answer, false).unwrap().headers
        };
        assert_eq!(answer(&[], b""), []);
        assert_eq!(answer(&[("Set-Cookie", "MMAUTHTOKEN=x")], b""), []);
        assert_eq!(answer(&[], b"x").len(), ADDED_HEADERS.len());
        assert_eq!(
            answer(&[("location", "/")], b"").len(),
            ADDED_HEADERS.len() + 1
        );
    }

    #[test]
    fn the_user_comes_from_the_server_and_the_session_is_removed() {
        let header = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
        let request = HttpRequest {
            method: "get".to_owned(),
            url: "/a%20b%2Fc?x=%31".to_owned(),
            headers: BTreeMap::from([
                header("Mattermost-User-Id", "u1"),
                header("Cookie", "MMCSRF=x"),
                header("X-Csrf-Token", "x"),
                header("Authorization", "Bearer x"),
                header("X-Zm-Signature", "v0=1"),
            ]),
            ..HttpRequest::default()
        };
        let seen = component_request(&request, Vec::new()).unwrap();
        assert_eq!(seen.user_id.as_deref(), Some("u1"));
        assert_eq!(
            (seen.path.as_str(), seen.query.as_str()),
            ("/a b/c", "x=%31")
        );
        assert_eq!(seen.raw_path, "/a%20b%2Fc");
        assert_eq!(
            seen.headers,
            [("x-zm-signature".to_owned(), "v0=1".to_owned())]
        );
        assert_eq!(seen.method, "GET");
    }
}
