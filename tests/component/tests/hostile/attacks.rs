//! Attacks by way of a request.

use futures_util::future::join_all;

use crate::{Den, text};

/// What an attack must meet.
enum Meets {
    /// An error that the component is told, with this in it.
    Refusal(&'static str),
    /// The end of the event: 500, and this in the log.
    End(&'static str),
    /// Nothing but this.
    Only(&'static str),
}
use Meets::{End, Only, Refusal};

/// Each attack, what it must meet, and the interface whose denials it must be counted among.
const ATTACKS: &[(&str, Meets, &str)] = &[
    // What is not there
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
    // A name, or a literal, that the policy lists and that is loopback
    (
        "/fetch?https://localhost/",
        Refusal("does not resolve to a public address"),
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
    ("/fetch?https://[::1]/", Refusal("Denied"), "http"),
    (
        "/fetch?https://[::ffff:127.0.0.1]/",
        Refusal("Denied"),
        "http",
    ),
    (
        "/fetch?https://169.254.169.254/latest/meta-data/",
        Refusal("Denied"),
        "http",
    ),
    // What the request is made of
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
    ("/fetch-with-a-large-body", Refusal("TooLarge"), ""),
    // Memory, time, calls
    ("/memory-at-once", Only("false"), ""),
    ("/memory-bit-by-bit", Only(" MiB more"), ""),
    ("/loop", End("time limit"), ""),
    ("/sleep", End("time limit"), ""),
    ("/recursion", End("call stack exhausted"), ""),
    (
        "/host-calls",
        End("more host calls than its limit allows"),
        "",
    ),
    ("/log-huge", End("too much data"), ""),
    ("/log-one-text-many-times", End("too much data"), ""),
    ("/kv-huge", End("too much data"), ""),
    // The store
    ("/kv-large", Refusal("TooLarge"), ""),
    ("/kv-large-expectation", Refusal("TooLarge"), ""),
    ("/kv-host-empty", Refusal("Denied"), "kv"),
    ("/kv-empty", Refusal("Invalid"), ""),
    ("/kv-long-key", Refusal("a key has 1 to 150 characters"), ""),
    ("/kv-host-read?_jobs_00", Refusal("Denied"), "kv"),
    ("/kv-host-read?_", Refusal("Denied"), "kv"),
    ("/kv-host-write?_post_1", Refusal("Denied"), "kv"),
    ("/kv-host-delete?_jobs_00", Refusal("Denied"), "kv"),
    ("/kv-host-list", Only("[\"visible\"]"), ""),
    // Answers
    (
        "/answer-status?7",
        End("status outside 200 to 599"),
        "answer",
    ),
    (
        "/answer-status?0",
        End("status outside 200 to 599"),
        "answer",
    ),
    (
        "/answer-status?101",
        End("status outside 200 to 599"),
        "answer",
    ),
    (
        "/answer-status?600",
        End("status outside 200 to 599"),
        "answer",
    ),
    (
        "/answer-header?bad name=x",
        End("invalid header name"),
        "answer",
    ),
    ("/answer-header?=x", End("invalid header name"), "answer"),
    (
        "/answer-header?X-A=b%0D%0ASet-Cookie: c",
        End("invalid header value"),
        "answer",
    ),
    ("/answer-many-headers", End("64 KiB of headers"), "answer"),
    ("/answer-large", End("more than 16 MiB"), "answer"),
    ("/answer-huge", End("memory limit"), ""),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_attack_meets_its_refusal_is_counted_and_hurts_nobody_else() {
    let den = Den::open().await;
    den.api.world().store("visible", "1");
    den.api.world().store("_jobs_00", "[]");
    let mut wrong = Vec::new();
    for (url, meets, interface) in ATTACKS {
        let before = (
            den.denials(interface),
            den.counted(TRAPS),
            den.counted(TIMEOUTS),
        );
        den.api.world().log.clear();
        let reply = den.attack(url).await;
        let (said, log) = (text(&reply), den.log());
        let met = match meets {
            Refusal(with) => reply.status == 418 && said.contains(with),
            End(with) => reply.status == 500 && log.contains(with) && !said.contains(with),
            Only(with) => reply.status == 200 && said.contains(with),
        };
        if !met {
            wrong.push(format!(
                "{url}: {} {said:.300}; log {log:.600}",
                reply.status
            ));
        }
        if !interface.is_empty() && den.denials(interface) != before.0 + 1 {
            wrong.push(format!("{url}: the denial is not counted"));
        }
        let ended = den.counted(TRAPS) + den.counted(TIMEOUTS) - before.1 - before.2;
        if matches!(meets, End(_)) && interface.is_empty() && ended != 1 {
            wrong.push(format!("{url}: the end of the event is not counted"));
        }
        den.is_unhurt().await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let world = den.api.world();
    assert_eq!(world.stored("_jobs_00"), Some(b"[]".as_slice()));
    assert!(world.posts.is_empty());
}

const TRAPS: &str = "plugin_host_events_total{kind=\"request\",outcome=\"trap\"}";
const TIMEOUTS: &str = "plugin_host_events_total{kind=\"request\",outcome=\"timeout\"}";

#[tokio::test(flavor = "multi_thread")]
async fn memory_ends_at_the_limit_of_the_policy() {
    let den = Den::open().await;
    let said = text(&den.attack("/memory-bit-by-bit").await);
    let more: usize = said.split(' ').next().unwrap().parse().unwrap();
    assert!((250..256).contains(&more), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_memory_is_left_for_the_next_event() {
    let den = Den::open().await;
    // So the component would see it.
    assert_eq!(text(&den.attack("/keep-twice").await), "1 0");
    // The room that was used last is used first, so these get each other's.
    for _ in 0..20 {
        let attacks = (0..32).map(|_| den.attack("/keep"));
        for reply in join_all(attacks).await {
            assert_eq!(text(&reply), "0 0");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_component_writes_into_the_log_is_cut() {
    let den = Den::open().await;
    den.api.world().log.clear();
    assert_eq!(den.attack("/log-long").await.status, 200);
    assert_eq!(den.attack("/log-many-fields").await.status, 200);
    assert_eq!(den.attack("/print").await.status, 200);
    // What was printed is told when the event ends badly.
    assert_eq!(den.attack("/print-and-panic").await.status, 500);
    let log = den.api.world().log.clone();
    let long = log
        .iter()
        .find(|line| line.message.starts_with("xxx"))
        .unwrap();
    assert!(long.message.len() <= 8 * 1024);
    let many = log.iter().find(|line| line.message == "many").unwrap();
    assert!(many.fields.len() <= 16);
    assert!(format!("{log:?}").len() < 64 * 1024);
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_are_from_whoever_asked_and_look_like_it() {
    let den = Den::open().await;
    let (eve, channel, foreign) = {
        let mut world = den.api.world();
        let eve = world.add_user("eve", "system_user");
        let ann = world.add_user("ann", "system_user");
        let channel = world.add_channel("town", "O", &[&eve, &ann]);
        (eve, channel, ann)
    };
    let own = den.attack_as(&format!("/post?{channel}"), Some(&eve)).await;
    assert_eq!((own.status, text(&own).as_str()), (200, eve.as_str()));
    let nobodys = den.attack(&format!("/post?{channel}")).await;
    assert!(
        text(&nobodys).contains("no user caused this event"),
        "{}",
        text(&nobodys)
    );
    den.api.world().posts.clear();
    for url in [
        format!("/post-with-props?{channel}"),
        format!("/post-of-a-system-kind?{channel}"),
    ] {
        let reply = den.attack_as(&url, Some(&eve)).await;
        assert_eq!(reply.status, 418, "{url}: {}", text(&reply));
        let nobody = den.attack(&url).await;
        assert_eq!(nobody.status, 418, "{url}: {}", text(&nobody));
    }
    // Somebody else's post, which the plugin did not create.
    let post = den.api.world().add_post(&foreign, &channel, "ann's own");
    let reply = den
        .attack_as(&format!("/post-update?{post}"), Some(&eve))
        .await;
    assert_eq!(reply.status, 418, "{}", text(&reply));
    let world = den.api.world();
    assert_eq!(world.posts.len(), 1);
    assert_eq!(world.posts[0].message, "ann's own");
    drop(world);
    assert!(den.denials("posts") >= 3, "{}", den.plugin.prometheus());
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_cannot_reach_into_the_site() {
    let den = Den::open().await;
    let reply = den.attack("/answer-session").await;
    assert_eq!(reply.status, 200);
    let names: Vec<&str> = reply
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    for withheld in ["set-cookie", "clear-site-data", "service-worker-allowed"] {
        assert!(!names.contains(&withheld), "{names:?}");
    }
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
async fn a_redirect_out_is_handed_to_the_component_and_its_next_hop_meets_the_policy() {
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
    let den = Den::with(serde_json::json!({"home": address})).await;
    let reply = den.attack(&format!("/fetch?{address}/")).await;
    assert_eq!(reply.status, 200, "{}", text(&reply));
    assert!(text(&reply).starts_with("302"), "{}", text(&reply));
    serving.join().unwrap();
    let hop = den.attack("/fetch?http://169.254.169.254/").await;
    assert_eq!(hop.status, 418, "{}", text(&hop));
    // The setting vouches for that very scheme and port.
    let other = den.attack("/fetch?http://127.0.0.1:1/").await;
    assert!(text(&other).contains("Denied"), "{}", text(&other));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_jobs_ends_at_the_limit_of_host_calls_and_the_queue_stays_whole() {
    let den = Den::open().await;
    let reply = den.attack("/jobs-flood").await;
    // Whichever comes first, the limit of calls or a full queue.
    assert!(matches!(reply.status, 200 | 500), "{}", text(&reply));
    {
        let world = den.api.world();
        for key in world.keys().iter().filter(|key| key.starts_with("_jobs_")) {
            let index = world.stored(key).unwrap();
            assert!(
                serde_json::from_slice::<serde_json::Value>(index).is_ok(),
                "{key}"
            );
            assert!(index.len() < 1024 * 1024, "{key}: {}", index.len());
        }
    }
    den.is_unhurt().await;
}
