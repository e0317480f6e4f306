//! A mock Zoom server.
//!
//! Tests cannot reach Zoom, so this server speaks the part of Zoom's documented API that the plugin uses, over TLS, with
//! a certificate authority made for the run. It behaves as Zoom does, also where that is inconvenient:
//!
//! - Authorization uses PKCE and single-use codes that expire after five minutes. A Zoom user has one valid
//!   authorization: a later one ends the earlier one. Refresh tokens work once. A dead one is refused with the words
//!   of Zoom's list of OAuth errors ([`DeadGrant`]).
//! - The REST API refuses with Zoom's codes and messages ([`Refusal`]), mostly with HTTP 400. Its answers have all the
//!   fields that Zoom documents.
//! - Meetings restart under the same number with a new UUID ([`Zoom::restart`]). Scheduled meetings may use the
//!   Personal Meeting ID, and then events report them under that ID. Each use of a personal room has its own UUID.
//! - A download without a token is answered with a web page and status 200. Downloads may redirect to another host.
//! - A failed webhook is repeated after 5, 25, and 85 minutes with its first timestamp ([`Webhook::retries`]).
//!
//! A test can make the next request of a route fail ([`Zoom::fail_next`]), count requests, see which host of Zoom was
//! asked, and look for every secret that the server ever issued. [`proxy`] makes the server reachable under the names
//! of Zoom's hosts.

mod account;
mod answers;
mod content;
mod fault;
mod grants;
mod http;
mod meeting;
mod people;
pub mod proxy;
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

use tempfile::TempDir;

pub use account::{ACCOUNT, User};
pub use fault::{DeadGrant, Fault, Refusal};
pub use meeting::{INSTANT, Meeting, PERSONAL, RECURRING, SCHEDULED, Schedule, WEBINAR};
pub use webhook::{Retries, Webhook};

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

/// The parameters with which a plugin sent a person to the consent page.
#[derive(Clone, Debug, Default)]
pub struct Authorization {
    /// The state that must come back.
    pub state: String,
    /// The PKCE challenge, empty if there was none.
    pub code_challenge: String,
    /// Where the person goes afterwards.
    pub redirect_uri: String,
    /// The host of the consent page.
    pub host: String,
}

/// Decides about each request of the plugin. A request that it rejects is not heard.
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
    /// Its content type and its content.
    Content(String, String),
    Redirect(String),
}

struct State {
    files: BTreeMap<String, File>,
    downloads: Vec<(String, String)>,
    /// Whether the access token of a user downloads files: the app has the scope.
    users_download: bool,
    /// The query of a redirect that makes a token unnecessary.
    ticket: String,
    account: Account,
    counts: BTreeMap<Route, u64>,
    /// Which host was asked for each request.
    hosts: Vec<(Route, String)>,
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

/// The mock Zoom server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A socket or a file.
    #[error("the mock Zoom server cannot use its socket or folder")]
    Io(#[from] io::Error),
    /// The test certificates.
    #[error("the certificates of the mock Zoom server cannot be made")]
    Certificate(#[from] rcgen::Error),
    /// TLS.
    #[error("the mock Zoom server cannot speak TLS")]
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

/// A running mock Zoom server. It stops on drop.
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
            users_download: false,
            ticket: hex(&random::<8>()),
            counts: BTreeMap::new(),
            hosts: Vec::new(),
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

    /// Tells a [`proxy`] where this server is.
    pub fn behind(&self, proxy: &str) -> Result<(), Error> {
        Ok(proxy::lead_to(proxy, self.port)?)
    }

    /// The hosts that requests of a route were sent to, in order.
    pub fn hosts(&self, route: Route) -> Vec<String> {
        let state = self.shared.lock();
        let asked = state.hosts.iter().filter(|(known, _)| *known == route);
        asked.map(|(_, host)| host.clone()).collect()
    }

    /// A client that trusts this server and follows no redirects.
    pub fn browser(&self) -> ureq::Agent {
        self.authority.agent()
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

    /// Asks `gate` before each further request of the plugin. A request that it rejects has no effect, and its
    /// connection ends without an answer.
    pub fn guard(&self, gate: impl Fn(Route) -> bool + Send + Sync + 'static) {
        let mut current = self
            .shared
            .gate
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *current = Some(Arc::new(gate));
    }

    /// Drops all planned faults and ends all silences.
    pub fn release(&self) {
        let mut state = self.shared.lock();
        state.faults.clear();
        state.releases += 1;
        self.shared.released.notify_all();
    }

    /// The time by Zoom's clock, as Zoom writes it.
    pub fn time(&self) -> String {
        account::written(self.shared.lock().account.now())
    }

    /// Moves Zoom's clock forward or back. Tokens expire by this clock, and webhooks are dated by it.
    pub fn later(&self, seconds: i64) {
        self.shared.lock().account.ahead += time::Duration::seconds(seconds);
    }

    /// How many requests a route has had.
    pub fn count(&self, route: Route) -> u64 {
        self.shared.lock().counts.get(&route).copied().unwrap_or(0)
    }

    /// How many requests there were in all.
    pub fn total(&self) -> u64 {
        self.shared.lock().counts.values().sum()
    }

    /// Every secret: the app's own, and all codes, tokens, and passcodes that the server issued.
    pub fn secrets(&self) -> Vec<String> {
        let mut secrets = self.shared.lock().account.secrets.clone();
        secrets.push(self.shared.app.client_secret.clone());
        secrets.push(self.shared.app.webhook_secret.clone());
        secrets
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
