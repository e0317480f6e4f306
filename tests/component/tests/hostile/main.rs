//! A hostile component, and the refusal of each attack.
//!
//! After every attack, the next event is served as usual. The check behind each row, and the failure of the test
//! without it, are in `tests/guests/hostile/README.md`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed test should stop at once"
)]

mod anonymous;
mod attacks;
mod audit;
mod egress;
mod exhaustion;
mod exports;
mod identity;
mod interactions;
mod observations;
mod overload;
mod sandbox_panel;
mod settings;
mod support_data;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use component_tests::memory::MemoryApi;
use component_tests::{FORBIDDEN, HOSTILE, component, load, plugin};
use mattermost_plugin_rpc::go_plugin::{Broker, PendingStream};
use mattermost_plugin_rpc::mattermost::{Api, HttpRequest};
use mattermost_plugin_rpc::yamux::{Config, Session, Stream};
use plugin_host::outgoing::Outgoing;
use plugin_host::{ComponentPlugin, Reply};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const MANIFEST: &str = include_str!("../../../guests/hostile/plugin.json");

/// The hostile component, activated, on its own server.
struct HostilePlugin {
    plugin: Arc<ComponentPlugin>,
    api: Arc<MemoryApi>,
}

impl HostilePlugin {
    async fn open() -> HostilePlugin {
        HostilePlugin::with(json!({})).await
    }

    async fn with(settings: Value) -> HostilePlugin {
        let hostile = HostilePlugin::closed(settings);
        let api = Arc::clone(&hostile.api) as Arc<dyn Api>;
        hostile.plugin.activate(api).await.unwrap();
        hostile.plugin.claim_jobs();
        hostile
    }

    /// An activated plugin with a clock that the test controls.
    async fn at(settings: Value, clock: Arc<AtomicI64>) -> HostilePlugin {
        let api = Arc::new(MemoryApi::lagging());
        api.world().settings = settings;
        let plugin = plugin(component(HOSTILE).unwrap(), MANIFEST).unwrap();
        let plugin = plugin.with_clock(move || clock.load(Ordering::SeqCst));
        let activated = plugin.activate(Arc::clone(&api) as Arc<dyn Api>);
        activated.await.unwrap();
        plugin.claim_jobs();
        HostilePlugin {
            plugin: Arc::new(plugin),
            api,
        }
    }

    /// An activated plugin whose policy names these routes.
    async fn with_routes(paths: &[&str]) -> HostilePlugin {
        let mut manifest: Value = serde_json::from_str(MANIFEST).unwrap();
        let route = |path: &&str| json!({"path": path, "answer_within_ms": 30_000});
        let sandbox = &mut manifest["props"]["sandbox"];
        sandbox["routes"] = paths.iter().map(route).collect();
        sandbox["limits"]["request"]["seconds"] = 60.into();
        sandbox["limits"]["request"]["host_calls"] = 100_000.into();
        let api = Arc::new(MemoryApi::default());
        let plugin = plugin(component(HOSTILE).unwrap(), &manifest.to_string()).unwrap();
        let activated = plugin.activate(Arc::clone(&api) as Arc<dyn Api>);
        activated.await.unwrap();
        HostilePlugin {
            plugin: Arc::new(plugin),
            api,
        }
    }

    /// A plugin that is not activated.
    fn closed(settings: Value) -> HostilePlugin {
        HostilePlugin::outgoing(settings, Outgoing::default())
    }

    /// A plugin that is not activated, with this client for outgoing requests.
    fn outgoing(settings: Value, outgoing: Outgoing) -> HostilePlugin {
        let api = Arc::new(MemoryApi::lagging());
        api.world().settings = settings;
        let plugin = plugin(component(HOSTILE).unwrap(), MANIFEST).unwrap();
        let plugin = Arc::new(plugin.with_outgoing(outgoing));
        HostilePlugin { plugin, api }
    }

    /// Another process of the plugin, on the same server.
    async fn next_process(&self) -> HostilePlugin {
        let plugin = Arc::new(plugin(component(HOSTILE).unwrap(), MANIFEST).unwrap());
        let api = Arc::clone(&self.api);
        api.world().catch_up();
        let activated = plugin.activate(Arc::clone(&api) as Arc<dyn Api>);
        activated.await.unwrap();
        HostilePlugin { plugin, api }
    }

