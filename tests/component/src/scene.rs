//! A test environment without a server: the shipped component, an in-memory Mattermost, and the mock Zoom server over
//! TLS.
//!
//! Users connect, type commands, select buttons, and read messages as on a real server. The clock is the machine's
//! clock; [`Scene::later`] moves it for all servers, and [`Scene::move_server_clock`] for all but Zoom.
//!
//! The plugin has its own runtime, like a process. An injected crash ([`crate::faults`]) ends all its tasks, and
//! [`Scene::another_node`] starts the next process.

#![allow(
    clippy::panic,
    reason = "a test whose environment cannot be started should stop"
)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mattermost_plugin_rpc::mattermost::{
    Api, BodyReader, CommandArgs, HttpRequest, OpenDialogRequest, Post, User as Account,
};
use plugin_host::outgoing::Outgoing;
use plugin_host::{ComponentPlugin, Reply};
use plugin_tests::zoom::{App, User, Webhook, Zoom};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::memory::MemoryApi;
use crate::{GUEST, component, plugin_on};

/// The manifest that is shipped.
pub const MANIFEST: &str = include_str!("../../../plugin.json");
/// The site's address.
pub const SITE: &str = "https://chat.example.com";
/// The secret in the webhook's address.
pub const WEBHOOK_SECRET: &str = "secret-in-the-address-3f";
/// The key of stored tokens.
pub const ENCRYPTION_KEY: &str = "0123456789abcdef0123456789abcdef";

/// The route of links to connect.
const CONNECT: &str = "/oauth2/connect";
/// How many threads a process has for its events.
const WORKERS: usize = 2;
/// The time limit for the end of a process. None of its tasks waits.
const END: Duration = Duration::from_secs(10);

/// The test environment.
pub struct Scene {
    /// The plugin.
    pub plugin: Arc<ComponentPlugin>,
    /// Mattermost.
    pub api: Arc<MemoryApi>,
    /// Zoom.
    pub zoom: Arc<Zoom>,
    /// The runtime of the plugin. `None` after a crash.
    runtime: Mutex<Option<Runtime>>,
    ahead: Arc<AtomicI64>,
    pub(crate) answers: Mutex<Vec<String>>,
}

/// Changes the network of a plugin process: how names are resolved, and which proxies it uses.
pub type Network = Box<dyn FnOnce(Outgoing) -> Outgoing + Send>;

/// The channel and thread of a command.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    /// The channel.
    pub channel: &'a str,
    /// The thread, or empty.
    pub root: &'a str,
}

impl<'a> From<&'a str> for At<'a> {
    fn from(channel: &'a str) -> Self {
        At { channel, root: "" }
    }
}

impl<'a> From<&'a String> for At<'a> {
    fn from(channel: &'a String) -> Self {
        At { channel, root: "" }
    }
}

/// A message that only one user sees.
#[derive(Clone, Debug)]
pub struct Told {
    /// The user who sees it.
    pub reader: String,
    /// The message.
    pub post: Post,
}

impl Told {
    fn by_server(reader: &str, at: At<'_>, message: String) -> Told {
        Told {
            reader: reader.to_owned(),
            post: Post {
                channel_id: at.channel.to_owned(),
                root_id: at.root.to_owned(),
                message,
                ..Post::default()
            },
        }
    }

    /// Its text: the message and the texts of its attachments.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = self.post.message.clone();
        for attachment in attachments(&self.post) {
            for part in ["pretext", "title", "text"] {
                if let Some(part) = attachment.get(part).and_then(Value::as_str) {
                    text.push('\n');
                    text.push_str(part);
                }
            }
        }
        text
    }
}

/// The props of a post as JSON.
#[must_use]
pub fn props(post: &Post) -> Value {
    let map = post.props.iter();
    Value::Object(
        map.map(|(name, value)| (name.clone(), value.to_json()))
            .collect(),
    )
}

