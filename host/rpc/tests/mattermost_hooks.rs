//! Activation, commands, and the small hooks.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod mattermost_server;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use mattermost_plugin_rpc::gob::{Bytes, Empty};
use mattermost_plugin_rpc::gob_struct;
use mattermost_plugin_rpc::mattermost::Any;
use mattermost_plugin_rpc::mattermost::{
    AppError, CommandResponse, Context, FileData, User, UsersApi,
};
use mattermost_plugin_rpc::net_rpc::{self, CallError, Reply, Route, Service};
use mattermost_plugin_rpc::yamux::Config;
use mattermost_server::{
    Activation, CommandAnswer, CommandCall, GoError, Plugin, Server, connect, fixture,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct SupportAnswer = "R" { files: Vec<FileData> = "A", error: Any = "B" }
}
gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct OneString = "S" { value: String = "A" }
}
gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct UserAnswer = "R" { user: Option<Box<User>> = "A" }
}

/// The API of the server, with users.
struct Users;

impl Service for Users {
    type Call = OneString;

    fn route(&self, method: &str) -> Option<Route<OneString>> {
        (method == "Plugin.GetUser").then(|| Route::new(|args| args))
    }

    async fn run(&self, args: OneString) -> Result<Reply, String> {
        let user = User {
            username: format!("user-{}", args.value),
            id: args.value,
            ..User::default()
        };
        Ok(Reply::new(UserAnswer {
            user: Some(Box::new(user)),
        }))
    }
}

// Activation.

#[tokio::test]
async fn activation_can_use_the_api_before_it_returns() {
    let plugin = Plugin {
        activate: Box::new(|api| {
            async move {
                let user = api
                    .get_user("u1")
                    .await
                    .map_err(|error| error.to_string())?;
                (user.username == "user-u1")
                    .then_some(())
                    .ok_or(user.username)
            }
            .boxed()
        }),
        ..Plugin::default()
    };
    let server = Server::start(plugin).await;
    let (api, driver) = (server.expect(1), server.expect(2));
    tokio::spawn(async move { net_rpc::serve(api.await.unwrap(), Arc::new(Users)).await });
    assert_eq!(server.activate().await, Any::Nil);
    assert!(driver.await.is_ok(), "the driver's stream was not dialed");
}

async fn failed_activation(plugin: Plugin) -> String {
    let server = Server::start(plugin).await;
    let (api, _driver) = (server.expect(1), server.expect(2));
    tokio::spawn(async move { net_rpc::serve(api.await.unwrap(), Arc::new(Users)).await });
    let Any::ErrorString(error) = server.activate().await else {
        panic!("no plain error")
    };
    error.err
}

#[tokio::test]
async fn a_failed_activation_is_an_error_in_the_reply() {
    let activate: Activation =
        Box::new(|_| async { Err("could not fetch siteURL".to_owned()) }.boxed());
    let text = failed_activation(Plugin {
        activate,
        ..Plugin::default()
    })
    .await;
    assert_eq!(text, "could not fetch siteURL");
}

#[tokio::test]
async fn a_panic_during_activation_is_a_failed_activation() {
    let activate: Activation = Box::new(|_| async { panic!("no luck") }.boxed());
    let text = failed_activation(Plugin {
        activate,
        ..Plugin::default()
    })
    .await;
    assert_eq!(text, "the plugin panicked: no luck");
}

#[tokio::test]
async fn an_api_stream_that_cannot_be_opened_is_a_failed_activation() {
    let mut server = Server::paused(Plugin::default(), Config::default()).await;
    // From now on streams are reset.
    drop(server.incoming.take());
    let Any::ErrorString(error) = server.activate().await else {
        panic!("no plain error")
    };
    assert!(error.err.contains("cannot open stream 1"), "{}", error.err);
}

// Small hooks.

#[tokio::test]
async fn implemented_names_each_hook_once() {
    let server = Server::start(Plugin::default()).await;
    let names: Vec<String> = server
        .hooks
        .call("Plugin.Implemented", &Empty)
        .await
        .unwrap();
    assert_eq!(names, ["ExecuteCommand", "OnActivate", "ServeHTTP"]);
}

#[tokio::test]
async fn an_unknown_hook_fails_only_its_call() {
    let server = Server::start(Plugin::default()).await;
    let unknown = server
        .hooks
        .call::<_, Empty>("Plugin.FileWillBeUploaded", &Empty)
        .await
        .unwrap_err();
    assert!(
        matches!(unknown, CallError::Remote(text) if text == "rpc: can't find method Plugin.FileWillBeUploaded")
    );
    assert!(server.command("/zoom").await.response.is_some());
}

#[tokio::test]
async fn hooks_that_return_an_error_only() {
    let server = Server::start(Plugin::default()).await;
    let fine: GoError = server
        .hooks
        .call("Plugin.OnDeactivate", &Empty)
        .await
        .unwrap();
    assert_eq!(fine.error, Any::Nil);
    let failed: GoError = server
        .hooks
        .call("Plugin.OnConfigurationChange", &Empty)
        .await
        .unwrap();
    assert!(
        matches!(failed.error, Any::ErrorString(error) if error.err == "the setting is no number")
    );
}

