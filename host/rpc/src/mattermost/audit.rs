//! Records in the server's audit log.

use super::api::Call;
use crate::gob::{Any, Empty};
use crate::net_rpc::Client;
use std::collections::BTreeMap;

crate::gob_struct! {
    /// A record of the audit log, `model.AuditRecord`. The server adds the plugin's ID to the parameters.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct AuditRecord = "AuditRecord" {
        /// The name of the event, such as `updateSettings`.
        pub event_name: String = "EventName",
        /// `success`, `attempt`, or `fail`.
        pub status: String = "Status",
        /// What was done.
        pub event_data: AuditEventData = "EventData",
        /// Who did it.
        pub actor: AuditEventActor = "Actor",
        /// More about the event.
        pub meta: BTreeMap<String, Any> = "Meta",
        /// Why it failed.
        pub error: AuditEventError = "Error",
    }
}

crate::gob_struct! {
    /// What an event did, `model.AuditEventData`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct AuditEventData = "AuditEventData" {
        /// The parameters of the event.
        pub parameters: BTreeMap<String, Any> = "Parameters",
        /// The kind of object that the event is about, such as `post`.
        pub object_type: String = "ObjectType",
    }
}

crate::gob_struct! {
    /// Who caused an event, `model.AuditEventActor`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct AuditEventActor = "AuditEventActor" {
        /// The user's ID.
        pub user_id: String = "UserId",
        /// The session's ID.
        pub session_id: String = "SessionId",
        /// The user agent.
        pub client: String = "Client",
        /// The address that the request came from.
        pub ip_address: String = "IpAddress",
        /// The header `X-Forwarded-For`.
        pub x_forwarded_for: String = "XForwardedFor",
    }
}

crate::gob_struct! {
    /// Why an event failed, `model.AuditEventError`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct AuditEventError = "AuditEventError" {
        /// The reason.
        pub description: String = "Description",
        /// The HTTP status.
        pub code: i64 = "Code",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct RecordArgs = "Z_LogAuditRecArgs" {
        record: Option<Box<AuditRecord>> = "A",
    }
}

pub(super) fn log(client: &Client, record: AuditRecord) -> Call<'_, ()> {
    Box::pin(async move {
        let args = RecordArgs {
            record: Some(Box::new(record)),
        };
        let Empty = client.call("Plugin.LogAuditRec", &args).await?;
        Ok(())
    })
}