fn attachments(post: &Post) -> Vec<Value> {
    let list = props(post)
        .get("attachments")
        .and_then(Value::as_array)
        .cloned();
    list.unwrap_or_default()
}

impl Scene {
    /// An environment with valid settings, at user level.
    ///
    /// # Panics
    ///
    /// If the environment cannot be started.
    pub async fn start() -> Scene {
        Scene::with(json!({})).await
    }

    /// An environment with some changed settings. Keys are in lower case.
    ///
    /// # Panics
    ///
    /// If the environment cannot be started.
    pub async fn with(changes: Value) -> Scene {
        Scene::in_network(changes, Box::new(|outgoing| outgoing)).await
    }

    /// The same in a network with its own names or proxies.
    ///
    /// # Panics
    ///
    /// If the environment cannot be started.
    pub async fn in_network(changes: Value, network: Network) -> Scene {
        let zoom = Zoom::start(App {
            client_id: "mock-client-id".to_owned(),
            client_secret: "mock-client-secret-4Uq7".to_owned(),
            webhook_secret: "mock-webhook-token-9Xe2".to_owned(),
        });
        let zoom = Arc::new(or_stop(zoom));
        zoom.allow_redirect(&format!("{SITE}/plugins/zoom/oauth2/complete"));
        let api = Arc::new(MemoryApi::lagging());
        let server = Arc::clone(&api);
        zoom.guard(move |route| server.reaches_zoom(&format!("{route:?}")));
        let scene = Scene::node(api, zoom, Arc::default(), changes, network).await;
        // The first activation enqueues a job.
        scene.works().await;
        scene
    }

    /// Another plugin process with the same Mattermost and Zoom: another node, or the process after this one.
    ///
    /// # Panics
    ///
    /// If the environment cannot be started.
    pub async fn another_node(&self) -> Scene {
        let settings = self.api.world().settings.clone();
        let (api, zoom) = (Arc::clone(&self.api), Arc::clone(&self.zoom));
        let network: Network = Box::new(|outgoing| outgoing);
        Scene::node(api, zoom, Arc::clone(&self.ahead), settings, network).await
    }

    async fn node(
        api: Arc<MemoryApi>,
        zoom: Arc<Zoom>,
        ahead: Arc<AtomicI64>,
        changes: Value,
        network: Network,
    ) -> Scene {
        let mut settings = settings(&zoom);
        for (key, value) in changes.as_object().into_iter().flatten() {
            if let Some(settings) = settings.as_object_mut() {
                settings.insert(key.clone(), value.clone());
            }
        }
        {
            let mut world = api.world();
            world.settings = settings;
            world.config.service_settings.site_url = Some(SITE.to_owned());
        }
        let scene = Scene::inactive(api, zoom, ahead, network);
        or_stop(scene.activates().await.unwrap_or(Ok(())));
        scene
    }

    fn inactive(
        api: Arc<MemoryApi>,
        zoom: Arc<Zoom>,
        ahead: Arc<AtomicI64>,
        network: Network,
    ) -> Scene {
        let runtime = Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .enable_all()
            .build();
        let runtime = or_stop(runtime);
        let server_clock = Arc::clone(&ahead);
        api.follow_clock(move || clock(&server_clock));
        Scene {
            plugin: Arc::new(process(&zoom, &ahead, &runtime, network)),
            api,
            zoom,
            runtime: Mutex::new(Some(runtime)),
            ahead,
            answers: Mutex::default(),
        }
    }

    /// The next process of the plugin, not yet activated.
    #[must_use]
    pub fn next_process(&self) -> Scene {
        let (api, zoom) = (Arc::clone(&self.api), Arc::clone(&self.zoom));
        let network: Network = Box::new(|outgoing| outgoing);
        Scene::inactive(api, zoom, Arc::clone(&self.ahead), network)
    }

