//! Interactive dialogs.
//!
//! Only the opening goes over RPC. The answers arrive as an HTTP POST with a JSON body at the plugin.

use super::api::Call;
use super::call::app;
use super::registered::{AppError, PostActionOptions};
use crate::net_rpc::Client;

crate::gob_struct! {
    /// A dialog and where its answers go, `model.OpenDialogRequest`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct OpenDialogRequest = "OpenDialogRequest" {
        /// From the command or click that opens it; good for a few seconds.
        pub trigger_id: String = "TriggerId",
        /// Where the answers are sent: an absolute URL, or a path such as `/plugins/ID/…`.
        pub url: String = "URL",
        /// The form.
        pub dialog: Dialog = "Dialog",
    }
}

crate::gob_struct! {
    /// A form, `model.Dialog`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Dialog = "Dialog" {
        /// Comes back with the answers.
        pub callback_id: String = "CallbackId",
        /// Heading.
        pub title: String = "Title",
        /// Markdown above the fields.
        pub introduction_text: String = "IntroductionText",
        /// Picture beside the heading.
        pub icon_url: String = "IconURL",
        /// The fields.
        pub elements: Vec<DialogElement> = "Elements",
        /// What the button says; `Submit` when empty.
        pub submit_label: String = "SubmitLabel",
        /// Whether a cancelled dialog is reported too.
        pub notify_on_cancel: bool = "NotifyOnCancel",
        /// Comes back with the answers.
        pub state: String = "State",
    }
}

crate::gob_struct! {
    /// One field of a form, `model.DialogElement`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct DialogElement = "DialogElement" {
        /// Label.
        pub display_name: String = "DisplayName",
        /// Key of the answer.
        pub name: String = "Name",
        /// `text`, `textarea`, `select`, `bool` or `radio`.
        pub kind: String = "Type",
        /// Of a text: `email`, `number`, `password`, `tel` or `url`.
        pub sub_type: String = "SubType",
        /// What it holds at first.
        pub default: String = "Default",
        /// Shown while it is empty.
        pub placeholder: String = "Placeholder",
        /// Shown below it.
        pub help_text: String = "HelpText",
        /// Whether it may stay empty.
        pub optional: bool = "Optional",
        /// Characters.
        pub min_length: i64 = "MinLength",
        /// Characters; 0 for the server's default.
        pub max_length: i64 = "MaxLength",
        /// Of a select: `users` or `channels` instead of `options`.
        pub data_source: String = "DataSource",
        /// The choices of a select or radio.
        pub options: Vec<PostActionOptions> = "Options",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct OpenArgs = "Z_OpenInteractiveDialogArgs" {
        request: OpenDialogRequest = "A",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct OpenReturns = "Z_OpenInteractiveDialogReturns" {
        error: Option<Box<AppError>> = "A",
    }
}

pub(super) fn open(client: &Client, request: OpenDialogRequest) -> Call<'_, ()> {
    Box::pin(async move {
        let reply: OpenReturns = client
            .call("Plugin.OpenInteractiveDialog", &OpenArgs { request })
            .await?;
        app(reply.error)
    })
}
