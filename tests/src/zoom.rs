//! A stand-in for Zoom.
//!
//! Zoom itself is out of a test's reach, so this speaks the part of its documented API that the plugin
//! uses, over TLS, with a certificate authority made for the run: authorization with PKCE, single-use
//! codes, rotating refresh tokens, users, meetings, and signed webhooks. It is strict where Zoom is
//! (a wrong verifier, a used refresh token or an expired access token is refused with Zoom's own
//! words) and it misbehaves on demand: [`Zoom::fail_next`] makes the next request of a route fail,
//! be limited, hang until released, lose its connection, or be answered with half a body or far too
//! large a one. Requests are counted per route, and every secret it ever hands out is remembered, so that
//! a test can look for them where they must not be.

mod account;
mod http;
mod routes;
mod tls;
mod webhook;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

pub use account::{Meeting, User};
pub use webhook::Webhook;

use account::Account;

/// The credentials of the Zoom app that the plugin is configured with.
#[derive(Clone, Debug)]
pub struct App {
    /// The client id.
    pub client_id: String,
    /// The client secret.
    pub client_secret: String,
    /// What webhooks are signed with.
    pub webhook_secret: String,
}

/// A place in Zoom's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    /// `GET /oauth/authorize`, where a person consents.
    Authorize,
    /// `POST /oauth/token`, code exchange and refresh.
    Token,
    /// `POST /oauth/revoke`.
    Revoke,
    /// `POST /oauth/data/compliance`, which Zoom no longer asks for.
    Compliance,
    /// `GET /v2/users/{me, id or e-mail}`.
    User,
    /// `POST /v2/users/{me, id or e-mail}/meetings`.
    CreateMeeting,
    /// `GET /v2/meetings/{id}`.
    Meeting,
    /// `GET /rec/download/{name}`, a file of a recording.
    Download,
    /// Anything else: a mistake of the plugin.
    Unknown,
}

