//! The plugin's own key-value store.
//!
//! Keys are at most 150 characters. The server tells neither an absent key from an expired one nor an
//! empty value from none: writing an empty value deletes.

use super::api::Call;
use super::call::app;
use super::registered::AppError;
use crate::gob::Bytes;
use crate::net_rpc::Client;

crate::gob_struct! {
    /// How to write a value, `model.PluginKVSetOptions`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct KvSetOptions = "PluginKVSetOptions" {
        /// Write only if `old_value` is what is stored now.
        pub atomic: bool = "Atomic",
        /// The value expected with `atomic`; empty for "nothing is stored".
        pub old_value: Bytes = "OldValue",
        /// Seconds until the value vanishes; 0 for never.
        pub expire_in_seconds: i64 = "ExpireInSeconds",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct KeyArgs = "Z_KVKeyArgs" {
        key: String = "A",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct GetReturns = "Z_KVGetReturns" {
        value: Option<Bytes> = "A",
        error: Option<Box<AppError>> = "B",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct SetArgs = "Z_KVSetWithOptionsArgs" {
        key: String = "A",
        value: Bytes = "B",
        options: KvSetOptions = "C",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct SetReturns = "Z_KVSetWithOptionsReturns" {
        written: bool = "A",
        error: Option<Box<AppError>> = "B",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct DeleteReturns = "Z_KVDeleteReturns" {
        error: Option<Box<AppError>> = "A",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct ListArgs = "Z_KVListArgs" {
        page: i64 = "A",
        per_page: i64 = "B",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct ListReturns = "Z_KVListReturns" {
        keys: Vec<String> = "A",
        error: Option<Box<AppError>> = "B",
    }
}

pub(super) fn get<'a>(client: &'a Client, key: &'a str) -> Call<'a, Option<Vec<u8>>> {
    Box::pin(async move {
        let args = KeyArgs {
            key: key.to_owned(),
        };
        let reply: GetReturns = client.call("Plugin.KVGet", &args).await?;
        app(reply.error)?;
        Ok(reply.value.map(|value| value.0))
    })
}

pub(super) fn set<'a>(
    client: &'a Client,
    key: &'a str,
    value: Vec<u8>,
    options: KvSetOptions,
) -> Call<'a, bool> {
    Box::pin(async move {
        let args = SetArgs {
            key: key.to_owned(),
            value: Bytes(value),
            options,
        };
        let reply: SetReturns = client.call("Plugin.KVSetWithOptions", &args).await?;
        app(reply.error)?;
        Ok(reply.written)
    })
}

pub(super) fn delete<'a>(client: &'a Client, key: &'a str) -> Call<'a, ()> {
    Box::pin(async move {
        let args = KeyArgs {
            key: key.to_owned(),
        };
        let reply: DeleteReturns = client.call("Plugin.KVDelete", &args).await?;
        app(reply.error)
    })
}

pub(super) fn list(client: &Client, page: u32, per_page: u32) -> Call<'_, Vec<String>> {
    Box::pin(async move {
        let args = ListArgs {
            page: page.into(),
            per_page: per_page.into(),
        };
        let reply: ListReturns = client.call("Plugin.KVList", &args).await?;
        app(reply.error)?;
        Ok(reply.keys)
    })
}
