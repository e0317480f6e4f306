//! `dialogs`: forms to fill in.

use mattermost_plugin_rpc::mattermost::{
    Dialog as ApiDialog, DialogElement, OpenDialogRequest, PostActionOptions,
};

use super::interactions::{Purpose, SHORT_MS, Terms};
use super::{Answer, Error, refused, routes};
use crate::bindings::plugin::mattermost::plugin::dialogs::{Dialog, Element, ElementKind, Host};
use crate::sandbox::EventState;

/// What a dialog may hold, in bytes: the server sends it to the client in one event.
const SIZE_LIMIT: usize = 64 * 1024;
/// The most elements of a dialog, and choices of all of them together. The server names each that it finds wrong in one
/// line of its log.
const ELEMENTS_LIMIT: usize = 50;
const CHOICES_LIMIT: usize = 1_000;

impl Host for EventState {
    async fn open(&mut self, trigger_id: String, path: String, dialog: Dialog) -> Answer<()> {
        let size = trigger_id.len() + path.len() + size(&dialog);
        let elements = dialog.elements.iter();
        let choices: usize = elements.map(|element| element.choices.len()).sum();
        let _held = self.host_call(&(&trigger_id, &path, &dialog))?;
        if size > SIZE_LIMIT || dialog.elements.len() > ELEMENTS_LIMIT || choices > CHOICES_LIMIT {
            return Ok(self.counted("dialogs", Err(Error::TooLarge)));
        }
        let opened = self.open_dialog(trigger_id, &path, dialog).await;
        Ok(self.counted("dialogs", opened))
    }
}

impl EventState {
    async fn open_dialog(
        &mut self,
        trigger_id: String,
        path: &str,
        mut dialog: Dialog,
    ) -> Result<(), Error> {
        let plugin_id = &self.services.plugin_id;
        let url = format!("/plugins/{plugin_id}{path}");
        if !path.starts_with('/') || !routes::is_own(plugin_id, &url) {
            let rule = "answers go to a route of this plugin, written without escapes";
            return Err(Error::Denied(rule.to_owned()));
        }
        let (Some(user), Some(channel)) = (&self.actor, &self.channel) else {
            let rule = "only a command, or a click on a button of this plugin, opens a dialog";
            return Err(Error::Denied(rule.to_owned()));
        };
        let terms = Terms {
            purpose: Purpose::Dialog,
            route: routes::route(plugin_id, &url),
            channel,
            user,
        };
        let state = self.services.signed_state(&terms, SHORT_MS, dialog.state);
        dialog.state = state.await?;
        let request = OpenDialogRequest {
            trigger_id,
            url,
            dialog: api_dialog(dialog),
        };
        let answer = self.services.api.open_interactive_dialog(request).await;
        answer.map_err(refused)
    }
}

/// What a dialog holds, in bytes.
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
