//! Attacks in requests.

use futures_util::future::join_all;

use crate::{HostilePlugin, text};

/// The expected outcome of an attack.
enum Meets {
    /// The component gets an error that contains this text.
    Refusal(&'static str),
    /// The event ends with status 500 and a log line that contains this text. It is counted as a time limit, a trap
    /// with this reason, or a denied response.
    End(&'static str, &'static str),
    /// The response contains this text, and nothing else happens.
    Only(&'static str),
}
use Meets::{End, Only, Refusal};

/// Each attack, its expected outcome, and the interface whose denial counter it increases.
const ATTACKS: &[(&str, Meets, &str)] = &[
    // Interfaces that do not exist
    ("/environment", Only("[] [] "), ""),
    // Hosts
    (
        "/fetch?https://unlisted.example/",
        Refusal("Denied"),
        "http",
    ),
    (
        "/fetch?https://listed.example.evil.example/",
        Refusal("Denied"),
        "http",
    ),
    (
        "/fetch?https://a.listed.example/",
        Refusal("Denied"),
        "http",
    ),
    (
        "/fetch?https://listed.example:8443/",
        Refusal("Denied"),
        "http",
    ),
    ("/fetch?http://listed.example/", Refusal("Denied"), "http"),
    (
        "/fetch?https://listed.example@evil.example/",
        Refusal("Denied"),
        "http",
    ),
    (
        "/fetch?https://user:pw@listed.example/",
        Refusal("Denied"),
        "http",
    ),
    ("/fetch?ftp://listed.example/", Refusal("Denied"), "http"),
    ("/fetch?file:///etc/passwd", Refusal("Denied"), "http"),
    ("/fetch?//listed.example/", Refusal("Invalid"), ""),
    ("/fetch?not%20a%20url", Refusal("Invalid"), ""),
    // Names and addresses in the policy that are loopback
    (
        "/fetch?https://localhost/",
        Refusal("not a public address"),
        "http",
    ),
    (
        "/fetch?https://127.0.0.1/",
        Refusal("not a public address"),
        "http",
    ),
    (
        "/fetch?https://2130706433/",
        Refusal("not a public address"),
        "http",
    ),
    (
        "/fetch?https://0x7f.1/",
        Refusal("not a public address"),
        "http",
    ),
    (
        "/fetch?https://127.1/",
        Refusal("not a public address"),
        "http",
    ),
    (
        "/fetch?https://[::1]/",
        Refusal("not a public address"),
        "http",
    ),
    (
        "/fetch?https://[::ffff:127.0.0.1]/",
        Refusal("not a public address"),
        "http",
    ),
    (
        "/fetch?https://169.254.169.254/latest/meta-data/",
        Refusal("not a public address"),
        "http",
    ),
    (
        "/fetch?https://[64:ff9b::169.254.169.254]/",
        Refusal("not a public address"),
        "http",
    ),
    (
        "/fetch?https://[2002:0a00:0001::1]/",
        Refusal("not a public address"),
        "http",
    ),
    // Parts of the request
    ("/fetch-with-method?TRACE", Refusal("Invalid"), ""),
    ("/fetch-with-method?GET%20/%20HTTP", Refusal("Invalid"), ""),
    (
        "/fetch-with-header?Host=evil.example",
        Refusal("Invalid"),
        "",
    ),
    (
        "/fetch-with-header?X-A=b%0D%0AX-C: d",
        Refusal("Invalid"),
        "",
    ),
    (
        "/fetch-with-header?Transfer-Encoding=chunked",
        Refusal("Invalid"),
        "",
    ),
    (
        "/fetch-with-header?Keep-Alive=timeout=60",
        Refusal("the host's own"),
        "",
    ),
    (
        "/fetch-with-header?Proxy-Connection=close",
        Refusal("the host's own"),
        "",
    ),
    (
        "/fetch-with-header?expect=100-continue",
        Refusal("the host's own"),
        "",
    ),
    ("/fetch-with-a-large-body", Refusal("TooLarge"), ""),
    ("/fetch-with-many-headers", Refusal("TooLarge"), ""),
    ("/fetch-with-large-headers", Refusal("TooLarge"), ""),
    // Memory, time, calls
    ("/memory-at-once", Only("false"), ""),
    ("/memory-bit-by-bit", Only(" MiB more"), ""),
    ("/loop", End("time limit", "timeout"), ""),
    ("/sleep", End("time limit", "timeout"), ""),
    ("/recursion", End("call stack exhausted", "stack"), ""),
    (
        "/host-calls",
        End("more host calls than its limit allows", "calls"),
        "",
    ),
    (
        "/host-call-size",
        End("transferred more data in host calls", "size"),
        "",
    ),
    (
        "/host-call-answers",
        End("transferred more data in host calls", "size"),
        "",
    ),
    (
        "/host-call-names",
        End("transferred more data in host calls", "size"),
        "",
    ),
    ("/log-huge", End("too much data", "size"), ""),
    ("/log-one-text-many-times", End("too much data", "size"), ""),
    ("/kv-huge", End("too much data", "size"), ""),
    // The store
    ("/kv-large", Refusal("TooLarge"), ""),
    ("/kv-large-expectation", Refusal("TooLarge"), ""),
    ("/kv-host-empty", Refusal("Denied"), "kv"),
    ("/kv-empty", Refusal("Invalid"), ""),
    ("/kv-long-key", Refusal("a key has 1 to 150 "), ""),
    // Old names of the host's records, and records of the server
    (
        "/kv-host-read?WlxVV+iSHmv+JlUKuSToIPVF8Wm8Mu+Wk4frc31SrY4=",
        Refusal("look like a hash"),
        "kv",
    ),
    (
        "/kv-host-write?WlxVV+iSHmv+JlUKuSToIPVF8Wm8Mu+Wk4frc31SrY4=",
        Refusal("look like a hash"),
        "kv",
    ),
    (
        "/kv-host-delete?WlxVV+iSHmv+JlUKuSToIPVF8Wm8Mu+Wk4frc31SrY4=",
        Refusal("look like a hash"),
        "kv",
    ),
    ("/kv-host-read?mmi_botid", Refusal("Denied"), "kv"),
    ("/kv-host-write?mmi_botid", Refusal("Denied"), "kv"),
    ("/kv-host-write?MMI_botid", Refusal("Denied"), "kv"),
    (
        "/kv-host-write?mutex_mmi_bot_ensure",
        Refusal("Denied"),
        "kv",
    ),
    ("/kv-host-write?\u{200b}_host_key", Refusal("Invalid"), ""),
    ("/kv-host-write?\u{ff3f}post_1", Refusal("Invalid"), ""),
    ("/kv-host-read?_jobs_00", Refusal("Denied"), "kv"),
    ("/kv-host-read?_", Refusal("Denied"), "kv"),
    ("/kv-host-write?_host_key", Refusal("Denied"), "kv"),
    ("/kv-host-delete?_jobs_00", Refusal("Denied"), "kv"),
    ("/kv-host-list", Only("([\"much\", \"visible\"])"), ""),
    // Accounts, buttons, commands, events
    ("/command-named?logout", Refusal("Denied"), "commands"),
    ("/command-named?Hostile", Refusal("Denied"), "commands"),
    (
        "/preference?display_settings",
        Refusal("plugin:hostile"),
        "users",
    ),
    (
        "/preference-delete?direct_channel_show",
        Refusal("plugin:hostile"),
        "users",
    ),
    (
        "/preference-delete?plugin:other",
        Refusal("plugin:hostile"),
        "users",
    ),
    ("/preference-delete?plugin:hostile", Only("deleted"), ""),
    ("/direct?one|other", Refusal("Denied"), "channels"),
    ("/direct?|", Refusal("Denied"), "channels"),
    ("/dialog?answer", Refusal("Denied"), "dialogs"),
    ("/dialog?//evil.example/", Refusal("Denied"), "dialogs"),
    ("/dialog?/../other/route", Refusal("Denied"), "dialogs"),
    ("/dialog?/%2e%2e/other/route", Refusal("Denied"), "dialogs"),
    ("/dialog?/x?y=/../../../other", Refusal("Denied"), "dialogs"),
    ("/dialog?/\\..\\other", Refusal("Denied"), "dialogs"),
    ("/random?65536", Only("65536"), ""),
    ("/random?65537", End("at most 65536 are given", "other"), ""),
    ("/resources?900", Only("900"), ""),
    ("/resources?1100", End("no free keys", "other"), ""),
    ("/dialog-large", Refusal("TooLarge"), ""),
    ("/dialog-parts?51|0", Refusal("TooLarge"), ""),
    ("/dialog-parts?11|91", Refusal("TooLarge"), ""),
    ("/command-broad", Refusal("TooLarge"), ""),
    ("/command-deep", Refusal("TooLarge"), ""),
    ("/command-large", Refusal("TooLarge"), ""),
    ("/websocket-large", Refusal("TooLarge"), ""),
    // Jobs
    ("/job-of-kind?|payload", Refusal("Invalid"), ""),
    ("/job-of-kind?a b|payload", Refusal("Invalid"), ""),
    ("/job-of-kind?a\u{1b}[31m|payload", Refusal("Invalid"), ""),
    ("/job-of-kind?\u{202e}a|payload", Refusal("Invalid"), ""),
    (
        "/job-of-kind?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa|payload",
        Refusal("Invalid"),
        "",
    ),
    // Responses
    (
        "/answer-status?7",
        End("status outside 200 to 599", "answer"),
        "",
    ),
    (
        "/answer-status?0",
        End("status outside 200 to 599", "answer"),
        "",
    ),
    (
        "/answer-status?101",
        End("status outside 200 to 599", "answer"),
        "",
    ),
    (
        "/answer-status?600",
        End("status outside 200 to 599", "answer"),
        "",
    ),
    (
        "/answer-header?bad name=x",
        End("invalid header name", "answer"),
        "",
    ),
    (
        "/answer-header?=x",
        End("invalid header name", "answer"),
        "",
    ),
    (
        "/answer-header?X-A=b%0D%0ASet-Cookie: c",
        End("invalid header value", "answer"),
        "",
    ),
    (
        "/answer-many-headers",
        End("64 KiB of headers", "answer"),
        "",
    ),
    ("/answer-large", End("more than 16 MiB", "answer"), ""),
    ("/answer-huge", End("memory limit", "memory"), ""),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_attack_is_refused_and_counted_and_affects_no_other_event() {
    let hostile = HostilePlugin::open().await;
    hostile.api.world().store("visible", "1");
    hostile.api.world().store("_jobs_00", "[]");
    hostile.api.world().store("mmi_botid", "bot");
    hostile.api.world().store_hashed("_host_key", "author");
    let mut wrong = Vec::new();
    for (url, meets, interface) in ATTACKS {
        let counter = match meets {
            End(_, "timeout") => TIMEOUTS.to_owned(),
            End(_, "answer") => denials("answer"),
            End(_, reason) => traps(reason),
            Refusal(_) | Only(_) => denials(interface),
        };
        let expected = u64::from(matches!(meets, End(..)) || !interface.is_empty());
        let before = hostile.counted(&counter);
        hostile.api.world().log.clear();
        let reply = hostile.attack(url).await;
        let (said, log) = (text(&reply), hostile.log());
        let met = match meets {
            Refusal(with) => reply.status == 418 && said.contains(with),
            End(with, _) => reply.status == 500 && log.contains(with) && !said.contains(with),
            Only(with) => reply.status == 200 && said.contains(with),
        };
        if !met {
            wrong.push(format!(
                "{url}: {} {said:.300}; log {log:.600}",
                reply.status
            ));
        }
        if hostile.counted(&counter) != before + expected {
            wrong.push(format!("{url}: not counted as {counter}"));
        }
        hostile.serves_requests().await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let world = hostile.api.world();
    assert_eq!(world.stored("_jobs_00"), Some(b"[]".as_slice()));
    assert!(world.posts.is_empty() && world.dialogs.is_empty() && world.events.is_empty());
    assert!(world.commands.is_empty() && world.bots_asked_for.is_empty());
}

const TIMEOUTS: &str = "plugin_host_events_total{kind=\"request\",outcome=\"timeout\"}";

fn traps(reason: &str) -> String {
    format!("plugin_host_traps_total{{reason=\"{reason}\"}}")
}

fn denials(interface: &str) -> String {
    format!("plugin_host_denials_total{{interface=\"{interface}\"}}")
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_memory_is_left_for_the_next_event() {
    let hostile = HostilePlugin::open().await;
    // The component sees leftovers within one event.
    assert_eq!(text(&hostile.attack("/keep-twice").await), "1 0");
    // Memory slots are reused in last-in, first-out order, so these events reuse each other's slots.
    for _ in 0..20 {
        let attacks = (0..32).map(|_| hostile.attack("/keep"));
        for reply in join_all(attacks).await {
            assert_eq!(text(&reply), "0 0");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn response_headers_that_affect_the_site_are_removed() {
    let hostile = HostilePlugin::open().await;
    let reply = hostile.attack("/answer-session").await;
    assert_eq!(reply.status, 200);
    let names: Vec<&str> = reply
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    for withheld in [
        "set-cookie",
        "clear-site-data",
        "service-worker-allowed",
        "strict-transport-security",
        "access-control-allow-origin",
        "x-accel-redirect",
        "www-authenticate",
    ] {
        assert!(!names.contains(&withheld), "{names:?}");
    }
    assert!(names.contains(&"x-plugin-own"), "{names:?}");
    let policies = reply
        .headers
        .iter()
        .filter(|(name, _)| name == "content-security-policy");
    assert!(
        policies
            .into_iter()
            .any(|(_, value)| value.starts_with("sandbox"))
    );
    assert!(
        reply
            .headers
            .contains(&("x-content-type-options".to_owned(), "nosniff".to_owned()))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_returned_to_the_component_and_the_policy_applies_to_the_next_request() {
    use std::io::{Read, Write};
    let home = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://127.0.0.1:{}", home.local_addr().unwrap().port());
    let serving = std::thread::spawn(move || {
        let (mut stream, _) = home.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        let answer =
            "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let hostile = HostilePlugin::with(serde_json::json!({"home": address})).await;
    let reply = hostile.attack(&format!("/fetch?{address}/")).await;
    assert_eq!(reply.status, 200, "{}", text(&reply));
    assert!(text(&reply).starts_with("302"), "{}", text(&reply));
    serving.join().unwrap();
    let hop = hostile.attack("/fetch?http://169.254.169.254/").await;
    assert_eq!(hop.status, 418, "{}", text(&hop));
    // The setting allows only its exact scheme and port.
    let other = hostile.attack("/fetch?http://127.0.0.1:1/").await;
    assert!(text(&other).contains("Denied"), "{}", text(&other));
}

/// Each interface counts calls that the server forbids.
#[tokio::test(flavor = "multi_thread")]
async fn a_denial_is_counted_for_the_interface_of_the_call() {
    let hostile = HostilePlugin::open().await;
    hostile.api.world().forbidden = true;
    let said = text(&hostile.attack("/denied-everywhere?some-id").await);
    let all = "kv users channels posts files bots commands dialogs websocket jobs";
    assert_eq!(said, all);
    for interface in all.split(' ') {
        assert_eq!(hostile.denials(interface), 1, "{interface}");
    }
}
