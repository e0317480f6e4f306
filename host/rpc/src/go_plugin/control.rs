//! The control stream: `Dispenser.Dispense`, `Control.Ping`, `Control.Quit`.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::Broker;
use crate::net_rpc::{Reply, Route, Service};
use crate::yamux::Stream;

/// The only service a Mattermost plugin has.
const HOOKS: &str = "hooks";

/// Serves the control stream.
pub(super) struct Control {
    broker: Broker,
    /// Where the stream of the hooks goes, once.
    hooks: Arc<Once<Stream>>,
    /// Where the end is announced, once.
    quit: Once<()>,
}

type Once<T> = Mutex<Option<oneshot::Sender<T>>>;

fn take<T>(once: &Once<T>) -> Option<oneshot::Sender<T>> {
    once.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// A call on the control stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Call {
    Dispense(String),
    Ping(bool),
    Quit(bool),
}

impl Control {
    pub(super) fn new(
        broker: Broker,
        hooks: oneshot::Sender<Stream>,
        quit: oneshot::Sender<()>,
    ) -> Control {
        Control {
            broker,
            hooks: Arc::new(Mutex::new(Some(hooks))),
            quit: Mutex::new(Some(quit)),
        }
    }

    /// Allocates a stream for the service; the server dials it as soon as it has the answer.
    fn dispense(&self, name: &str) -> Result<Reply, String> {
        if name != HOOKS {
            return Err(format!("unknown plugin type: {name}"));
        }
        let id = self.broker.next_id();
        let (broker, hooks) = (self.broker.clone(), Arc::clone(&self.hooks));
        tokio::spawn(async move {
            // A server that does not dial has changed its mind and may ask again; one that has the
            // hooks already gets no second ones.
            if let Ok(stream) = broker.accept(id).await
                && let Some(sender) = take(&hooks)
            {
                let _ = sender.send(stream);
            }
        });
        Ok(Reply::new(id))
    }
}

impl Service for Control {
    type Call = Call;

    const NAMES: &'static [&'static str] = &["Dispenser", "Control"];

    fn route(&self, method: &str) -> Option<Route<Call>> {
        Some(match method {
            "Dispenser.Dispense" => Route::new(Call::Dispense),
            "Control.Ping" => Route::new(Call::Ping),
            "Control.Quit" => Route::new(Call::Quit),
            _ => return None,
        })
    }

    async fn run(&self, call: Call) -> Result<Reply, String> {
        match call {
            Call::Dispense(name) => self.dispense(&name),
            Call::Ping(_) => Ok(Reply::empty()),
            Call::Quit(_) => Ok(match take(&self.quit) {
                Some(quit) => Reply::empty().notify_flushed(quit),
                None => Reply::empty(),
            }),
        }
    }
}
