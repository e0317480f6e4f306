//! `config`: the plugin's settings, and what the plugin needs to know about the server.

use std::sync::Arc;

use crate::bindings::plugin::mattermost::plugin::config::{self, Host, Source};
use crate::error::{HostResult, api_error};
use crate::event::Services;
use crate::event::meter::Meter;
use crate::settings::SettingsSource;

view!(config { services: Services; mut meter: Meter });

impl Host for View<'_> {
    async fn settings(&mut self) -> wasmtime::Result<String> {
        let _reservation = self.meter.begin_call(&())?;
        let settings = Arc::clone(&self.services.settings);
        self.meter.charge_reply(&settings.json)?;
        Ok(settings.json.clone())
    }

    async fn site_url(&mut self) -> wasmtime::Result<Option<String>> {
        let _reservation = self.meter.begin_call(&())?;
        Ok(self.services.settings.site_url.clone())
    }

    async fn default_locale(&mut self) -> wasmtime::Result<String> {
        let _reservation = self.meter.begin_call(&())?;
        Ok(self.services.settings.default_locale.clone())
    }

    async fn email_verification_required(&mut self) -> wasmtime::Result<bool> {
        let _reservation = self.meter.begin_call(&())?;
        Ok(self.services.settings.email_verification_required)
    }

    async fn server_version(&mut self) -> HostResult<String> {
        let _reservation = self.meter.begin_call(&())?;
        let version = self.services.api.get_server_version().await;
        let version = version.map_err(api_error);
        self.meter.charge_reply(&version)?;
        Ok(self.services.count_denial("config", version))
    }

    async fn settings_source(&mut self) -> wasmtime::Result<Source> {
        let _reservation = self.meter.begin_call(&())?;
        let services = self.services;
        let has_read_only_file = services.settings.has_read_only_file;
        Ok(
            match services.settings_environment.source(has_read_only_file) {
                SettingsSource::Server => Source::Server,
                SettingsSource::ReadOnlyFile => Source::ReadOnlyFile,
                SettingsSource::Environment => Source::Environment,
            },
        )
    }
}
