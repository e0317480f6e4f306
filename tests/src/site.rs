//! All peers together: a site as an administrator keeps it, with nobody on it but them.

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
/// Everybody's password; the server listens on loopback and lives for minutes.
pub const PASSWORD: &str = "Loopback-only-1";

/// Where a person begins to connect a Zoom account, after the site's address.
pub const CONNECT_LINK: &str = "/plugins/zoom/oauth2/connect";
/// The same from the plugin's root.
const CONNECT_ROUTE: &str = "/oauth2/connect";

const DATABASE: &str = "mattermost";

/// Something did not work.
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
    /// The plugin or the server did something else than it should.
    #[error("{0}")]
    Unexpected(String),
}

/// Errors with all their causes, in one line for a person.
pub fn explain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// A channel in a team of its own.
#[derive(Clone, Debug)]
pub struct Room {
    /// The team's id.
    pub team: String,
    /// The channel's id.
    pub channel: String,
}

/// Somebody with a session and a websocket.
#[derive(Debug)]
pub struct Person {
    /// Their requests.
    pub client: Client,
    /// What the server tells them.
    pub events: Listener,
}

/// Everything that runs. It all ends on drop.
pub struct Site {
    /// The Mattermost server.
    pub server: Server,
    /// Its database.
    pub postgres: Postgres,
    /// How servers reach the database.
    data_source: String,
    logs: PathBuf,
    /// The mock Zoom server.
    pub zoom: Zoom,
    /// The administrator's session.
    pub administrator: Client,
    /// The secret in the webhook's address.
    pub webhook_secret: String,
    /// What tokens are encrypted with at rest.
    pub encryption_key: String,
}

impl Person {
    /// The last link to connect with that the person was told, from the plugin's root; the route without a link if
    /// there was none.
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

    /// Types a slash command in a room and waits for what only this person is told.
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
        // The form is replaced by what was chosen.
        self.events.wait(mark, "the changed form", |event| {
            let post = event.post();
            post.is_some_and(|post| post.get("id") == form.get("id"))
        })?;
        Ok(())
    }
}

impl Site {
    /// Starts all, with the administrator's account made. Logs go to files in the folder `logs`.
    pub fn start(logs: &Path, progress: Progress) -> Result<Site, Error> {
        Site::start_with(logs, &[], progress)
    }

    /// The same, with more variables for the server.
    pub fn start_with(
        logs: &Path,
        more: &[(&str, &str)],
        progress: Progress,
    ) -> Result<Site, Error> {
        fs::create_dir_all(logs).map_err(|error| Error::Logs(logs.to_path_buf(), error))?;
        let zoom = Zoom::start(App {
            client_id: "stand-in-client-id".to_owned(),
            client_secret: "stand-in-client-secret-4Uq7".to_owned(),
            webhook_secret: "stand-in-webhook-token-9Xe2".to_owned(),
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

    /// Starts one more server of the same site: on the same database, under the same address, with a
    /// folder and plugin processes of its own. Answers with it and the administrator's session there.
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

    /// Makes an account, a member of the team and the channel, logged in and listening.
    pub fn person(&self, name: &str, room: &Room) -> Result<Person, Error> {
        let nobody = Client::new(&self.server.url());
        let id = nobody.create_user(name, PASSWORD)?;
        self.administrator.add_to_team(&room.team, &id)?;
        self.administrator.add_to_channel(&room.channel, &id)?;
        let client = nobody.log_in(name, PASSWORD)?;
        let events = Listener::connect(&client)?;
        Ok(Person { client, events })
    }

    /// Types `/zoom connect`, opens the link, consents at the mock Zoom server, and comes back. Answers with
    /// the page that the person sees in the end.
    pub fn connect(&self, who: &Person, room: &Room) -> Result<client::Answer, Error> {
        let told = who.asks(room, "/zoom connect")?;
        let mark = who.events.mark();
        if !message(&told).contains(&format!("{}{CONNECT_LINK}", self.server.url())) {
            let text = format!("/zoom connect was answered: {}", message(&told));
            return Err(Error::Unexpected(text));
        }
        let page = self.follow_connect_link(who)?;
        if page.status == 200 {
            // The confirmation comes over the websocket, on its own time. Whoever asks something next
            // must not take it for the answer.
            who.events.wait_for_ephemeral(mark, |_| true)?;
        }
        Ok(page)
    }

    /// The browser's part of connecting: from our link to the consent page and back.
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

    /// Delivers a webhook to the plugin on a certain server of the site.
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

    /// Everything in the plugin's part of the key-value store, key and value in a line each.
    pub fn stored(&self) -> Result<String, Error> {
        let statement = "select pkey || ' ' || encode(pvalue, 'escape') from pluginkeyvaluestore \
            where pluginid = 'zoom' order by pkey";
        Ok(self.postgres.query(DATABASE, statement)?)
    }

    /// Writes a value into a plugin's part of the key-value store, past the plugin. Neither key nor value may
    /// hold a quote.
    pub fn store(&self, plugin: &str, key: &str, value: &str) -> Result<(), Error> {
        let statement = format!(
            "insert into pluginkeyvaluestore (pluginid, pkey, pvalue, expireat) \
             values ('{plugin}', '{key}', '{value}', 0) \
             on conflict (pluginid, pkey) do update set pvalue = excluded.pvalue"
        );
        self.postgres.query(DATABASE, &statement)?;
        Ok(())
    }

    /// What the database of the site answers to a statement, as `psql` prints it.
    pub fn query(&self, statement: &str) -> Result<String, Error> {
        Ok(self.postgres.query(DATABASE, statement)?)
    }

    /// Lets time pass for what the plugin has claimed for a while, and for its jobs: the claims of a process that
    /// is dead end, and what waits is due.
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

    /// The jobs of the plugin that wait or run: each with its `id`, the time at which it is `due`, and the `holder` that
    /// runs it. Without the jobs that wait for minutes whatever happens: they close cards of personal rooms, and look for
    /// old subscriptions once the plugin has its settings.
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

    /// Makes an open channel in an open team, both of that name.
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
