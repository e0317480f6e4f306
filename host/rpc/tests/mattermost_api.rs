//! The arguments and results of each API call.
#![allow(clippy::unwrap_used, reason = "tests")]

mod mattermost_script;

use std::collections::BTreeMap;

use mattermost_plugin_rpc::gob::{Bytes, Empty};
use mattermost_plugin_rpc::mattermost::Any;
use mattermost_plugin_rpc::mattermost::{
    ApiError, Attachment, AuditApi, AuditEventActor, AuditEventData, AuditRecord, AutocompleteArg,
    AutocompleteData, Bot, BotsApi, Broadcast, Channel, ChannelMember, ChannelsApi, Command,
    CommandsApi, Dialog, DialogElement, DialogsApi, FileInfo, FilesApi, KvApi, KvSetOptions,
    LogApi, LogLevel, OpenDialogRequest, Permission, PermissionsApi, Post, PostActionOptions,
    PostList, PostsApi, Preference, PreferencesApi, RpcApi, ServerApi, SettingsApi, Team, TextArg,
    User, UsersApi, WebsocketApi,
};
use mattermost_script::*;

#[tokio::test]
async fn version_configuration_license_and_plugin_status() {
    let json = br#"{"oauthclientid":"x"}"#;
    let answer = ABytes {
        a: Bytes(json.to_vec()),
        b: None,
    };
    let (Empty, settings) = exchange("Plugin.LoadPluginConfiguration", answer, async |api| {
        api.load_plugin_configuration().await
    })
    .await;
    assert_eq!(settings.unwrap(), json);
    let answer = S { a: s("11.9.0") };
    let (Empty, version) = exchange("Plugin.GetServerVersion", answer, async |api| {
        api.get_server_version().await
    })
    .await;
    assert_eq!(version.unwrap(), "11.9.0");
    let answer = StringGo {
        a: s("/plugins/zoom"),
        b: Any::Nil,
    };
    let (Empty, path) = exchange("Plugin.GetBundlePath", answer, async |api| {
        api.get_bundle_path().await
    })
    .await;
    assert_eq!(path.unwrap(), "/plugins/zoom");
}

#[tokio::test]
async fn stored_settings_are_read_and_replaced() {
    let settings = BTreeMap::from([
        (s("ZoomURL"), Any::String(s("https://zoom.example"))),
        (s("AccountLevelApp"), Any::Bool(true)),
    ]);
    let answer = Settings {
        a: settings.clone(),
    };
    let (Empty, read) = exchange("Plugin.GetPluginConfig", answer, async |api| {
        api.get_plugin_config().await
    })
    .await;
    assert_eq!(read.unwrap(), settings);
    let fresh = settings.clone();
    let (asked, done) =
        exchange::<Settings, _, _, _>("Plugin.SavePluginConfig", Empty, async |api| {
            api.save_plugin_config(fresh).await
        })
        .await;
    assert_eq!((asked.a, done), (settings, Ok(())));
    let refused = ErrorOnly { a: app_error(403) };
    let (_, done): (Settings, _) = exchange("Plugin.SavePluginConfig", refused, async |api| {
        api.save_plugin_config(BTreeMap::new()).await
    })
    .await;
    assert_eq!(done.unwrap_err().status(), Some(403));
}

#[tokio::test]
async fn an_audit_record_arrives_completely() {
    let record = AuditRecord {
        event_name: s("updateSettings"),
        status: s("success"),
        event_data: AuditEventData {
            parameters: BTreeMap::from([(s("keys"), Any::List(vec![Any::String(s("ZoomURL"))]))]),
            object_type: s("settings"),
        },
        actor: AuditEventActor {
            user_id: s("u"),
            ..AuditEventActor::default()
        },
        ..AuditRecord::default()
    };
    let sent = record.clone();
    let (asked, done) = exchange::<ARecord, _, _, _>("Plugin.LogAuditRec", Empty, async |api| {
        api.log_audit_rec(sent).await
    })
    .await;
    assert_eq!((asked.a, done), (some(record), Ok(())));
}

#[tokio::test]
async fn members_of_a_channel_and_teams_of_a_user() {
    let user = |id: &str| User {
        id: s(id),
        ..User::default()
    };
    let answer = AUsers {
        a: vec![user("u"), user("v")],
        b: None,
    };
    let (asked, found) =
        exchange::<Members, _, _, _>("Plugin.GetUsersInChannel", answer.clone(), async |api| {
            api.get_users_in_channel("c", 1, 20).await
        })
        .await;
    let expected = Members {
        a: s("c"),
        b: s("username"),
        c: 1,
        d: 20,
    };
    assert_eq!((asked, found.unwrap()), (expected, answer.a));

    let answer = ATeams {
        a: vec![Team { id: s("t") }],
        b: None,
    };
    let (asked, found) =
        exchange::<S, _, _, _>("Plugin.GetTeamsForUser", answer.clone(), async |api| {
            api.get_teams_for_user("u").await
        })
        .await;
    assert_eq!((asked.a.as_str(), found.unwrap()), ("u", answer.a));
}

