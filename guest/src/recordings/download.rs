//! Downloads a file of a recording from Zoom.
//!
//! The URL comes from a webhook, and each redirect from a response. Each URL must use `https` and lead to one of Zoom's
//! hosts. The token is sent only to the first host. (The sandbox also checks URLs against its policy.)
//!
//! A response with status 200 is not always the file: Zoom answers an unauthorized download with an HTML page.
//!
//! The webhook's token is tried first. If there is none or Zoom rejects it, the connection of the meeting's host is used,
//! if the host is connected and the app has the scope.

use crate::bindings::http::{self, Request, Response};
use crate::bindings::types::Error as HostError;
use crate::config::Config;
use crate::connection::session::Session;
use crate::platform::clock;
use crate::recordings::payload::{File, FileKind, RecordingJob};
use crate::store::zoom_user_index;
use crate::zoom;
use crate::zoom::error::limit::RateLimit;
use ::http::Uri;

/// The number of redirects that are followed.
const MAX_REDIRECTS: usize = 5;
/// The largest file, in bytes.
const MAX_FILE: u32 = 10 * 1024 * 1024;
/// The time limit of one request, in milliseconds.
const TIMEOUT: u32 = 50_000;

/// The content types that are never a chat or a transcript.
const PAGE_TYPES: [&str; 3] = ["text/html", "application/xhtml+xml", "application/json"];

/// The reason why there is no file.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The URL or a redirect does not lead to Zoom. The URL is not shown, because it may contain a token.
    #[error("the address is not one of Zoom's")]
    Untrusted,
    /// Zoom refused the download with this status.
    #[error("Zoom answered {0}")]
    Refused(u16),
    /// The response is not the file.
    #[error("Zoom's answer is not the file: {0}")]
    NotTheFile(&'static str),
    /// The file is larger than 10 MiB.
    #[error("the file is larger than 10 MiB")]
    TooLarge,
    /// The download failed temporarily. Contains the delay in seconds, if Zoom named one.
    #[error("Zoom did not hand out the file")]
    Later(Option<u32>),
}

/// Downloads a file of a recording.
pub fn fetch(config: &Config, work: &RecordingJob, file: &File) -> Result<Vec<u8>, Failure> {
    let result = match work.token.as_str() {
        "" => Err(Failure::Refused(401)),
        token => get_file(config, file, token),
    };
    match result {
        Err(failure) if is_about_the_token(&failure) => {
            fetch_as_host(config, work, file).unwrap_or(Err(failure))
        }
        result => result,
    }
}

/// Whether another token may be accepted.
fn is_about_the_token(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::Refused(401 | 403) | Failure::NotTheFile(_)
    )
}

/// Downloads the file with the connection of the meeting's host. Returns none if there is no usable connection.
fn fetch_as_host(
    config: &Config,
    work: &RecordingJob,
    file: &File,
) -> Option<Result<Vec<u8>, Failure>> {
    let mut session = host_session(config, &work.host_id)?;
    let mut result = None;
    let asked = session.call(|client| match get_file(config, file, client.access_token) {
        Err(Failure::Refused(401)) => Err(zoom::Error::Unauthorized),
        other => Ok(other),
    });
    if let Ok(other) = asked {
        result = Some(other);
    }
    result
}

fn host_session<'a>(config: &'a Config, host_id: &str) -> Option<Session<'a>> {
    if config.mode.is_account_wide() {
        return Session::organization(config).ok();
    }
    let users = zoom_user_index::users_of(host_id).ok()?;
    let mut sessions = users.iter();
    sessions.find_map(|user_id| Session::for_user(config, user_id).ok())
}

fn get_file(config: &Config, file: &File, token: &str) -> Result<Vec<u8>, Failure> {
    let response = get_following_redirects(config, &file.url, token)?;
    check_is_file(file, &response)?;
    Ok(response.body)
}

