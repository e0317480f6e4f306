//! One API call through all layers of the RPC, to a server in the same process.

use std::sync::Arc;

use mattermost_plugin_rpc::gob::Bytes;
use mattermost_plugin_rpc::gob_struct;
use mattermost_plugin_rpc::mattermost::{AppError, KvApi, RpcApi};
use mattermost_plugin_rpc::net_rpc::{self, Client, Reply, Route, Service};
use mattermost_plugin_rpc::yamux::{Config, Session};

use crate::Bench;

// The call, as the server declares it.

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct GetCall = "Z_KVGetArgs" { key: String = "A" }
}
gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct GetAnswer = "Z_KVGetReturns" { value: Bytes = "A", error: Option<Box<AppError>> = "B" }
}

/// A server that stores one value.
struct Store(Vec<u8>);

impl Service for Store {
    type Call = GetCall;

    fn route(&self, method: &str) -> Option<Route<GetCall>> {
        (method == "Plugin.KVGet").then(|| Route::new(|call| call))
    }

    async fn run(&self, _: GetCall) -> Result<Reply, String> {
        Ok(Reply::new(GetAnswer {
            value: Bytes(self.0.clone()),
            error: None,
        }))
    }
}

impl Bench {
    pub async fn api(&self) {
        let store = Arc::new(Store(vec![b'v'; 300]));
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        tokio::spawn(net_rpc::serve(theirs, Arc::clone(&store)));
        let bare = RpcApi::new(Client::new(ours));
        self.reads("API: read of 300 bytes, net/rpc over a pipe", &bare)
            .await;

        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let (session, _accept) = Session::client(ours, Config::default());
        let (_other, mut accept) = Session::server(theirs, Config::default());
        let stream = session.open().await.expect("a stream");
        tokio::spawn(async move {
            let stream = accept.next().await.expect("a stream");
            net_rpc::serve(stream, store).await
        });
        let muxed = RpcApi::new(Client::new(stream));
        self.reads("API: the same, over yamux over a pipe", &muxed)
            .await;
    }

    async fn reads(&self, name: &str, api: &RpcApi) {
        self.piece(name, 1_000, || async {
            let value = api.kv_get("value").await.expect("an answer");
            assert_eq!(value.map(|value| value.len()), Some(300));
        })
        .await;
    }
}
