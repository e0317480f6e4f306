//! Why Zoom did not do what it was asked, and what to say about it.
//!
//! Two tables turn answers into errors, one for the REST API ([`api`]) and one for the token endpoint ([`oauth`]). Each
//! error has a sentence for the user, and some have a further one for a system admin ([`kinds`]). An error's `Display` is
//! its line in the server log. Zoom's own words never reach a user; the log gets them without secrets ([`redact`]).

pub mod api;
pub mod kinds;
pub mod limit;
pub mod oauth;
pub mod redact;
pub mod response;