    /// Activates the plugin. Returns `None` if the process crashes.
    pub async fn activates(&self) -> Option<Result<(), String>> {
        self.tick();
        let (plugin, api) = (Arc::clone(&self.plugin), Arc::clone(&self.api));
        let activated = self.within(async move {
            let activated = plugin.activate(api as Arc<dyn Api>).await;
            plugin.claim_jobs();
            activated
        });
        activated.await
    }

    /// Reports a changed configuration. Returns `None` if the process crashes.
    pub async fn reloads(&self) -> Option<Result<(), String>> {
        self.tick();
        let plugin = Arc::clone(&self.plugin);
        self.within(async move { plugin.reload().await }).await
    }

    /// Runs a task in the process. Returns `None` if the process crashes.
    async fn within<T: Send + 'static>(
        &self,
        act: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let running = {
            let runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
            runtime.as_ref()?.spawn(act)
        };
        tokio::select! {
            done = running => done.ok(),
            () = self.api.crashed() => {
                self.end();
                None
            }
        }
    }

    /// Ends the process without waiting for it.
    pub(crate) fn leave(&self) {
        let mut runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = runtime.take() {
            runtime.shutdown_background();
        }
    }

    /// Ends the process and waits until it has ended.
    fn end(&self) {
        let mut runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = runtime.take() {
            tokio::task::block_in_place(|| runtime.shutdown_timeout(END));
        }
    }

    /// The time on the server, in milliseconds.
    pub fn now(&self) -> i64 {
        clock(&self.ahead)
    }

    /// Moves all clocks forward, so that records and tokens expire and jobs become due.
    pub fn later(&self, seconds: i64) {
        self.zoom.later(seconds);
        self.move_server_clock(seconds);
    }

    /// Moves the clock of Mattermost and the plugin forward or back, but not Zoom's clock.
    pub fn move_server_clock(&self, seconds: i64) {
        self.ahead.fetch_add(seconds * 1000, Ordering::SeqCst);
        self.tick();
    }

    /// Starts an action: updates the server's clock and lets the read replica catch up.
    pub fn tick(&self) {
        let now = self.now();
        let mut world = self.api.world();
        world.now = now;
        world.catch_up();
    }

    /// Creates a user with a Mattermost and a Zoom account with the same email address.
    pub fn person(&self, name: &str) -> String {
        let id = self.api.world().add_user(name, "system_user");
        self.zoom
            .add_user(User::new(&format!("{name}@example.com")));
        id
    }

    /// A system administrator.
    pub fn administrator(&self, name: &str) -> String {
        let id = self.api.world().add_user(name, "system_user system_admin");
        self.zoom
            .add_user(User::new(&format!("{name}@example.com")));
        id
    }

    /// A public channel with members.
    pub fn channel(&self, name: &str, members: &[&str]) -> String {
        self.api.world().add_channel(name, "O", members)
    }

    /// Makes a user a member of a channel.
    pub fn joins(&self, user: &str, channel: &str) {
        let membership = (channel.to_owned(), user.to_owned());
        self.api.world().members.insert(membership);
    }

    /// Changes settings like an administrator. Keys are in lower case.
    ///
    /// # Panics
    ///
    /// If the plugin rejects the settings.
    pub async fn change_settings(&self, changes: Value) {
        {
            let mut world = self.api.world();
            for (key, value) in changes.as_object().into_iter().flatten() {
                if let Some(settings) = world.settings.as_object_mut() {
                    settings.insert(key.clone(), value.clone());
                }
            }
        }
        self.tick();
        or_stop(self.plugin.reload().await);
    }

    /// Types a command as `user`. Returns all ephemeral messages in order.
    ///
    /// # Panics
    ///
    /// If the component traps.
    pub async fn types<'a>(&self, user: &str, at: impl Into<At<'a>>, text: &str) -> Vec<Told> {
        self.types_in(user, at, text, "").await
    }

    /// Like [`Scene::types`], in a client with this connection ID.
    ///
    /// # Panics
    ///
    /// If the component traps.
    pub async fn types_in<'a>(
        &self,
        user: &str,
        at: impl Into<At<'a>>,
        text: &str,
        connection: &str,
    ) -> Vec<Told> {
        self.tick();
        let at = at.into();
        if let Some(refusal) = self.refuses_command(user, at.channel) {
            return vec![Told::by_server(user, at, refusal.to_owned())];
        }
        let mark = self.api.world().ephemerals.len();
        let args = CommandArgs {
            command: text.to_owned(),
            user_id: user.to_owned(),
            channel_id: at.channel.to_owned(),
            root_id: at.root.to_owned(),
            trigger_id: "trigger-of-the-command".to_owned(),
            connection_id: connection.to_owned(),
            ..CommandArgs::default()
        };
        let plugin = Arc::clone(&self.plugin);
        let answer = self.within(async move { plugin.command(args).await });
        let shown = answer.await.and_then(or_stop);
        let mut told = self.told_since(mark);
        // The server shows this text if the bot could not write.
        told.extend(shown.map(|message| Told::by_server(user, at, message)));
        told
    }

    /// The server's error for a command that it rejects itself.
    fn refuses_command(&self, user: &str, channel: &str) -> Option<&'static str> {
        let world = self.api.world();
        let is_admin = |user: &Account| user.has_role("system_admin");
        let is_admin = world.users.get(user).is_some_and(is_admin);
        if !world.may_post(user, channel) && !is_admin {
            return Some("You do not have the appropriate permissions.");
        }
        if world.is_archived(channel) {
            return Some("Your command could not be executed: the channel is archived.");
        }
        world
            .is_restricted(channel)
            .then_some("Your command could not be executed: no messages can be sent here.")
    }

    /// Types a command as `user`. Returns the text that the user reads, which may be empty.
    ///
    /// # Panics
    ///
    /// If the component traps, or another user gets a message.
    pub async fn asks<'a>(&self, user: &str, at: impl Into<At<'a>>, text: &str) -> String {
        let told = self.types(user, at, text).await;
        let texts = told.iter().map(|told| {
            assert_eq!(told.reader, user, "told to another user");
            told.text()
        });
        texts.collect::<Vec<_>>().join("\n")
    }

    /// The ephemeral messages since `mark`, an earlier length of the world's `ephemerals`.
    pub fn told_since(&self, mark: usize) -> Vec<Told> {
        let world = self.api.world();
        let told = world.ephemerals.iter().skip(mark);
        let told = told.map(|(reader, post)| Told {
            reader: reader.clone(),
            post: post.clone(),
        });
        told.collect()
    }

    /// Sends a request with a JSON body like the webapp, with or without a session.
    pub async fn request(&self, method: &str, url: &str, user: Option<&str>, body: &str) -> Reply {
        self.tick();
        let mut headers = BTreeMap::from([
            header("Content-Type", "application/json"),
            header("X-Requested-With", "XMLHttpRequest"),
        ]);
        headers.extend(user.map(|user| header("Mattermost-User-Id", user)));
        let request = HttpRequest {
            method: method.to_owned(),
            url: url.to_owned(),
            headers,
            ..HttpRequest::default()
        };
        self.asked(request, body).await
    }

    /// The webapp of a system admin asks for the webhook's secret. The secret in this answer is not a leak.
    pub async fn reveals(&self, user: &str, url: &str) -> Reply {
        let mark = self.kept();
        let reply = self.request("POST", url, Some(user), "{}").await;
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        for answer in answers.iter_mut().skip(mark) {
            *answer = answer.replace(WEBHOOK_SECRET, "…");
        }
        reply
    }

    fn kept(&self) -> usize {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.len()
    }

    /// Passes a request to the plugin. The response has status 0 if the process crashes.
    async fn asked(&self, request: HttpRequest, body: &str) -> Reply {
        let (plugin, body) = (Arc::clone(&self.plugin), body.as_bytes().to_vec());
        let answer = self.within(async move { plugin.request(&request, body).await });
        self.keep(answer.await.unwrap_or_else(nothing))
    }

    /// Records a response for [`Scene::leaks`].
    fn keep(&self, reply: Reply) -> Reply {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.push(format!("{:?} {}", reply.headers, body_of(&reply)));
        reply
    }

    /// Selects the button with this ID in a message.
    ///
    /// # Panics
    ///
    /// If there is no such button.
    pub async fn press(&self, told: &Told, button: &str) -> Reply {
        self.press_with(told, button, None).await
    }

    /// Selects an option of the menu with this ID in a message.
    ///
    /// # Panics
    ///
    /// If there is no such menu.
    pub async fn select(&self, told: &Told, menu: &str, option: &str) -> Reply {
        self.press_with(told, menu, Some(option)).await
    }

    async fn press_with(&self, told: &Told, button: &str, option: Option<&str>) -> Reply {
        let actions = attachments(&told.post)
            .into_iter()
            .filter_map(|attachment| {
                let actions = attachment.get("actions").and_then(Value::as_array).cloned();
                actions.map(IntoIterator::into_iter)
            });
        let found = actions
            .flatten()
            .find(|action| action.get("id").and_then(Value::as_str) == Some(button));
        let Some(action) = found else {
            panic!("there is no button {button} in {:?}", told.post);
        };
        let integration = action.get("integration").cloned().unwrap_or_default();
        let url = integration
            .get("url")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let url = url.strip_prefix("/plugins/zoom").unwrap_or(url).to_owned();
        let mut context = integration.get("context").cloned().unwrap_or_default();
        let kind = action.get("type").cloned().unwrap_or_default();
        let source = action.get("data_source").cloned().unwrap_or(json!(""));
        if let (Some(option), Some(context)) = (option, context.as_object_mut()) {
            context.insert("selected_option".to_owned(), json!(option));
        }
        let body = json!({
            "user_id": told.reader, "user_name": "", "channel_id": told.post.channel_id, "channel_name": "",
            "team_id": "", "team_domain": "", "post_id": told.post.id, "trigger_id": "trigger-of-the-click",
            "type": kind, "data_source": source, "context": context,
        });
        self.request("POST", &url, Some(&told.reader), &body.to_string())
            .await
    }

    /// Submits the last opened dialog like the server, which checks no values.
    ///
    /// # Panics
    ///
    /// If no dialog was opened.
    pub async fn submits(&self, user: &str, channel: &str, answers: &Value) -> Reply {
        let opened = self.api.world().dialogs.last().cloned();
        self.submits_to(opened.as_ref(), user, channel, answers)
            .await
    }

    /// Submits the given dialog.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub async fn submits_to(
        &self,
        opened: Option<&OpenDialogRequest>,
        user: &str,
        channel: &str,
        answers: &Value,
    ) -> Reply {
        let Some(opened) = opened else {
            panic!("no dialog was opened");
        };
        let body = json!({
            "type": "dialog_submission", "callback_id": opened.dialog.callback_id, "state": opened.dialog.state,
            "user_id": user, "channel_id": channel, "team_id": "", "submission": answers, "cancelled": false,
        });
        let url = opened
            .url
            .strip_prefix("/plugins/zoom")
            .unwrap_or_default()
            .to_owned();
        self.request("POST", &url, Some(user), &body.to_string())
            .await
    }

    /// The browser's part of connecting: from the plugin's link to Zoom's consent page and back.
    ///
    /// # Panics
    ///
    /// If the consent page cannot be reached.
    pub async fn consents(&self, user: &str) -> Reply {
        let link = self.connect_link(user);
        self.consents_by(user, &link).await
    }

    /// The same with the given link.
    ///
    /// # Panics
    ///
    /// If the consent page cannot be reached.
    pub async fn consents_by(&self, user: &str, link: &str) -> Reply {
        let away = self.request("GET", link, Some(user), "").await;
        if away.status != 302 {
            return away;
        }
        let place = header_of(&away, "Location");
        let back = or_stop(tokio::task::block_in_place(|| self.zoom.consent(&place)));
        let back = back
            .strip_prefix(&format!("{SITE}/plugins/zoom"))
            .map(str::to_owned);
        let Some(back) = back else {
            panic!("the consent page leads elsewhere");
        };
        self.request("GET", &back, Some(user), "").await
    }

    /// The last link to connect that this user received, relative to the plugin's root. Without one, the route alone.
    pub fn connect_link(&self, user: &str) -> String {
        let world = self.api.world();
        let told = world.ephemerals.iter().rev();
        let mut told = told.filter(|(reader, _)| reader == user);
        let link = told.find_map(|(_, post)| link_in(&post.message));
        link.unwrap_or_else(|| CONNECT.to_owned())
    }

    /// Whether the user has a connection record.
    #[must_use]
    pub fn is_connected(&self, user: &str) -> bool {
        let world = self.api.world();
        world.stored(&format!("zoomtoken_{user}")).is_some()
    }

    /// Types `/zoom connect` and consents as the Zoom user with the same email address.
    ///
    /// # Panics
    ///
    /// If the last page is not the closing page.
    pub async fn connects(&self, user: &str, channel: &str) {
        let email = self
            .api
            .world()
            .users
            .get(user)
            .map(|user| user.email.clone());
        let email = email.unwrap_or_default();
        let known = self.zoom.user(&email);
        self.zoom
            .sign_in_as(known.unwrap_or_else(|| User::new(&email)));
        let told = self.asks(user, channel, "/zoom connect").await;
        assert!(told.contains("/plugins/zoom/oauth2/connect"), "{told}");
        let page = self.consents(user).await;
        assert_eq!(page.status, 200, "{}", body_of(&page));
    }

    /// Connects and stores a preference: `Yes`, `No`, or `Ask`, the buttons of the form.
    ///
    /// # Panics
    ///
    /// If a step fails.
    pub async fn connects_and_prefers(&self, user: &str, channel: &str, choice: &str) {
        self.connects(user, channel).await;
        let form = self.types(user, channel, "/zoom settings").await;
        let Some(form) = form.last() else {
            panic!("/zoom settings shows nothing");
        };
        assert_eq!(self.press(form, choice).await.status, 200);
    }

    /// Zoom delivers a webhook.
    pub async fn delivers(&self, webhook: &Webhook) -> Reply {
        self.delivers_to(&format!("/webhook?secret={WEBHOOK_SECRET}"), webhook)
            .await
    }

    /// Zoom delivers a webhook to the given address.
    pub async fn delivers_to(&self, url: &str, webhook: &Webhook) -> Reply {
        self.tick();
        self.asked(delivery(url, webhook), &webhook.body).await
    }

    /// Zoom delivers a webhook over RPC, so that the time limit of the route applies.
    pub async fn delivers_through(&self, webhook: &Webhook) -> Reply {
        self.tick();
        let request = delivery(&format!("/webhook?secret={WEBHOOK_SECRET}"), webhook);
        let body = BodyReader::from_bytes(webhook.body.clone().into_bytes());
        let plugin = Arc::clone(&self.plugin);
        let answer = self.within(async move { plugin.serve(request, body).await });
        self.keep(answer.await.unwrap_or_else(nothing))
    }

    /// Runs due jobs until none is left. Returns the due time of the next job.
    pub async fn works(&self) -> Option<i64> {
        self.tick();
        let plugin = Arc::clone(&self.plugin);
        self.within(async move { plugin.work().await }).await?
    }

    /// Runs the due jobs that this process enqueued, without a sweep for other jobs.
    pub async fn works_on_its_own(&self) -> Option<i64> {
        self.tick();
        let plugin = Arc::clone(&self.plugin);
        self.within(async move { plugin.work_on_known().await })
            .await?
    }

    /// The posts of a channel that are not deleted, oldest first.
    pub fn posts(&self, channel: &str) -> Vec<Post> {
        let world = self.api.world();
        let posts = world.posts.iter();
        let posts = posts.filter(|post| post.channel_id == channel && post.delete_at == 0);
        posts.cloned().collect()
    }

    /// All lines of the log, as text.
    pub fn log(&self) -> String {
        let world = self.api.world();
        let lines = world.log.iter().map(|line| format!("{line:?}\n"));
        lines.collect()
    }
}

