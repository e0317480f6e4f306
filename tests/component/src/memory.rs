//! An in-memory Mattermost server: a small model that implements the plugin API.
//!
//! It has users, channels, members, permissions, posts, ephemeral posts, WebSocket events, and a key-value store with
//! expiry and compare-and-set, all under one lock. Calls are counted by name, and a test can inject faults
//! ([`crate::faults`]), move the server's clock, let the read replica lag ([`World::lag`]), or slow every call down
//! ([`MemoryApi::slow_down`]).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mattermost_plugin_rpc::mattermost::Any;
use mattermost_plugin_rpc::mattermost::{
    ApiError, AuditApi, AuditRecord, Bot, BotsApi, Broadcast, Call, Channel, ChannelMember,
    ChannelStats, ChannelsApi, Command, CommandsApi, Config, CustomStatus, DialogsApi, FileInfo,
    FilesApi, KvApi, KvSetOptions, License, LogApi, LogLevel, NotificationsApi, OpenDialogRequest,
    PermissionsApi, PluginStatus, Post, PostList, PostsApi, Preference, PreferencesApi,
    PushNotification, ServerApi, SettingsApi, Status, StatusApi, Team, User, UsersApi,
    WebsocketApi,
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use crate::faults::{Fate, InjectedFault, Plan};
use crate::replica::{Position, Versions, Write};

/// A custom event as it was published.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its name, without the plugin's prefix.
    pub name: String,
    /// Its data.
    pub data: BTreeMap<String, Any>,
    /// Its recipients.
    pub audience: Broadcast,
}

/// A line of the log.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its level.
    pub level: LogLevel,
    /// Its message.
    pub message: String,
    /// Its fields.
    pub fields: Vec<(String, String)>,
}

#[derive(Clone)]
struct Stored {
    value: Vec<u8>,
    expires: Option<i64>,
    by_plugin: bool,
}

/// The state of the server. Tests read and change it freely.
#[derive(Default)]
pub struct World {
    /// The plugin's settings as JSON.
    pub settings: Value,
    /// The settings, in lower case, that the manifest calls secret: the server masks them.
    pub secret_settings: BTreeSet<String>,
    /// Whether the server's configuration is read-only.
    pub read_only_config: bool,
    /// The server's configuration.
    pub config: Config,
    /// By id.
    pub users: BTreeMap<String, User>,
    /// By id.
    pub channels: BTreeMap<String, Channel>,
    /// Channel id and user id.
    pub members: BTreeSet<(String, String)>,
    /// Team id and user id.
    pub teams: BTreeSet<(String, String)>,
    /// User ID and channel ID of members who may read but not write.
    pub muted: BTreeSet<(String, String)>,
    /// In order of creation.
    pub posts: Vec<Post>,
    /// User id and post, in order of sending.
    pub ephemerals: Vec<(String, Post)>,
    /// User id and post, in order of changing.
    pub ephemeral_changes: Vec<(String, Post)>,
    /// In order of publishing.
    pub events: Vec<Event>,
    /// The requested bot accounts, one for each request.
    pub bots_asked_for: Vec<Bot>,
    /// The owners of bot accounts, by the bot's user ID. A bot without an entry belongs to itself, like a converted
    /// account, because the in-memory server does not know the plugin's ID.
    pub bot_owners: BTreeMap<String, String>,
    /// The commands in force.
    pub commands: BTreeMap<String, Command>,
    /// All lines.
    pub log: Vec<Line>,
    /// Whether the server is too old for audit records of plugins.
    pub is_old: bool,
    /// The server's license.
    pub license: Option<License>,
    /// The plugins that are installed.
    pub plugins: Vec<PluginStatus>,
    /// By user ID; users who never signed in have no entry.
    pub statuses: BTreeMap<String, Status>,
    /// By user id.
    pub custom_statuses: BTreeMap<String, CustomStatus>,
    /// User id and notification for mobile devices, in order of sending.
    pub pushed: Vec<(String, PushNotification)>,
    /// All records of the audit log.
    pub audit: Vec<AuditRecord>,
    /// Pictures set, by user id.
    pub pictures: Vec<(String, Vec<u8>)>,
    /// All preferences.
    pub preferences: Vec<Preference>,
    /// Dialogs opened.
    pub dialogs: Vec<OpenDialogRequest>,
    /// Id, name and content of uploaded files.
    pub files: Vec<(String, String, Vec<u8>)>,
    /// Names of calls in order.
    pub calls: Vec<String>,
    /// Posts before this time are beyond the message history of the server's license.
    pub history_from: i64,
    /// Direct channels of users without a common team, in which the server rejects posts and changes.
    pub restricted: BTreeSet<String>,
    /// Keys of which the last one is deleted after each page of a list, like by another node.
    pub deleted_with_each_page: Vec<String>,
    /// The status with which the server rejects files, if it does.
    pub refuses_files: Option<i64>,
    /// Whether all calls are forbidden.
    pub forbidden: bool,
    /// Milliseconds since 1970.
    pub now: i64,
    /// The lag of the read replica, in milliseconds. Reads of keys and posts go to it.
    pub lag: i64,
    /// The same for posts alone: reads may go to several replicas.
    pub post_lag: i64,
    /// The lag of the replica within one action, in milliseconds, if it has no other lag. It has all writes before the
    /// action ([`World::catch_up`]), because users and Zoom are slower than the replica.
    pub lag_within: i64,
    /// The results of the next reads of a key, which reach a lagging replica. An empty value is a record that does not
    /// exist yet.
    pub behind: BTreeMap<String, Vec<Vec<u8>>>,
    /// The start of the description (method and key) of calls that never return. Empty for none.
    pub hangs: String,
    /// The same for one call that panics in the plugin's process.
    pub panics: String,
    pub(crate) plan: Plan,
    pub(crate) clock: Option<Clock>,
    kv: BTreeMap<String, Versions<Option<Stored>>>,
    post_versions: BTreeMap<String, Versions<Post>>,
    next_id: u32,
    /// The number of writes.
    writes: u64,
    /// The minimum number of writes on the replica.
    caught_up: u64,
}

