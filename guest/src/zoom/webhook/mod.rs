//! Zoom's webhooks: the proof that a delivery comes from Zoom, and what it says.

pub mod body;
pub mod deauthorization;
pub mod meeting;
pub mod recording;
pub mod validation;
pub mod verify;
