//! Outgoing requests, and events for the webapp.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use mattermost_plugin_rpc::mattermost::Api;
use plugin_host::outgoing::{Family, Outgoing};
use serde_json::json;

use crate::{HostilePlugin, text};

/// A hostile plugin whose DNS resolves every name to one address, which the test can change.
async fn plugin_with_dns(address: &str) -> (HostilePlugin, Arc<Mutex<IpAddr>>) {
    let address = Arc::new(Mutex::new(address.parse().unwrap()));
    let answer = Arc::clone(&address);
    let names = move |_: &str, family| match (*answer.lock().unwrap(), family) {
        (address @ IpAddr::V4(_), Family::V4) | (address @ IpAddr::V6(_), Family::V6) => {
            Ok(vec![address])
        }
        _ => Err(io::Error::other("SERVFAIL")),
    };
    let outgoing = Outgoing::default()
        .with_names(Arc::new(names))
        .with_variables(|_| None);
    let hostile = HostilePlugin::outgoing(json!({"home": "https://home.example"}), outgoing);
    let api = Arc::clone(&hostile.api) as Arc<dyn Api>;
    hostile.plugin.activate(api).await.unwrap();
    (hostile, address)
}

async fn allow(hostile: &HostilePlugin, setting: &str) {
    {
        let settings = &mut hostile.api.world().config.service_settings;
        settings.allowed_untrusted_internal_connections = Some(setting.to_owned());
    }
    hostile.plugin.reload().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn f39_the_servers_setting_allows_internal_addresses_for_hosts_of_the_policy_and_no_others() {
    let (hostile, address) = plugin_with_dns("198.18.7.7").await;
    let said = text(&hostile.attack("/fetch?https://listed.example/").await);
    for part in [
        "Denied",
        "listed.example leads to 198.18.7.7",
        "ServiceSettings.AllowedUntrustedInternalConnections",
    ] {
        assert!(said.contains(part), "{said}");
    }
    let log = hostile.log();
    assert!(
        log.contains("198.18.7.7") && log.contains("AllowedUntrusted"),
        "{log}"
    );
    assert_eq!(hostile.denials("http"), 1);
    for (setting, is_allowed) in [
        ("10.0.0.0/8", false),
        ("198.18.7.7", false),
        ("home.example, other.example", false),
        ("10.0.0.0/8,\n198.18.0.0/15", true),
        ("listed.example", true),
        ("", false),
    ] {
        allow(&hostile, setting).await;
        // No server listens on this address.
        let said = text(&hostile.attack("/fetch?https://listed.example/").await);
        assert_eq!(!said.contains("Denied"), is_allowed, "{setting}: {said}");
    }
    // For every value of the setting, other hosts and the machine itself stay unreachable.
    allow(&hostile, "0.0.0.0/0 ::/0 unlisted.example listed.example").await;
    let said = text(&hostile.attack("/fetch?https://unlisted.example/").await);
    assert!(said.contains("not among the allowed hosts"), "{said}");
    for never in [
        "127.0.0.1",
        "169.254.169.254",
        "::1",
        "fe80::1",
        "::ffff:127.0.0.1",
    ] {
        *address.lock().unwrap() = never.parse().unwrap();
        let said = text(&hostile.attack("/fetch?https://listed.example/").await);
        assert!(said.contains("no setting allows"), "{never}: {said}");
    }
    let said = text(&hostile.attack("/fetch?https://127.0.0.1/").await);
    assert!(said.contains("no setting allows"), "{said}");
    // The host that the administrator entered may have any address; its subdomains may not.
    let said = text(&hostile.attack("/fetch?https://home.example/").await);
    assert!(!said.contains("Denied"), "{said}");
    let said = text(&hostile.attack("/fetch?https://a.home.example/").await);
    assert!(said.contains("no setting allows"), "{said}");
    hostile.serves_requests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f40_a_proxy_that_cannot_be_used_is_named_in_the_log_and_requests_do_not_go_past_it() {
    let variables = |name: &str| {
        let value = "socks4://somebody:secret@proxy.example:1080";
        (name == "HTTPS_PROXY").then(|| value.to_owned())
    };
    let outgoing = Outgoing::default().with_variables(variables);
    let hostile = HostilePlugin::outgoing(json!({}), outgoing);
    let api = Arc::clone(&hostile.api) as Arc<dyn Api>;
    hostile.plugin.activate(api).await.unwrap();
    let log = hostile.log();
    assert!(
        log.contains("HTTPS_PROXY") && log.contains("`socks4`"),
        "{log}"
    );
    let said = text(&hostile.attack("/fetch?https://listed.example/").await);
    assert!(
        said.contains("Unavailable") && said.contains("HTTPS_PROXY"),
        "{said}"
    );
    assert!(!log.contains("secret") && !said.contains("secret"));
}

/// Name servers do not respond, so the lookup threads still run when the plugin is deactivated.
#[tokio::test(flavor = "multi_thread")]
async fn the_plugin_is_deactivated_while_a_name_is_looked_up() {
    let (looking, mut looks) = tokio::sync::mpsc::unbounded_channel();
    let (let_go, silence) = std::sync::mpsc::channel::<()>();
    let silence = Mutex::new(silence);
    let names = move |_: &str, _| {
        looking.send(()).unwrap();
        let _ = silence.lock().unwrap().recv();
        Err(io::Error::other("SERVFAIL"))
    };
    let outgoing = Outgoing::default().with_names(Arc::new(names));
    let outgoing = outgoing.with_variables(|_| None);
    let hostile = Arc::new(HostilePlugin::outgoing(json!({}), outgoing));
    let api = Arc::clone(&hostile.api) as Arc<dyn Api>;
    hostile.plugin.activate(api).await.unwrap();
    let attacker = Arc::clone(&hostile);
    let attack =
        tokio::spawn(async move { attacker.attack("/fetch?https://listed.example/").await });
    looks.recv().await.unwrap();
    hostile.plugin.deactivate().await.unwrap();
    let said = text(&attack.await.unwrap());
    assert!(said.contains("Timeout"), "{said}");
    // The threads end now. The runtime of this test waits for them.
    drop(let_go);
}

/// The error has no text, so that it cannot carry an address to a person without permissions. The log has the details.
#[tokio::test(flavor = "multi_thread")]
async fn a_probe_says_why_a_host_cannot_be_reached_and_nothing_else() {
    let names = |name: &str, family| match (name, family) {
        ("listed.example", Family::V4) => Ok(vec![[198, 18, 7, 7].into()]),
        _ => Err(io::Error::other("SERVFAIL")),
    };
    let outgoing = Outgoing::default()
        .with_names(Arc::new(names))
        .with_variables(|_| None);
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = format!("http://{}", unused.local_addr().unwrap());
    drop(unused);
    let hostile = HostilePlugin::outgoing(json!({"home": closed}), outgoing);
    let api = Arc::clone(&hostile.api) as Arc<dyn Api>;
    hostile.plugin.activate(api).await.unwrap();
    for (url, expected) in [
        ("https://unlisted.example/", "denied"),
        ("http://listed.example/", "denied"),
        ("not a URL", "invalid"),
        ("https://listed.example/", "internal-address"),
        ("https://127.0.0.1/", "internal-address"),
        ("https://localhost/", "unknown-host"),
        (closed.as_str(), "connection"),
    ] {
        let reply = hostile.attack(&format!("/probe?{url}")).await;
        let said = text(&reply);
        let name = format!("name: \"{expected}\"");
        assert!(reply.status == 418 && said.contains(&name), "{url}: {said}");
    }
    assert_eq!(hostile.denials("http"), 4);
    let log = hostile.log();
    assert!(log.contains("leads to 198.18.7.7"), "{log}");
    hostile.serves_requests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f44_nodes_of_a_cluster_deliver_events_to_each_other_reliably() {
    let hostile = HostilePlugin::open().await;
    let reply = hostile.attack("/websocket").await;
    assert_eq!(text(&reply), "published");
    let world = hostile.api.world();
    assert!(!world.events.is_empty());
    assert!(
        world
            .events
            .iter()
            .all(|event| event.audience.reliable_cluster_send)
    );
}
