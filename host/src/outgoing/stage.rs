//! The stage at which a request failed, so that a diagnosis can name the next step.
//!
//! The connector wraps its errors in [`FailedAt`]. An error of connecting that is not wrapped is one of TLS, because only TLS is
//! added around the connector.

use std::error::Error;
use std::fmt;
use std::io;

/// The stage at which a request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The name of the host was not resolved.
    Name,
    /// The proxy cannot be used, cannot be reached, or refused.
    Proxy,
    /// No connection to the host was made.
    Connection,
    /// The host did not answer while connecting.
    ConnectionTimeout,
    /// TLS with the host failed.
    Tls,
    /// The host sent no complete HTTP response.
    Response,
}

/// An error of the connector. It is displayed as its source.
#[derive(Debug)]
pub(super) struct FailedAt {
    stage: Stage,
    source: Box<dyn Error + Send + Sync>,
}

impl FailedAt {
    /// Wraps errors of this stage.
    pub(super) fn stage(stage: Stage) -> impl Fn(Box<dyn Error + Send + Sync>) -> Self {
        move |source| Self { stage, source }
    }
}

impl fmt::Display for FailedAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl Error for FailedAt {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.source()
    }
}

/// The stage of an error of the HTTP client. Whatever fails on the way to a proxy is the proxy's failure.
pub(super) fn stage_of(error: &(dyn Error + 'static), is_connect: bool) -> Stage {
    if !is_connect {
        return Stage::Response;
    }
    let mut stage = Stage::Tls;
    let mut source = Some(error);
    while let Some(cause) = source {
        match (cause.downcast_ref::<FailedAt>(), stage) {
            (_, Stage::Proxy) => return stage,
            (Some(failed), _) => stage = failed.stage,
            (None, Stage::Connection) if is_timeout(cause) => stage = Stage::ConnectionTimeout,
            _ => {}
        }
        source = cause.source();
    }
    stage
}

fn is_timeout(cause: &(dyn Error + 'static)) -> bool {
    let cause = cause.downcast_ref::<io::Error>();
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::TimedOut)
}