#[tokio::test]
async fn users_and_permissions() {
    let user = User {
        id: s("u"),
        roles: s("system_guest"),
        is_bot: true,
        ..User::default()
    };
    let answer = AUser {
        a: some(user.clone()),
        b: None,
    };
    let (asked, found) = exchange::<S, _, _, _>("Plugin.GetUser", answer, async |api| {
        api.get_user("u").await
    })
    .await;
    assert_eq!((asked.a.as_str(), found.unwrap()), ("u", user));

    let (asked, allowed) =
        exchange::<SPerm, _, _, _>("Plugin.HasPermissionTo", Yes { a: true }, async |api| {
            api.has_permission_to("u", "manage_system").await
        })
        .await;
    assert_eq!(
        asked,
        SPerm {
            a: s("u"),
            b: some(Permission {
                id: s("manage_system")
            })
        }
    );
    assert!(allowed.unwrap());

    let (asked, allowed) = exchange::<SSPerm, _, _, _>(
        "Plugin.HasPermissionToChannel",
        Yes::default(),
        async |api| api.has_permission_to_channel("u", "c", "create_post").await,
    )
    .await;
    assert_eq!(
        asked,
        SSPerm {
            a: s("u"),
            b: s("c"),
            c: some(Permission {
                id: s("create_post")
            })
        }
    );
    assert!(!allowed.unwrap());
}

#[tokio::test]
async fn channels_and_members() {
    let channel = Channel {
        id: s("c"),
        kind: s("D"),
        ..Channel::default()
    };
    let answer = AChannel {
        a: some(channel.clone()),
        b: None,
    };
    let (asked, found) = exchange::<S, _, _, _>("Plugin.GetChannel", answer.clone(), async |api| {
        api.get_channel("c").await
    })
    .await;
    assert_eq!((asked.a.as_str(), found.unwrap()), ("c", channel.clone()));

    let (asked, found) = exchange::<SS, _, _, _>("Plugin.GetDirectChannel", answer, async |api| {
        api.get_direct_channel("u", "b").await
    })
    .await;
    assert_eq!(
        (asked, found.unwrap()),
        (
            SS {
                a: s("u"),
                b: s("b")
            },
            channel
        )
    );

    let member = ChannelMember {
        user_id: s("u"),
        scheme_admin: true,
        ..ChannelMember::default()
    };
    let answer = AMember {
        a: some(member.clone()),
        b: None,
    };
    let (asked, found) = exchange::<SS, _, _, _>("Plugin.GetChannelMember", answer, async |api| {
        api.get_channel_member("c", "u").await
    })
    .await;
    assert_eq!(
        (asked, found.unwrap()),
        (
            SS {
                a: s("c"),
                b: s("u")
            },
            Some(member)
        )
    );
}

#[tokio::test]
async fn posts_are_sent_and_received_completely() {
    let attachment = Attachment {
        title: s("Zoom"),
        ..Attachment::default()
    };
    let post = Post {
        id: s("p"),
        create_at: 1_700_000_000_000,
        is_pinned: true,
        message: s("hello"),
        kind: s("custom_zoom"),
        props: BTreeMap::from([
            (s("meeting_id"), Any::Float(843.0)),
            (s("attachments"), Any::Attachments(vec![attachment])),
            (
                s("nested"),
                Any::Map(BTreeMap::from([(
                    s("list"),
                    Any::List(vec![Any::Nil, Any::Bool(true)]),
                )])),
            ),
        ]),
        file_ids: vec![s("f")],
        remote_id: Some(s("r")),
        ..Post::default()
    };
    let (sent, expected) = (&post, &post);
    let answer = PostError {
        a: some(post.clone()),
        b: None,
    };
    let create = async |api: RpcApi| api.create_post(sent.clone()).await;
    let (asked, stored) =
        exchange::<APost, _, _, _>("Plugin.CreatePost", answer.clone(), create).await;
    assert_eq!(
        (asked.a.as_deref(), &stored.unwrap()),
        (Some(expected), expected)
    );

    let update = async |api: RpcApi| api.update_post(sent.clone()).await;
    let (asked, stored) =
        exchange::<APost, _, _, _>("Plugin.UpdatePost", answer.clone(), update).await;
    assert_eq!(
        (asked.a.as_deref(), &stored.unwrap()),
        (Some(expected), expected)
    );

    let (asked, found) = exchange::<S, _, _, _>("Plugin.GetPost", answer, async |api| {
        api.get_post("p").await
    })
    .await;
    assert_eq!((asked.a.as_str(), &found.unwrap()), ("p", expected));

    for (method, update) in [
        ("Plugin.SendEphemeralPost", false),
        ("Plugin.UpdateEphemeralPost", true),
    ] {
        let show = async |api: RpcApi| match update {
            true => api.update_ephemeral_post("u", sent.clone()).await,
            false => api.send_ephemeral_post("u", sent.clone()).await,
        };
        let (asked, shown) = exchange::<SPost, _, _, _>(
            method,
            APost {
                a: some(post.clone()),
            },
            show,
        )
        .await;
        assert_eq!(
            (asked.a.as_str(), asked.b.as_deref(), &shown.unwrap()),
            ("u", Some(expected), expected)
        );
    }
}

