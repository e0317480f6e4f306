//! The plugin's settings: the schema in the manifest, forms to enter them, how they are saved, and a snapshot of their
//! values. `capability::settings` decides who may open a form, `plugin::settings_route` who may submit one.

mod form;
mod previous;
mod save;
mod schema;
mod snapshot;
mod source;

pub(crate) use form::{FORM_LIFETIME_MS, FORM_PERMISSION, FORM_ROUTE, Form};
pub(crate) use previous::{PreviousValue, PreviousValues};
pub(crate) use save::{SaveError, fill_generated, save};
pub(crate) use schema::{Schema, Setting};
pub(crate) use snapshot::{LatestSnapshot, SettingsSnapshot};
pub use source::SettingsEnvironment;
pub(crate) use source::SettingsSource;
