//! Failures of API calls, and replies that were recorded from a Go server.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod mattermost_script;

use std::sync::{Arc, Mutex};

use mattermost_plugin_rpc::mattermost::Any;
use mattermost_plugin_rpc::mattermost::{
    ApiError, ChannelsApi, Command, CommandsApi, ErrorString, KvApi, Post, PostsApi, RpcApi,
    ServerApi, UsersApi,
};
use mattermost_plugin_rpc::net_rpc::{self, Client};
use mattermost_script::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

#[tokio::test]
async fn an_app_error_keeps_all_its_fields() {
    let answer = AUser {
        a: None,
        b: app_error(404),
    };
    let (_, found): (S, _) = exchange("Plugin.GetUser", answer, async |api| {
        api.get_user("u").await
    })
    .await;
    let error = found.unwrap_err();
    assert!(error.is_not_found());
    let expected = ApiError::App {
        id: s("app.x.error"),
        message: s("It failed."),
        status_code: 404,
        where_: s("X"),
        detailed: s("row 7"),
    };
    assert_eq!(error, expected);
}

#[tokio::test]
async fn a_go_error_keeps_its_text_and_an_app_error_as_go_error_its_status() {
    let register = async |api: RpcApi| api.register_command(Command::default()).await;
    let error = Any::ErrorString(Box::new(ErrorString {
        code: 0,
        err: s("invalid command trigger"),
    }));
    let (_, done): (ACommand, _) =
        exchange("Plugin.RegisterCommand", GoOnly { a: error }, register).await;
    assert_eq!(done, Err(ApiError::Go(s("invalid command trigger"))));

    let answer = GoOnly {
        a: Any::AppError(app_error(403).unwrap()),
    };
    let (_, done): (ACommand, _) = exchange("Plugin.RegisterCommand", answer, register).await;
    assert_eq!(done.unwrap_err().status(), Some(403));
}

#[tokio::test]
async fn a_method_that_the_server_does_not_have_is_an_error() {
    let (ours, theirs) = tokio::io::duplex(1024);
    let script = Script::<S> {
        method: "Plugin.Other",
        answer: Mutex::default(),
        asked: Arc::default(),
    };
    tokio::spawn(net_rpc::serve(theirs, Arc::new(script)));
    let api = RpcApi::new(Client::new(ours));
    assert_eq!(
        api.get_server_version().await,
        Err(ApiError::Rpc(s(
            "rpc: can't find method Plugin.GetServerVersion"
        )))
    );
}

#[tokio::test]
async fn calls_on_a_closed_stream_fail_as_closed() {
    let (ours, theirs) = tokio::io::duplex(1024);
    let api = RpcApi::new(Client::new(ours));
    drop(theirs);
    assert_eq!(api.get_server_version().await, Err(ApiError::Closed));
    assert_eq!(api.kv_delete("x").await, Err(ApiError::Closed));
}

#[tokio::test]
async fn a_call_that_is_pending_when_the_stream_ends_fails_as_closed() {
    let (ours, mut theirs) = tokio::io::duplex(1024);
    let api = RpcApi::new(Client::new(ours));
    let server = async {
        theirs.read_u8().await.unwrap();
        drop(theirs);
    };
    let (found, ()) = tokio::join!(api.get_user("u"), server);
    assert_eq!(found, Err(ApiError::Closed));
}

#[tokio::test]
async fn a_missing_member_is_none_and_other_failures_are_errors() {
    for (status, expected) in [(404, None), (500, Some(500))] {
        let answer = AMember {
            a: None,
            b: app_error(status),
        };
        let (_, found): (SS, _) = exchange("Plugin.GetChannelMember", answer, async |api| {
            api.get_channel_member("c", "u").await
        })
        .await;
        assert_eq!(
            found.map_err(|error| error.status()),
            expected.map_or(Ok(None), |status| Err(Some(status)))
        );
    }
}

#[tokio::test]
async fn an_ephemeral_post_without_a_reply_is_an_error() {
    let show = async |api: RpcApi| api.send_ephemeral_post("u", Post::default()).await;
    let (_, shown): (SPost, _) = exchange("Plugin.SendEphemeralPost", APost::default(), show).await;
    assert!(matches!(shown, Err(ApiError::Rpc(_))));
}

// Recorded replies, each to call 0 of its stream.

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/fixtures/{name}.hex", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// An API whose first call gets a recorded reply. The caller keeps the other end open.
fn recorded(name: &str) -> (RpcApi, tokio::task::JoinHandle<DuplexStream>) {
    let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
    let bytes = fixture(name);
    let server = tokio::spawn(async move {
        theirs.read_u8().await.unwrap();
        theirs.write_all(&bytes).await.unwrap();
        theirs
    });
    (RpcApi::new(Client::new(ours)), server)
}

#[tokio::test]
async fn a_recorded_user() {
    let (api, _server) = recorded("get_user_response");
    let user = api.get_user("a").await.unwrap();
    assert_eq!(
        (user.username.as_str(), user.email.as_str()),
        ("alice", "alice@example.test")
    );
    assert_eq!(
        (
            user.first_name.as_str(),
            user.last_name.as_str(),
            user.nickname.as_str()
        ),
        ("Alice", "Liddell", "al")
    );
    assert!(user.email_verified && !user.is_bot);
    assert_eq!(user.timezone_name(), "Europe/Berlin");
    assert_eq!(user.locale, "en");
}

#[tokio::test]
async fn a_recorded_app_error() {
    let (api, _server) = recorded("app_error_response");
    let Err(ApiError::App {
        id,
        message,
        status_code,
        where_,
        detailed,
    }) = api.kv_get("x").await
    else {
        panic!("no AppError")
    };
    assert_eq!(
        (id.as_str(), status_code),
        ("app.plugin_store.get.app_error", 404)
    );
    assert_eq!((where_.as_str(), detailed.as_str()), ("KVGet", "no rows"));
    assert_eq!(message, "Could not get plugin key value.");
}

#[tokio::test]
async fn a_recorded_configuration() {
    let (api, _server) = recorded("get_config_response");
    let config = api.get_config().await.unwrap();
    assert_eq!(config.site_url(), Some("https://mm.example.test"));
    assert_eq!(config.default_server_locale(), "en");
    assert!(!config.requires_email_verification());
}
