//! The attacks, by name.

use crate::bindings::exports::mattermost::plugin::http_handler::{Request, Response};
use crate::bindings::mattermost::plugin::commands::{self, Audience, Command, Node};
use crate::bindings::mattermost::plugin::dialogs::{self, Choice, Dialog, Element, ElementKind};
use crate::bindings::mattermost::plugin::posts::{self, Author, Change, Draft};
use crate::bindings::mattermost::plugin::types::Error;
use crate::bindings::mattermost::plugin::{
    audit, bots, channels, config, files, http, jobs, kv, log, observations, settings, users,
    websocket,
};
use crate::bindings::{dirty_bytes_in_new_memory, grow_memory_by, log_one_text_many_times};
use std::sync::atomic::{AtomicUsize, Ordering};

const MEBIBYTE: usize = 1024 * 1024;

/// Runs an attack and returns the outcome.
pub fn make(request: &Request) -> Response {
    let argument = request.query.as_str();
    match request.path.trim_start_matches('/') {
        "forbidden" => said(Ok(open_the_forbidden().to_string())),
        "environment" => environment(),
        "fetch" => said(fetch("GET", argument, Vec::new(), 0)),
        "probe" => match http::probe(argument) {
            Ok(status) => said(Ok(status.to_string())),
            Err(error) => answer(418, Vec::new(), format!("{error:?}").into_bytes()),
        },
        "fetch-with-header" => said(fetch_with_header(argument)),
        "fetch-with-method" => said(fetch(argument, "https://listed.example/", Vec::new(), 0)),
        "fetch-with-a-large-body" => {
            let body = vec![0; 2 * MEBIBYTE];
            said(fetch("POST", "https://listed.example/", body, 0))
        }
        "fetch-with-many-headers" => {
            let headers = (0..50_000).map(|n| (format!("X-{n}"), String::new()));
            said(fetch_with_headers(headers.collect()))
        }
        "fetch-with-large-headers" => {
            let headers = (0..90).map(|n| (format!("X-{n}"), "v".repeat(1024)));
            said(fetch_with_headers(headers.collect()))
        }
        "fetch-and-keep-much" => said(fetch("GET", argument, Vec::new(), 16 * 1024 * 1024)),
        "memory-hold" => said(Ok(hold(argument.parse().unwrap_or(0)))),
        "hold" => {
            wait_for_go();
            said(Ok("went on".to_owned()))
        }
        "memory-hold-on" => said(Ok(hold_on(argument.parse().unwrap_or(0)))),
        "memory-at-once" => said(Ok(grow_memory_by(2 * 1024 * MEBIBYTE / 65_536).to_string())),
        "memory-bit-by-bit" => {
            let pages = (0..).take_while(|_| grow_memory_by(16)).count();
            said(Ok(format!("{} MiB more", pages)))
        }
        "keep" => said(Ok(keep())),
        "keep-twice" => {
            keep();
            said(Ok(keep()))
        }
        "loop" => loop {
            std::hint::spin_loop();
        },
        "sleep" => {
            std::thread::sleep(std::time::Duration::from_secs(3_600));
            said(Ok("awake".to_owned()))
        }
        "recursion" => said(Ok(recurse(0).to_string())),
        "host-calls" => {
            let _ = (0..1_000_000)
                .map(|_| kv::get("a"))
                .filter(Result::is_err)
                .count();
            said(Ok("a million calls".to_owned()))
        }
        "log-long" => {
            log::write(log::Level::Warn, &"x".repeat(10 * MEBIBYTE), &[]);
            said(Ok("logged".to_owned()))
        }
        "log-huge" => {
            log::write(log::Level::Warn, &"x".repeat(100 * MEBIBYTE), &[]);
            said(Ok("logged".to_owned()))
        }
        "log-one-text-many-times" => {
            log_one_text_many_times(&"x".repeat(MEBIBYTE), 100_000);
            said(Ok("logged".to_owned()))
        }
        "log-many-fields" => {
            let field = ("name".to_owned(), "value".to_owned());
            log::write(log::Level::Warn, "many", &vec![field; 10_000]);
            said(Ok("logged".to_owned()))
        }
        "print" => {
            print();
            said(Ok("printed".to_owned()))
        }
        "print-and-panic" => print_and_panic(),
        "log-flood" => {
            for number in 0..900 {
                let text = format!("line {number} {}", "x".repeat(1024));
                log::write(log::Level::Warn, &text, &[]);
            }
            said(Ok("logged".to_owned()))
        }
        "log-same" => {
            for number in 0..500 {
                let field = ("number".to_owned(), number.to_string());
                log::write(log::Level::Warn, "the same again", &[field]);
            }
            said(Ok("logged".to_owned()))
        }
        "log-forged" => {
            let field = ("a\n".to_owned(), "b\r\u{1b}[31m".to_owned());
            log::write(log::Level::Warn, "one\ntwo\u{2028}three", &[field]);
            said(Ok("logged".to_owned()))
        }
        "panic-forged" => panic_forged(),
        "host-call-size" => {
            let value = vec![1; MEBIBYTE];
            let stored = (0..1_000).map(|_| set("much", &value));
            said(Ok(stored.filter(Result::is_ok).count().to_string()))
        }
        "host-call-answers" => {
            let read = |_| (0..1_000).try_fold(None, |_, _| kv::get("much"));
            let read = set("much", &vec![1; MEBIBYTE]).and_then(read);
            said(read.map(|value| format!("{:?}", value.map(|value| value.len()))))
        }
        "host-call-names" => {
            let name = "x".repeat(MEBIBYTE);
            let asked = (0..1_000).map(|_| users::get(&name));
            said(Ok(asked.filter(Result::is_ok).count().to_string()))
        }
        "host-call-room" => {
            // One text that is referenced three times.
            let name = "x".repeat(2 * MEBIBYTE);
            said(channels::has_permission(&name, &name, &name).map(|_| "asked".to_owned()))
        }
        "kv-large" => said(set("large", &vec![1; 2 * MEBIBYTE])),
        "kv-huge" => said(set("huge", &vec![1; 100 * MEBIBYTE])),
        "kv-large-expectation" => {
            let expected = kv::Expected::Value(vec![1; 2 * MEBIBYTE]);
            said(kv::set("k", b"v", None, &expected).map(|()| "stored".to_owned()))
        }
        "kv-host-empty" => said(set("_jobs_00", &[])),
        "kv-empty" => said(set("empty", &[])),
        "kv-long-key" => said(set(&"k".repeat(151), b"x")),
        "kv-length" => {
            said(kv::get(argument).map(|value| value.unwrap_or_default().len().to_string()))
        }
        "kv-host-read" => said(kv::get(argument).map(|value| format!("{value:?}"))),
        "kv-host-write" => said(set(argument, b"mine")),
        "kv-host-delete" => {
            said(kv::delete(argument, &kv::Expected::Any).map(|()| "deleted".to_owned()))
        }
        "kv-host-list" => said(kv::list(0, 1_000).map(|keys| format!("{keys:?}"))),
        "bot" => said(bots::ensure()),
        "random" => {
            let bytes = wasi::random::random::get_random_bytes(argument.parse().unwrap_or(0));
            said(Ok(bytes.len().to_string()))
        }
        "resources" => {
            let resource = |_| wasi::clocks::monotonic_clock::subscribe_duration(1);
            let held: Vec<_> = (0..argument.parse().unwrap_or(0)).map(resource).collect();
            said(Ok(held.len().to_string()))
        }
        "audit" => {
            let mut words = argument.split('|');
            let action = words.next().unwrap_or_default();
            let mut number = || words.next().and_then(|word| word.parse().ok()).unwrap_or(1);
            let (records, details, bytes): (usize, usize, usize) = (number(), number(), number());
            let detail = |n| (format!("name{n}"), "x".repeat(bytes));
            let mut details: Vec<_> = (0..details).map(detail).collect();
            details.push(("event".to_owned(), "forged".to_owned()));
            details.reverse();
            for _ in 0..records {
                audit::write(action, audit::Outcome::Success, &details);
            }
            said(Ok("written".to_owned()))
        }
        "note" => {
            let (name, value) = argument.split_once('=').unwrap_or((argument, ""));
            let value = value.replace("%0A", "\n");
            said(observations::note(name, &value).map(|()| "noted".to_owned()))
        }
        "note-long" => {
            let length = argument.parse().unwrap_or(0);
            said(observations::note("long", &"x".repeat(length)).map(|()| "noted".to_owned()))
        }
        "note-many" => {
            let note = |n: usize| observations::note(&format!("name_{n}"), "value");
            let noted = (0..argument.parse().unwrap_or(0)).map(note);
            said(Ok(noted.filter(Result::is_ok).count().to_string()))
        }
        "notes" => said(observations::list().map(|all| format!("{all:?}"))),
        "call" => said(call(argument)),
        "posts" => said(posts::since(argument, 0).map(|posts| posts.len().to_string())),
        "bot-post" => said(
            bots::ensure()
                .and_then(|_| posts::create(Author::Bot, &draft(argument, "", "")))
                .map(|post| post.user_id),
        ),
        "command-named" => said(command_named(argument, Vec::new(), 0)),
        "command-broad" => said(command(vec![node(1); 501], 0)),
        "command-deep" => said(command((1..=9).map(node).collect(), 0)),
        "command-large" => said(command(Vec::new(), MEBIBYTE)),
        "dialog" => said(dialog(argument, 0, &[])),
        "dialog-large" => said(dialog("/answer", MEBIBYTE, &[])),
        "dialog-parts" => {
            let (elements, choices) = argument.split_once('|').unwrap_or_default();
            let choices = choices.parse().unwrap_or(0);
            let elements = vec![choices; elements.parse().unwrap_or(0)];
            said(dialog("/answer", 0, &elements))
        }
        "websocket" => said(publish(0)),
        "websocket-large" => said(publish(MEBIBYTE)),
        "preference" => {
            said(users::preference("somebody", argument, "name").map(|it| format!("{it:?}")))
        }
        "preference-delete" => said(
            users::delete_preference("somebody", argument, "name").map(|()| "deleted".to_owned()),
        ),
        "direct" => {
            let (one, other) = argument.split_once('|').unwrap_or((argument, ""));
            said(channels::direct(one, other).map(|channel| channel.id))
        }
        "denied-everywhere" => said(denied_everywhere(argument)),
        "post-with-button" => {
            let (channel, address) = argument.split_once('|').unwrap_or((argument, ""));
            said(post(channel, &button(address)))
        }
        "post-with-block" => {
            let (channel, address) = argument.split_once('|').unwrap_or((argument, ""));
            said(post(channel, &block(address)))
        }
        "ephemeral-with-button" => {
            let mut words = argument.split('|');
            let mut word = || words.next().unwrap_or_default();
            let (user, channel, address) = (word(), word(), word());
            let draft = draft(channel, "", &button(address));
            said(bots::ensure().and_then(|_| posts::ephemeral(user, &draft)))
        }
        "settings-ask" => said(ask(argument)),
        "settings-source" => said(Ok(format!("{:?}", config::settings_source()))),
        "settings-generate" => said(settings::generate(argument).map(|()| "generated".to_owned())),
        "post-read" => said(posts::get(argument).map(|post| post.props)),
        "post-copy" => {
            let copied = posts::get(argument).and_then(|read| post(&read.channel_id, &read.props));
            said(copied)
        }
        "origin" | "origin/other" => {
            let body = String::from_utf8_lossy(&request.body);
            let seen = format!(r#"{{"origin":"{:?}","body":{body}}}"#, request.origin);
            answer(200, Vec::new(), seen.into_bytes())
        }
        "post" => said(post(argument, "")),
        "post-with-prop" => {
            let (channel, name) = argument.split_once('|').unwrap_or((argument, ""));
            said(post(channel, &format!(r#"{{{name:?}:"x"}}"#)))
        }
        "post-of-kind" => {
            let (channel, kind) = argument.split_once('|').unwrap_or((argument, ""));
            said(post_of_kind(channel, kind))
        }
        "ephemeral-with-prop" => {
            let mut parts = argument.split('|');
            let mut part = || parts.next().unwrap_or_default();
            let (user, channel, name) = (part(), part(), part());
            let props = format!(r#"{{{name:?}:{{"post_id":"x"}}}}"#);
            let shown = bots::ensure()
                .and_then(|_| posts::ephemeral(user, &draft(channel, "slack_attachment", &props)));
            said(shown)
        }
        "post-update" => said(update(argument)),
        "post-in-view" => {
            let (user, channel) = argument.split_once('/').unwrap_or((argument, ""));
            said(posts::ephemeral(user, &draft(channel, "", "")))
        }
        "post-update-in-view" => {
            let mut ids = argument.split('/');
            let mut id = || ids.next().unwrap_or_default();
            let (user, post, channel) = (id(), id(), id());
            let replaced = posts::update_ephemeral(user, post, &draft(channel, "", ""));
            said(replaced.map(|()| "replaced".to_owned()))
        }
        "job" => said(jobs::enqueue("any", b"payload", 0).map(|()| "enqueued".to_owned())),
        "job-of-kind" => {
            let (kind, payload) = argument.split_once('|').unwrap_or((argument, ""));
            let stored = jobs::enqueue(kind, payload.as_bytes(), 0);
            said(stored.map(|()| "enqueued".to_owned()))
        }
        "jobs-flood" => said(flood()),
        "answer-status" => answer(argument.parse().unwrap_or(7), Vec::new(), Vec::new()),
        "answer-header" => {
            let (name, value) = argument.split_once('=').unwrap_or((argument, ""));
            let value = value.replace("%0D", "\r").replace("%0A", "\n");
            answer(200, vec![(name.to_owned(), value)], Vec::new())
        }
        "answer-many-headers" => {
            let headers = (0..100_000).map(|n| (format!("X-{n}"), "v".to_owned()));
            answer(200, headers.collect(), Vec::new())
        }
        "answer-large" => answer(200, Vec::new(), vec![b'x'; 17 * MEBIBYTE]),
        "answer-huge" => answer(200, Vec::new(), vec![b'x'; 1024 * MEBIBYTE]),
        "answer-click" => {
            let body = r#"{"update":{"message":"changed"}}"#;
            answer(200, Vec::new(), body.as_bytes().to_vec())
        }
        "answer-mebibytes" => {
            let size = argument.parse().unwrap_or(1);
            answer(200, Vec::new(), vec![b'x'; size * MEBIBYTE])
        }
        "answer-session" => {
            let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            let headers = vec![
                header("Set-Cookie", "MMAUTHTOKEN=stolen"),
                header("Clear-Site-Data", "\"*\""),
                header("Service-Worker-Allowed", "/"),
                header("Strict-Transport-Security", "max-age=0"),
                header("Access-Control-Allow-Origin", "https://evil.example"),
                header("X-Accel-Redirect", "/etc/passwd"),
                header("WWW-Authenticate", "Basic realm=\"Sign in again\""),
                header("X-Plugin-Own", "is let through"),
                header("Content-Security-Policy", "default-src *"),
            ];
            answer(200, headers, b"<script>alert(1)</script>".to_vec())
        }
        _ => answer(200, Vec::new(), b"harmless".to_vec()),
    }
}

fn answer(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Response {
    Response {
        status,
        headers,
        body,
    }
}

/// The outcome of an attack: 200 with the result, or 418 with the error of the host.
fn said(outcome: Result<String, Error>) -> Response {
    match outcome {
        Ok(text) => answer(200, Vec::new(), text.into_bytes()),
        Err(error) => answer(418, Vec::new(), format!("{error:?}").into_bytes()),
    }
}

fn environment() -> Response {
    let variables: Vec<_> = std::env::vars().collect();
    let arguments: Vec<_> = std::env::args().collect();
    let folder = std::env::current_dir().map_err(|error| error.kind());
    let mut line = String::new();
    let input = std::io::stdin()
        .read_line(&mut line)
        .map_err(|error| error.kind());
    said(Ok(format!(
        "{variables:?} {arguments:?} {folder:?} {input:?} {line:?}"
    )))
}

fn fetch(method: &str, url: &str, body: Vec<u8>, max_body: u32) -> Result<String, Error> {
    let request = http::Request {
        method: method.to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body,
        timeout: 2_000,
        max_body: max_body.max(1_000),
    };
    http::fetch(&request).map(|response| format!("{} {:?}", response.status, response.headers))
}

fn fetch_with_header(argument: &str) -> Result<String, Error> {
    let (name, value) = argument.split_once('=').unwrap_or((argument, ""));
    let value = value.replace("%0D", "\r").replace("%0A", "\n");
    fetch_with_headers(vec![(name.to_owned(), value)])
}

fn fetch_with_headers(headers: Vec<(String, String)>) -> Result<String, Error> {
    let request = http::Request {
        method: "GET".to_owned(),
        url: "https://listed.example/".to_owned(),
        headers,
        body: Vec::new(),
        timeout: 2_000,
        max_body: 1_000,
    };
    http::fetch(&request).map(|response| response.status.to_string())
}

fn set(key: &str, value: &[u8]) -> Result<String, Error> {
    kv::set(key, value, None, &kv::Expected::Any).map(|()| "stored".to_owned())
}

fn draft(channel_id: &str, kind: &str, props: &str) -> Draft {
    Draft {
        channel_id: channel_id.to_owned(),
        root_id: String::new(),
        message: "by somebody else".to_owned(),
        kind: kind.to_owned(),
        props: props.to_owned(),
        file_ids: Vec::new(),
    }
}

fn post(channel_id: &str, props: &str) -> Result<String, Error> {
    posts::create(Author::ActingUser, &draft(channel_id, "", props)).map(|post| post.user_id)
}

fn post_of_kind(channel_id: &str, kind: &str) -> Result<String, Error> {
    posts::create(Author::ActingUser, &draft(channel_id, kind, "")).map(|post| post.user_id)
}

/// Opens a settings form for the keys in a comma-separated list.
pub fn ask(keys: &str) -> Result<String, Error> {
    let keys: Vec<String> = keys.split(',').map(str::to_owned).collect();
    settings::ask("trigger", &keys).map(|()| "asked".to_owned())
}

/// Properties with a button that leads to this address.
fn button(address: &str) -> String {
    let integration = format!(r#"{{"url":{address:?},"context":{{"mine":1.50}}}}"#);
    let action =
        format!(r#"{{"id":"go","name":"Go","type":"button","integration":{integration}}}"#);
    format!(r#"{{"attachments":[{{"actions":[{action}]}}]}}"#)
}

/// Properties with a block whose action leads to this address.
fn block(address: &str) -> String {
    let action = format!(r#"{{"type":"external","url":{address:?},"context":{{"mine":1.50}}}}"#);
    format!(r#"{{"mm_blocks":[{{"type":"button"}}],"mm_blocks_actions":{{"go":{action}}}}}"#)
}

fn update(post_id: &str) -> Result<String, Error> {
    let change = Change {
        message: "something else".to_owned(),
        props: String::new(),
    };
    posts::update(post_id, &change).map(|post| post.id)
}

fn flood() -> Result<String, Error> {
    for count in 0..100_000 {
        if let Err(error) = jobs::enqueue("flood", &[0; 64], 3_600) {
            return Ok(format!("{count} jobs, then {error:?}"));
        }
    }
    Ok("100000 jobs".to_owned())
}

/// Allocates this number of MiB, keeps them for a second, and returns how many the host allowed.
fn hold(mebibytes: usize) -> String {
    let got = (0..mebibytes).take_while(|_| grow_memory_by(16)).count();
    std::thread::sleep(std::time::Duration::from_secs(1));
    got.to_string()
}

/// The same, but keeps them until a value is stored under `go`. Logs that the memory is allocated.
fn hold_on(mebibytes: usize) -> String {
    let got = (0..mebibytes).take_while(|_| grow_memory_by(16)).count();
    log::write(log::Level::Warn, &format!("holding {mebibytes}"), &[]);
    wait_for_go();
    got.to_string()
}

/// Waits until a value is stored under `go`.
pub fn wait_for_go() {
    while !matches!(kv::get("go"), Ok(Some(_))) {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// Calls an interface with a number of elements of a number of bytes: `interface|elements|bytes`.
fn call(argument: &str) -> Result<String, Error> {
    let mut parts = argument.split('|');
    let interface = parts.next().unwrap_or_default();
    let mut number = || parts.next().and_then(|part| part.parse().ok()).unwrap_or(0);
    let (count, bytes): (usize, usize) = (number(), number());
    let text = "x".repeat(bytes);
    let pairs = || vec![(text.clone(), text.clone()); count];
    let long = || "x".repeat(count);
    let done = |outcome: Result<(), Error>| outcome.map(|()| "done".to_owned());
    match interface {
        "poll" => {
            let pollable = wasi::clocks::monotonic_clock::subscribe_duration(1);
            let handles = vec![&pollable; count];
            Ok(wasi::io::poll::poll(&handles).len().to_string())
        }
        "log" => {
            log::write(log::Level::Warn, &text, &pairs());
            Ok("done".to_owned())
        }
        "audit" => {
            audit::write(&text, audit::Outcome::Fail, &pairs());
            Ok("done".to_owned())
        }
        "websocket" => {
            let audience = websocket::Audience::Connection((text.clone(), text.clone()));
            done(websocket::publish(&text, &pairs(), &audience))
        }
        "headers" => fetch_with_headers(pairs()),
        "nodes" => command(vec![node(bytes); count], 0),
        "path" => command(vec![node(count)], bytes),
        "files" => {
            let mut draft = draft("channel", "", "");
            draft.file_ids = vec![text; count];
            posts::create(Author::ActingUser, &draft).map(|post| post.id)
        }
        "ephemeral" => {
            let mut draft = draft("channel", "", "");
            draft.file_ids = vec![text; count];
            posts::ephemeral("user", &draft)
        }
        "elements" => dialog("/answer", bytes, &vec![0; count]),
        "choices" => dialog("/answer", bytes, &[count]),
        "message" => {
            let change = Change {
                message: long(),
                props: text,
            };
            posts::update("post", &change).map(|post| post.id)
        }
        "value" => {
            let expected = kv::Expected::Value(vec![1; count]);
            done(kv::set("much", &vec![1; count], None, &expected))
        }
        "job" => done(jobs::enqueue(&text, &vec![1; count], 3_600)),
        "file" => files::upload("channel", &text, &vec![1; count]),
        "user" => users::get(&long()).map(|user| user.id),
        "channel" => channels::get(&long()).map(|channel| channel.id),
        _ => Err(Error::NotFound),
    }
}

fn node(depth: usize) -> Node {
    Node {
        path: vec!["word".to_owned(); depth],
        hint: String::new(),
        help: String::new(),
        audience: Audience::Everyone,
        takes_text: false,
    }
}

fn command(nodes: Vec<Node>, description: usize) -> Result<String, Error> {
    command_named("hostile", nodes, description)
}

fn command_named(trigger: &str, nodes: Vec<Node>, description: usize) -> Result<String, Error> {
    let command = Command {
        trigger: trigger.to_owned(),
        description: "x".repeat(description),
        hint: String::new(),
        display_name: String::new(),
        icon: Vec::new(),
        nodes,
    };
    commands::register(&command).map(|()| "registered".to_owned())
}

/// Opens a dialog with elements that have this number of choices.
pub fn dialog(path: &str, state: usize, choices: &[usize]) -> Result<String, Error> {
    let choice = || Choice {
        label: String::new(),
        value: String::new(),
    };
    let element = |choices: usize| Element {
        name: String::new(),
        label: String::new(),
        kind: ElementKind::Select,
        default: String::new(),
        help: String::new(),
        placeholder: String::new(),
        optional: true,
        choices: (0..choices).map(|_| choice()).collect(),
    };
    let dialog = Dialog {
        callback_id: String::new(),
        title: String::new(),
        introduction: String::new(),
        submit_label: String::new(),
        state: "x".repeat(state),
        elements: choices.iter().map(|choices| element(*choices)).collect(),
    };
    dialogs::open("trigger", path, &dialog).map(|()| "opened".to_owned())
}

fn publish(size: usize) -> Result<String, Error> {
    let data = [("text".to_owned(), "x".repeat(size))];
    let audience = websocket::Audience::Channel("any".to_owned());
    websocket::publish("flood", &data, &audience).map(|()| "published".to_owned())
}

/// Calls each interface whose calls the server can deny, and lists the interfaces that returned a denial.
fn denied_everywhere(id: &str) -> Result<String, Error> {
    fn is_denied<T>(answer: Result<T, Error>) -> bool {
        matches!(answer, Err(Error::Denied(_)))
    }
    let calls = [
        ("kv", is_denied(kv::get("a"))),
        ("users", is_denied(users::get(id))),
        ("channels", is_denied(channels::get(id))),
        ("posts", is_denied(posts::get(id))),
        ("files", is_denied(files::upload(id, "name", b"content"))),
        ("bots", is_denied(bots::ensure())),
        ("commands", is_denied(command(Vec::new(), 0))),
        ("dialogs", is_denied(dialog("/answer", 0, &[]))),
        ("websocket", is_denied(publish(0))),
        ("jobs", is_denied(jobs::enqueue("any", b"payload", 0))),
    ];
    let denied = calls.iter().filter(|(_, denied)| *denied);
    Ok(denied.map(|(name, _)| *name).collect::<Vec<_>>().join(" "))
}

/// A job's attack: it posts as its user in the channel that its payload names, directly or in another job.
pub fn work(kind: &str, payload: &[u8]) {
    let channel = String::from_utf8_lossy(payload);
    let came_to = match kind {
        "post" => post(&channel, ""),
        // The other job may already run, and the test checks the outcome of that job.
        "post-later" => match jobs::enqueue("post", payload, 0) {
            Ok(()) => return,
            Err(error) => Err(error),
        },
        "ask" => ask("Token"),
        "generate" => settings::generate("Seal").map(|()| String::new()),
        _ => return,
    };
    let _ = set("came-to", format!("{came_to:?}").as_bytes());
}

#[expect(clippy::panic, reason = "an attack")]
fn panic_forged() -> Response {
    panic!("one\n2026-01-01 error forged")
}

/// Uses up the stack.
fn recurse(depth: u64) -> u64 {
    // The call uses a pointer, because the compiler would turn a direct call into a loop.
    let again = std::hint::black_box(recurse as fn(u64) -> u64);
    again(depth + 1) ^ depth
}

#[expect(clippy::print_stdout, reason = "an attack")]
fn print() {
    for _ in 0..100 {
        println!("{}", "x".repeat(64 * 1024));
    }
}

/// Prints some megabytes, and panics.
#[expect(clippy::panic, reason = "an attack")]
pub fn print_and_panic() -> ! {
    print();
    panic!("after all that")
}

/// Looks for data of an earlier event, and leaves data for a later one. Returns how often this was done, and how many
/// bytes of new memory were not zero.
fn keep() -> String {
    static KEPT: AtomicUsize = AtomicUsize::new(0);
    let kept = KEPT.fetch_add(1, Ordering::Relaxed);
    format!("{kept} {}", dirty_bytes_in_new_memory())
}

/// Opens a file. With this feature, the component must not load.
#[cfg(feature = "files")]
pub fn open_the_forbidden() -> bool {
    std::fs::read("/etc/passwd").is_ok()
}

/// Opens a connection and resolves a name. With this feature, the component must not load.
#[cfg(feature = "sockets")]
pub fn open_the_forbidden() -> bool {
    std::net::TcpStream::connect("example.com:443").is_ok()
}

/// Calls an interface that does not exist. With this feature, the component must not load.
#[cfg(feature = "invented")]
pub fn open_the_forbidden() -> bool {
    crate::bindings::invented::attacker::tools::door::open();
    true
}

/// Without these features, the component has no forbidden imports.
#[cfg(not(any(feature = "files", feature = "sockets", feature = "invented")))]
pub fn open_the_forbidden() -> bool {
    false
}
