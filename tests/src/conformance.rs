//! Checks Mattermost's responses to the host's calls of the plugin API.
//!
//! The same cases run on the in-memory server of the component tests and, with a separate plugin
//! (`bin/conformance.rs`), on a real server. So the in-memory server behaves like the real one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use mattermost_plugin_rpc::gob::{Bytes, Time};
use mattermost_plugin_rpc::mattermost::Any;
use mattermost_plugin_rpc::mattermost::{
    Api, ApiError, AuditEventActor, AuditEventData, AuditRecord, Bot, Broadcast, Command,
    CustomStatus, KvSetOptions, LogLevel, Post, Preference, PushNotification,
};
use serde_json::{Value, json};

/// The plugin that makes the calls on a real server.
pub const PLUGIN: &str = "com.example.conformance";
/// The event that is published.
pub const EVENT: &str = "conformance";
/// The line that is logged.
pub const LINE: &str = "The conformance suite was here.";
/// The last status of the person.
pub const STATUS: &str = "in a meeting";
/// When that status ends, in milliseconds since 1970.
pub const STATUS_ENDS: i64 = 4_102_444_800_000;
/// The setting that the manifest calls secret.
pub const SECRET: &str = "Token";
/// The category and name of the preference that the person has.
pub const PREFERENCE: (&str, &str) = ("conformance", "color");

/// The server's mask for secrets.
const MASK: &str = "********************************";
/// An unused ID.
const NOBODY: &str = "zzzzzzzzzzzzzzzzzzzzzzzzzz";
/// A picture of one pixel, PNG in Base64.
const PICTURE: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==";

/// The users and channels of the cases. Strings are IDs unless noted.
#[derive(Clone, Debug, Default)]
pub struct Fixture {
    /// A regular member of the channel, who is online and has the preference.
    pub person: String,
    /// The person's name.
    pub name: String,
    /// The person's e-mail address.
    pub email: String,
    /// An administrator of the site.
    pub administrator: String,
    /// A user outside the channel.
    pub stranger: String,
    /// The person's team.
    pub team: String,
    /// An open channel.
    pub channel: String,
    /// All members of the channel.
    pub members: BTreeSet<String>,
    /// The site's address.
    pub site: String,
    /// The plugin that makes the calls.
    pub plugin: String,
}

impl Fixture {
    /// As the body of a request.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "person": self.person, "name": self.name, "email": self.email,
            "administrator": self.administrator, "stranger": self.stranger,
            "team": self.team, "channel": self.channel, "members": self.members,
            "site": self.site, "plugin": self.plugin,
        })
    }

    /// From the body of a request.
    #[must_use]
    pub fn from_json(value: &Value) -> Self {
        let text = |name: &str| {
            let text = value.get(name).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let members = value.get("members").and_then(Value::as_array);
        let members = members.into_iter().flatten().filter_map(Value::as_str);
        Self {
            person: text("person"),
            name: text("name"),
            email: text("email"),
            administrator: text("administrator"),
            stranger: text("stranger"),
            team: text("team"),
            channel: text("channel"),
            members: members.map(str::to_owned).collect(),
            site: text("site"),
            plugin: text("plugin"),
        }
    }
}

/// The result of a case; the text is the failure.
type Outcome = Result<(), String>;
type Run = for<'a> fn(&'a dyn Api, &'a Fixture) -> BoxFuture<'a, Outcome>;

