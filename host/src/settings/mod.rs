//! The plugin's settings: their schema, how they are saved, and a snapshot of their values.

mod schema;
mod snapshot;

pub(crate) use schema::*;
pub(crate) use snapshot::{Newest, Site};
