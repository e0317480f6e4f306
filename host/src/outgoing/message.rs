//! HTTP messages: what a request may contain, and how a response is read.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Uri, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Error as ClientError;
use thiserror::Error;
use url::Url;

use super::stage::{Stage, stage_of};
use crate::policy::AddressTrust;
use crate::policy::egress_addresses::AddressDenied;

/// Headers that only the host sets: they control the connection or name the server.
const OWN_HEADERS: [HeaderName; 11] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::TE,
    header::TRAILER,
    header::PROXY_AUTHORIZATION,
    header::EXPECT,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// A request that the policy has allowed.
pub struct Request {
    /// In upper case.
    pub method: String,
    /// The URL.
    pub url: Url,
    /// Name and value pairs.
    pub headers: Vec<(String, String)>,
    /// The body, or nothing.
    pub body: Vec<u8>,
    /// For the whole request and response.
    pub timeout: Duration,
    /// The longest accepted response body, in bytes.
    pub max_body: usize,
    /// Which addresses the host may have.
    pub trust: AddressTrust,
}

/// A response.
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Name and value pairs.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// A request failed.
#[derive(Debug, Error)]
pub enum OutgoingError {
    /// There was no response in time.
    #[error("no response in time")]
    Timeout,
    /// The response body is too long.
    #[error("the response is too long")]
    TooLarge,
    /// The request is invalid.
    #[error("{0}")]
    Malformed(String),
    /// The host resolves to addresses that the request must not go to.
    #[error("{0}")]
    Denied(AddressDenied),
    /// The connection, TLS, or HTTP failed at this stage, for this reason.
    #[error("{1}")]
    Failed(Stage, String),
}

/// Reads a whole response.
pub(super) async fn read_response(
    response: http::Response<Incoming>,
    max_body: usize,
) -> Result<Response, OutgoingError> {
    let (head, body) = response.into_parts();
    let body = Limited::new(body, max_body).collect().await;
    let body = body.map_err(|error| {
        if error.is::<LengthLimitError>() {
            OutgoingError::TooLarge
        } else {
            OutgoingError::Failed(
                Stage::Response,
                format!("the response ended early: {error}"),
            )
        }
    })?;
    let headers = head.headers.iter();
    Ok(Response {
        status: head.status.as_u16(),
        headers: headers
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes());
                (name.as_str().to_owned(), value.into_owned())
            })
            .collect(),
        body: body.to_bytes().into(),
    })
}

/// Makes the HTTP message of a request.
pub(super) fn request_message(
    request: Request,
) -> Result<http::Request<Full<Bytes>>, OutgoingError> {
    let malformed = |what: String| OutgoingError::Malformed(what);
    let mut url = request.url;
    url.set_fragment(None);
    let uri: Uri = url
        .as_str()
        .parse()
        .map_err(|error| malformed(format!("the URL cannot be sent: {error}")))?;
    let mut message = http::Request::builder()
        .method(request.method.as_str())
        .uri(uri)
        .body(Full::new(Bytes::from(request.body)))
        .map_err(|error| malformed(error.to_string()))?;
    for (name, value) in request.headers {
        let header = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| malformed(format!("`{name}` is not a header name")))?;
        if OWN_HEADERS.contains(&header) {
            return Err(malformed(format!("the header {header} is the host's own")));
        }
        // The value may be a credential: name the header only.
        let value = HeaderValue::from_str(&value)
            .map_err(|_| malformed(format!("the value of {header} cannot be sent")))?;
        let added = message.headers_mut().try_append(header, value);
        added.map_err(|_| malformed("there are too many headers".to_owned()))?;
    }
    Ok(message)
}

/// Converts an error of the client, with all its causes.
pub(super) fn request_error(error: ClientError) -> OutgoingError {
    let stage = stage_of(&error, error.is_connect());
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    let mut text = String::new();
    while let Some(cause) = source {
        if let Some(refused) = cause.downcast_ref::<AddressDenied>() {
            return OutgoingError::Denied(refused.clone());
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    OutgoingError::Failed(stage, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(url: &str, trust: AddressTrust) -> Request {
        Request {
            method: "GET".to_owned(),
            url: Url::parse(url).unwrap(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout: Duration::from_secs(20),
            max_body: 10,
            trust,
        }
    }

    #[test]
    fn connection_headers_are_refused_and_values_are_not_shown() {
        let with = |name: &str, value: &str| {
            let mut request = request("https://example.com/", AddressTrust::PublicOnly);
            request.headers = vec![(name.to_owned(), value.to_owned())];
            request_message(request)
                .map(|_| ())
                .map_err(|error| error.to_string())
        };
        for name in [
            "Host",
            "Connection",
            "Content-Length",
            "Expect",
            "KEEP-alive",
            "Proxy-Authorization",
            "Proxy-Connection",
            "TE",
            "Trailer",
            "Transfer-Encoding",
            "Upgrade",
        ] {
            let error = with(name, "x").unwrap_err();
            assert!(error.contains("the host's own"), "{name}: {error}");
        }
        assert!(with("bad name", "x").is_err());
        let mut request = request("https://example.com/", AddressTrust::PublicOnly);
        request.headers = (0..50_000)
            .map(|n| (format!("X-{n}"), String::new()))
            .collect();
        assert!(
            request_message(request).is_err(),
            "more headers than there can be"
        );
        let error = with("Authorization", "secret\n").unwrap_err();
        assert!(!error.contains("secret"), "{error}");
        assert!(with("Authorization", "Bearer x").is_ok());
    }
}