/// Complete settings.
fn settings(zoom: &Zoom) -> Value {
    let app = zoom.app();
    json!({
        "zoomurl": zoom.url(),
        "zoomapiurl": zoom.api_url(),
        "accountlevelapp": false,
        "oauthclientid": app.client_id,
        "oauthclientsecret": app.client_secret,
        "encryptionkey": ENCRYPTION_KEY,
        "webhooksecret": WEBHOOK_SECRET,
        "zoomwebhooksecret": app.webhook_secret,
        "restrictmeetingcreation": false,
        "enablepostingrecordingpassword": false,
    })
}

fn clock(ahead: &AtomicI64) -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(0) + ahead.load(Ordering::SeqCst)
}

fn process(
    zoom: &Zoom,
    ahead: &Arc<AtomicI64>,
    runtime: &Runtime,
    network: Network,
) -> ComponentPlugin {
    let (ahead, component) = (Arc::clone(ahead), or_stop(component(GUEST)));
    let plugin = or_stop(plugin_on(component, MANIFEST, runtime.handle().clone()));
    let plugin = plugin.with_clock(move || clock(&ahead));
    plugin.with_outgoing(network(Outgoing::trusting(vec![zoom.authority().into()])))
}

/// The response of a process that has ended.
fn nothing() -> Reply {
    Reply {
        status: 0,
        headers: Vec::new(),
        body: Vec::new(),
    }
}

