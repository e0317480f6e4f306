//! `dialogs`: interactive dialogs.

use mattermost_plugin_rpc::mattermost::{
    Dialog as ApiDialog, DialogElement, OpenDialogRequest, PostActionOptions,
};

use super::limits::SHORT_LIFETIME_MS;
use crate::bindings::plugin::mattermost::plugin::dialogs::{
    self, Dialog, Element, ElementKind, Host,
};
use crate::error::{Error, HostResult, api_error};
use crate::event::meter::Meter;
use crate::event::{EventCause, Services};
use crate::policy::plugin_routes;
use crate::signing::interactions::{InteractionScope, Purpose};

/// The largest dialog, in bytes: the server sends it to the client in one WebSocket event.
const SIZE_LIMIT: usize = 64 * 1024;

/// The most elements of a dialog, and the most choices of all elements together. The server logs each invalid one in a
/// single line.
const ELEMENTS_LIMIT: usize = 50;

const CHOICES_LIMIT: usize = 1_000;

view!(dialogs { services: Services, cause: EventCause; mut meter: Meter });

impl Host for View<'_> {
    async fn open(&mut self, trigger_id: String, path: String, dialog: Dialog) -> HostResult<()> {
        let size = trigger_id.len() + path.len() + size(&dialog);
        let elements = dialog.elements.iter();
        let choices: usize = elements.map(|element| element.choices.len()).sum();
        let _reservation = self.meter.begin_call(&(&trigger_id, &path, &dialog))?;
        if size > SIZE_LIMIT || dialog.elements.len() > ELEMENTS_LIMIT || choices > CHOICES_LIMIT {
            return Ok(self.services.count_denial("dialogs", Err(Error::TooLarge)));
        }
        let opened = self.open_dialog(trigger_id, &path, dialog).await;
        Ok(self.services.count_denial("dialogs", opened))
    }
}

impl View<'_> {
    async fn open_dialog(
        &mut self,
        trigger_id: String,
        path: &str,
        mut dialog: Dialog,
    ) -> Result<(), Error> {
        let plugin_id = &self.services.plugin_id;
        let url = format!("/plugins/{plugin_id}{path}");
        if !path.starts_with('/') || !plugin_routes::is_own_address(plugin_id, &url) {
            let rule = "a dialog is submitted to a route of this plugin, written without escapes";
            return Err(Error::Denied(rule.to_owned()));
        }
        let (Some(user), Some(channel)) = (&self.cause.actor, &self.cause.channel) else {
            let rule = "only a command, or a click on a button of this plugin, opens a dialog";
            return Err(Error::Denied(rule.to_owned()));
        };
        let scope = InteractionScope {
            purpose: Purpose::Dialog,
            route: plugin_routes::route_of(plugin_id, &url),
            channel,
            user,
        };
        let services = self.services;
        let expires = (services.clock)().saturating_add(SHORT_LIFETIME_MS);
        let (api, state) = (services.api.as_ref(), dialog.state);
        let signed = services.host_key.sign_state(api, &scope, expires, state);
        dialog.state = signed.await?;
        let request = OpenDialogRequest {
            trigger_id,
            url,
            dialog: api_dialog(dialog),
        };
        let answer = self.services.api.open_interactive_dialog(request).await;
        answer.map_err(api_error)
    }
}

/// The size of a dialog, in bytes.
fn size(dialog: &Dialog) -> usize {
    let Dialog {
        callback_id,
        title,
        introduction,
        submit_label,
        state,
        elements,
    } = dialog;
    let texts = [callback_id, title, introduction, submit_label, state];
    let choices = elements.iter().flat_map(|element| &element.choices);
    let elements = elements.iter().flat_map(|element| {
        let Element {
            name,
            label,
            default,
            help,
            placeholder,
            ..
        } = element;
        [name, label, default, help, placeholder]
    });
    let choices = choices.flat_map(|choice| [&choice.label, &choice.value]);
    let texts = texts.into_iter().chain(elements).chain(choices);
    texts.map(String::len).sum()
}

fn api_dialog(dialog: Dialog) -> ApiDialog {
    ApiDialog {
        callback_id: dialog.callback_id,
        title: dialog.title,
        introduction_text: dialog.introduction,
        submit_label: dialog.submit_label,
        state: dialog.state,
        elements: dialog.elements.into_iter().map(api_element).collect(),
        ..ApiDialog::default()
    }
}

fn api_element(element: Element) -> DialogElement {
    let kind = match element.kind {
        ElementKind::Text => "text",
        ElementKind::Textarea => "textarea",
        ElementKind::Radio => "radio",
        ElementKind::Select => "select",
    };
    let options = element.choices.into_iter();
    DialogElement {
        name: element.name,
        display_name: element.label,
        kind: kind.to_owned(),
        default: element.default,
        help_text: element.help,
        placeholder: element.placeholder,
        optional: element.optional,
        options: options
            .map(|choice| PostActionOptions {
                text: choice.label,
                value: choice.value,
            })
            .collect(),
        ..DialogElement::default()
    }
}