/// The server's clock, in milliseconds since 1970.
pub(crate) type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The server.
#[derive(Default)]
pub struct MemoryApi {
    world: Mutex<World>,
    /// How long each call takes.
    delay: watch::Sender<Duration>,
    pub(crate) dead: watch::Sender<bool>,
}

impl World {
    fn id(&mut self) -> String {
        self.next_id += 1;
        format!("{:a>26}", base26(self.next_id))
    }

    /// The value of a key, expired or not.
    #[must_use]
    pub fn stored(&self, key: &str) -> Option<&[u8]> {
        self.primary(key).map(|stored| stored.value.as_slice())
    }

    /// The expiry of a key, in milliseconds since 1970, or `None`.
    #[must_use]
    pub fn expiry(&self, key: &str) -> Option<i64> {
        self.primary(key)?.expires
    }

    /// The values that the plugin has written, by key. Omits values of [`World::store`] until the plugin writes them.
    pub fn written(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let present = self.kv.iter().filter_map(|(key, versions)| {
            let stored = versions.latest()?.as_ref()?;
            Some((key.as_str(), stored))
        });
        let written = present.filter(|(_, stored)| stored.by_plugin);
        written.map(|(key, stored)| (key, stored.value.as_slice()))
    }

    /// All keys that have not expired, in the server's order.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let keys = self.kv.keys().filter(|key| self.primary(key).is_some());
        keys.cloned().collect()
    }

    /// Stores a value without expiry, like an earlier plugin.
    pub fn store(&mut self, key: &str, value: impl Into<Vec<u8>>) {
        let stored = Stored {
            value: value.into(),
            expires: None,
            by_plugin: false,
        };
        self.write(key, Some(stored));
    }

    /// Starts an action: the replica gets all earlier writes.
    pub fn catch_up(&mut self) {
        self.caught_up = self.writes;
    }

    fn next_write(&mut self) -> Write {
        self.writes += 1;
        Write {
            number: self.writes,
            time: self.now,
        }
    }

    fn write(&mut self, key: &str, stored: Option<Stored>) {
        let write = self.next_write();
        let versions = self.kv.entry(key.to_owned()).or_default();
        versions.push(write, stored);
    }

    fn remove(&mut self, key: &str) {
        if self.primary(key).is_some() {
            self.write(key, None);
        }
    }

    fn stored_settings(&self) -> BTreeMap<String, Any> {
        match Any::from_json(self.settings.clone()) {
            Any::Map(settings) => settings,
            _ => BTreeMap::new(),
        }
    }

    /// Removes a value, like another node.
    pub fn forget(&mut self, key: &str) {
        self.remove(key);
    }

    /// Adds a user with a readable id.
    pub fn add_user(&mut self, name: &str, roles: &str) -> String {
        let id = format!("{name:x<26}");
        let user = User {
            id: id.clone(),
            username: name.to_owned(),
            email: format!("{name}@example.com"),
            email_verified: true,
            roles: roles.to_owned(),
            locale: "en".to_owned(),
            ..User::default()
        };
        self.users.insert(id.clone(), user);
        id
    }

    /// Adds a channel with a readable id, of kind `O`, `P`, `D` or `G`, with members.
    pub fn add_channel(&mut self, name: &str, kind: &str, members: &[&str]) -> String {
        let id = format!("{name:y<26}");
        let channel = Channel {
            id: id.clone(),
            kind: kind.to_owned(),
            name: name.to_owned(),
            display_name: name.to_owned(),
            ..Channel::default()
        };
        self.channels.insert(id.clone(), channel);
        let members = members.iter().map(|user| (id.clone(), (*user).to_owned()));
        self.members.extend(members);
        id
    }

    /// Adds a post that the plugin did not write.
    pub fn add_post(&mut self, user: &str, channel: &str, message: &str) -> String {
        let id = self.id();
        self.posts.push(Post {
            id: id.clone(),
            create_at: self.now,
            update_at: self.now,
            user_id: user.to_owned(),
            channel_id: channel.to_owned(),
            message: message.to_owned(),
            ..Post::default()
        });
        id
    }

    /// Stores a value like a server before version 5.6: under the hash of its key.
    pub fn store_hashed(&mut self, key: &str, value: impl Into<Vec<u8>>) {
        self.store(&hashed(key), value);
    }

    /// The result of a read: the replica's value of the key, or else of its hash.
    fn read(&self, key: &str) -> Option<&Stored> {
        let read = |key: &str| {
            let stored = self.replica(self.kv.get(key)?, self.lag)?.as_ref()?;
            self.is_alive(stored).then_some(stored)
        };
        read(key).or_else(|| read(&hashed(key)))
    }

    fn primary(&self, key: &str) -> Option<&Stored> {
        self.kv.get(key)?.latest()?.as_ref()
    }

    /// The primary's value, if it has not expired.
    fn live(&self, key: &str) -> Option<&Stored> {
        self.primary(key).filter(|stored| self.is_alive(stored))
    }

    fn is_alive(&self, stored: &Stored) -> bool {
        stored.expires.is_none_or(|expires| expires > self.now)
    }

    fn replica<'a, T>(&self, versions: &'a Versions<T>, lag: i64) -> Option<&'a T> {
        match (lag, self.lag_within) {
            (0, 0) => versions.latest(),
            (0, within) => versions.until(Position {
                number: self.caught_up,
                time: self.now - within,
            }),
            (lag, _) => versions.until(Position {
                number: 0,
                time: self.now - lag,
            }),
        }
    }

    /// The replica's version of a post. Posts that a test added are on the replica at once.
    fn replica_of(&self, post: &Post) -> Option<Post> {
        let Some(versions) = self.post_versions.get(&post.id) else {
            return Some(post.clone());
        };
        let lag = self.lag.max(self.post_lag);
        let (read, latest) = (self.replica(versions, lag)?, versions.latest()?);
        // A test's changes of the latest version are on the replica, too.
        let is_latest = std::ptr::eq(read, latest);
        Some(if is_latest { post } else { read }.clone())
    }

    /// Whether a user is in a channel and can write there.
    pub(crate) fn may_post(&self, user: &str, channel: &str) -> bool {
        let (user, channel) = (user.to_owned(), channel.to_owned());
        let is_member = self.members.contains(&(channel.clone(), user.clone()));
        is_member && !self.muted.contains(&(user, channel))
    }

    /// Whether it is a direct or group channel of users without a common team, on a server that requires one.
    pub(crate) fn is_restricted(&self, channel: &str) -> bool {
        let demands = self.config.team_settings.restrict_direct_message.as_deref() == Some("team");
        let kind = self.channels.get(channel).map(|one| one.kind.as_str());
        if !demands || !matches!(kind, Some("D" | "G")) {
            return self.restricted.contains(channel);
        }
        let members = self.members.iter().filter(|(id, _)| id == channel);
        let teams_of = |user: &str| {
            let teams = self.teams.iter().filter(|(_, member)| member == user);
            teams
                .map(|(team, _)| team.as_str())
                .collect::<BTreeSet<_>>()
        };
        let common = members
            .map(|(_, user)| teams_of(user))
            .reduce(|one, other| one.intersection(&other).copied().collect());
        common.is_some_and(|common| common.is_empty())
    }

    /// Whether a channel is archived.
    pub(crate) fn is_archived(&self, channel: &str) -> bool {
        let channel = self.channels.get(channel);
        channel.is_some_and(|channel| channel.delete_at != 0)
    }
}

