//! The server's log.

use super::api_error::Call;
use super::model::Any;
use super::rpc_api::{Failure, Method, RpcApi, method};

/// The level of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Details for troubleshooting.
    Debug,
    /// Normal operation.
    Info,
    /// A problem that does not stop the operation.
    Warn,
    /// A failure.
    Error,
}

macro_rules! log_method {
    ($name:literal) => {
        method!($name, ("A": &str, "B": Vec<Any>), (), None, Failure::None)
    };
}

static DEBUG: Method = log_method!("LogDebug");
static INFO: Method = log_method!("LogInfo");
static WARN: Method = log_method!("LogWarn");
static ERROR: Method = log_method!("LogError");

impl LogLevel {
    /// The API method for this level.
    fn method(self) -> &'static Method {
        match self {
            Self::Debug => &DEBUG,
            Self::Info => &INFO,
            Self::Warn => &WARN,
            Self::Error => &ERROR,
        }
    }
}

/// The server's log. These methods are not generated because they are variadic in Go.
pub trait LogApi: Send + Sync + 'static {
    /// Writes a line with key-value pairs to the server's log.
    fn log<'a>(
        &'a self,
        level: LogLevel,
        message: &'a str,
        fields: Vec<(String, String)>,
    ) -> Call<'a, ()>;
}

impl LogApi for RpcApi {
    fn log<'a>(
        &'a self,
        level: LogLevel,
        message: &'a str,
        fields: Vec<(String, String)>,
    ) -> Call<'a, ()> {
        let fields = fields.into_iter();
        let fields = fields.flat_map(|(key, value)| [Any::String(key), Any::String(value)]);
        let fields: Vec<Any> = fields.collect();
        self.unit(level.method(), vec![Box::new(message), Box::new(fields)])
    }
}
