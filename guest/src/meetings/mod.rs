//! Meetings: who may start one where, which kind of id it gets, and the post that announces it.
//!
//! Every way to start one ends in [`start::run`], so that membership, restriction, permission and the
//! check for a recent meeting hold for all of them.

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
