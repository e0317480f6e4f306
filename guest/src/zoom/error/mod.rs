//! Why Zoom did not do what it was asked, and what to say about it.
//!
//! [`table`] turns answers into errors. Each error has a sentence for the user, and some have a further one for a system
//! admin ([`kinds`]). An error's `Display` is its line in the server log. Zoom's own words never reach a user; the log
//! gets them without secrets ([`redact`]).

pub mod kinds;
pub mod limit;
pub mod redact;
pub mod table;

pub use kinds::{Details, Error, Retry};
pub use limit::Limit;
pub use table::{Endpoint, Grant};
