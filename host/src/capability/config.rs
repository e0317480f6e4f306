//! `config`: the plugin's settings and what it must know of the site.

use std::sync::Arc;

use crate::bindings::plugin::mattermost::plugin::config::Host;
use crate::sandbox::EventState;

impl Host for EventState {
    async fn settings(&mut self) -> wasmtime::Result<String> {
        let _held = self.host_call(&())?;
        let site = Arc::clone(&self.services.site);
        self.answers_with(&site.settings_json)?;
        Ok(site.settings_json.clone())
    }

    async fn site_url(&mut self) -> wasmtime::Result<Option<String>> {
        let _held = self.host_call(&())?;
        Ok(self.services.site.url.clone())
    }

    async fn default_locale(&mut self) -> wasmtime::Result<String> {
        let _held = self.host_call(&())?;
        Ok(self.services.site.default_locale.clone())
    }

    async fn email_verification_required(&mut self) -> wasmtime::Result<bool> {
        let _held = self.host_call(&())?;
        Ok(self.services.site.email_verification_required)
    }
}
