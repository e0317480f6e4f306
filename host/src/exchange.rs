//! Requests and answers, between the server's form of them and the component's.
//!
//! What a component must not see (cookies, whose session it is beyond the user's id) is left out on the
//! way in; what it must not send is refused, withheld or added to on the way out.

use mattermost_plugin_rpc::mattermost::HttpRequest;

use crate::bindings::plugin::exports::mattermost::plugin::http_handler;

/// The largest response body that a component may give, in bytes.
const RESPONSE_LIMIT: usize = 16 * 1024 * 1024;

/// The largest headers of a response, names and values together, in bytes.
const HEADERS_LIMIT: usize = 64 * 1024;

/// An HTTP answer.
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

    pub(crate) fn busy() -> Self {
        let mut reply = Self::text(503, "too many requests at once; try again in a moment");
        let seconds = ("Retry-After".to_owned(), "2".to_owned());
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

/// The request as the component sees it; none where its address is not UTF-8.
pub(crate) fn component_request(
    request: &HttpRequest,
    body: Vec<u8>,
) -> Option<http_handler::Request> {
    const LEFT_OUT: [&str; 3] = ["cookie", "mattermost-user-id", "mattermost-plugin-id"];
    let (path, query) = match request.url.split_once('?') {
        Some((path, query)) => (path, query),
        None => (request.url.as_str(), ""),
    };
    let path = percent_encoding::percent_decode_str(path)
        .decode_utf8()
        .ok()?;
    let mut user_id = None;
    let mut headers = Vec::new();
    for (name, values) in &request.headers {
        let name = name.to_lowercase();
        if name == "mattermost-user-id" {
            user_id = values.first().filter(|id| !id.is_empty()).cloned();
        }
        if !LEFT_OUT.contains(&name.as_str()) {
            headers.extend(values.iter().map(|value| (name.clone(), value.clone())));
        }
    }
    Some(http_handler::Request {
        method: request.method.to_uppercase(),
        path: if path.is_empty() {
            "/".to_owned()
        } else {
            path.into_owned()
        },
        query: query.to_owned(),
        headers,
        body,
        user_id,
    })
}

/// Headers that would reach beyond the plugin's own answers (sessions, storage and workers of the site),
/// and one that is forced below.
const WITHHELD: [http::HeaderName; 5] = [
    http::header::SET_COOKIE,
    http::header::X_CONTENT_TYPE_OPTIONS,
    http::HeaderName::from_static("clear-site-data"),
    http::HeaderName::from_static("service-worker-allowed"),
    http::header::CONNECTION,
];

/// Headers on every answer of a component that says anything. Several policies for content all hold.
const FORCED: [(&str, &str); 2] = [
    (
        "content-security-policy",
        "sandbox allow-scripts allow-popups",
    ),
    ("x-content-type-options", "nosniff"),
];

/// The component's answer as the client gets it, or what is wrong with it.
pub(crate) fn reply(response: http_handler::Response) -> Result<Reply, &'static str> {
    if !(200..600).contains(&response.status) {
        return Err("the component answered with a status outside 200 to 599");
    }
    if response.body.len() > RESPONSE_LIMIT {
        return Err("the component answered with more than 16 MiB");
    }
    let sizes = response.headers.iter();
    let size: usize = sizes.map(|(name, value)| name.len() + value.len()).sum();
    if size > HEADERS_LIMIT {
        return Err("the component answered with more than 64 KiB of headers");
    }
    let mut headers = Vec::with_capacity(response.headers.len());
    for (name, value) in response.headers {
        let name = http::HeaderName::from_bytes(name.as_bytes());
        let name = name.map_err(|_| "the component answered with an invalid header name")?;
        http::HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| "the component answered with an invalid header value")?;
        if !WITHHELD.contains(&name) {
            headers.push((name.as_str().to_owned(), value));
        }
    }
    // Pages of a component live on the site's own origin. Without an origin their scripts cannot act
    // with the session of whoever looks at them. A bare status has nothing that a policy could govern, and
    // without headers it costs two round trips less: webhooks are answered so.
    let says_something = !headers.is_empty() || !response.body.is_empty();
    for (name, value) in FORCED.iter().filter(|_| says_something) {
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
    use std::collections::BTreeMap;

    fn response(status: u16, header: (&str, &str)) -> http_handler::Response {
        http_handler::Response {
            status,
            headers: vec![(header.0.to_owned(), header.1.to_owned())],
            body: Vec::new(),
        }
    }

    #[test]
    fn an_answer_outside_http_is_refused() {
        assert!(reply(response(7, ("a", "b"))).is_err());
        assert!(reply(response(101, ("a", "b"))).is_err());
        assert!(reply(response(200, ("a b", "c"))).is_err());
        assert!(reply(response(200, ("a", "b\r\nSet-Cookie: x=y"))).is_err());
        let reply = reply(response(200, ("content-type", "text/html"))).unwrap();
        assert!(super::reply(response(200, ("x-name", "caf\u{fffd}"))).is_ok());
        let html = ("content-type".to_owned(), "text/html".to_owned());
        assert_eq!(reply.headers[0], html);
    }

    #[test]
    fn an_answer_cannot_touch_the_sessions_of_the_site() {
        let mut page = response(200, ("Set-Cookie", "MMAUTHTOKEN=x"));
        page.body = b"<script>".to_vec();
        let reply = reply(page).unwrap();
        assert!(reply.headers.iter().all(|(name, _)| name != "set-cookie"));
        let policy = reply
            .headers
            .iter()
            .find(|(name, _)| name == "content-security-policy");
        assert!(policy.unwrap().1.contains("sandbox"));
    }

    #[test]
    fn a_bare_status_is_sent_without_headers_and_whatever_says_more_with_a_policy() {
        let answer = |headers: &[(&str, &str)], body: &[u8]| {
            let headers = headers.iter();
            let headers = headers.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let answer = reply(http_handler::Response {
                status: 204,
                headers: headers.collect(),
                body: body.to_vec(),
            });
            answer.unwrap().headers
        };
        assert_eq!(answer(&[], b""), []);
        assert_eq!(answer(&[("Set-Cookie", "MMAUTHTOKEN=x")], b""), []);
        assert_eq!(answer(&[], b"x").len(), FORCED.len());
        assert_eq!(answer(&[("location", "/")], b"").len(), FORCED.len() + 1);
    }

    #[test]
    fn the_user_is_who_the_server_says_and_cookies_are_left_out() {
        let header = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
        let request = HttpRequest {
            method: "get".to_owned(),
            url: "/a%20b?x=%31".to_owned(),
            headers: BTreeMap::from([
                header("Mattermost-User-Id", "u1"),
                header("Cookie", "MMCSRF=x"),
                header("X-Zm-Signature", "v0=1"),
            ]),
            ..HttpRequest::default()
        };
        let seen = component_request(&request, Vec::new()).unwrap();
        assert_eq!(seen.user_id.as_deref(), Some("u1"));
        assert_eq!((seen.path.as_str(), seen.query.as_str()), ("/a b", "x=%31"));
        assert_eq!(
            seen.headers,
            [("x-zm-signature".to_owned(), "v0=1".to_owned())]
        );
        assert_eq!(seen.method, "GET");
    }
}
