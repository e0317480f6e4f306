//! `config`: the plugin's settings and what it must know of the site.

use crate::bindings::plugin::mattermost::plugin::config::Host;
use crate::sandbox::EventState;

impl Host for EventState {
    async fn settings(&mut self) -> wasmtime::Result<String> {
        let settings = self.services.site.settings_json.clone();
        let _held = self.host_call(settings.len())?;
        Ok(settings)
    }

    async fn site_url(&mut self) -> wasmtime::Result<Option<String>> {
        let _held = self.host_call(0)?;
        Ok(self.services.site.url.clone())
    }

    async fn default_locale(&mut self) -> wasmtime::Result<String> {
        let locale = self.services.site.default_locale.clone();
        let _held = self.host_call(locale.len())?;
        Ok(locale)
    }

    async fn email_verification_required(&mut self) -> wasmtime::Result<bool> {
        let _held = self.host_call(0)?;
        Ok(self.services.site.email_verification_required)
    }
}