fn delivery(url: &str, webhook: &Webhook) -> HttpRequest {
    let headers = webhook.headers();
    let headers = headers
        .iter()
        .map(|(name, value)| header(&canonical(name), value));
    HttpRequest {
        method: "POST".to_owned(),
        url: url.to_owned(),
        headers: headers.collect(),
        ..HttpRequest::default()
    }
}

fn header(name: &str, value: &str) -> (String, Vec<String>) {
    (name.to_owned(), vec![value.to_owned()])
}

/// `x-zm-signature` as Go writes header names: `X-Zm-Signature`.
fn canonical(name: &str) -> String {
    let mut start = true;
    let letters = name.chars().map(|letter| {
        let upper = std::mem::replace(&mut start, letter == '-');
        if upper {
            letter.to_ascii_uppercase()
        } else {
            letter.to_ascii_lowercase()
        }
    });
    letters.collect()
}

/// A header of a response, or empty.
#[must_use]
pub fn header_of(reply: &Reply, name: &str) -> String {
    let mut headers = reply.headers.iter();
    let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}

/// The body of a response, as text.
#[must_use]
pub fn body_of(reply: &Reply) -> String {
    String::from_utf8_lossy(&reply.body).into_owned()
}

/// The link to connect in a message, relative to the plugin's root.
#[must_use]
pub fn link_in(message: &str) -> Option<String> {
    let (_, rest) = message.split_once(&format!("/plugins/zoom{CONNECT}"))?;
    let end = rest.find([')', ' ', '\n']).unwrap_or(rest.len());
    Some(format!("{CONNECT}{}", rest.get(..end)?))
}

fn or_stop<T, E: std::fmt::Debug>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("the scene cannot go on: {error:?}"),
    }
}
