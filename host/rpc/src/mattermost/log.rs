//! Lines in the server's log.

use super::api::Call;
use crate::gob::{Any, Empty};
use crate::net_rpc::Client;

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

impl LogLevel {
    /// The API method that writes such a line.
    fn method(self) -> &'static str {
        match self {
            Self::Debug => "Plugin.LogDebug",
            Self::Info => "Plugin.LogInfo",
            Self::Warn => "Plugin.LogWarn",
            Self::Error => "Plugin.LogError",
        }
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct LogArgs = "Z_LogArgs" {
        message: String = "A",
        fields: Vec<Any> = "B",
    }
}

pub(super) fn write<'a>(
    client: &'a Client,
    level: LogLevel,
    message: &'a str,
    fields: Vec<(String, String)>,
) -> Call<'a, ()> {
    Box::pin(async move {
        let fields = fields
            .into_iter()
            .flat_map(|(key, value)| [Any::String(key), Any::String(value)])
            .collect();
        let args = LogArgs {
            message: message.to_owned(),
            fields,
        };
        let Empty = client.call(level.method(), &args).await?;
        Ok(())
    })
}
