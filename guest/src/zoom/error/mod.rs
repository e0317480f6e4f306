//! Errors of requests to Zoom, and the sentences about them.
//!
//! Two tables map responses to errors: one for the REST API ([`api`]) and one for the token endpoint ([`oauth`]). Each
//! error has a sentence for the user, and some have another one for system admins ([`kinds`]). `Display` is the text for
//! the server log. Users never see Zoom's own messages; the log contains them without secrets ([`redact`]).

pub mod api;
pub mod grant_end;
mod guide;
pub mod kinds;
pub mod limit;
pub mod oauth;
pub mod redact;
pub mod response;