/// The key under which old servers stored the value of this key.
#[must_use]
pub fn hashed(key: &str) -> String {
    STANDARD.encode(Sha256::digest(key.as_bytes()))
}

/// The server's mask for secrets.
const MASK: &str = "********************************";

/// The folder of the bundle: the project, which has the same files.
const BUNDLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The key of the plugin's bot ID.
const BOT_KEY: &str = "mmi_botid";

fn base26(mut number: u32) -> String {
    let mut letters = Vec::new();
    while number > 0 {
        letters.push(char::from(b'a' + u8::try_from(number % 26).unwrap_or(0)));
        number /= 26;
    }
    letters.iter().rev().collect()
}

fn app_error(status: i64, message: &str) -> ApiError {
    ApiError::App {
        id: "memory".to_owned(),
        message: message.to_owned(),
        status_code: status,
        where_: "MemoryApi".to_owned(),
        detailed: String::new(),
    }
}

fn missing<T>(thing: Option<T>) -> Result<T, ApiError> {
    thing.ok_or_else(|| app_error(404, "not found"))
}

/// The lag of the database replica within one action, in milliseconds ([`World::lag_within`]).
const LAG: i64 = 40;

fn member((channel_id, user_id): (String, String)) -> ChannelMember {
    ChannelMember {
        channel_id,
        user_id,
        ..ChannelMember::default()
    }
}

