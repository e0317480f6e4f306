//! `/zoom setup`: a guided conversation in a direct message with the bot.
//!
//! One message shows the finished steps and the current one, with buttons. Most steps are finished when the settings or
//! stored records show it ([`facts`]), so a setup can be interrupted, repeated, and combined with the System Console. The
//! component cannot write settings: buttons open forms that the host creates, and secrets never reach a message. After a
//! saved form, a consent, or a validation of the webhook's URL, the message is updated ([`message::refresh`]).
//!
//! Every click checks that the user manages the system now.

pub mod access;
pub mod actions;
pub mod click;
pub mod command;
pub mod facts;
mod instructions;
mod manifest;
pub mod message;
mod trail;