/// A name that reads as a sentence, and the case.
const CASES: &[(&str, Run)] = &[
    ("a user is found by ID, name, and e-mail address", |a, f| {
        users(a, f).boxed()
    }),
    ("users are found by several names", |a, f| {
        names(a, f).boxed()
    }),
    (
        "members of a channel come in pages and are counted",
        |a, f| members(a, f).boxed(),
    ),
    ("a membership is there or absent", |a, f| {
        membership(a, f).boxed()
    }),
    ("permissions follow roles and memberships", |a, f| {
        permissions(a, f).boxed()
    }),
    ("two people have one direct channel", |a, f| {
        direct(a, f).boxed()
    }),
    ("a post is created, changed, listed, and deleted", |a, f| {
        posts(a, f).boxed()
    }),
    (
        "deleting the root of a thread deletes its replies",
        |a, f| threads(a, f).boxed(),
    ),
    ("an ephemeral post comes back", |a, f| {
        ephemeral(a, f).boxed()
    }),
    ("a file is stored", |a, f| files(a, f).boxed()),
    ("preferences are listed and removed", |a, f| {
        preferences(a, f).boxed()
    }),
    ("a key is written, compared, listed, and removed", |a, f| {
        keys(a, f).boxed()
    }),
    ("settings are replaced, and secrets masked", |a, f| {
        settings(a, f).boxed()
    }),
    ("the server tells about itself", |a, f| server(a, f).boxed()),
    ("a command needs a trigger", |a, f| commands(a, f).boxed()),
    ("the bot is made once", |a, f| bots(a, f).boxed()),
    ("a user is online or unknown", |a, f| status(a, f).boxed()),
    ("a custom status is removed and set", |a, f| {
        custom_status(a, f).boxed()
    }),
    (
        "notifications, events, lines, and records are taken",
        |a, f| sent(a, f).boxed(),
    ),
];

/// Runs all cases. Returns each name and its failure, if any.
pub async fn run(api: &dyn Api, fixture: &Fixture) -> Vec<(&'static str, Option<String>)> {
    let mut outcomes = Vec::new();
    for (name, case) in CASES {
        outcomes.push((*name, case(api, fixture).await.err()));
    }
    outcomes
}

fn same<T: PartialEq + Debug>(what: &str, found: &T, expected: &T) -> Outcome {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what} is {found:?}, not {expected:?}"))
}

fn is(what: &str, holds: bool) -> Outcome {
    holds.then_some(()).ok_or_else(|| format!("not so: {what}"))
}

fn done<T>(what: &str, answer: Result<T, ApiError>) -> Result<T, String> {
    answer.map_err(|error| format!("{what}: {error}"))
}

fn refused<T: Debug>(what: &str, answer: Result<T, ApiError>, status: i64) -> Outcome {
    match answer {
        Err(error) if error.status() == Some(status) => Ok(()),
        other => Err(format!("{what} gave {other:?}, not status {status}")),
    }
}

async fn users(api: &dyn Api, f: &Fixture) -> Outcome {
    let by_id = done("by ID", api.get_user(&f.person).await)?;
    same("the name", &by_id.username, &f.name)?;
    same("the address", &by_id.email, &f.email)?;
    let by_name = done("by name", api.get_user_by_username(&f.name).await)?;
    same("the user with the name", &by_name.id, &f.person)?;
    let by_email = done("by address", api.get_user_by_email(&f.email).await)?;
    same("the user with the address", &by_email.id, &f.person)?;
    refused("an unknown ID", api.get_user(NOBODY).await, 404)?;
    refused(
        "an unknown name",
        api.get_user_by_username("nobody-at-all").await,
        404,
    )?;
    let unknown = api.get_user_by_email("nobody@example.invalid").await;
    refused("an unknown address", unknown, 404)
}

async fn names(api: &dyn Api, f: &Fixture) -> Outcome {
    let names = vec![f.name.clone(), "nobody-at-all".to_owned()];
    let found = done("by names", api.get_users_by_usernames(names).await)?;
    let ids: Vec<_> = found.into_iter().map(|user| user.id).collect();
    same("the users", &ids, &vec![f.person.clone()])?;
    let teams = done("the teams", api.get_teams_for_user(&f.person).await)?;
    is(
        "the person is in the team",
        teams.iter().any(|team| team.id == f.team),
    )
}