impl MemoryApi {
    /// A server with the machine's clock, whose database replica lags within each action.
    #[must_use]
    pub fn lagging() -> MemoryApi {
        let api = MemoryApi::default();
        api.follow_clock(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH);
            i64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(0)
        });
        api.world().lag_within = LAG;
        api
    }

    /// The state, to read or change.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Uses this clock from now on, in milliseconds since 1970.
    pub fn follow_clock(&self, clock: impl Fn() -> i64 + Send + Sync + 'static) {
        self.world().clock = Some(Arc::new(clock));
    }

    /// Sets the duration of each call. Calls in progress return at once.
    pub fn slow_down(&self, delay: Duration) {
        self.delay.send_replace(delay);
    }

    fn call<T>(
        &self,
        name: &str,
        act: impl FnOnce(&mut World) -> Result<T, ApiError>,
    ) -> Call<'static, T>
    where
        T: Send + 'static,
    {
        self.call_about(name, "", act)
    }

    /// A call about the value under a key.
    #[allow(clippy::panic, reason = "a test asked for it")]
    fn call_about<T>(
        &self,
        name: &str,
        key: &str,
        act: impl FnOnce(&mut World) -> Result<T, ApiError>,
    ) -> Call<'static, T>
    where
        T: Send + 'static,
    {
        let mut world = self.world();
        if let Some(clock) = world.clock.clone() {
            world.now = clock();
        }
        world.calls.push(name.to_owned());
        let description = format!("{name} {key}");
        if begins_with(&description, &world.hangs) {
            return Box::pin(std::future::pending());
        }
        if begins_with(&description, &world.panics) {
            world.panics.clear();
            drop(world);
            panic!("a call that a test lets panic: {description}");
        }
        let counts = !is_unused_index(&world, name, key);
        let fate = self.fate(&mut world.plan, counts, &description);
        let failed = || Err(app_error(500, "made to fail"));
        let answer = match fate {
            Fate::Done if world.forbidden => Err(app_error(403, "not permitted")),
            Fate::Done => act(&mut world),
            Fate::Failed => failed(),
            Fate::Lost => {
                let _ = act(&mut world);
                failed()
            }
            Fate::Ignored => return Box::pin(std::future::pending()),
        };
        let mut changes = self.delay.subscribe();
        let delay = *changes.borrow_and_update();
        if delay.is_zero() {
            return Box::pin(std::future::ready(answer));
        }
        Box::pin(async move {
            // Wait until the delay ends or changes.
            let _ = tokio::time::timeout(delay, changes.changed()).await;
            answer
        })
    }
}

/// Injected faults.
impl MemoryApi {
    /// Plans a fault after this number of steps.
    pub fn plan(&self, fault: InjectedFault, step: usize) {
        self.world().plan = Plan::at(fault, step);
    }

    /// Plans a fault at the next step whose description starts with `step`.
    pub fn plan_at(&self, fault: InjectedFault, step: &str) {
        self.world().plan = Plan::at_named(fault, step);
    }

    /// Removes the planned fault. Returns the step at which the fault occurred.
    pub fn clear_fault(&self) -> Option<String> {
        let plan = std::mem::take(&mut self.world().plan);
        self.dead.send_replace(false);
        plan.reached()
    }

    /// Waits until the process has crashed.
    pub async fn crashed(&self) {
        let mut dead = self.dead.subscribe();
        // The sender lives as long as this.
        let _ = dead.wait_for(|dead| *dead).await;
    }

    /// The outcome of a call. Counts the call as a step if `counts` is true.
    fn fate(&self, plan: &mut Plan, counts: bool, name: &str) -> Fate {
        let fate = plan.step(counts, name);
        if fate == Fate::Ignored {
            self.dead.send_replace(true);
        }
        fate
    }

    /// Whether Zoom receives a request. Of the faults, only a crash affects requests to Zoom.
    pub fn reaches_zoom(&self, request: &str) -> bool {
        let mut world = self.world();
        if !world.plan.is_crash() {
            return true;
        }
        self.fate(&mut world.plan, true, request) == Fate::Done
    }
}

/// Whether the description starts with a text that is not empty.
fn begins_with(description: &str, named: &str) -> bool {
    !named.is_empty() && description.starts_with(named)
}

/// Whether a call reads an unused index of the job queue.
fn is_unused_index(world: &World, name: &str, key: &str) -> bool {
    name == "KVGet" && key.starts_with("_jobs_") && world.primary(key).is_none()
}

impl SettingsApi for MemoryApi {
    fn load_plugin_configuration(&self) -> Call<'_, Vec<u8>> {
        self.call("LoadPluginConfiguration", |world| {
            let settings = world.stored_settings().into_iter();
            let lowered = settings.map(|(key, value)| (key.to_lowercase(), value));
            let settings = Any::Map(lowered.collect()).to_json();
            Ok(settings.to_string().into_bytes())
        })
    }

    fn get_plugin_config(&self) -> Call<'_, BTreeMap<String, Any>> {
        self.call("GetPluginConfig", |world| {
            let mut settings = world.stored_settings();
            for (key, value) in &mut settings {
                if world.secret_settings.contains(&key.to_lowercase()) {
                    *value = Any::String(MASK.to_owned());
                }
            }
            Ok(settings)
        })
    }

    fn save_plugin_config(&self, settings: BTreeMap<String, Any>) -> Call<'_, ()> {
        self.call("SavePluginConfig", |world| {
            if world.read_only_config {
                return Err(app_error(403, "the configuration is read only"));
            }
            let mut stored = world.stored_settings();
            let unmasked = settings.into_iter().map(|(key, value)| {
                let masked = matches!(&value, Any::String(text) if text == MASK);
                let kept = masked.then(|| stored.remove(&key).unwrap_or_default());
                (key, kept.unwrap_or(value))
            });
            world.settings = Any::Map(unmasked.collect()).to_json();
            Ok(())
        })
    }
}

