//! Starting meetings: access checks, the check for a recent meeting, the choice of the meeting ID, and the card.
//!
//! Each way to start a meeting ([`command`], [`rest`], [`answer`], and the callback after connecting) ends in [`start`], so
//! that the same checks apply to all of them. How a meeting goes on and ends: [`crate::occurrence`].

pub mod access;
pub mod answer;
pub mod card;
pub mod command;
pub mod create;
pub mod failure;
pub mod question;
pub mod recent;
pub mod request;
pub mod rest;
pub mod start;
pub mod topic;