async fn members(api: &dyn Api, f: &Fixture) -> Outcome {
    let all = done("members", api.get_channel_members(&f.channel, 0, 100).await)?;
    let ids: BTreeSet<_> = all.into_iter().map(|member| member.user_id).collect();
    same("the members", &ids, &f.members)?;
    let stats = done("statistics", api.get_channel_stats(&f.channel).await)?;
    same("the channel", &stats.channel_id, &f.channel)?;
    let count = i64::try_from(f.members.len()).unwrap_or(0);
    same("the number of members", &stats.member_count, &count)?;
    let users = done("users", api.get_users_in_channel(&f.channel, 0, 100).await)?;
    let names: Vec<_> = users.iter().map(|user| user.username.clone()).collect();
    is("users are sorted by name", names.is_sorted())?;
    let mut paged = Vec::new();
    for page in 0..=u32::try_from(users.len()).unwrap_or(0) {
        paged.extend(done(
            "a page",
            api.get_users_in_channel(&f.channel, page, 1).await,
        )?);
    }
    same("the users of all pages", &paged, &users)?;
    let second = done("a page", api.get_channel_members(&f.channel, 1, 1).await)?;
    same("the second page's length", &second.len(), &1)?;
    let none = done("no page", api.get_channel_members(&f.channel, 9, 100).await)?;
    is("a page beyond the last is empty", none.is_empty())
}

async fn membership(api: &dyn Api, f: &Fixture) -> Outcome {
    let member = done(
        "a member",
        api.get_channel_member(&f.channel, &f.person).await,
    )?;
    let member = member.ok_or("a member has no membership")?;
    same(
        "the member",
        &(member.channel_id, member.user_id),
        &(f.channel.clone(), f.person.clone()),
    )?;
    let absent = done(
        "a stranger",
        api.get_channel_member(&f.channel, &f.stranger).await,
    )?;
    same("a stranger's membership", &absent, &None)?;
    let channel = done("the channel", api.get_channel(&f.channel).await)?;
    same("the kind", &channel.kind, &"O".to_owned())?;
    refused("an unknown channel", api.get_channel(NOBODY).await, 404)
}

async fn permissions(api: &dyn Api, f: &Fixture) -> Outcome {
    let manages = async |user: &str| {
        done(
            "manage_system",
            api.has_permission_to(user, "manage_system").await,
        )
    };
    is(
        "an administrator manages the system",
        manages(&f.administrator).await?,
    )?;
    is("a person does not", !manages(&f.person).await?)?;
    is("nobody does not", !manages(NOBODY).await?)?;
    let writes = async |user: &str| {
        let answer = api
            .has_permission_to_channel(user, &f.channel, "create_post")
            .await;
        done("create_post", answer)
    };
    is("a member writes", writes(&f.person).await?)?;
    is("a stranger does not write", !writes(&f.stranger).await?)
}

async fn direct(api: &dyn Api, f: &Fixture) -> Outcome {
    let channel = done(
        "direct",
        api.get_direct_channel(&f.person, &f.stranger).await,
    )?;
    same("the kind", &channel.kind, &"D".to_owned())?;
    same("the team", &channel.team_id, &String::new())?;
    let again = done(
        "again",
        api.get_direct_channel(&f.stranger, &f.person).await,
    )?;
    same("the channel the other way around", &again.id, &channel.id)
}

fn draft(f: &Fixture, root: &str, message: &str) -> Post {
    Post {
        user_id: f.person.clone(),
        channel_id: f.channel.clone(),
        root_id: root.to_owned(),
        message: message.to_owned(),
        ..Post::default()
    }
}