impl ServerApi for MemoryApi {
    fn get_config(&self) -> Call<'_, Config> {
        self.call("GetConfig", |world| Ok(world.config.clone()))
    }

    fn get_server_version(&self) -> Call<'_, String> {
        self.call("GetServerVersion", |world| {
            let version = if world.is_old { "10.9.5" } else { "11.4.0" };
            Ok(version.to_owned())
        })
    }

    fn get_bundle_path(&self) -> Call<'_, String> {
        self.call("GetBundlePath", |_| Ok(BUNDLE.to_owned()))
    }

    fn get_license(&self) -> Call<'_, Option<License>> {
        self.call("GetLicense", |world| Ok(world.license.clone()))
    }

    fn get_plugin_status<'a>(&'a self, id: &'a str) -> Call<'a, Option<PluginStatus>> {
        self.call("GetPluginStatus", |world| {
            Ok(world
                .plugins
                .iter()
                .find(|one| one.plugin_id == id)
                .cloned())
        })
    }
}

impl CommandsApi for MemoryApi {
    fn register_command(&self, command: Command) -> Call<'_, ()> {
        self.call("RegisterCommand", |world| {
            if command.trigger.is_empty() {
                return Err(ApiError::Go("invalid command".to_owned()));
            }
            world.commands.insert(command.trigger.clone(), command);
            Ok(())
        })
    }
}

impl BotsApi for MemoryApi {
    fn ensure_bot_user(&self, bot: Bot) -> Call<'_, String> {
        self.call("EnsureBotUser", |world| {
            world.bots_asked_for.push(bot.clone());
            let known = world.read(BOT_KEY).map(|id| id.value.clone());
            let known = known.and_then(|id| String::from_utf8(id).ok());
            if let Some(user) = known.and_then(|id| world.users.get_mut(&id))
                && user.is_bot
            {
                user.username = bot.username;
                return Ok(user.id.clone());
            }
            let named = world.users.values();
            let mut named = named.filter(|user| user.username == bot.username);
            // The account of a person is returned, but not stored as the bot.
            if let Some(user) = named.next().cloned() {
                if user.is_bot {
                    world.store(BOT_KEY, user.id.clone());
                }
                return Ok(user.id);
            }
            let id = world.add_user(&format!("bot{}", bot.username), "system_user");
            if let Some(user) = world.users.get_mut(&id) {
                user.is_bot = true;
                user.username = bot.username;
            }
            world.store(BOT_KEY, id.clone());
            Ok(id)
        })
    }

    fn get_bot<'a>(&'a self, id: &'a str, _deactivated: bool) -> Call<'a, Option<Bot>> {
        self.call("GetBot", |world| {
            let user = world.users.get(id).filter(|user| user.is_bot);
            Ok(user.map(|user| Bot {
                username: user.username.clone(),
                owner_id: world.bot_owners.get(id).unwrap_or(&user.id).clone(),
                ..Bot::default()
            }))
        })
    }

    fn set_profile_image<'a>(&'a self, user: &'a str, image: Vec<u8>) -> Call<'a, ()> {
        self.call("SetProfileImage", |world| {
            world.pictures.push((user.to_owned(), image));
            Ok(())
        })
    }
}

impl UsersApi for MemoryApi {
    fn get_user<'a>(&'a self, user: &'a str) -> Call<'a, User> {
        self.call("GetUser", |world| missing(world.users.get(user).cloned()))
    }

    fn get_users_in_channel<'a>(
        &'a self,
        channel: &'a str,
        page: u32,
        per_page: u32,
    ) -> Call<'a, Vec<User>> {
        self.call("GetUsersInChannel", |world| {
            let members = world.members.iter().filter(|(id, _)| id == channel);
            let users = members.filter_map(|(_, user)| world.users.get(user).cloned());
            let mut users: Vec<_> = users.collect();
            users.sort_by(|a, b| a.username.cmp(&b.username));
            let users = users.into_iter();
            let skipped = page as usize * per_page as usize;
            Ok(users.skip(skipped).take(per_page as usize).collect())
        })
    }

    fn get_teams_for_user<'a>(&'a self, user: &'a str) -> Call<'a, Vec<Team>> {
        self.call("GetTeamsForUser", |world| {
            let teams = world.teams.iter().filter(|(_, member)| member == user);
            Ok(teams.map(|(id, _)| Team { id: id.clone() }).collect())
        })
    }

    fn get_user_by_username<'a>(&'a self, name: &'a str) -> Call<'a, User> {
        self.call("GetUserByUsername", |world| {
            let name = name.to_lowercase();
            let mut users = world.users.values();
            missing(users.find(|user| user.username == name).cloned())
        })
    }

    fn get_user_by_email<'a>(&'a self, email: &'a str) -> Call<'a, User> {
        self.call("GetUserByEmail", |world| {
            let email = email.to_lowercase();
            let mut users = world.users.values();
            missing(users.find(|user| user.email == email).cloned())
        })
    }

    fn get_users_by_usernames(&self, usernames: Vec<String>) -> Call<'_, Vec<User>> {
        self.call("GetUsersByUsernames", |world| {
            let users = world.users.values();
            let users = users.filter(|user| usernames.contains(&user.username));
            let mut users: Vec<_> = users.cloned().collect();
            users.sort_by(|a, b| a.username.cmp(&b.username));
            Ok(users)
        })
    }
}