#[tokio::test]
async fn posts_since_a_time_and_an_empty_list() {
    let list = PostList {
        order: vec![s("p")],
        posts: [(
            s("p"),
            Post {
                id: s("p"),
                ..Post::default()
            },
        )]
        .into(),
    };
    let answer = AList {
        a: some(list.clone()),
        b: None,
    };
    let since = async |api: RpcApi| api.get_posts_since("c", -5).await;
    let (asked, found) = exchange::<SInt, _, _, _>("Plugin.GetPostsSince", answer, since).await;
    assert_eq!((asked, found.unwrap()), (SInt { a: s("c"), b: -5 }, list));
    let (_, none): (SInt, _) = exchange("Plugin.GetPostsSince", AList::default(), since).await;
    assert!(matches!(none, Err(ApiError::Rpc(_))));
}

#[tokio::test]
async fn commands_and_bots() {
    let text = TextArg {
        hint: s("[topic]"),
        pattern: String::new(),
    };
    let argument = AutocompleteArg {
        kind: s("TextInput"),
        required: true,
        data: Any::TextArg(Box::new(text)),
        ..AutocompleteArg::default()
    };
    let start = AutocompleteData {
        trigger: s("start"),
        arguments: vec![argument],
        ..AutocompleteData::default()
    };
    let root = AutocompleteData {
        trigger: s("zoom"),
        sub_commands: vec![start],
        ..AutocompleteData::default()
    };
    let command = Command {
        trigger: s("zoom"),
        auto_complete: true,
        autocomplete_data: some(root),
        ..Command::default()
    };
    let sent = &command;
    let register = async |api: RpcApi| api.register_command(sent.clone()).await;
    let (asked, done) =
        exchange::<ACommand, _, _, _>("Plugin.RegisterCommand", GoOnly::default(), register).await;
    done.unwrap();
    assert_eq!(asked.a.as_deref(), Some(sent));

    let bot = Bot {
        username: s("zoom"),
        display_name: s("Zoom"),
        description: s("Meetings."),
        ..Bot::default()
    };
    let sent = &bot;
    let ensure = async |api: RpcApi| api.ensure_bot_user(sent.clone()).await;
    let answer = StringGo {
        a: s("b"),
        b: Any::Nil,
    };
    let (asked, id) = exchange::<ABot, _, _, _>("Plugin.EnsureBotUser", answer, ensure).await;
    assert_eq!(
        (asked.a.as_deref(), id.unwrap().as_str()),
        (Some(sent), "b")
    );

    let image = async |api: RpcApi| api.set_profile_image("b", vec![0x89, 0x50]).await;
    let (asked, done) =
        exchange::<SBytes, _, _, _>("Plugin.SetProfileImage", ErrorOnly::default(), image).await;
    done.unwrap();
    assert_eq!(
        asked,
        SBytes {
            a: s("b"),
            b: Bytes(vec![0x89, 0x50])
        }
    );
}