async fn posts(api: &dyn Api, f: &Fixture) -> Outcome {
    let mut fresh = draft(f, "", "first");
    fresh.kind = "custom_conformance".to_owned();
    let nested = Any::Map(BTreeMap::from([("deep".to_owned(), Any::Bool(true))]));
    fresh.props.insert("nested".to_owned(), nested.clone());
    let post = done("creating", api.create_post(fresh).await)?;
    is(
        "a post has an ID and a time",
        !post.id.is_empty() && post.create_at > 0,
    )?;
    let read = done("reading", api.get_post(&post.id).await)?;
    same("the message", &read.message, &"first".to_owned())?;
    same("the kind", &read.kind, &"custom_conformance".to_owned())?;
    same("the property", &read.props.get("nested"), &Some(&nested))?;
    let changed = Post {
        message: "second".to_owned(),
        ..read
    };
    let updated = done("changing", api.update_post(changed).await)?;
    same(
        "the changed message",
        &updated.message,
        &"second".to_owned(),
    )?;
    same("the ID", &updated.id, &post.id)?;
    let since = done(
        "listing",
        api.get_posts_since(&f.channel, post.create_at - 1).await,
    )?;
    is("the list has the post", since.posts.contains_key(&post.id))?;
    done("deleting", api.delete_post(&post.id).await)?;
    refused("a deleted post", api.get_post(&post.id).await, 404)?;
    refused("deleting it again", api.delete_post(&post.id).await, 400)?;
    let since = done(
        "listing",
        api.get_posts_since(&f.channel, post.create_at - 1).await,
    )?;
    let listed = since.posts.get(&post.id);
    is(
        "the list has the deleted post",
        listed.is_some_and(|post| post.delete_at > 0),
    )?;
    let lost = api.create_post(draft(f, NOBODY, "lost")).await;
    refused("a reply to nothing", lost, 400)?;
    refused(
        "an unknown post",
        api.update_post(Post {
            id: NOBODY.to_owned(),
            ..draft(f, "", "x")
        })
        .await,
        404,
    )
}

async fn threads(api: &dyn Api, f: &Fixture) -> Outcome {
    let root = done("the root", api.create_post(draft(f, "", "root")).await)?;
    let reply = done(
        "a reply",
        api.create_post(draft(f, &root.id, "reply")).await,
    )?;
    done("deleting the root", api.delete_post(&root.id).await)?;
    refused("the reply", api.get_post(&reply.id).await, 404)
}

async fn ephemeral(api: &dyn Api, f: &Fixture) -> Outcome {
    let shown = done(
        "showing",
        api.send_ephemeral_post(&f.person, draft(f, "", "psst"))
            .await,
    )?;
    is("an ephemeral post has an ID", !shown.id.is_empty())?;
    let changed = Post {
        message: "hush".to_owned(),
        ..shown
    };
    let changed = done(
        "changing",
        api.update_ephemeral_post(&f.person, changed).await,
    )?;
    same("the message", &changed.message, &"hush".to_owned())
}

async fn files(api: &dyn Api, f: &Fixture) -> Outcome {
    let content = b"hello".to_vec();
    let info = done(
        "storing",
        api.upload_file(content, &f.channel, "notes.txt").await,
    )?;
    is("a file has an ID", !info.id.is_empty())?;
    same(
        "the name and size",
        &(info.name, info.size),
        &("notes.txt".to_owned(), 5),
    )
}

async fn preferences(api: &dyn Api, f: &Fixture) -> Outcome {
    let own = async || done("listing", api.get_preferences_for_user(&f.person).await);
    let all = own().await?;
    is(
        "all are the person's",
        all.iter().all(|one| one.user_id == f.person),
    )?;
    let named = |one: &&Preference| (one.category.as_str(), one.name.as_str()) == PREFERENCE;
    let one = all.iter().find(named).ok_or("the preference is missing")?;
    let remove = async || {
        let preferences = vec![one.clone()];
        done(
            "removing",
            api.delete_preferences_for_user(&f.person, preferences)
                .await,
        )
    };
    remove().await?;
    is("it is gone", own().await?.iter().find(named).is_none())?;
    remove().await
}