    /// The same, with a clock that the test controls.
    async fn next_process_at(&self, clock: Arc<AtomicI64>) -> HostilePlugin {
        let plugin = plugin(component(HOSTILE).unwrap(), MANIFEST).unwrap();
        let plugin = Arc::new(plugin.with_clock(move || clock.load(Ordering::SeqCst)));
        let api = Arc::clone(&self.api);
        api.world().catch_up();
        let activated = plugin.activate(Arc::clone(&api) as Arc<dyn Api>);
        activated.await.unwrap();
        HostilePlugin { plugin, api }
    }

    async fn attack(&self, url: &str) -> Reply {
        self.attack_as(url, None).await
    }

    async fn attack_as(&self, url: &str, user: Option<&str>) -> Reply {
        let mut request = HttpRequest {
            method: "GET".to_owned(),
            url: url.to_owned(),
            ..HttpRequest::default()
        };
        if let Some(user) = user {
            let headers =
                BTreeMap::from([("Mattermost-User-Id".to_owned(), vec![user.to_owned()])]);
            request.headers = headers;
        }
        self.api.world().catch_up();
        self.plugin.request(&request, Vec::new()).await
    }

    /// Runs the due jobs. Returns the due time of the next job.
    async fn works(&self) -> Option<i64> {
        self.api.world().catch_up();
        self.plugin.work().await
    }

    /// Sends a request with a body, without a session.
    async fn post(&self, url: &str, body: Vec<u8>) -> Reply {
        let request = HttpRequest {
            method: "POST".to_owned(),
            url: url.to_owned(),
            ..HttpRequest::default()
        };
        self.plugin.request(&request, body).await
    }

    /// Checks that the next request is served.
    async fn serves_requests(&self) {
        let reply = self.attack("/harmless").await;
        assert_eq!((reply.status, text(&reply).as_str()), (200, "harmless"));
    }

    /// The value of a counter in the plugin's metrics, or 0.
    fn counted(&self, line: &str) -> u64 {
        let metrics = self.plugin.prometheus();
        let found = metrics
            .lines()
            .find_map(|it| it.strip_prefix(line)?.strip_prefix(' '));
        found.map_or(0, |number| number.parse().unwrap())
    }

    /// Waits until a counter has at least this value.
    async fn until(&self, metric: &str, count: u64) {
        let begin = Instant::now();
        while self.counted(metric) < count {
            assert!(begin.elapsed() < Duration::from_secs(60), "{metric}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn denials(&self, interface: &str) -> u64 {
        self.counted(&format!(
            "plugin_host_denials_total{{interface=\"{interface}\"}}"
        ))
    }

    /// The log.
    fn log(&self) -> String {
        format!("{:?}", self.api.world().log)
    }
}

/// A stream to the server for a request body or a response, and the server's end of it.
async fn dialed() -> (PendingStream, Stream, Session) {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let (session, accept) = Session::client(ours, Config::default());
    let (server, mut arriving) = Session::server(theirs, Config::default());
    let broker = Broker::start(session, accept);
    let stream = broker.dial(broker.next_id()).await.unwrap();
    let mut end = arriving.next().await.unwrap();
    let mut number = [0; 4];
    end.read_exact(&mut number).await.unwrap();
    end.write_all(&number).await.unwrap();
    (stream, end, server)
}

fn text(reply: &Reply) -> String {
    String::from_utf8_lossy(&reply.body).into_owned()
}

#[test]
fn a_component_with_forbidden_imports_does_not_load_and_the_error_names_them() {
    for (feature, interface, image) in FORBIDDEN {
        let error = load(image).err().expect(feature).to_string();
        assert!(
            error.contains("does not fit this host"),
            "{feature}: {error}"
        );
        // Debug builds link unused imports, so every component imports `wasi:filesystem`, which is found first.
        let is_whole = cfg!(debug_assertions) && error.contains("wasi:filesystem");
        assert!(error.contains(interface) || is_whole, "{feature}: {error}");
    }
}