#[tokio::test]
async fn files_preferences_and_dialogs() {
    let content = vec![7; 3_000_000];
    let info = FileInfo {
        id: s("f"),
        size: 3_000_000,
        ..FileInfo::default()
    };
    let data = content.clone();
    let upload = async |api: RpcApi| api.upload_file(data, "c", "chat.txt").await;
    let answer = AFile {
        a: some(info.clone()),
        b: None,
    };
    let (asked, stored) = exchange::<Upload, _, _, _>("Plugin.UploadFile", answer, upload).await;
    assert_eq!(
        asked,
        Upload {
            a: Bytes(content),
            b: s("c"),
            c: s("chat.txt")
        }
    );
    assert_eq!(stored.unwrap(), info);

    let preference = Preference {
        user_id: s("u"),
        category: s("plugin:zoom"),
        name: s("pmi"),
        value: s("ask"),
    };
    let list = vec![preference];
    let answer = APrefs {
        a: list.clone(),
        b: None,
    };
    let get = async |api: RpcApi| api.get_preferences_for_user("u").await;
    let (asked, found) = exchange::<S, _, _, _>("Plugin.GetPreferencesForUser", answer, get).await;
    assert_eq!((asked.a.as_str(), &found.unwrap()), ("u", &list));
    let given = list.clone();
    let delete = async |api: RpcApi| api.delete_preferences_for_user("u", given).await;
    let (asked, done) = exchange::<SPrefs, _, _, _>(
        "Plugin.DeletePreferencesForUser",
        ErrorOnly::default(),
        delete,
    )
    .await;
    done.unwrap();
    assert_eq!(asked, SPrefs { a: s("u"), b: list });

    let option = PostActionOptions {
        text: s("Yes"),
        value: s("yes"),
    };
    let element = DialogElement {
        name: s("answer"),
        kind: s("radio"),
        options: vec![option],
        ..DialogElement::default()
    };
    let dialog = Dialog {
        title: s("Settings"),
        elements: vec![element],
        ..Dialog::default()
    };
    let request = OpenDialogRequest {
        trigger_id: s("t"),
        url: s("/plugins/zoom/api/v1/x"),
        dialog,
    };
    let sent = &request;
    let open = async |api: RpcApi| api.open_interactive_dialog(sent.clone()).await;
    let (asked, done) =
        exchange::<Open, _, _, _>("Plugin.OpenInteractiveDialog", ErrorOnly::default(), open).await;
    done.unwrap();
    assert_eq!(&asked.a, sent);
}

#[tokio::test]
async fn the_key_value_store() {
    let get = async |api: RpcApi| api.kv_get("key").await;
    let answer = ABytes {
        a: Bytes(vec![1, 2]),
        b: None,
    };
    let (asked, value) = exchange::<S, _, _, _>("Plugin.KVGet", answer, get).await;
    assert_eq!(
        (asked.a.as_str(), value.unwrap()),
        ("key", Some(vec![1, 2]))
    );
    let (_, value): (S, _) = exchange("Plugin.KVGet", ABytes::default(), get).await;
    assert_eq!(value.unwrap(), None);

    let options = KvSetOptions {
        atomic: true,
        old_value: Bytes(vec![1]),
        expire_in_seconds: 60,
    };
    let given = &options;
    let set = async |api: RpcApi| api.kv_set_with_options("key", vec![2], given.clone()).await;
    for written in [true, false] {
        let answer = YesError {
            a: written,
            b: None,
        };
        let (asked, done) =
            exchange::<KvSet, _, _, _>("Plugin.KVSetWithOptions", answer, set).await;
        assert_eq!(
            asked,
            KvSet {
                a: s("key"),
                b: Bytes(vec![2]),
                c: options.clone()
            }
        );
        assert_eq!(done.unwrap(), written);
    }

    let delete = async |api: RpcApi| api.kv_delete("key").await;
    let (asked, done) =
        exchange::<S, _, _, _>("Plugin.KVDelete", ErrorOnly::default(), delete).await;
    assert_eq!((asked.a.as_str(), done), ("key", Ok(())));

    let answer = AKeys {
        a: vec![s("a"), s("b")],
        b: None,
    };
    let list = async |api: RpcApi| api.kv_list(2, 100).await;
    let (asked, keys) = exchange::<IntInt, _, _, _>("Plugin.KVList", answer, list).await;
    assert_eq!(
        (asked, keys.unwrap()),
        (IntInt { a: 2, b: 100 }, vec![s("a"), s("b")])
    );
}

#[tokio::test]
async fn websocket_events_always_have_a_broadcast() {
    let payload = BTreeMap::from([(s("text"), Any::String(s("hi")))]);
    let given = &payload;
    let publish = async |api: RpcApi| {
        api.publish_websocket_event("refresh", given.clone(), Broadcast::default())
            .await
    };
    let (asked, done) =
        exchange::<Publish, _, _, _>("Plugin.PublishWebSocketEvent", Empty, publish).await;
    done.unwrap();
    assert_eq!(
        asked,
        Publish {
            a: s("refresh"),
            b: payload.clone(),
            c: some(Broadcast::default())
        }
    );
}

#[tokio::test]
async fn log_lines_alternate_names_and_values() {
    let levels = [
        (LogLevel::Debug, "Plugin.LogDebug"),
        (LogLevel::Info, "Plugin.LogInfo"),
        (LogLevel::Warn, "Plugin.LogWarn"),
        (LogLevel::Error, "Plugin.LogError"),
    ];
    for (level, method) in levels {
        let log = async |api: RpcApi| {
            api.log(level, "it happened", vec![(s("status"), s("404"))])
                .await
        };
        let (asked, done) = exchange::<Log, _, _, _>(method, Empty, log).await;
        done.unwrap();
        let fields = vec![Any::String(s("status")), Any::String(s("404"))];
        assert_eq!(
            asked,
            Log {
                a: s("it happened"),
                b: fields
            }
        );
    }
}
