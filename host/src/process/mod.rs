//! The life of the process: its start, the environment and rights that it keeps, and what it says about itself.

pub mod confinement;
mod describe;
mod environment;
pub(crate) mod rss;
mod start;

pub use describe::describe;
pub use start::run;