async fn keys(api: &dyn Api, _: &Fixture) -> Outcome {
    let key = "conformance_key";
    let set = async |value: &[u8], options| {
        done(
            "writing",
            api.kv_set_with_options(key, value.to_vec(), options).await,
        )
    };
    let get = async || done("reading", api.kv_get(key).await);
    let expecting = |old: &[u8]| KvSetOptions {
        atomic: true,
        old_value: Bytes(old.to_vec()),
        expire_in_seconds: 0,
    };
    same("an absent key", &get().await?, &None)?;
    is(
        "nothing is replaced by one",
        set(b"one", expecting(b"")).await?,
    )?;
    is(
        "nothing is not there any more",
        !set(b"two", expecting(b"")).await?,
    )?;
    same("the value", &get().await?.as_deref(), &Some(&b"one"[..]))?;
    is(
        "one is replaced by two",
        set(b"two", expecting(b"one")).await?,
    )?;
    let lasting = KvSetOptions {
        expire_in_seconds: 1000,
        ..KvSetOptions::default()
    };
    is("three is written", set(b"three", lasting).await?)?;
    same("the value", &get().await?.as_deref(), &Some(&b"three"[..]))?;
    let listed = async || done("listing", api.kv_list(0, 1000).await);
    is(
        "the key is listed",
        listed().await?.iter().any(|one| one == key),
    )?;
    done("removing", api.kv_delete(key).await)?;
    done("removing again", api.kv_delete(key).await)?;
    same("a removed key", &get().await?, &None)?;
    is(
        "the key is not listed",
        !listed().await?.iter().any(|one| one == key),
    )?;
    is(
        "an empty value is written",
        set(b"x", KvSetOptions::default()).await?,
    )?;
    is(
        "an empty value is written",
        set(b"", KvSetOptions::default()).await?,
    )?;
    same("an empty value", &get().await?, &None)?;
    let long = "k".repeat(151);
    refused(
        "a long key",
        api.kv_set_with_options(&long, vec![1], KvSetOptions::default())
            .await,
        400,
    )
}

async fn settings(api: &dyn Api, _: &Fixture) -> Outcome {
    let text = |text: &str| Any::String(text.to_owned());
    let save = async |settings: &[(&str, &str)]| {
        let settings = settings
            .iter()
            .map(|(key, value)| ((*key).to_owned(), text(value)));
        done("saving", api.save_plugin_config(settings.collect()).await)
    };
    let stored = async || done("reading", api.get_plugin_config().await);
    let loaded = async |key: &str| {
        let json = done("loading", api.load_plugin_configuration().await)?;
        let json: Value = serde_json::from_slice(&json).map_err(|error| error.to_string())?;
        let value = json.get(key).and_then(Value::as_str);
        Ok::<_, String>(value.map(str::to_owned))
    };
    save(&[("Color", "blue"), (SECRET, "hidden")]).await?;
    let settings = stored().await?;
    same("a setting", &settings.get("Color"), &Some(&text("blue")))?;
    same("a secret", &settings.get(SECRET), &Some(&text(MASK)))?;
    same(
        "a loaded setting",
        &loaded("color").await?.as_deref(),
        &Some("blue"),
    )?;
    let secret = SECRET.to_lowercase();
    same(
        "a loaded secret",
        &loaded(&secret).await?.as_deref(),
        &Some("hidden"),
    )?;
    save(&[(SECRET, MASK)]).await?;
    same(
        "a secret that was kept",
        &loaded(&secret).await?.as_deref(),
        &Some("hidden"),
    )?;
    is(
        "a setting that was not saved is gone",
        !stored().await?.contains_key("Color"),
    )?;
    save(&[]).await?;
    is("nothing is stored", stored().await?.is_empty())
}

async fn server(api: &dyn Api, f: &Fixture) -> Outcome {
    let version = done("the version", api.get_server_version().await)?;
    let numbers: Vec<_> = version.split('.').map(str::parse::<u32>).collect();
    is(
        "a version is three numbers",
        numbers.len() == 3 && numbers.iter().all(Result::is_ok),
    )?;
    let path = done("the path", api.get_bundle_path().await)?;
    is("the path is absolute", path.starts_with('/'))?;
    let config = done("the configuration", api.get_config().await)?;
    same("the site", &config.site_url(), &Some(f.site.as_str()))?;
    done("the license", api.get_license().await)?;
    let status = done("the plugin", api.get_plugin_status(&f.plugin).await)?;
    let status = status.ok_or("the plugin is not installed")?;
    same(
        "the plugin and its state",
        &(status.plugin_id, status.state),
        &(f.plugin.clone(), 2),
    )?;
    let absent = done(
        "no plugin",
        api.get_plugin_status("com.example.absent").await,
    )?;
    same("a plugin that is not installed", &absent, &None)
}

