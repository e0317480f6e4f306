//! Events: the first one after the image was loaded, later ones, and the same component on wasmtime alone.

use std::hint::black_box;
use std::sync::Arc;

use component_tests::memory::MemoryApi;
use component_tests::scene::Scene;
use component_tests::{GUEST, HELLO, TARGET, component, plugin};
use mattermost_plugin_rpc::mattermost::{Api, HttpRequest};
use plugin_host::Component;
use plugin_tests::zoom::Meeting;
use serde_json::json;

use crate::Bench;
use crate::bare::{Bare, plain};

const HELLO_MANIFEST: &str = include_str!("../../../guests/hello/plugin.json");

/// The number of concurrent events of all kinds that the policy of the shipped plugin allows.
const EVENTS: usize = 84;
const FIRST: &str = "event: hello, a plain GET, with loading the image";
const BARE: &str = "event: hello, a plain GET, on wasmtime alone";

impl Bench {
    pub async fn events(&self) {
        let api: Arc<dyn Api> = {
            let api = Arc::new(MemoryApi::default());
            api.world().settings = json!({});
            api.world().store("value", vec![b'v'; 300]);
            api
        };
        let get = |url: &str| HttpRequest {
            method: "GET".to_owned(),
            url: url.to_owned(),
            ..HttpRequest::default()
        };
        for (name, image) in [("hello", HELLO), ("zoom", GUEST)] {
            let name = format!("sandbox: load the image of {name}");
            self.piece(&name, 2, || {
                let loaded = Component::load(black_box(image), TARGET, EVENTS);
                black_box(loaded.expect("an image"));
                std::future::ready(())
            })
            .await;
        }
        self.piece(FIRST, 2, || async {
            let cold = Component::load(black_box(HELLO), TARGET, EVENTS).expect("an image");
            let cold = plugin(Arc::new(cold), HELLO_MANIFEST).expect("a manifest");
            let reply = cold.activate(Arc::clone(&api)).await;
            reply.expect("an activation");
            let reply = cold.request(&get("/header"), Vec::new()).await;
            assert_eq!(reply.status, 200);
        })
        .await;
        let bare = Bare::load(HELLO).expect("an image");
        let request = plain();
        self.piece(BARE, 200, || async {
            let response = bare.handle(&request).await.expect("an answer");
            assert_eq!(response.status, 200);
        })
        .await;
        let hello = component(HELLO).expect("an image");
        let hello = plugin(hello, HELLO_MANIFEST).expect("a manifest");
        hello.activate(api).await.expect("an activation");
        for (name, url) in [
            ("event: hello, a plain GET", "/header"),
            ("event: hello, 90 reads of 300 bytes", "/kv-reads?n=90"),
        ] {
            let request = get(url);
            self.piece(name, 200, || async {
                let reply = hello.request(&request, Vec::new()).await;
                assert_eq!(reply.status, 200);
            })
            .await;
        }
        let scene = Scene::start().await;
        self.piece("event: zoom, an unknown path", 200, || async {
            let reply = scene.request("GET", "/none", None, "").await;
            assert_eq!(reply.status, 404);
        })
        .await;
        // The webhook is signed once, because signing is not part of the event. The plugin stores nothing about a meeting
        // that no channel follows, so it processes each delivery.
        let meeting = Meeting::occurrence(85_746_065_432, "unknown==");
        let webhook = scene.zoom.webhook("meeting.ended", &meeting);
        self.piece(
            "event: zoom, a webhook of an unknown meeting",
            200,
            || async {
                let reply = scene.delivers(&webhook).await;
                assert_eq!(reply.status, 200);
            },
        )
        .await;
        // The same for a meeting that a channel follows. The record is restored, so that each delivery changes it.
        let followed = Meeting::occurrence(85_746_065_433, "followed==");
        let webhook = scene.zoom.webhook("meeting.ended", &followed);
        let record =
            json!({"channel_id": "c", "is_subscription": true, "created_by": "u"}).to_string();
        self.piece(
            "event: zoom, a webhook of a followed meeting",
            200,
            || async {
                let record = record.clone().into_bytes();
                scene
                    .api
                    .world()
                    .store("meeting_channel_85746065433", record);
                let reply = scene.delivers(&webhook).await;
                assert_eq!(reply.status, 200);
            },
        )
        .await;
    }
}