impl PermissionsApi for MemoryApi {
    fn has_permission_to<'a>(&'a self, user: &'a str, permission: &'a str) -> Call<'a, bool> {
        self.call("HasPermissionTo", |world| {
            let admin = world
                .users
                .get(user)
                .is_some_and(|user| user.has_role("system_admin"));
            Ok(admin && permission.starts_with("manage"))
        })
    }

    fn has_permission_to_channel<'a>(
        &'a self,
        user: &'a str,
        channel: &'a str,
        _permission: &'a str,
    ) -> Call<'a, bool> {
        self.call("HasPermissionToChannel", |world| {
            Ok(world.may_post(user, channel))
        })
    }
}

impl ChannelsApi for MemoryApi {
    fn get_channel<'a>(&'a self, channel: &'a str) -> Call<'a, Channel> {
        self.call("GetChannel", |world| {
            missing(world.channels.get(channel).cloned())
        })
    }

    fn get_channel_member<'a>(
        &'a self,
        channel: &'a str,
        user: &'a str,
    ) -> Call<'a, Option<ChannelMember>> {
        self.call("GetChannelMember", |world| {
            let pair = (channel.to_owned(), user.to_owned());
            Ok(world.members.contains(&pair).then(|| member(pair)))
        })
    }

    fn get_direct_channel<'a>(&'a self, user: &'a str, other: &'a str) -> Call<'a, Channel> {
        self.call("GetDirectChannel", |world| {
            let mut pair = [user, other];
            pair.sort_unstable();
            let name = pair.join("__");
            let known = world.channels.values().find(|one| one.name == name);
            if let Some(channel) = known {
                return Ok(channel.clone());
            }
            let id = world.id();
            let channel = Channel {
                id: id.clone(),
                kind: "D".to_owned(),
                name,
                ..Channel::default()
            };
            world.channels.insert(id.clone(), channel.clone());
            for user in pair {
                world.members.insert((id.clone(), user.to_owned()));
            }
            Ok(channel)
        })
    }

    fn get_channel_members<'a>(
        &'a self,
        channel: &'a str,
        page: u32,
        per_page: u32,
    ) -> Call<'a, Vec<ChannelMember>> {
        self.call("GetChannelMembers", |world| {
            let members = world.members.iter().filter(|(id, _)| id == channel);
            let members = members.skip(page as usize * per_page as usize);
            let members = members.take(per_page as usize);
            Ok(members.cloned().map(member).collect())
        })
    }

    fn get_channel_stats<'a>(&'a self, channel: &'a str) -> Call<'a, ChannelStats> {
        self.call("GetChannelStats", |world| {
            let members = world.members.iter().filter(|(id, _)| id == channel);
            let users = members.filter_map(|(_, user)| world.users.get(user));
            let active = users.filter(|user| user.delete_at == 0).count();
            Ok(ChannelStats {
                channel_id: channel.to_owned(),
                member_count: i64::try_from(active).unwrap_or(i64::MAX),
            })
        })
    }
}

