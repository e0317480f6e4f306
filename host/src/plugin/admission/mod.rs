//! Admission control: how many requests, bodies, and responses the plugin handles at once, and how much memory and time
//! they may use.

mod bodies;
mod in_flight;
mod per_user;
mod responses;

pub(crate) use bodies::{BodyError, BodySlots, is_webhook_like};
pub(crate) use in_flight::InFlightLimit;
pub(crate) use per_user::PerUserLimit;
pub(crate) use responses::ResponseBudget;