#[tokio::test]
async fn support_data_is_files() {
    let server = Server::start(Plugin::default()).await;
    let context = Context {
        request_id: "metrics.txt".to_owned(),
        ..Context::default()
    };
    let call = CommandCall {
        context,
        ..CommandCall::default()
    };
    let answer: SupportAnswer = server
        .hooks
        .call("Plugin.GenerateSupportData", &call)
        .await
        .unwrap();
    assert_eq!(
        answer.files,
        [FileData {
            filename: "metrics.txt".to_owned(),
            body: Bytes(vec![1, 2, 3])
        }]
    );
    assert_eq!(answer.error, Any::Nil);
}

#[tokio::test]
async fn the_service_ends_when_the_server_closes_its_stream() {
    let server = Server::start(Plugin::default()).await;
    server.hooks.close().await;
    server.plugin.await.unwrap();
}

// Commands.

#[tokio::test]
async fn a_command_with_an_empty_response_still_has_a_reply() {
    let server = Server::start(Plugin::default()).await;
    let answer = server.command("/zoom help").await;
    assert_eq!(
        answer,
        CommandAnswer {
            response: Some(Box::default()),
            error: None
        }
    );
}

#[tokio::test]
async fn a_command_returns_a_response_or_an_error() {
    let plugin = Plugin {
        command: Box::new(|args| match args.command.as_str() {
            "/zoom fail" => Err(Box::new(AppError {
                message: "No.".to_owned(),
                status_code: 403,
                ..AppError::default()
            })),
            other => Ok(CommandResponse::ephemeral(format!("you typed {other}"))),
        }),
        ..Plugin::default()
    };
    let server = Server::start(plugin).await;
    let response = server.command("/zoom start").await.response.unwrap();
    assert_eq!(
        (response.text.as_str(), response.response_type.as_str()),
        ("you typed /zoom start", "ephemeral")
    );
    let failed = server.command("/zoom fail").await;
    assert_eq!(failed.error.unwrap().status_code, 403);
    assert_eq!(failed.response, None);
}

#[tokio::test]
async fn a_command_that_panics_does_not_show_the_reason_to_the_user() {
    let plugin = Plugin {
        command: Box::new(|_| panic!("token abc")),
        ..Plugin::default()
    };
    let error = Server::start(plugin)
        .await
        .command("/zoom")
        .await
        .error
        .unwrap();
    assert_eq!(error.status_code, 500);
    assert!(!error.message.contains("token abc"));
    assert!(error.detailed_error.contains("token abc"));
}

// Recorded bytes.

#[tokio::test]
async fn a_recorded_command_arrives_completely() {
    let (tell, told) = oneshot::channel();
    let tell = Mutex::new(Some(tell));
    let plugin = Plugin {
        command: Box::new(move |args| {
            tell.lock().unwrap().take().unwrap().send(args).unwrap();
            Ok(CommandResponse::default())
        }),
        ..Plugin::default()
    };
    let (_session, _incoming, mut stream, _plugin) = connect(plugin, Config::default()).await;
    stream
        .write_all(&fixture("execute_command_request"))
        .await
        .unwrap();
    let args = told.await.unwrap();
    assert_eq!(args.command, "/zoom start standup");
    assert_eq!(args.site_url, "https://mm.example.test");
    assert_eq!(args.user_id, "a".repeat(26));
    assert_eq!(
        args.user_mentions,
        BTreeMap::from([("alice".to_owned(), "a".repeat(26))])
    );
    assert_eq!(
        stream.read_u8().await.unwrap() & 0x80,
        0,
        "an answer begins with a short message's length"
    );
}

#[tokio::test]
async fn a_recorded_activation_dials_its_streams() {
    let (_session, mut incoming, mut stream, _plugin) =
        connect(Plugin::default(), Config::default()).await;
    stream
        .write_all(&fixture("on_activate_request"))
        .await
        .unwrap();
    for expected in [1u32, 2] {
        let mut dialed = incoming.next().await.unwrap();
        let mut id = [0; 4];
        dialed.read_exact(&mut id).await.unwrap();
        assert_eq!(u32::from_le_bytes(id), expected);
        dialed.write_all(&id).await.unwrap();
        // Keep the stream open, as a server does.
        std::mem::forget(dialed);
    }
    assert!(stream.read_u8().await.is_ok());
}

#[tokio::test]
async fn the_hooks_end_when_the_api_stream_ends() {
    let server = Server::start(Plugin::default()).await;
    let (api, _driver) = (server.expect(1), server.expect(2));
    assert_eq!(server.activate().await, Any::Nil);
    assert!(!server.plugin.is_finished());
    drop(api.await.unwrap());
    server.plugin.await.unwrap();
}
