//! The control stream: `Dispenser.Dispense`, `Control.Ping`, and `Control.Quit` (go-plugin's `rpc_server.go`).

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::broker::Broker;
use crate::net_rpc::{Reply, Route, Service};
use crate::yamux::Stream;

/// The service on the control stream.
pub(super) struct Control {
    /// The name of the plugin.
    plugin: &'static str,
    broker: Broker,
    /// Receives the plugin's stream, once.
    dispensed: Arc<Slot<Stream>>,
    /// Is notified of `Control.Quit`, once.
    quit: Slot<()>,
}

type Slot<T> = Mutex<Option<oneshot::Sender<T>>>;

fn take<T>(slot: &Slot<T>) -> Option<oneshot::Sender<T>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
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
        plugin: &'static str,
        broker: Broker,
        dispensed: oneshot::Sender<Stream>,
        quit: oneshot::Sender<()>,
    ) -> Control {
        Control {
            plugin,
            broker,
            dispensed: Arc::new(Mutex::new(Some(dispensed))),
            quit: Mutex::new(Some(quit)),
        }
    }

    /// Allocates the ID of the plugin's stream. The server dials it as soon as it has the reply.
    fn dispense(&self, name: &str) -> Result<Reply, String> {
        if name != self.plugin {
            return Err(format!("unknown plugin type: {name}"));
        }
        let id = self.broker.next_id();
        let (broker, dispensed) = (self.broker.clone(), Arc::clone(&self.dispensed));
        tokio::spawn(async move {
            // If the server does not dial, it can dispense again. Once it has the plugin's stream, it gets no
            // second one.
            if let Ok(stream) = broker.accept(id).await
                && let Some(sender) = take(&dispensed)
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
