//! One restriction of the process.

/// A restriction, active or not.
#[derive(Debug)]
pub(super) struct Restriction {
    /// The name in log lines.
    pub(super) name: &'static str,
    /// The reason that it is not active.
    pub(super) missing: Option<String>,
}
