//! A small client of Mattermost's REST API: what an administrator, a user and a browser do.
//!
//! [`Client::call`] hands back whatever the server answers, [`Client::get`], [`Client::post`] and
//! [`Client::put`] insist on success and read JSON. Answers stay JSON values: the tests look at a few
//! fields each, and a typed model of the server would prove nothing.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use ureq::http::{self, HeaderMap, Method};

/// More than any answer takes, less than a person waits.
const TIMEOUT: Duration = Duration::from_secs(90);
/// No answer of a test is larger.
const BODY_LIMIT: u64 = 64 * 1024 * 1024;
/// The header of requests that pages make. A log-in with it is answered with cookies.
const OF_A_PAGE: (&str, &str) = ("X-Requested-With", "XMLHttpRequest");
/// The path for uploads of bundles.
const PLUGINS: &str = "/api/v4/plugins";
/// Separates the parts of an upload; it does not occur in a gzip file by chance.
const BOUNDARY: &str = "----plugin-tests-7f3a9c51d2e84b06";

/// A request did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No answer.
    #[error("{method} {path} got no answer")]
    Transport {
        /// The request's method.
        method: Method,
        /// The request's path.
        path: String,
        /// Why.
        source: Box<ureq::Error>,
    },
    /// The request cannot be made.
    #[error("{0} is not a request")]
    Request(#[from] http::Error),
    /// The server refused.
    #[error("{method} {path} was answered {status}: {message}")]
    Status {
        /// The request's method.
        method: Method,
        /// The request's path.
        path: String,
        /// The status code.
        status: u16,
        /// The answer's body.
        message: String,
    },
    /// The answer is not JSON.
    #[error("{path} did not answer with JSON")]
    Json {
        /// The request's path.
        path: String,
        /// Why not.
        source: serde_json::Error,
    },
    /// The answer lacks a field.
    #[error("no text at {pointer} in {value}")]
    Field {
        /// The field.
        pointer: String,
        /// The actual value.
        value: String,
    },
    /// The bundle.
    #[error("cannot read {path}")]
    Bundle {
        /// The file.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
}

/// A response of the server.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON, or null.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// A header as text, or the empty text.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

/// The text at a JSON pointer.
pub fn text_at(value: &Value, pointer: &str) -> Result<String, Error> {
    let text = value
        .pointer(pointer)
        .and_then(Value::as_str)
        .map(str::to_owned);
    text.ok_or_else(|| Error::Field {
        pointer: pointer.to_owned(),
        value: value.to_string(),
    })
}

/// A client with one user's session. Clones are cheap and share connections.
#[derive(Clone, Debug)]
pub struct Client {
    agent: ureq::Agent,
    base: Arc<str>,
    session: Session,
    user_id: Arc<str>,
}

/// The authentication of requests.
#[derive(Clone, Debug)]
enum Session {
    /// None.
    None,
    /// A token, as in programs.
    Token(Arc<str>),
    /// The cookies of a browser. Requests of the site's own pages also send the CSRF cookie in a header, which pages of
    /// other sites cannot read.
    Cookies {
        all: Arc<str>,
        csrf: Option<Arc<str>>,
    },
}

impl Client {
    /// A client without a session.
    pub fn new(base: &str) -> Client {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections_per_host(64)
            .timeout_global(Some(TIMEOUT))
            .proxy(None)
            .build();
        Client {
            agent: config.new_agent(),
            base: base.into(),
            session: Session::None,
            user_id: "".into(),
        }
    }

    /// The server's address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The session's token, or empty.
    pub fn token(&self) -> &str {
        match &self.session {
            Session::Token(token) => token,
            Session::None | Session::Cookies { .. } => "",
        }
    }

    /// The user's ID, or empty without a session.
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// Makes a request with the session, if there is one, and hands back any answer. Redirects are
    /// answers.
    pub fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Answer, Error> {
        let mut request = http::Request::builder()
            .method(method.clone())
            .uri(format!("{}{path}", self.base));
        match &self.session {
            Session::None => {}
            Session::Token(token) => {
                request = request.header("Authorization", format!("Bearer {token}"));
            }
            Session::Cookies { all, csrf } => {
                request = request.header("Cookie", &**all);
                if let Some(csrf) = csrf {
                    request = request.header(OF_A_PAGE.0, OF_A_PAGE.1);
                    if method != Method::GET {
                        request = request.header("X-CSRF-Token", &**csrf);
                    }
                }
            }
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = match body {
            Some(body) => self.agent.run(request.body(body)?),
            None => self.agent.run(request.body(())?),
        };
        let failed = |source| Error::Transport {
            method: method.clone(),
            path: path.to_owned(),
            source: Box::new(source),
        };
        let (parts, mut body) = answer.map_err(failed)?.into_parts();
        let body = body
            .with_config()
            .limit(BODY_LIMIT)
            .read_to_vec()
            .map_err(failed)?;
        Ok(Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        })
    }

    /// Makes a request of the plugin; `path` begins after `/plugins/zoom`.
    pub fn plugin(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Answer, Error> {
        self.call(method, &format!("/plugins/zoom{path}"), headers, body)
    }

    /// Posts JSON to the plugin as its webapp does, and hands back any answer.
    pub fn plugin_json(&self, path: &str, body: &Value) -> Result<Answer, Error> {
        let headers = [
            ("Content-Type", "application/json"),
            ("X-Requested-With", "XMLHttpRequest"),
        ];
        self.plugin(
            Method::POST,
            path,
            &headers,
            Some(body.to_string().as_bytes()),
        )
    }

    /// Gets JSON.
    pub fn get(&self, path: &str) -> Result<Value, Error> {
        self.json(Method::GET, path, None)
    }

    /// Posts JSON and gets JSON.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value, Error> {
        self.json(Method::POST, path, Some(body))
    }

    /// Puts JSON and gets JSON.
    pub fn put(&self, path: &str, body: &Value) -> Result<Value, Error> {
        self.json(Method::PUT, path, Some(body))
    }

    fn json(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Error> {
        let body = body.map(Value::to_string);
        let headers = [("Content-Type", "application/json")];
        let answer = self.call(
            method.clone(),
            path,
            &headers,
            body.as_deref().map(str::as_bytes),
        )?;
        success(&method, path, &answer)?;
        if answer.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer.body).map_err(|source| Error::Json {
            path: path.to_owned(),
            source,
        })
    }

    /// Makes an account. The first of a server is its administrator; later ones need none to ask.
    pub fn create_user(&self, name: &str, password: &str) -> Result<String, Error> {
        let account = json!({
            "username": name,
            "email": format!("{name}@example.com"),
            "password": password,
        });
        text_at(&self.post("/api/v4/users", &account)?, "/id")
    }

    /// Logs in and answers with a client that has the session.
    pub fn log_in(&self, name: &str, password: &str) -> Result<Client, Error> {
        let answer = self.ask_to_log_in(name, password, &[])?;
        Ok(Client {
            session: Session::Token(answer.header("Token").into()),
            user_id: text_at(&answer.json(), "/id")?.into(),
            ..self.clone()
        })
    }

    /// Logs in as the web client does, which keeps cookies and repeats one of them in a header.
    pub fn log_in_to_browser(&self, name: &str, password: &str) -> Result<Client, Error> {
        let answer = self.ask_to_log_in(name, password, &[OF_A_PAGE])?;
        let set = answer.headers.get_all("Set-Cookie").into_iter();
        let cookies = set.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
        let cookies: Vec<&str> = cookies.collect();
        let mut csrf = cookies.iter().filter_map(|one| one.strip_prefix("MMCSRF="));
        let csrf = csrf.next().ok_or_else(|| Error::Field {
            pointer: "the cookie MMCSRF".to_owned(),
            value: cookies.join("; "),
        })?;
        Ok(Client {
            session: Session::Cookies {
                all: cookies.join("; ").into(),
                csrf: Some(csrf.into()),
            },
            user_id: text_at(&answer.json(), "/id")?.into(),
            ..self.clone()
        })
    }

    /// The same session in a request that no page of the site made: the browser adds the cookies to it, and
    /// nothing more.
    #[must_use]
    pub fn from_another_site(&self) -> Client {
        let session = match &self.session {
            Session::Cookies { all, .. } => Session::Cookies {
                all: Arc::clone(all),
                csrf: None,
            },
            other => other.clone(),
        };
        Client {
            session,
            ..self.clone()
        }
    }

    fn ask_to_log_in(
        &self,
        name: &str,
        password: &str,
        headers: &[(&str, &str)],
    ) -> Result<Answer, Error> {
        let path = "/api/v4/users/login";
        let body = json!({"login_id": name, "password": password}).to_string();
        let answer = self.call(Method::POST, path, headers, Some(body.as_bytes()))?;
        success(&Method::POST, path, &answer)?;
        Ok(answer)
    }

    /// Makes an open team and answers with its id.
    pub fn create_team(&self, name: &str) -> Result<String, Error> {
        let team = json!({"name": name, "display_name": name, "type": "O"});
        text_at(&self.post("/api/v4/teams", &team)?, "/id")
    }

    /// Makes an open channel and answers with its id.
    pub fn create_channel(&self, team: &str, name: &str) -> Result<String, Error> {
        let channel = json!({"team_id": team, "name": name, "display_name": name, "type": "O"});
        text_at(&self.post("/api/v4/channels", &channel)?, "/id")
    }

    /// Puts a user into a team.
    pub fn add_to_team(&self, team: &str, user: &str) -> Result<(), Error> {
        let member = json!({"team_id": team, "user_id": user});
        self.post(&format!("/api/v4/teams/{team}/members"), &member)
            .map(drop)
    }

    /// Puts a user into a channel.
    pub fn add_to_channel(&self, channel: &str, user: &str) -> Result<(), Error> {
        let member = json!({"user_id": user});
        self.post(&format!("/api/v4/channels/{channel}/members"), &member)
            .map(drop)
    }

    /// Writes a message, in the thread of `root` unless that is empty, and answers with its id.
    pub fn write(&self, channel: &str, root: &str, message: &str) -> Result<String, Error> {
        let post = json!({"channel_id": channel, "root_id": root, "message": message});
        text_at(&self.post("/api/v4/posts", &post)?, "/id")
    }

    /// A post.
    pub fn post_by_id(&self, id: &str) -> Result<Value, Error> {
        self.get(&format!("/api/v4/posts/{id}"))
    }

    /// The posts of a channel, newest first.
    pub fn posts(&self, channel: &str) -> Result<Vec<Value>, Error> {
        let list = self.get(&format!("/api/v4/channels/{channel}/posts?per_page=200"))?;
        let order = list
            .pointer("/order")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let post = |id: &Value| list.get("posts")?.get(id.as_str()?).cloned();
        Ok(order.iter().filter_map(post).collect())
    }

    /// Types a slash command. `root` is the thread it is typed in, or empty.
    pub fn command(
        &self,
        team: &str,
        channel: &str,
        root: &str,
        text: &str,
    ) -> Result<Value, Error> {
        let command =
            json!({"team_id": team, "channel_id": channel, "root_id": root, "command": text});
        self.post("/api/v4/commands/execute", &command)
    }

    /// Presses the button `action` of a post as it arrived by websocket or REST.
    pub fn press(&self, post: &Value, action: &str) -> Result<Answer, Error> {
        let found = buttons(post).into_iter().find(|button| {
            let is = |name| button.get(name).and_then(Value::as_str) == Some(action);
            is("id") || is("name")
        });
        let Some(button) = found else {
            let (pointer, value) = (format!("the button {action}"), post.to_string());
            return Err(Error::Field { pointer, value });
        };
        let cookie = button.get("cookie").cloned().unwrap_or_else(|| json!(""));
        let path = format!(
            "/api/v4/posts/{}/actions/{}",
            text_at(post, "/id")?,
            text_at(&button, "/id")?
        );
        let body = json!({"cookie": cookie}).to_string();
        let answer = self.call(Method::POST, &path, &[], Some(body.as_bytes()))?;
        success(&Method::POST, &path, &answer)?;
        Ok(answer)
    }

    /// Uploads a bundle, over one with the same id, and answers with its manifest.
    pub fn upload_plugin(&self, bundle: &Path) -> Result<Value, Error> {
        let answer = self.ask_to_upload(bundle, true)?;
        success(&Method::POST, PLUGINS, &answer)?;
        Ok(answer.json())
    }

    /// Uploads a bundle with the form that the System Console sends, and hands back any answer. Only once
    /// somebody confirmed that a plugin is to be overwritten the form has the field `force`.
    pub fn ask_to_upload(&self, bundle: &Path, force: bool) -> Result<Answer, Error> {
        let content = std::fs::read(bundle).map_err(|source| Error::Bundle {
            path: bundle.display().to_string(),
            source,
        })?;
        let name = bundle.file_name().unwrap_or_default().to_string_lossy();
        let mut body = Vec::new();
        if force {
            let field = "Content-Disposition: form-data; name=\"force\"";
            body.extend(format!("--{BOUNDARY}\r\n{field}\r\n\r\ntrue\r\n").bytes());
        }
        let file = format!("Content-Disposition: form-data; name=\"plugin\"; filename=\"{name}\"");
        let kind = "Content-Type: application/gzip";
        body.extend(format!("--{BOUNDARY}\r\n{file}\r\n{kind}\r\n\r\n").bytes());
        body.extend_from_slice(&content);
        body.extend(format!("\r\n--{BOUNDARY}--\r\n").bytes());
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        self.call(
            Method::POST,
            PLUGINS,
            &[("Content-Type", &kind)],
            Some(&body),
        )
    }

    /// Enables a plugin; the answer comes when it is active, or failed to be.
    pub fn enable_plugin(&self, id: &str) -> Result<(), Error> {
        self.post(&format!("/api/v4/plugins/{id}/enable"), &Value::Null)
            .map(drop)
    }

    /// Disables a plugin.
    pub fn disable_plugin(&self, id: &str) -> Result<(), Error> {
        self.post(&format!("/api/v4/plugins/{id}/disable"), &Value::Null)
            .map(drop)
    }

    /// The state of a plugin: 0 not running, 1 starting, 2 running, 3 failed to start, 4 failed to
    /// stay, 5 stopping. None if it is not installed.
    pub fn plugin_state(&self, id: &str) -> Result<Option<i64>, Error> {
        let statuses = self.get("/api/v4/plugins/statuses")?;
        let statuses = statuses.as_array().cloned().unwrap_or_default();
        let found = statuses
            .iter()
            .find(|status| status.get("plugin_id").and_then(Value::as_str) == Some(id));
        Ok(found
            .and_then(|status| status.get("state"))
            .and_then(Value::as_i64))
    }

    /// Saves a plugin's settings as the System Console does: all of them, keys in lower case.
    pub fn configure_plugin(&self, id: &str, settings: &Value) -> Result<(), Error> {
        self.configure("/PluginSettings/Plugins", id, settings)
    }

    /// Turns the server's health check on or off. It runs twice a minute and restarts crashed plugins.
    pub fn set_plugin_health_check(&self, enabled: bool) -> Result<(), Error> {
        self.configure("/PluginSettings", "EnableHealthCheck", &json!(enabled))
    }

    /// Changes one field of an object in the server's configuration.
    fn configure(&self, pointer: &str, name: &str, value: &Value) -> Result<(), Error> {
        let mut config = self.get("/api/v4/config")?;
        let object = config.pointer_mut(pointer).and_then(Value::as_object_mut);
        let Some(object) = object else {
            return Err(Error::Field {
                pointer: pointer.to_owned(),
                value: "the configuration".to_owned(),
            });
        };
        object.insert(name.to_owned(), value.clone());
        self.put("/api/v4/config", &config).map(drop)
    }
}

/// The buttons under a post's attachments.
pub fn buttons(post: &Value) -> Vec<Value> {
    let list = |value: &Value, name| value.get(name).and_then(Value::as_array).cloned();
    let attachments = post
        .get("props")
        .and_then(|props| list(props, "attachments"));
    let attachments = attachments.unwrap_or_default();
    attachments
        .iter()
        .filter_map(|attachment| list(attachment, "actions"))
        .flatten()
        .collect()
}

fn success(method: &Method, path: &str, answer: &Answer) -> Result<(), Error> {
    if (200..300).contains(&answer.status) {
        return Ok(());
    }
    let (method, path, status) = (method.clone(), path.to_owned(), answer.status);
    Err(Error::Status {
        method,
        path,
        status,
        message: answer.text(),
    })
}