/// Checks that a response is the file.
fn check_is_file(file: &File, response: &Response) -> Result<(), Failure> {
    let content_type = header(response, "content-type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if PAGE_TYPES
        .iter()
        .any(|page| media_type.eq_ignore_ascii_case(page))
    {
        return Err(Failure::NotTheFile("a page or an error message"));
    }
    if response.body.is_empty() {
        return Err(Failure::NotTheFile("nothing"));
    }
    if file.size > 0 && response.body.len() as u64 != file.size {
        return Err(Failure::NotTheFile("another size than Zoom says"));
    }
    let text = response.body.strip_prefix(b"\xef\xbb\xbf");
    let text = text.unwrap_or(&response.body);
    if file.kind == FileKind::Transcript && !text.starts_with(b"WEBVTT") {
        return Err(Failure::NotTheFile("not WebVTT"));
    }
    Ok(())
}

/// Sends the request and follows redirects.
fn get_following_redirects(
    config: &Config,
    address: &str,
    token: &str,
) -> Result<Response, Failure> {
    let first = authority(address);
    let mut address = address.to_owned();
    for _ in 0..=MAX_REDIRECTS {
        if !config.is_zooms(&address) {
            return Err(Failure::Untrusted);
        }
        let with_token = !token.is_empty() && authority(&address) == first;
        let response = get(&address, with_token.then_some(token))?;
        match response.status {
            200 => return Ok(response),
            301 | 302 | 303 | 307 | 308 => {
                let place = header(&response, "location")
                    .and_then(|place| resolve_redirect(&address, place));
                address = place.ok_or(Failure::Refused(response.status))?;
            }
            429 | 500..=599 => {
                let limit = RateLimit::read(&response.headers, clock::now_ms());
                return Err(Failure::Later(limit.wait));
            }
            status => return Err(Failure::Refused(status)),
        }
    }
    Err(Failure::Refused(310))
}

fn get(address: &str, token: Option<&str>) -> Result<Response, Failure> {
    let headers = token.map(|token| ("Authorization".to_owned(), format!("Bearer {token}")));
    let request = Request {
        method: "GET".to_owned(),
        url: address.to_owned(),
        headers: headers.into_iter().collect(),
        body: Vec::new(),
        timeout: TIMEOUT,
        max_body: MAX_FILE,
    };
    http::fetch(&request).map_err(|error| match error {
        HostError::Denied(_) => Failure::Untrusted,
        HostError::TooLarge => Failure::TooLarge,
        HostError::Invalid(_) => Failure::Refused(400),
        _ => Failure::Later(None),
    })
}

fn authority(address: &str) -> Option<String> {
    let uri: Uri = address.parse().ok()?;
    Some(uri.authority()?.as_str().to_ascii_lowercase())
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    let mut headers = response.headers.iter();
    let (_, value) = headers.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    Some(value)
}

/// The target of a redirect: an absolute URL, or a path on the same host.
fn resolve_redirect(from: &str, place: &str) -> Option<String> {
    if place.starts_with("https://") {
        return Some(place.to_owned());
    }
    let path = place.starts_with('/') && !place.starts_with("//");
    path.then(|| Some(format!("https://{}{place}", authority(from)?)))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_redirect_is_an_absolute_url_or_a_path() {
        let resolve = |place| resolve_redirect("https://a.zoom.us/x?y", place);
        assert_eq!(
            resolve("https://b.zoom.us/z").unwrap(),
            "https://b.zoom.us/z"
        );
        assert_eq!(resolve("/z?1").unwrap(), "https://a.zoom.us/z?1");
        for odd in ["//b.zoom.us/", "http://zoom.us/", "z", ""] {
            assert_eq!(resolve(odd), None, "{odd}");
        }
    }

    proptest! {
        #[test]
        fn no_address_makes_it_panic(address in ".*") {
            let _ = (resolve_redirect(&address, &address), authority(&address));
        }
    }
}
