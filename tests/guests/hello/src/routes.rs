//! The routes.

use std::time::Duration;

use crate::bindings::exports::mattermost::plugin::http_handler::{Request, Response};
use crate::bindings::mattermost::plugin::posts::{self, Author, Draft};
use crate::bindings::mattermost::plugin::types::Error;
use crate::bindings::mattermost::plugin::{http, jobs, kv, log};
use crate::misbehave;
use crate::text::parameter;

/// How often a visit whose compare-and-set failed is counted again.
const ATTEMPTS: usize = 30;

/// The length of the response of `/pieces`, in bytes. It is a prime number, so that the last chunk is shorter.
const PIECES: u32 = 1_000_003;

/// The key of the value of `/value`.
const VALUE: &str = "value";

/// Answers a request.
pub fn answer(request: Request) -> Response {
    let query = |name: &str| parameter(&request.query, name).unwrap_or_default();
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "" | "/") => finish(200, visit()),
        ("POST", "/echo") => Response {
            status: 200,
            headers: header("application/octet-stream"),
            body: request.body,
        },
        ("GET", "/pieces") => Response {
            status: 200,
            headers: header("application/octet-stream"),
            body: (0..PIECES).map(|n| n.to_le_bytes()[0]).collect(),
        },
        ("GET", "/header") => named(&request),
        ("GET", "/log") => finish(200, write_log()),
        ("GET", "/as-user") => finish(201, post_as_user(query("channel"))),
        ("GET", "/fetch") => finish(200, fetch(query("url"))),
        ("GET", "/kv-host-key") => finish(200, write_host_key()),
        ("GET", "/nap") => nap(&query("ms"), &query("bed")),
        ("PUT", "/value") => finish(200, store_value(&request.body)),
        ("GET", "/kv-reads") => finish(200, read_values(&query("n"))),
        ("POST", "/later") => finish(202, enqueue(&query("kind"), &query("delay"), &request.body)),
        ("GET", "/trap") => misbehave::trap(),
        ("GET", "/loop") => misbehave::spin(),
        ("GET", "/memory") => misbehave::hoard(),
        (_, "/" | "/echo" | "/pieces" | "/header" | "/log" | "/as-user" | "/fetch") => {
            plain(405, "Another method, please.")
        }
        _ => plain(404, "There is nothing here."),
    }
}

fn header(kind: &str) -> Vec<(String, String)> {
    vec![("Content-Type".to_owned(), kind.to_owned())]
}

fn plain(status: u16, text: &str) -> Response {
    Response {
        status,
        headers: header("text/plain; charset=utf-8"),
        body: text.as_bytes().to_vec(),
    }
}

fn finish(status: u16, outcome: Result<String, Error>) -> Response {
    match outcome {
        Ok(text) => plain(status, &text),
        Err(error) => plain(status_of(&error), &format!("{error:?}")),
    }
}

fn status_of(error: &Error) -> u16 {
    match error {
        Error::NotFound => 404,
        Error::Denied(_) => 403,
        Error::Conflict => 409,
        Error::TooLarge => 413,
        Error::Timeout => 504,
        Error::Invalid(_) => 400,
        Error::Unavailable(_) => 502,
    }
}

/// Counts a visit. Two concurrent visits read the same number. Compare-and-set succeeds for one of them, and the other
/// reads again.
fn visit() -> Result<String, Error> {
    count("visits").map(|now| format!("hello, visit {now}"))
}

/// Adds one to a number in the store.
pub fn count(key: &str) -> Result<u64, Error> {
    for _ in 0..ATTEMPTS {
        let old = kv::get(key)?;
        let text = old.as_deref().map(String::from_utf8_lossy);
        let seen: u64 = text.and_then(|text| text.parse().ok()).unwrap_or(0);
        let expected = match old {
            Some(old) => kv::Expected::Value(old),
            None => kv::Expected::Absent,
        };
        let now = seen + 1;
        match kv::set(key, now.to_string().as_bytes(), None, &expected) {
            Ok(()) => return Ok(now),
            Err(Error::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Conflict)
}

fn named(request: &Request) -> Response {
    let named = request.headers.iter().find(|(name, _)| name == "x-name");
    let value = named.map(|(_, value)| value.clone()).unwrap_or_default();
    let mut response = plain(200, &value);
    response.headers.push(("X-Plugin-Name".to_owned(), value));
    response
}

fn write_log() -> Result<String, Error> {
    let fields = [("colour".to_owned(), "green".to_owned())];
    for level in [
        log::Level::Debug,
        log::Level::Info,
        log::Level::Warn,
        log::Level::Error,
    ] {
        log::write(level, "hello from the component", &fields);
    }
    Ok("logged".to_owned())
}

/// Posts as the user of the event.
pub fn post_as_user(channel_id: String) -> Result<String, Error> {
    let draft = Draft {
        channel_id,
        root_id: String::new(),
        message: "hello from a component".to_owned(),
        kind: String::new(),
        props: String::new(),
        file_ids: Vec::new(),
    };
    posts::create(Author::ActingUser, &draft).map(|post| format!("{} by {}", post.id, post.user_id))
}

fn fetch(url: String) -> Result<String, Error> {
    let request = http::Request {
        method: "GET".to_owned(),
        url,
        headers: Vec::new(),
        body: Vec::new(),
        timeout: 1000,
        max_body: 65_536,
    };
    http::fetch(&request).map(|response| format!("status {}", response.status))
}

/// Sleeps, which blocks only this event. Meanwhile it uses this number of bytes, which it has written once.
fn nap(milliseconds: &str, bed: &str) -> Response {
    let bed = std::hint::black_box(vec![1_u8; bed.parse().unwrap_or(0)]);
    std::thread::sleep(Duration::from_millis(milliseconds.parse().unwrap_or(0)));
    drop(bed);
    plain(200, "awake")
}

fn enqueue(kind: &str, delay: &str, payload: &[u8]) -> Result<String, Error> {
    let delay = delay.parse().unwrap_or(0);
    jobs::enqueue(kind, payload, delay).map(|()| "enqueued".to_owned())
}

fn store_value(value: &[u8]) -> Result<String, Error> {
    kv::set(VALUE, value, None, &kv::Expected::Any).map(|()| "stored".to_owned())
}

/// Reads the stored value this number of times, and responds with the total number of bytes.
fn read_values(times: &str) -> Result<String, Error> {
    let mut total = 0;
    for _ in 0..times.parse().unwrap_or(0_u32) {
        total += kv::get(VALUE)?.map_or(0, |value| value.len());
    }
    Ok(total.to_string())
}

fn write_host_key() -> Result<String, Error> {
    kv::set("_mine", b"no", None, &kv::Expected::Any).map(|()| "written".to_owned())
}
