//! `settings`: a component asks a system admin for settings. The host creates the form and saves the input; see
//! [`crate::settings`].

use mattermost_plugin_rpc::mattermost::{Dialog, DialogElement, OpenDialogRequest};

use crate::bindings::plugin::mattermost::plugin::settings::{self, Host};
use crate::error::{Error, HostResult, api_error};
use crate::event::meter::Meter;
use crate::event::{EventCause, Services};
use crate::random::random_id;
use crate::settings::{
    FORM_LIFETIME_MS, FORM_PERMISSION, FORM_ROUTE, Form, SaveError, Schema, Setting, fill_generated,
};
use crate::signing::interactions::{InteractionScope, Purpose};

/// The most fields of a form.
const KEYS_LIMIT: usize = 20;

view!(settings { services: Services, cause: EventCause; mut meter: Meter });

impl Host for View<'_> {
    async fn ask(&mut self, trigger_id: String, keys: Vec<String>) -> HostResult<()> {
        let _reservation = self.meter.begin_call(&(&trigger_id, &keys))?;
        let asked = self.ask_settings(trigger_id, keys).await;
        Ok(self.services.count_denial("settings", asked))
    }

    async fn generate(&mut self, key: String) -> HostResult<()> {
        let _reservation = self.meter.begin_call(&key)?;
        let generated = self.generate_setting(&key).await;
        Ok(self.services.count_denial("settings", generated))
    }
}

fn denied<T>(rule: &str) -> Result<T, Error> {
    Err(Error::Denied(rule.to_owned()))
}

impl View<'_> {
    async fn ask_settings(&mut self, trigger_id: String, keys: Vec<String>) -> Result<(), Error> {
        let user = self.require_system_admin().await?;
        if self.cause.channel.is_none() {
            return denied("a form is opened by a command or by a genuine click");
        }
        if keys.len() > KEYS_LIMIT {
            return Err(Error::TooLarge);
        }
        let services = self.services;
        let mut fields: Vec<DialogElement> = Vec::new();
        for key in &keys {
            let field = asked_setting(&services.schema, key)?.field();
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
            .map_err(|error| Error::Invalid(format!("the form cannot be serialized: {error}")))?;
        let scope = InteractionScope {
            purpose: Purpose::Settings,
            route: FORM_ROUTE,
            channel: "",
            user: &user,
        };
        let expires = (services.clock)().saturating_add(FORM_LIFETIME_MS);
        let api = services.api.as_ref();
        let state = services
            .host_key
            .sign_state(api, &scope, expires, form)
            .await?;
        let request = OpenDialogRequest {
            trigger_id,
            url: format!("/plugins/{}{FORM_ROUTE}", services.plugin_id),
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
        opened.map_err(api_error)
    }

    async fn generate_setting(&mut self, key: &str) -> Result<(), Error> {
        self.require_system_admin().await?;
        let services = self.services;
        let setting = asked_setting(&services.schema, key)?;
        if !setting.is_generated() {
            return denied("only settings of the type `generated` can be generated");
        }
        let filled = fill_generated(services.api.as_ref(), &services.schema, setting).await;
        filled.map_err(|why| match why {
            SaveError::HasValue => Error::Conflict,
            SaveError::ReadOnly => {
                Error::Denied("the configuration of this server is read-only".to_owned())
            }
            SaveError::Masked(label) => Error::Invalid(format!("{label} is stored as asterisks")),
            SaveError::Api(error) => Error::Unavailable(error),
        })
    }

    /// The user who intentionally caused the event, if they manage the system now.
    async fn require_system_admin(&mut self) -> Result<String, Error> {
        let Some(user) = self.cause.actor.clone().filter(|_| self.cause.is_intended) else {
            return denied(
                "settings can be changed only by commands and by requests that the user intended",
            );
        };
        let permitted = self
            .services
            .api
            .has_permission_to(&user, FORM_PERMISSION)
            .await;
        if !permitted.map_err(api_error)? {
            return denied("settings can be changed only by users who manage the system");
        }
        Ok(user)
    }
}

fn asked_setting<'a>(schema: &'a Schema, key: &str) -> Result<&'a Setting, Error> {
    let missing = || Error::Denied("the policy does not list this setting".to_owned());
    schema.askable(key).ok_or_else(missing)
}
