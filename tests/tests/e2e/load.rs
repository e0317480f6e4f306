//! A thousand concurrent requests, and clients that disconnect early.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use plugin_tests::client::{Answer, Client};
use plugin_tests::process::wait_until;
use plugin_tests::site::{PLUGIN, Site, explain};
use plugin_tests::zoom::{Fault, Route, Webhook};
use serde_json::json;

use crate::world::*;

pub const CHECKS: &[Check] = &[
    (
        "as_many_as_allowed_are_all_served_at_once",
        within_the_limit,
    ),
    ("a_thousand_requests_at_once_are_answered_right", thousand),
    (
        "a_client_that_goes_away_while_sending_harms_nobody",
        gone_while_sending,
    ),
    (
        "a_client_that_goes_away_while_waiting_harms_nobody",
        gone_while_waiting,
    ),
    ("the_server_still_finds_the_plugin_healthy", healthy),
];

const REQUESTS: usize = 1000;
/// The number of concurrent events in the plugin's manifest.
const AT_ONCE: usize = 64;
/// The `Retry-After` of a request that timed out, in seconds.
const AGAIN: [u64; 2] = [SOONEST, 60];
/// The `Retry-After` of a request without a slot, in seconds.
const SOONEST: u64 = 2;
/// The longest filler of a request of at most one mebibyte.
const LARGEST: usize = 1024 * 1024 - 256;
/// The maximum memory of the process, in KiB: 64 events of 8 MiB each.
const MEMORY: u64 = 64 * 8 * 1024;

/// Zoom's validation of an address: the response contains the token of the request and its hash. A filler next to the
/// token makes the body long, because the token's length is limited.
fn validation(site: &Site, token: &str) -> Webhook {
    let payload = json!({"plainToken": short(token), "filler": token});
    let body = json!({"event": "endpoint.url_validation", "event_ts": 1, "payload": payload});
    site.zoom.webhook_with(body.to_string())
}

fn short(token: &str) -> String {
    let letters = token.chars().filter(char::is_ascii_alphanumeric);
    letters.take(100).collect()
}

fn is_right(site: &Site, token: &str, answer: &Answer) -> bool {
    let token = short(token);
    let hash = Webhook::encrypted_token(&site.zoom.app().webhook_secret, &token);
    answer.json() == json!({"plainToken": token, "encryptedToken": hash})
}

/// A token with its own length and content.
fn token(number: usize) -> String {
    let length = LARGEST * number / (REQUESTS - 1);
    let mut token = format!("{number}.");
    while token.len() < length {
        token.push_str("aB3dE6gH9j");
    }
    token.truncate(length.max(4));
    token
}

