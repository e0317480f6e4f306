//! Lines in the server's log.

use super::api::Call;
use super::call::{Failure, Method, RpcApi, method};
use crate::gob::Any;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For whoever looks for a fault.
    Debug,
    /// For whoever wants to know what happens.
    Info,
    /// Something is wrong, and work goes on.
    Warn,
    /// Something failed.
    Error,
}

macro_rules! line {
    ($name:literal) => {
        method!($name, ("A": &str, "B": Vec<Any>), (), None, Failure::None)
    };
}

static DEBUG: Method = line!("LogDebug");
static INFO: Method = line!("LogInfo");
static WARN: Method = line!("LogWarn");
static ERROR: Method = line!("LogError");

impl LogLevel {
    /// The API method that writes such a line.
    fn method(self) -> &'static Method {
        match self {
            Self::Debug => &DEBUG,
            Self::Info => &INFO,
            Self::Warn => &WARN,
            Self::Error => &ERROR,
        }
    }
}

/// Lines in the server's log. By hand, because Go's methods take any number of values.
pub trait LogApi: Send + Sync + 'static {
    /// Writes a line with named values to the server's log.
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
        self.nothing(level.method(), vec![Box::new(message), Box::new(fields)])
    }
}
