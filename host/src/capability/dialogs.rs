//! `dialogs`: forms to fill in.

use mattermost_plugin_rpc::mattermost::{
    Dialog as ApiDialog, DialogElement, OpenDialogRequest, PostActionOptions,
};

use super::{Answer, Error, refused};
use crate::bindings::plugin::mattermost::plugin::dialogs::{Dialog, Element, ElementKind, Host};
use crate::sandbox::EventState;

impl Host for EventState {
    async fn open(&mut self, trigger_id: String, path: String, dialog: Dialog) -> Answer<()> {
        self.host_call()?;
        if !path.starts_with('/') || path.starts_with("//") {
            let reason = "answers go to a route of this plugin, which begins with one slash";
            return Ok(Err(Error::Invalid(reason.to_owned())));
        }
        let request = OpenDialogRequest {
            trigger_id,
            url: format!("/plugins/{}{path}", self.services.plugin_id),
            dialog: api_dialog(dialog),
        };
        let answer = self.services.api.open_interactive_dialog(request).await;
        Ok(answer.map_err(refused))
    }
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