/// With more concurrent requests than the plugin accepts, a response is either correct or has `Retry-After`, and a
/// repeated request is served.
fn thousand(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    let before = process(site);
    let together = Barrier::new(REQUESTS);
    let ask = |number: usize| {
        let token = token(number);
        let webhook = validation(site, &token);
        together.wait();
        let mut refusals = 0_usize;
        loop {
            let answer = site.deliver(&webhook);
            let answer = answer.unwrap_or_else(|error| panic!("{number}: {}", explain(&error)));
            match answer.status {
                200 => {
                    assert!(is_right(site, &token, &answer), "answer {number} is wrong");
                    return refusals;
                }
                503 => {
                    let seconds = answer.header("Retry-After").parse();
                    let seconds: u64 = seconds.expect("503 says when to come again");
                    assert!(AGAIN.contains(&seconds), "{seconds} seconds");
                    refusals += 1;
                    assert!(refusals < 60, "{number} is never served");
                    // Zoom gets a minute if the response is late; a slot may be free earlier.
                    thread::sleep(Duration::from_secs(seconds.min(SOONEST)));
                }
                status => panic!("{number} was answered {status}: {}", answer.text()),
            }
        }
    };
    let ask = &ask;
    let refusals: Vec<usize> = thread::scope(|scope| {
        let threads: Vec<_> = (0..REQUESTS)
            .map(|number| {
                let builder = thread::Builder::new().stack_size(512 * 1024);
                builder.spawn_scoped(scope, move || ask(number)).unwrap()
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let at_once = refusals.iter().filter(|refusals| **refusals == 0).count();
    assert!(
        at_once >= AT_ONCE,
        "only {at_once} were served without coming again"
    );
    let peak = peak_memory(before);
    assert!(peak < MEMORY, "{peak} KiB");
    assert_eq!(process(site), before);
    assert!(is_right(
        site,
        "after",
        &site.deliver(&validation(site, "after"))?
    ));
    Ok(())
}

/// Within the limit of concurrent requests, no request is rejected.
fn within_the_limit(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    thread::scope(|scope| {
        for worker in 0..AT_ONCE / 2 {
            scope.spawn(move || {
                for number in (worker..REQUESTS).step_by(AT_ONCE / 2) {
                    let token = token(number);
                    let answer = site.deliver(&validation(site, &token)).unwrap();
                    assert_eq!(answer.status, 200, "{number}: {}", answer.text());
                    assert!(is_right(site, &token, &answer), "answer {number} is wrong");
                }
            });
        }
    });
    Ok(())
}

/// The peak memory of a process, in KiB.
fn peak_memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap()
}

/// Opens a connection and sends the beginning of a request.
fn send(site: &Site, head: &str, body: &[u8]) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", site.server.port()))?;
    stream.write_all(format!("{head}\r\nHost: localhost\r\n\r\n").as_bytes())?;
    stream.write_all(body)?;
    Ok(stream)
}

fn gone_while_sending(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let before = process(site);
    let webhook = validation(site, &token(REQUESTS - 1));
    let mut head = format!(
        "POST /plugins/zoom/webhook?secret={} HTTP/1.1",
        site.webhook_secret
    );
    head.push_str(&format!("\r\nContent-Length: {}", webhook.body.len()));
    for (name, value) in webhook.headers() {
        head.push_str(&format!("\r\n{name}: {value}"));
    }
    for part in [0, 1, 1000, 4096, 65_536, 500_000, webhook.body.len() - 1] {
        for _ in 0..20 {
            drop(send(site, &head, &webhook.body.as_bytes()[..part])?);
        }
    }
    // The same head with a complete body is served, so the head is valid.
    let mut whole = send(
        site,
        &head.replace("HTTP/1.1", "HTTP/1.0"),
        webhook.body.as_bytes(),
    )?;
    let mut answer = String::new();
    whole.read_to_string(&mut answer)?;
    assert!(
        answer.starts_with("HTTP/1.0 200"),
        "{}",
        &answer[..answer.len().min(300)]
    );
    assert!(is_right(
        site,
        "after",
        &site.deliver(&validation(site, "after"))?
    ));
    assert_eq!(process(site), before);
    Ok(())
}

fn gone_while_waiting(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = connected(site)?;
    let rooms = rooms(site, &ada, 5)?;
    let before = process(site);
    let asked = site.zoom.count(Route::CreateMeeting);
    for _ in 0..5 {
        site.zoom.fail_next(Route::CreateMeeting, Fault::Silence);
    }
    for (number, room) in (1..).zip(&rooms) {
        let body = json!({"channel_id": room.channel}).to_string();
        let head = format!(
            "POST /plugins/zoom/api/v1/meetings HTTP/1.1\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nX-Requested-With: XMLHttpRequest\r\nContent-Length: {}",
            ada.client.token(),
            body.len()
        );
        let stream = send(site, &head, body.as_bytes())?;
        let reached = || (site.zoom.count(Route::CreateMeeting) >= asked + number).then_some(());
        wait_until(SOON, reached).ok_or("the request did not reach Zoom")?;
        drop(stream);
    }
    // Other requests are served during and after the hanging ones.
    assert!(is_right(
        site,
        "meanwhile",
        &site.deliver(&validation(site, "meanwhile"))?
    ));
    site.zoom.release();
    assert!(is_right(
        site,
        "after",
        &site.deliver(&validation(site, "after"))?
    ));
    let rest = ada.client.plugin_json(
        "/api/v1/meetings?force=1",
        &json!({"channel_id": room.channel}),
    )?;
    assert_eq!(rest.status, 200, "{}", rest.text());
    assert_eq!(process(site), before);
    Ok(())
}

/// The server checks every thirty seconds and restarts a plugin that does not respond.
fn healthy(world: &mut World) -> Outcome {
    let site = world.ready()?;
    assert_eq!(site.administrator.plugin_state(PLUGIN)?, Some(2));
    let log = site.server.log_text();
    for sign in [
        "Health check failed",
        "health check failed",
        "plugin crashed",
        "Plugin failed to stay",
    ] {
        let line = log.lines().find(|line| line.contains(sign));
        assert!(line.is_none(), "{}", line.unwrap_or_default());
    }
    assert_eq!(
        site.zoom.count(Route::Unknown),
        0,
        "Zoom has no such address"
    );
    assert!(
        Client::new(&site.server.url())
            .get("/api/v4/system/ping")
            .is_ok()
    );
    Ok(())
}
