//! The state of the mock Zoom server, which its threads share.

use std::collections::{BTreeMap, VecDeque};
use std::net::TcpStream;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::account::Account;
use super::fault::Fault;
use super::webhook::Webhook;

/// The credentials of the Zoom app that the plugin is configured with.
#[derive(Clone, Debug)]
pub struct App {
    /// The client id.
    pub client_id: String,
    /// The client secret.
    pub client_secret: String,
    /// The secret that signs webhooks.
    pub webhook_secret: String,
}

/// A place in Zoom's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    /// `GET /oauth/authorize`, the consent page.
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
    /// `GET /j/{id}`, the page of a meeting, which a browser opens.
    Join,
    /// `POST /v2/marketplace/app/event_subscription`.
    Subscribe,
    /// `/` or `/v2`, with which the plugin checks that Zoom can be reached.
    Root,
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
    /// The redirect address.
    pub redirect_uri: String,
    /// The host of the consent page.
    pub host: String,
}

/// Delivers a webhook to a URL. Returns the body of an answer with status 200.
pub(super) type Visitor = Arc<dyn Fn(&str, &Webhook) -> Option<String> + Send + Sync>;

/// Accepts or drops each request of the plugin.
pub(super) type Gate = Arc<dyn Fn(Route) -> bool + Send + Sync>;

pub(super) struct Shared {
    pub(super) app: App,
    pub(super) base: String,
    pub(super) state: Mutex<State>,
    pub(super) gate: Mutex<Option<Gate>>,
    pub(super) visitor: Mutex<Option<Visitor>>,
    pub(super) released: Condvar,
    pub(super) stopping: AtomicBool,
}

/// A file of a recording, by its name in the address.
#[derive(Clone, Debug)]
pub(super) enum File {
    /// Its content type and its content.
    Content(String, String),
    Redirect(String),
}

pub(super) struct State {
    pub(super) files: BTreeMap<String, File>,
    pub(super) downloads: Vec<(String, String)>,
    /// Whether the access token of a user downloads files: the app has the scope.
    pub(super) users_download: bool,
    /// The query of a redirect that makes a token unnecessary.
    pub(super) ticket: String,
    pub(super) account: Account,
    pub(super) counts: BTreeMap<Route, u64>,
    /// The requested host of each request.
    pub(super) hosts: Vec<(Route, String)>,
    /// The path of each request.
    pub(super) paths: Vec<String>,
    pub(super) faults: BTreeMap<Route, VecDeque<Fault>>,
    pub(super) releases: u64,
    pub(super) declines: bool,
    pub(super) last_authorization: Option<Authorization>,
    pub(super) connections: BTreeMap<u64, TcpStream>,
    /// The accepted requests for event subscriptions.
    pub(super) subscriptions: Vec<Value>,
}

impl Shared {
    pub(super) fn is_heard(&self, route: Route) -> bool {
        let gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        let gate = gate.clone();
        gate.is_none_or(|gate| gate(route))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