impl PostsApi for MemoryApi {
    fn create_post(&self, post: Post) -> Call<'_, Post> {
        self.call("CreatePost", |world| {
            if world.restricted.contains(&post.channel_id) {
                return Err(app_error(400, "cannot post in a restricted direct message"));
            }
            if !post.root_id.is_empty() {
                let root = world.posts.iter().find(|one| one.id == post.root_id);
                if root.is_none_or(|root| !root.root_id.is_empty()) {
                    return Err(app_error(400, "invalid root id"));
                }
            }
            // For a plugin the server checks neither permissions nor whether the channel is archived.
            let now = world.now;
            let create_at = if post.create_at == 0 {
                now
            } else {
                post.create_at
            };
            let post = Post {
                id: world.id(),
                create_at,
                update_at: create_at,
                ..post
            };
            world.posts.push(post.clone());
            let write = world.next_write();
            let versions = world.post_versions.entry(post.id.clone()).or_default();
            versions.push(write, post.clone());
            Ok(post)
        })
    }

    fn update_post(&self, post: Post) -> Call<'_, Post> {
        self.call("UpdatePost", |world| {
            if world.is_archived(&post.channel_id) {
                return Err(app_error(400, "the channel is archived"));
            }
            if world.restricted.contains(&post.channel_id) {
                return Err(app_error(400, "cannot post in a restricted direct message"));
            }
            let now = world.now;
            let mut posts = world.posts.iter_mut();
            let stored = missing(posts.find(|one| one.id == post.id && one.delete_at == 0))?;
            let old = stored.clone();
            // The server applies only these fields of an update.
            stored.update_at = now;
            stored.edit_at = now;
            stored.message = post.message;
            stored.props = post.props;
            stored.file_ids = post.file_ids;
            stored.has_reactions = post.has_reactions;
            let stored = stored.clone();
            let write = world.next_write();
            let versions = world.post_versions.entry(stored.id.clone()).or_default();
            if versions.latest().is_none() {
                let first = Write {
                    number: 0,
                    time: i64::MIN,
                };
                versions.push(first, old);
            }
            versions.push(write, stored.clone());
            Ok(stored)
        })
    }

    fn get_post<'a>(&'a self, post: &'a str) -> Call<'a, Post> {
        self.call("GetPost", |world| {
            let mut posts = world.posts.iter();
            let found = posts.find(|one| one.id == post && one.delete_at == 0);
            if found.is_some_and(|post| post.create_at < world.history_from) {
                return Err(app_error(403, "the post is beyond the message history"));
            }
            missing(found.and_then(|post| world.replica_of(post)))
        })
    }

    fn get_posts_since<'a>(&'a self, channel: &'a str, since: i64) -> Call<'a, PostList> {
        self.call("GetPostsSince", |world| {
            let posts = world.posts.iter().rev();
            let posts = posts.filter(|one| one.channel_id == channel);
            let posts = posts.filter_map(|post| world.replica_of(post));
            let posts = posts.filter(|post| post.update_at > since);
            let posts: Vec<_> = posts.take(1_000).collect();
            // More than one RPC response may contain.
            let size: usize = posts.iter().map(|one| one.message.len()).sum();
            if size > 64 * 1024 * 1024 {
                return Err(ApiError::TooLarge);
            }
            Ok(PostList {
                order: posts.iter().map(|one| one.id.clone()).collect(),
                posts: posts.into_iter().map(|one| (one.id.clone(), one)).collect(),
            })
        })
    }

    fn send_ephemeral_post<'a>(&'a self, user: &'a str, post: Post) -> Call<'a, Post> {
        self.call("SendEphemeralPost", |world| {
            // The server keeps a given ID.
            let id = match post.id.as_str() {
                "" => world.id(),
                given => given.to_owned(),
            };
            let post = Post { id, ..post };
            world.ephemerals.push((user.to_owned(), post.clone()));
            Ok(post)
        })
    }

    fn update_ephemeral_post<'a>(&'a self, user: &'a str, post: Post) -> Call<'a, Post> {
        self.call("UpdateEphemeralPost", |world| {
            world
                .ephemeral_changes
                .push((user.to_owned(), post.clone()));
            Ok(post)
        })
    }

    fn delete_post<'a>(&'a self, post: &'a str) -> Call<'a, ()> {
        self.call("DeletePost", |world| {
            let now = world.now;
            let exists = |one: &&Post| one.id == post && one.delete_at == 0;
            // The server returns 400, not 404.
            let absent = || app_error(400, "no such post");
            world.posts.iter().find(exists).ok_or_else(absent)?;
            let gone = world.posts.iter_mut().filter(|one| one.delete_at == 0);
            for gone in gone.filter(|one| one.id == post || one.root_id == post) {
                gone.delete_at = now;
                gone.update_at = now;
            }
            Ok(())
        })
    }
}

impl FilesApi for MemoryApi {
    fn upload_file<'a>(
        &'a self,
        content: Vec<u8>,
        _channel: &'a str,
        name: &'a str,
    ) -> Call<'a, FileInfo> {
        self.call("UploadFile", |world| {
            if let Some(status) = world.refuses_files {
                return Err(app_error(status, "the file is not stored"));
            }
            let id = world.id();
            let file = (id.clone(), name.to_owned(), content.clone());
            world.files.push(file);
            Ok(FileInfo {
                id,
                name: name.to_owned(),
                size: i64::try_from(content.len()).unwrap_or(i64::MAX),
                ..FileInfo::default()
            })
        })
    }
}

impl PreferencesApi for MemoryApi {
    fn get_preferences_for_user<'a>(&'a self, user: &'a str) -> Call<'a, Vec<Preference>> {
        self.call("GetPreferencesForUser", |world| {
            let own = world.preferences.iter().filter(|one| one.user_id == user);
            Ok(own.cloned().collect())
        })
    }

    fn delete_preferences_for_user<'a>(
        &'a self,
        user: &'a str,
        preferences: Vec<Preference>,
    ) -> Call<'a, ()> {
        self.call("DeletePreferencesForUser", |world| {
            world.preferences.retain(|one| {
                let named = preferences
                    .iter()
                    .any(|other| one.category == other.category && one.name == other.name);
                one.user_id != user || !named
            });
            Ok(())
        })
    }
}

