//! The life of the process: its start, its environment, its confinement, and what it says about itself.

pub mod confinement;
mod describe;
mod environment;
mod hooks;
mod image;
mod rss;
#[cfg(test)]
mod shutdown_tests;
mod start;

pub use describe::describe;
pub use start::run;
