//! The state of one event, in the store of its instance.
//!
//! Capabilities do not see this struct: each gets a short-lived view that borrows the parts it needs.

use std::sync::Arc;

use tokio::time::Instant;
use wasmtime::component::ResourceTable;

use super::client::Client;
use super::meter::Meter;
use super::read_post::ReadPost;
use super::services::Services;
use crate::policy::EventKind;

/// How many audit records one event may write.
const AUDIT_RECORDS: usize = 16;

/// How much one event may write to the log, in bytes.
const LOG_BYTES: usize = 128 * 1024;

/// The state of one event.
pub(crate) struct EventState {
    pub(crate) services: Arc<Services>,
    pub(crate) cause: EventCause,
    pub(crate) meter: Meter,
    pub(crate) quotas: Quotas,
    pub(crate) posts: PostState,
    pub(crate) wasi: WasiState,
}

/// The cause of an event. It comes from the server and the host, never from the component.
pub(crate) struct EventCause {
    pub(crate) kind: EventKind,
    /// The user who caused the event, if any.
    pub(crate) actor: Option<String>,
    /// The channel of the command, or of the genuine click or dialog.
    pub(crate) channel: Option<String>,
    /// Whether the user intended it: a command, a genuine click or dialog, or a request of the webapp.
    pub(crate) is_intended: bool,
    /// The origin of the request.
    pub(crate) client: Client,
}

impl EventCause {
    /// An event of this kind, caused by this user.
    pub(crate) fn new(kind: EventKind, actor: Option<String>) -> Self {
        Self {
            kind,
            actor,
            channel: None,
            is_intended: false,
            client: Client::default(),
        }
    }
}

/// How much the event may still write to the server's logs.
pub(crate) struct Quotas {
    pub(crate) audit_records: usize,
    pub(crate) log_bytes: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            audit_records: AUDIT_RECORDS,
            log_bytes: LOG_BYTES,
        }
    }
}

/// What the event remembers about posts.
#[derive(Default)]
pub(crate) struct PostState {
    /// The post that the event read last.
    pub(crate) last_read: Option<ReadPost>,
    /// Whether the event has read the host key again, because a proof did not verify.
    pub(crate) host_key_reread: bool,
}

/// The state of the event's WASI interfaces.
pub(crate) struct WasiState {
    pub(crate) table: ResourceTable,
    /// The output of the component.
    pub(crate) output: Vec<u8>,
    pub(crate) started: Instant,
    pub(crate) deadline: Instant,
}
