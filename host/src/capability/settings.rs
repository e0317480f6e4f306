//! `settings`: a component asks an administrator for settings, and the host makes the form and saves the answers.
//! See [`crate::settings`].

use std::sync::Arc;

use mattermost_plugin_rpc::mattermost::{Dialog, DialogElement, OpenDialogRequest};

use super::interactions::{Purpose, Terms};
use super::{Answer, Error, refused};
use crate::bindings::plugin::mattermost::plugin::settings::Host;
use crate::jobs::random_id;
use crate::plugin::settings_route::{Form, LIFETIME_MS, PERMISSION, ROUTE};
use crate::sandbox::EventState;
use crate::settings::{NotSaved, Setting, fill};

/// The most fields of a form.
const KEYS_LIMIT: usize = 20;

impl Host for EventState {
    async fn ask(&mut self, trigger_id: String, keys: Vec<String>) -> Answer<()> {
        let _held = self.host_call(&(&trigger_id, &keys))?;
        let asked = self.ask_settings(trigger_id, keys).await;
        Ok(self.counted("settings", asked))
    }

    async fn generate(&mut self, key: String) -> Answer<()> {
        let _held = self.host_call(&key)?;
        let generated = self.generate_setting(&key).await;
        Ok(self.counted("settings", generated))
    }
}

fn denied<T>(rule: &str) -> Result<T, Error> {
    Err(Error::Denied(rule.to_owned()))
}

impl EventState {
    async fn ask_settings(&mut self, trigger_id: String, keys: Vec<String>) -> Result<(), Error> {
        let user = self.administrator().await?;
        if self.channel.is_none() {
            return denied("a form is opened by a command or by a genuine click");
        }
        if keys.len() > KEYS_LIMIT {
            return Err(Error::TooLarge);
        }
        let services = Arc::clone(&self.services);
        let mut fields: Vec<DialogElement> = Vec::new();
        for key in &keys {
            let field = asked(&services.schema, key)?.field();
            if fields.iter().any(|known| known.name == field.name) {
                return Err(Error::Invalid(format!("{key} is asked for twice")));
            }
            fields.push(field);
        }
        if fields.is_empty() {
            return Err(Error::Invalid("no setting is asked for".to_owned()));
        }
        let form = Form {
            id: random_id(),
            keys: fields.iter().map(|field| field.name.clone()).collect(),
        };
        let form = serde_json::to_string(&form)
            .map_err(|error| Error::Invalid(format!("the form cannot be written: {error}")))?;
        let terms = Terms {
            purpose: Purpose::Settings,
            route: ROUTE,
            channel: "",
            user: &user,
        };
        let state = services.signed_state(&terms, LIFETIME_MS, form).await?;
        let request = OpenDialogRequest {
            trigger_id,
            url: format!("/plugins/{}{ROUTE}", services.plugin_id),
            dialog: Dialog {
                title: "Plugin settings".to_owned(),
                introduction_text: format!(
                    "Settings of the plugin `{}`. A field that you leave empty is not changed.",
                    services.plugin_id
                ),
                submit_label: "Save".to_owned(),
                state,
                elements: fields,
                ..Dialog::default()
            },
        };
        let opened = services.api.open_interactive_dialog(request).await;
        opened.map_err(refused)
    }

    async fn generate_setting(&mut self, key: &str) -> Result<(), Error> {
        self.administrator().await?;
        let services = Arc::clone(&self.services);
        let setting = asked(&services.schema, key)?;
        if !setting.is_generated() {
            return denied("only a setting of the type `generated` is generated");
        }
        let filled = fill(services.api.as_ref(), &services.schema, setting).await;
        filled.map_err(|why| match why {
            NotSaved::Full => Error::Conflict,
            NotSaved::ReadOnly => {
                Error::Denied("the configuration of this server is read-only".to_owned())
            }
            NotSaved::Masked(label) => Error::Invalid(format!("{label} is stored as asterisks")),
            NotSaved::Api(error) => Error::Unavailable(error),
        })
    }

    /// The user who caused the event and meant it, if they manage the system now.
    async fn administrator(&mut self) -> Result<String, Error> {
        let Some(user) = self.actor.clone().filter(|_| self.is_meant) else {
            return denied("settings are for commands, and for requests that their user meant");
        };
        let permitted = self.services.api.has_permission_to(&user, PERMISSION).await;
        if !permitted.map_err(refused)? {
            return denied("settings are for users who manage the system");
        }
        Ok(user)
    }
}

fn asked<'a>(schema: &'a crate::settings::Schema, key: &str) -> Result<&'a Setting, Error> {
    let missing = || Error::Denied("the policy does not list this setting".to_owned());
    schema.asked(key).ok_or_else(missing)
}
