//! The conversation with the server on its one connection.

use std::future::{Future, pending};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::broker::Broker;
use super::control::Control;
use crate::net_rpc;
use crate::yamux::{Config, Session, Stream};

/// How long to wait until the server closes the connection after the reply to `Control.Quit`. The server kills the
/// process two seconds after `Control.Quit`.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(200);

/// How long the connection may stay open after the plugin's stream has ended.
const STREAM_END_TIMEOUT: Duration = Duration::from_secs(1);

/// Why the conversation with the server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitReason {
    /// The server called `Control.Quit` and has its reply.
    Quit,
    /// The connection was closed without `Control.Quit`: the server is gone.
    Closed,
    /// The plugin's stream ended but the connection did not. The process must exit: the server would consider it
    /// healthy as long as it answers pings.
    Broken,
}

/// Talks to the server until it calls `Control.Quit` or the connection ends. When the server dispenses `plugin`,
/// `on_dispense` is called with the plugin's stream; its future is dropped at the end.
pub async fn serve<Io, F, Fut>(io: Io, plugin: &'static str, on_dispense: F) -> ExitReason
where
    Io: AsyncRead + AsyncWrite + Send + 'static,
    F: FnOnce(Stream, Broker) -> Fut,
    Fut: Future<Output = ()>,
{
    let (session, mut accept) = Session::server(io, Config::default());
    let control = accept.next().await;
    // The stdout and stderr streams stay open and unused. The server would log what is written there as plain
    // text, and would treat their end as the end of the plugin.
    let stdout = accept.next().await;
    let stderr = accept.next().await;
    let (Some(control), Some(_stdout), Some(_stderr)) = (control, stdout, stderr) else {
        return ExitReason::Closed;
    };
    let broker = Broker::start(session.clone(), accept);
    let (dispensed_sender, dispensed) = oneshot::channel();
    let (quit_sender, quit) = oneshot::channel();
    let service = Control::new(plugin, broker.clone(), dispensed_sender, quit_sender);
    // A separate task answers pings even if the plugin is busy.
    let control = tokio::spawn(net_rpc::serve(control, service.into()));
    let serving = async {
        if let Ok(stream) = dispensed.await {
            on_dispense(stream, broker).await;
            // At a regular end the server closes one stream after the other, then the connection.
            tokio::time::sleep(STREAM_END_TIMEOUT).await;
        } else {
            pending::<()>().await;
        }
    };
    let reason = tokio::select! {
        biased;
        Ok(()) = quit => ExitReason::Quit,
        _ = session.closed() => ExitReason::Closed,
        () = serving => ExitReason::Broken,
    };
    if reason == ExitReason::Quit {
        // Let the server close the connection first. Otherwise it logs an error.
        let _ = timeout(CLOSE_TIMEOUT, session.closed()).await;
    }
    session.close();
    control.abort();
    reason
}