async fn commands(api: &dyn Api, _: &Fixture) -> Outcome {
    let command = |trigger: &str| Command {
        trigger: trigger.to_owned(),
        auto_complete: true,
        ..Command::default()
    };
    done(
        "registering",
        api.register_command(command("conformance")).await,
    )?;
    done(
        "registering again",
        api.register_command(command("conformance")).await,
    )?;
    let refused = api.register_command(command("")).await;
    is(
        "a command without a trigger is a Go error",
        matches!(refused, Err(ApiError::Go(_))),
    )
}

async fn bots(api: &dyn Api, f: &Fixture) -> Outcome {
    let ensure = async || {
        let bot = Bot {
            username: "conformance-bot".to_owned(),
            display_name: "Conformance".to_owned(),
            description: "Made by a test.".to_owned(),
            ..Bot::default()
        };
        done("ensuring", api.ensure_bot_user(bot).await)
    };
    let id = ensure().await?;
    same("the bot that was made again", &ensure().await?, &id)?;
    let user = done("the account", api.get_user(&id).await)?;
    is("it is a bot", user.is_bot)?;
    let bot = done("the bot", api.get_bot(&id, true).await)?;
    is(
        "the bot has its name and an owner",
        bot.is_some_and(|bot| bot.username == "conformance-bot" && !bot.owner_id.is_empty()),
    )?;
    let nobody = done("an unknown bot", api.get_bot(NOBODY, true).await)?;
    is("there is no such bot", nobody.is_none())?;
    let person = done("a person", api.get_bot(&f.person, true).await)?;
    is("a person is no bot", person.is_none())?;
    let picture = STANDARD
        .decode(PICTURE)
        .map_err(|error| error.to_string())?;
    done("its picture", api.set_profile_image(&id, picture).await)
}

async fn status(api: &dyn Api, f: &Fixture) -> Outcome {
    let status = done("the person", api.get_user_status(&f.person).await)?;
    same(
        "the status",
        &(status.user_id, status.status),
        &(f.person.clone(), "online".to_owned()),
    )?;
    refused("an unknown user", api.get_user_status(NOBODY).await, 404)
}

async fn custom_status(api: &dyn Api, f: &Fixture) -> Outcome {
    let status = CustomStatus {
        emoji: "calendar".to_owned(),
        text: STATUS.to_owned(),
        duration: "date_and_time".to_owned(),
        expires_at: Time(Some(STATUS_ENDS)),
    };
    done(
        "removing none",
        api.remove_user_custom_status(&f.person).await,
    )?;
    let set = async |user: &str, status| api.update_user_custom_status(user, status).await;
    refused(
        "an empty status",
        set(&f.person, CustomStatus::default()).await,
        400,
    )?;
    refused("an unknown user", set(NOBODY, status.clone()).await, 404)?;
    done("setting", set(&f.person, status.clone()).await)?;
    done("removing", api.remove_user_custom_status(&f.person).await)?;
    done("setting again", set(&f.person, status).await)
}

async fn sent(api: &dyn Api, f: &Fixture) -> Outcome {
    let notification = PushNotification {
        kind: "message".to_owned(),
        version: "v2".to_owned(),
        message: "hello".to_owned(),
        channel_id: f.channel.clone(),
        ..PushNotification::default()
    };
    done(
        "a notification",
        api.send_push_notification(notification, &f.person).await,
    )?;
    let data = BTreeMap::from([("text".to_owned(), Any::String("hello".to_owned()))]);
    let audience = Broadcast {
        user_id: f.person.clone(),
        ..Broadcast::default()
    };
    done(
        "an event",
        api.publish_websocket_event(EVENT, data, audience).await,
    )?;
    let field = vec![("who".to_owned(), f.person.clone())];
    done("a line", api.log(LogLevel::Warn, LINE, field).await)?;
    let record = AuditRecord {
        event_name: "conformance".to_owned(),
        status: "success".to_owned(),
        event_data: AuditEventData {
            parameters: BTreeMap::from([("list".to_owned(), Any::List(vec![Any::Int(1)]))]),
            object_type: "test".to_owned(),
        },
        actor: AuditEventActor {
            user_id: f.person.clone(),
            ..AuditEventActor::default()
        },
        ..AuditRecord::default()
    };
    done("a record", api.log_audit_rec(record).await)
}
