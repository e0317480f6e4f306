//! `config`: the plugin's settings, and what the plugin needs to know about the server.

use std::sync::Arc;

use crate::bindings::plugin::mattermost::plugin::config::{self, Host};
use crate::event::meter::Meter;
use crate::event::{EventState, Services};
use wasmtime::component::{HasData, Linker};

/// Adds the interface to the linker.
pub(super) fn add_to_linker(linker: &mut Linker<EventState>) -> wasmtime::Result<()> {
    struct HasView;
    impl HasData for HasView {
        type Data<'a> = View<'a>;
    }
    fn view(state: &mut EventState) -> View<'_> {
        View {
            services: &state.services,
            meter: &mut state.meter,
        }
    }
    config::add_to_linker::<_, HasView>(linker, view)
}

/// The parts of an event's state that this interface needs.
struct View<'a> {
    services: &'a Services,
    meter: &'a mut Meter,
}

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
}
