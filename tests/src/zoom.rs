//! A mock Zoom server.
//!
//! Tests cannot reach Zoom, so this server speaks the part of Zoom's documented API that the plugin uses, over TLS,
//! with a certificate authority made for the run. It behaves as Zoom does, also where that is inconvenient:
//!
//! - Authorization uses PKCE and single-use codes that expire after five minutes. A Zoom user has one valid
//!   authorization: a later one ends the earlier one. Refresh tokens work once. A dead one is refused with the words
//!   of Zoom's list of OAuth errors ([`DeadGrant`]).
//! - The app is a general app or, after [`Zoom::become_server_to_server`], a server-to-server app. The token endpoint
//!   refuses the grants of the other kind. A token lacks the scopes that the app lacked when the token was issued.
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
mod error;
mod fault;
mod grants;
mod http;
mod meeting;
mod people;
pub mod proxy;
mod random;
mod routes;
mod state;
mod subscriptions;
mod tls;
mod user;
mod webhook;
mod webhook_urls;

use std::collections::BTreeMap;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use tempfile::TempDir;

pub use account::ACCOUNT;
pub use error::Error;
pub use fault::{DeadGrant, Fault, Refusal};
pub use meeting::{INSTANT, Meeting, PERSONAL, RECURRING, SCHEDULED, Schedule, WEBINAR};
pub use state::{App, Authorization, Route};
pub use user::User;
pub use webhook::{Retries, Webhook};

use account::Account;
use random::{hex, random};
use state::{Shared, State};

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
            paths: Vec::new(),
            faults: BTreeMap::new(),
            releases: 0,
            declines: false,
            last_authorization: None,
            connections: BTreeMap::new(),
            subscriptions: Vec::new(),
        };
        let shared = Arc::new(Shared {
            app,
            base,
            state: Mutex::new(state),
            gate: Mutex::default(),
            visitor: Mutex::default(),
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

    /// The paths of all requests, in order.
    pub fn paths(&self) -> Vec<String> {
        self.shared.lock().paths.clone()
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
