//! A complete test site: Mattermost, PostgreSQL, and the mock Zoom server, with one administrator.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use ureq::http::Method;

use crate::Progress;
use crate::client::{self, Client, text_at};
use crate::postgres::{self, Postgres};
use crate::server::{self, Server};
use crate::websocket::{self, Listener};
use crate::zoom::{self, App, Zoom};

/// The plugin's id.
pub const PLUGIN: &str = "zoom";
/// The administrator's account.
pub const ADMINISTRATOR: &str = "administrator";
/// The password of every account. The server listens on loopback and runs for minutes.
pub const PASSWORD: &str = "Loopback-only-1";

/// The path of the link that connects a Zoom account.
pub const CONNECT_LINK: &str = "/plugins/zoom/oauth2/connect";
/// The same path, relative to the plugin's root.
const CONNECT_ROUTE: &str = "/oauth2/connect";

const DATABASE: &str = "mattermost";

/// The site cannot be started, or a step failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// PostgreSQL.
    #[error(transparent)]
    Postgres(#[from] postgres::Error),
    /// The Mattermost server.
    #[error(transparent)]
    Server(#[from] server::Error),
    /// The mock Zoom server.
    #[error(transparent)]
    Zoom(#[from] zoom::Error),
    /// A request.
    #[error(transparent)]
    Client(#[from] client::Error),
    /// An event.
    #[error(transparent)]
    Websocket(#[from] websocket::Error),
    /// A folder for logs.
    #[error("cannot create the folder {0}")]
    Logs(PathBuf, #[source] std::io::Error),
    /// The test client cannot be served.
    #[error("cannot serve {0}: build the test client with `npm run build:demo-page` in webapp/")]
    TestClient(PathBuf, #[source] std::io::Error),
    /// The plugin or the server responded unexpectedly.
    #[error("{0}")]
    Unexpected(String),
}

/// An error with all its causes, in one line.
pub fn explain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// A channel, and its team.
#[derive(Clone, Debug)]
pub struct Room {
    /// The team's id.
    pub team: String,
    /// The channel's id.
    pub channel: String,
}

/// A user with a session and a WebSocket.
#[derive(Debug)]
pub struct Person {
    /// The user's session.
    pub client: Client,
    /// WebSocket events for this person.
    pub events: Listener,
}

/// All servers. Dropping the value stops them.
pub struct Site {
    /// The Mattermost server.
    pub server: Server,
    /// Its database.
    pub postgres: Postgres,
    /// The data source of the database.
    data_source: String,
    logs: PathBuf,
    /// The mock Zoom server.
    pub zoom: Zoom,
    /// The administrator's session.
    pub administrator: Client,
    /// The secret in the webhook's address.
    pub webhook_secret: String,
    /// The At Rest Token Encryption Key.
    pub encryption_key: String,
}

impl Person {
    /// The last link to connect that the person received, relative to the plugin's root. Without one, the route alone.
    pub fn connect_link(&self) -> String {
        let events = self.events.since(0);
        let mut posts = events.iter().rev().filter_map(|event| event.post());
        let link = posts.find_map(|post| {
            let (_, rest) = message(&post).split_once(CONNECT_LINK)?;
            let end = rest.find([')', ' ', '\n']).unwrap_or(rest.len());
            Some(format!("{CONNECT_ROUTE}{}", rest.get(..end)?))
        });
        link.unwrap_or_else(|| CONNECT_ROUTE.to_owned())
    }

    /// Types a slash command in a room.
    pub fn types(&self, room: &Room, text: &str) -> Result<(), client::Error> {
        self.client
            .command(&room.team, &room.channel, "", text)
            .map(drop)
    }

    /// Types a slash command in a room and returns the ephemeral post that this person receives.
    pub fn asks(&self, room: &Room, text: &str) -> Result<Value, Error> {
        let mark = self.events.mark();
        self.types(room, text)?;
        Ok(self.events.wait_for_ephemeral(mark, |_| true)?)
    }

    /// Types `/zoom settings` and presses a button of the form: `Yes`, `No` or `Ask`.
    pub fn prefers(&self, room: &Room, choice: &str) -> Result<(), Error> {
        let form = self.asks(room, "/zoom settings")?;
        let mark = self.events.mark();
        self.client.press(&form, choice)?;
        // The plugin replaces the form with the choice.
        self.events.wait(mark, "the changed form", |event| {
            let post = event.post();
            post.is_some_and(|post| post.get("id") == form.get("id"))
        })?;
        Ok(())
    }
}

impl Site {
    /// Starts all servers and creates the administrator. Logs are written to the folder `logs`.
    pub fn start(logs: &Path, progress: Progress) -> Result<Site, Error> {
        Site::start_with(logs, &[], progress)
    }

    /// Like [`Site::start`], with more environment variables for the server.
    pub fn start_with(
        logs: &Path,
        more: &[(&str, &str)],
        progress: Progress,
    ) -> Result<Site, Error> {
        fs::create_dir_all(logs).map_err(|error| Error::Logs(logs.to_path_buf(), error))?;
        let zoom = Zoom::start(App {
            client_id: "mock-client-id".to_owned(),
            client_secret: "mock-client-secret-4Uq7".to_owned(),
            webhook_secret: "mock-webhook-token-9Xe2".to_owned(),
        })?;
        progress(&format!("the mock Zoom server answers at {}", zoom.url()));
        let postgres = Postgres::start(&logs.join("postgres.log"), progress)?;
        let data_source = postgres.create_database(DATABASE)?;
        let authority = zoom.authority_file();
        let authority = authority.to_string_lossy();
        let variables = [&[("SSL_CERT_FILE", &*authority)], more].concat();
        let log = logs.join("mattermost.log");
        let server = Server::start(&data_source, &variables, &log, progress)?;
        zoom.allow_redirect(&format!(
            "{}/plugins/{PLUGIN}/oauth2/complete",
            server.url()
        ));

        let nobody = Client::new(&server.url());
        nobody.create_user(ADMINISTRATOR, PASSWORD)?;
        let administrator = nobody.log_in(ADMINISTRATOR, PASSWORD)?;
        Ok(Site {
            server,
            postgres,
            data_source,
            logs: logs.to_path_buf(),
            zoom,
            administrator,
            webhook_secret: "loopback-webhook-address-secret1".to_owned(),
            encryption_key: "loopback-at-rest-encryption-key1".to_owned(),
        })
    }

    /// Starts a second server of the site: same database and site address, but its own folder and plugin processes.
    /// Returns the server and the administrator's session on it.
    pub fn another_server(&self, progress: Progress) -> Result<(Server, Client), Error> {
        let authority = self.zoom.authority_file();
        let authority = authority.to_string_lossy();
        let url = self.server.url();
        let variables = [
            ("SSL_CERT_FILE", &*authority),
            ("MM_SERVICESETTINGS_SITEURL", &url),
        ];
        let log = self.logs.join("mattermost-2.log");
        let server = Server::start(&self.data_source, &variables, &log, progress)?;
        let administrator = Client::new(&server.url()).log_in(ADMINISTRATOR, PASSWORD)?;
        Ok((server, administrator))
    }

    /// The settings of a plugin that is set up for user-level connections to the mock Zoom server.
    pub fn settings(&self) -> Value {
        let app = self.zoom.app();
        json!({
            "zoomurl": self.zoom.url(),
            "zoomapiurl": self.zoom.api_url(),
            "accountlevelapp": false,
            "oauthclientid": app.client_id,
            "oauthclientsecret": app.client_secret,
            "encryptionkey": self.encryption_key,
            "webhooksecret": self.webhook_secret,
            "zoomwebhooksecret": app.webhook_secret,
            "restrictmeetingcreation": false,
            "enablepostingrecordingpassword": false,
        })
    }

    /// Creates a member of the team and the channel, logs in, and opens a WebSocket.
    pub fn person(&self, name: &str, room: &Room) -> Result<Person, Error> {
        let nobody = Client::new(&self.server.url());
        let id = nobody.create_user(name, PASSWORD)?;
        self.administrator.add_to_team(&room.team, &id)?;
        self.administrator.add_to_channel(&room.channel, &id)?;
        let client = nobody.log_in(name, PASSWORD)?;
        let events = Listener::connect(&client)?;
        Ok(Person { client, events })
    }

    /// Types `/zoom connect`, opens the link, consents at the mock Zoom server, and follows the redirect. Returns the
    /// last page.
    pub fn connect(&self, who: &Person, room: &Room) -> Result<client::Answer, Error> {
        let told = who.asks(room, "/zoom connect")?;
        let mark = who.events.mark();
        if !message(&told).contains(&format!("{}{CONNECT_LINK}", self.server.url())) {
            let text = format!("/zoom connect was answered: {}", message(&told));
            return Err(Error::Unexpected(text));
        }
        let page = self.follow_connect_link(who)?;
        if page.status == 200 {
            // The confirmation arrives over the WebSocket. Wait for it, so that it is not taken for the response to the
            // next command.
            who.events.wait_for_ephemeral(mark, |_| true)?;
        }
        Ok(page)
    }

    /// The browser's part of connecting: from the plugin's link to Zoom's consent page and back.
    pub fn follow_connect_link(&self, who: &Person) -> Result<client::Answer, Error> {
        let link = who.connect_link();
        let away = who.client.plugin(Method::GET, &link, &[], None)?;
        if away.status != 302 {
            let text = format!("/oauth2/connect answered {}: {}", away.status, away.text());
            return Err(Error::Unexpected(text));
        }
        let back = self.zoom.consent(away.header("Location"))?;
        let Some(path) = back.strip_prefix(&self.server.url()) else {
            return Err(Error::Unexpected(
                "the consent page leads elsewhere".to_owned(),
            ));
        };
        Ok(who.client.call(Method::GET, path, &[], None)?)
    }

    /// Delivers a webhook to the plugin's address, as Zoom does.
    pub fn deliver(&self, webhook: &zoom::Webhook) -> Result<client::Answer, Error> {
        self.deliver_to(&self.server, webhook)
    }

    /// Delivers a webhook to the plugin on one server of the site.
    pub fn deliver_to(
        &self,
        server: &Server,
        webhook: &zoom::Webhook,
    ) -> Result<client::Answer, Error> {
        let nobody = Client::new(&server.url());
        let path = format!("/webhook?secret={}", self.webhook_secret);
        let headers = webhook.headers();
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let body = Some(webhook.body.as_bytes());
        Ok(nobody.plugin(Method::POST, &path, &headers, body)?)
    }

    /// All records of the plugin in the key-value store: one line each, with key and value.
    pub fn stored(&self) -> Result<String, Error> {
        let statement = "select pkey || ' ' || encode(pvalue, 'escape') from pluginkeyvaluestore \
            where pluginid = 'zoom' order by pkey";
        Ok(self.postgres.query(DATABASE, statement)?)
    }

    /// Writes a record of a plugin directly into the database. Neither key nor value may contain a quote.
    pub fn store(&self, plugin: &str, key: &str, value: &str) -> Result<(), Error> {
        let statement = format!(
            "insert into pluginkeyvaluestore (pluginid, pkey, pvalue, expireat) \
             values ('{plugin}', '{key}', '{value}', 0) \
             on conflict (pluginid, pkey) do update set pvalue = excluded.pvalue"
        );
        self.postgres.query(DATABASE, &statement)?;
        Ok(())
    }

    /// Runs a statement in the site's database and returns the output of `psql`.
    pub fn query(&self, statement: &str) -> Result<String, Error> {
        Ok(self.postgres.query(DATABASE, statement)?)
    }

    /// Ends all leases and claims of the plugin, and makes all waiting jobs due.
    pub fn end_claims(&self) -> Result<(), Error> {
        self.query(&format!(
            "update pluginkeyvaluestore set expireat = 1 where pluginid = '{PLUGIN}' \
             and pkey ~ '^(start_lock|start_forced|refresh_lease)_'; \
             update pluginkeyvaluestore set pvalue = convert_to(regexp_replace( \
             convert_from(pvalue, 'UTF8'), '\"(leased_until|due|until|updating)\":[0-9]+', '\"\\1\":1', 'g'), 'UTF8') \
             where pluginid = '{PLUGIN}' and pkey ~ '^(_jobs|step|occurrence)_'"
        ))?;
        Ok(())
    }

    /// The jobs of the plugin that wait or run, with `id`, `due` time, and the `holder` that runs the job. Omits the
    /// two kinds of jobs that always wait for minutes.
    pub fn jobs(&self) -> Result<Vec<Value>, Error> {
        let statement = format!(
            "select job from pluginkeyvaluestore list \
             cross join json_array_elements(convert_from(list.pvalue, 'UTF8')::json->'jobs') job \
             left join pluginkeyvaluestore stored on stored.pluginid = list.pluginid \
             and stored.pkey = '_job_' || (job->>'id') \
             where list.pluginid = '{PLUGIN}' and list.pkey like '\\_jobs\\_%' \
             and coalesce(convert_from(stored.pvalue, 'UTF8')::json->>'kind', '') \
             not in ('not_started', 'index_subscriptions')"
        );
        let rows = self.query(&statement)?;
        let rows = rows.lines().map(serde_json::from_str);
        let rows = rows.collect::<Result<_, _>>();
        rows.map_err(|error| Error::Unexpected(format!("a job of the plugin: {error}")))
    }

    /// Creates an open team and an open channel in it, both with this name.
    pub fn room(&self, name: &str) -> Result<Room, Error> {
        let team = self.administrator.create_team(name)?;
        let channel = self.administrator.create_channel(&team, name)?;
        Ok(Room { team, channel })
    }
}

/// A post's message.
pub fn message(post: &Value) -> &str {
    post.get("message")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// A post's prop as text.
pub fn prop(post: &Value, name: &str) -> String {
    text_at(post, &format!("/props/{name}")).unwrap_or_default()
}
