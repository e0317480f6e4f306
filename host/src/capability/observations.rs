//! `observations`: facts that the component notes often, for diagnoses. See [`crate::observations`].

use crate::bindings::plugin::mattermost::plugin::observations::{self, Host, Observation};
use crate::error::{Error, HostResult, api_error};
use crate::event::Services;
use crate::event::meter::Meter;
use crate::log::is_one_line;
use crate::observations::TooManyNames;

const NAME_LIMIT: usize = 64;

/// The longest value, in bytes.
const VALUE_LIMIT: usize = 256;

view!(observations { services: Services; mut meter: Meter });

impl Host for View<'_> {
    async fn note(&mut self, name: String, value: String) -> HostResult<()> {
        let _reservation = self.meter.begin_call(&(&name, &value))?;
        if let Err(error) = check(&name, &value) {
            return Ok(Err(error));
        }
        let services = self.services;
        let noted = services.observations.note(name, value, (services.clock)());
        Ok(noted.map_err(|TooManyNames| Error::TooLarge))
    }

    async fn list(&mut self) -> HostResult<Vec<Observation>> {
        let _reservation = self.meter.begin_call(&())?;
        let (services, now) = (self.services, (self.services.clock)());
        let listed = services.observations.list(services.api.as_ref(), now).await;
        let listed = listed.map_err(api_error).map(|notes| {
            let notes = notes.into_iter().map(|(name, note)| Observation {
                name,
                value: note.value,
                at: note.at,
                count: note.count,
            });
            notes.collect::<Vec<_>>()
        });
        self.meter.charge_reply(&listed)?;
        Ok(self.services.count_denial("observations", listed))
    }
}

fn check(name: &str, value: &str) -> Result<(), Error> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !(1..=NAME_LIMIT).contains(&name.len()) || !name.bytes().all(plain) {
        let reason = format!("a name has 1 to {NAME_LIMIT} characters of a–z, 0–9, and _");
        return Err(Error::Invalid(reason));
    }
    if value.len() > VALUE_LIMIT {
        return Err(Error::TooLarge);
    }
    if !is_one_line(value) {
        let reason = "a value has no control characters";
        return Err(Error::Invalid(reason.to_owned()));
    }
    Ok(())
}