/// How a request fails.
#[derive(Clone, Debug)]
pub enum Fault {
    /// With this status, these headers and this JSON body.
    Status(u16, Vec<(&'static str, String)>, String),
    /// By silence, until [`Zoom::release`].
    Silence,
    /// By a closed connection.
    HangUp,
    /// It does what was asked, and loses the connection in the middle of its answer.
    Half,
    /// With a body of so many bytes that means nothing.
    Flood(u64),
}

impl Fault {
    /// Zoom is broken.
    pub fn server_error() -> Fault {
        let body = r#"{"code":500,"message":"Internal server error trace-5c1d."}"#;
        Fault::Status(500, Vec::new(), body.to_owned())
    }

    /// Too many requests; come again in so many seconds.
    pub fn rate_limited(seconds: u32) -> Fault {
        let body = r#"{"code":429,"message":"You have reached the maximum per-second rate limit for this API. Try again later."}"#;
        let headers = vec![
            ("Retry-After", seconds.to_string()),
            ("X-RateLimit-Category", "Light".to_owned()),
            ("X-RateLimit-Type", "QPS".to_owned()),
        ];
        Fault::Status(429, headers, body.to_owned())
    }
}

/// What a plugin asked for when it sent a person to the consent page.
#[derive(Clone, Debug, Default)]
pub struct Authorization {
    /// The state that must come back.
    pub state: String,
    /// The PKCE challenge, empty if there was none.
    pub code_challenge: String,
    /// Where the person goes afterwards.
    pub redirect_uri: String,
}

/// Asked before each request of the plugin; where it says no, the request is not heard.
type Gate = Arc<dyn Fn(Route) -> bool + Send + Sync>;

struct Shared {
    app: App,
    base: String,
    state: Mutex<State>,
    gate: Mutex<Option<Gate>>,
    released: Condvar,
    stopping: AtomicBool,
}

/// A file of a recording, by its name in the address.
#[derive(Clone, Debug)]
enum File {
    Content(String),
    Redirect(String),
}

struct State {
    files: BTreeMap<String, File>,
    downloads: Vec<(String, String)>,
    account: Account,
    counts: BTreeMap<Route, u64>,
    faults: BTreeMap<Route, VecDeque<Fault>>,
    releases: u64,
    declines: bool,
    last_authorization: Option<Authorization>,
    connections: BTreeMap<u64, TcpStream>,
}

impl Shared {
    fn is_heard(&self, route: Route) -> bool {
        let gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        let gate = gate.clone();
        gate.is_none_or(|gate| gate(route))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The stand-in cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A socket or a file.
    #[error("the stand-in for Zoom cannot use its socket or folder")]
    Io(#[from] io::Error),
    /// The test certificates.
    #[error("the certificates of the stand-in for Zoom cannot be made")]
    Certificate(#[from] rcgen::Error),
    /// TLS.
    #[error("the stand-in for Zoom cannot speak TLS")]
    Tls(#[from] rustls::Error),
    /// The consent page was not as expected.
    #[error("the consent page answered {status} without a redirect: {body}")]
    Consent {
        /// Its status.
        status: u16,
        /// What it said.
        body: String,
    },
    /// The consent page could not be fetched.
    #[error("the consent page cannot be fetched")]
    Fetch(#[from] Box<ureq::Error>),
}

/// A running stand-in. It stops on drop.
pub struct Zoom {
    shared: Arc<Shared>,
    authority: tls::Authority,
    folder: TempDir,
    port: u16,
}

impl Zoom {
    /// Starts it on a free loopback port, with one licensed user.
    pub fn start(app: App) -> Result<Zoom, Error> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let authority = tls::Authority::new()?;
        let folder = TempDir::with_prefix("plugin-zoom-")?;
        std::fs::write(folder.path().join("ca.pem"), authority.pem())?;
        let config = authority.server_config()?;
        let base = format!("https://localhost:{port}");
        let state = State {
            account: Account::new(&base),
            files: BTreeMap::new(),
            downloads: Vec::new(),
            counts: BTreeMap::new(),
            faults: BTreeMap::new(),
            releases: 0,
            declines: false,
            last_authorization: None,
            connections: BTreeMap::new(),
        };
        let shared = Arc::new(Shared {
            app,
            base,
            state: Mutex::new(state),
            gate: Mutex::default(),
            released: Condvar::new(),
            stopping: AtomicBool::new(false),
        });
        let server = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &config, &server));
        Ok(Zoom {
            shared,
            authority,
            folder,
            port,
        })
    }

    /// Its address, for the setting `ZoomURL`.
    pub fn url(&self) -> String {
        self.shared.base.clone()
    }

    /// The address of its API, for the setting `ZoomAPIURL`.
    pub fn api_url(&self) -> String {
        format!("{}/v2", self.shared.base)
    }

    /// The app's credentials.
    pub fn app(&self) -> &App {
        &self.shared.app
    }

    /// The file with its certificate authority, for `SSL_CERT_FILE`.
    pub fn authority_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Its certificate authority, in DER.
    pub fn authority(&self) -> Vec<u8> {
        self.authority.der().to_vec()
    }

    /// The person with this e-mail address.
    pub fn user(&self, email: &str) -> Option<User> {
        self.shared.lock().account.user(email, "")
    }

    /// Adds a person to the account, who need not be signed in.
    pub fn add_user(&self, user: User) {
        self.shared.lock().account.add_user(user);
    }

    /// Tokens that this person's app got before this run, such as in a database that is taken over.
    pub fn adopt_tokens(&self, user: User, access: &str, refresh: &str) {
        self.shared
            .lock()
            .account
            .adopt_tokens(user, access, refresh);
    }

    /// A meeting that somebody made at Zoom itself.
    pub fn add_meeting(&self, meeting: Meeting) {
        self.shared.lock().account.meetings.push(meeting);
    }

    /// Puts a redirect address on the app's allow list, as an administrator does at Zoom.
    pub fn allow_redirect(&self, url: &str) {
        self.shared.lock().account.redirects.push(url.to_owned());
    }

    /// The user who is signed in at Zoom in the browser and will consent next.
    pub fn sign_in_as(&self, user: User) {
        self.shared.lock().account.sign_in_as(user);
    }

    /// The user who consents at the moment.
    pub fn signed_in(&self) -> User {
        self.shared.lock().account.signed_in()
    }

    /// The next person on the consent page presses *Decline*.
    pub fn decline_next(&self) {
        self.shared.lock().declines = true;
    }

    /// Opens the consent page as a browser does and answers with the address it sends the browser to.
    pub fn consent(&self, url: &str) -> Result<String, Error> {
        let answer = self.browser().get(url).call().map_err(Box::new)?;
        let (parts, mut body) = answer.into_parts();
        let place = parts
            .headers
            .get("Location")
            .and_then(|place| place.to_str().ok());
        match place {
            Some(place) if parts.status.is_redirection() => Ok(place.to_owned()),
            _ => {
                let body = body.read_to_string().map_err(Box::new)?;
                Err(Error::Consent {
                    status: parts.status.as_u16(),
                    body,
                })
            }
        }
    }

    /// A client that trusts this Zoom and follows no redirects.
    pub fn browser(&self) -> ureq::Agent {
        self.authority.agent()
    }

    /// What the last visit of the consent page asked for.
    pub fn last_authorization(&self) -> Option<Authorization> {
        self.shared.lock().last_authorization.clone()
    }

    /// Makes the next request of a route fail; called twice, the next two.
    pub fn fail_next(&self, route: Route, fault: Fault) {
        self.shared
            .lock()
            .faults
            .entry(route)
            .or_default()
            .push_back(fault);
    }

    /// Asks `gate` from now on before each request that the plugin makes. One that it says no to is not
    /// heard: nothing is done, and the connection ends without an answer.
    pub fn guard(&self, gate: impl Fn(Route) -> bool + Send + Sync + 'static) {
        let mut current = self
            .shared
            .gate
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *current = Some(Arc::new(gate));
    }

    /// Takes back all failures that have not happened, and ends all silences.
    pub fn release(&self) {
        let mut state = self.shared.lock();
        state.faults.clear();
        state.releases += 1;
        self.shared.released.notify_all();
    }

    /// How long access tokens live that are handed out from now on. Zoom's last an hour.
    pub fn token_lifetime(&self, lifetime: Duration) {
        self.shared.lock().account.token_lifetime = lifetime;
    }

    /// Moves Zoom's clock on, or back: tokens end by it, and webhooks are dated by it.
    pub fn later(&self, seconds: i64) {
        self.shared.lock().account.ahead += time::Duration::seconds(seconds);
    }

    /// Makes every access token invalid at once, as when an hour has passed.
    pub fn expire_tokens(&self) {
        self.shared.lock().account.expire_tokens();
    }

    /// Ends every grant, as when people remove the app from their Zoom accounts.
    pub fn withdraw_grants(&self) {
        self.shared.lock().account.withdraw_grants();
    }

    /// How many requests a route has had.
    pub fn count(&self, route: Route) -> u64 {
        self.shared.lock().counts.get(&route).copied().unwrap_or(0)
    }

    /// How many requests there were in all.
    pub fn total(&self) -> u64 {
        self.shared.lock().counts.values().sum()
    }

    /// All meetings made so far, oldest first.
    pub fn meetings(&self) -> Vec<Meeting> {
        self.shared.lock().account.meetings.clone()
    }

    /// Puts a file of a recording at an address, and answers with it. It is handed out to whoever has
    /// [`Zoom::download_token`].
    pub fn add_file(&self, name: &str, content: &str) -> String {
        let file = File::Content(content.to_owned());
        self.shared.lock().files.insert(name.to_owned(), file);
        format!("{}/rec/download/{name}", self.shared.base)
    }

    /// Puts a redirect at an address of a file, and answers with that address.
    pub fn redirect_file(&self, name: &str, to: &str) -> String {
        let file = File::Redirect(to.to_owned());
        self.shared.lock().files.insert(name.to_owned(), file);
        format!("{}/rec/download/{name}", self.shared.base)
    }

    /// What a webhook about a recording carries to fetch its files with.
    pub fn download_token(&self) -> String {
        self.shared.lock().account.download_token.clone()
    }

    /// Names of files that were asked for, and the headers `Authorization` that came along.
    pub fn downloads(&self) -> Vec<(String, String)> {
        self.shared.lock().downloads.clone()
    }

    /// A webhook about the recording of a meeting, signed and dated now.
    pub fn recorded(&self, event: &str, meeting: &Meeting, files: &serde_json::Value) -> Webhook {
        let body = {
            let account = &self.shared.lock().account;
            let token = &account.download_token;
            webhook::recording_event(event, meeting, files, token, account.now())
        };
        self.webhook_with(body)
    }

    /// Every secret that exists: the app's own, and all codes, tokens and passcodes handed out.
    pub fn secrets(&self) -> Vec<String> {
        let mut secrets = self.shared.lock().account.secrets.clone();
        secrets.push(self.shared.app.client_secret.clone());
        secrets.push(self.shared.app.webhook_secret.clone());
        secrets
    }

    /// A webhook about a meeting, signed and dated now.
    pub fn webhook(&self, event: &str, meeting: &Meeting) -> Webhook {
        let body = {
            let account = &self.shared.lock().account;
            webhook::meeting_event(event, meeting, &account.id, account.now())
        };
        self.webhook_with(body)
    }

    /// A webhook with any body, signed and dated now.
    pub fn webhook_with(&self, body: String) -> Webhook {
        let now = self.shared.lock().account.now();
        Webhook::sign_at(&self.shared.app.webhook_secret, body, now.unix_timestamp())
    }
}

impl Drop for Zoom {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.release();
        let connections = std::mem::take(&mut self.shared.lock().connections);
        for connection in connections.into_values() {
            let _ = connection.shutdown(std::net::Shutdown::Both);
        }
        // Wakes the thread that accepts, so that it sees the flag.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn accept(listener: &TcpListener, config: &Arc<rustls::ServerConfig>, shared: &Arc<Shared>) {
    for (number, stream) in (0..).zip(listener.incoming()) {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        if let Ok(copy) = stream.try_clone() {
            shared.lock().connections.insert(number, copy);
        }
        let (config, shared) = (Arc::clone(config), Arc::clone(shared));
        thread::spawn(move || {
            let Ok(session) = rustls::ServerConnection::new(config) else {
                return;
            };
            let mut stream = rustls::StreamOwned::new(session, stream);
            // A client that closes its connection is how every conversation ends.
            let _ = http::serve(&mut stream, |request| routes::answer(&shared, request));
            // The copy would keep the connection open.
            let _ = stream.sock.shutdown(std::net::Shutdown::Both);
            shared.lock().connections.remove(&number);
        });
    }
}

/// Random bytes; a run with predictable tokens would prove less.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // The operating system's source does not fail on a running system; zeros would only be weaker.
    let _ = ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes);
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