impl KvApi for MemoryApi {
    fn kv_get<'a>(&'a self, key: &'a str) -> Call<'a, Option<Vec<u8>>> {
        let read = self.call_about("KVGet", key, |world| {
            if let Some(old) = world.behind.get_mut(key).and_then(Vec::pop) {
                return Ok(Some(old).filter(|old| !old.is_empty()));
            }
            Ok(world.read(key).map(|stored| stored.value.clone()))
        });
        Box::pin(async move {
            let read = read.await;
            // Other tasks run between read and write, as with RPC.
            tokio::task::yield_now().await;
            read
        })
    }

    fn kv_set_with_options<'a>(
        &'a self,
        key: &'a str,
        value: Vec<u8>,
        options: KvSetOptions,
    ) -> Call<'a, bool> {
        self.call_about("KVSetWithOptions", key, |world| {
            if key.chars().count() > 150 {
                return Err(app_error(400, "key too long"));
            }
            if options.atomic {
                let stored = world.live(key).map(|stored| stored.value.as_slice());
                let expected = Some(options.old_value.0.as_slice());
                let holds = stored == expected.filter(|old| !old.is_empty());
                // The value that an old server stored under the hash is always removed.
                world.remove(&hashed(key));
                if !holds {
                    return Ok(false);
                }
            }
            world.remove(&hashed(key));
            if value.is_empty() {
                world.remove(key);
                return Ok(true);
            }
            let seconds = options.expire_in_seconds;
            let expires = (seconds > 0).then(|| world.now + seconds * 1000);
            let stored = Stored {
                value,
                expires,
                by_plugin: true,
            };
            world.write(key, Some(stored));
            Ok(true)
        })
    }

    fn kv_delete<'a>(&'a self, key: &'a str) -> Call<'a, ()> {
        self.call_about("KVDelete", key, |world| {
            world.remove(&hashed(key));
            world.remove(key);
            Ok(())
        })
    }

    fn kv_list(&self, page: u32, per_page: u32) -> Call<'_, Vec<String>> {
        self.call("KVList", |world| {
            let skipped = page as usize * per_page as usize;
            let keys = world.kv.iter().filter(|(_, versions)| {
                let stored = world.replica(versions, world.lag).and_then(Option::as_ref);
                stored.is_some_and(|stored| world.is_alive(stored))
            });
            let keys = keys.skip(skipped).take(per_page as usize);
            let keys = keys.map(|(key, _)| key.clone()).collect();
            if let Some(key) = world.deleted_with_each_page.pop() {
                world.remove(&key);
            }
            Ok(keys)
        })
    }
}

impl WebsocketApi for MemoryApi {
    fn publish_websocket_event<'a>(
        &'a self,
        event: &'a str,
        data: BTreeMap<String, Any>,
        audience: Broadcast,
    ) -> Call<'a, ()> {
        self.call("PublishWebSocketEvent", |world| {
            world.events.push(Event {
                name: event.to_owned(),
                data,
                audience,
            });
            Ok(())
        })
    }
}

impl DialogsApi for MemoryApi {
    fn open_interactive_dialog(&self, request: OpenDialogRequest) -> Call<'_, ()> {
        self.call("OpenInteractiveDialog", |world| {
            world.dialogs.push(request);
            Ok(())
        })
    }
}

impl AuditApi for MemoryApi {
    fn log_audit_rec(&self, mut record: AuditRecord) -> Call<'_, ()> {
        self.call("LogAuditRec", |world| {
            let id = Any::String("plugin".to_owned());
            let parameters = &mut record.event_data.parameters;
            parameters.insert("plugin_id".to_owned(), id);
            world.audit.push(record);
            Ok(())
        })
    }
}

impl LogApi for MemoryApi {
    fn log<'a>(
        &'a self,
        level: LogLevel,
        message: &'a str,
        fields: Vec<(String, String)>,
    ) -> Call<'a, ()> {
        self.call("Log", |world| {
            world.log.push(Line {
                level,
                message: message.to_owned(),
                fields,
            });
            Ok(())
        })
    }
}

impl StatusApi for MemoryApi {
    fn get_user_status<'a>(&'a self, user: &'a str) -> Call<'a, Status> {
        self.call("GetUserStatus", |world| {
            missing(world.statuses.get(user).cloned())
        })
    }

    fn update_user_custom_status<'a>(
        &'a self,
        user: &'a str,
        status: CustomStatus,
    ) -> Call<'a, ()> {
        self.call("UpdateUserCustomStatus", |world| {
            if status.emoji.is_empty() && status.text.is_empty() {
                return Err(app_error(400, "the status is empty"));
            }
            missing(world.users.get(user))?;
            world.custom_statuses.insert(user.to_owned(), status);
            Ok(())
        })
    }

    fn remove_user_custom_status<'a>(&'a self, user: &'a str) -> Call<'a, ()> {
        self.call("RemoveUserCustomStatus", |world| {
            missing(world.users.get(user))?;
            world.custom_statuses.remove(user);
            Ok(())
        })
    }
}

impl NotificationsApi for MemoryApi {
    fn send_push_notification<'a>(
        &'a self,
        notification: PushNotification,
        user: &'a str,
    ) -> Call<'a, ()> {
        self.call("SendPushNotification", |world| {
            world.pushed.push((user.to_owned(), notification));
            Ok(())
        })
    }
}
