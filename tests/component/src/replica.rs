//! The database behind the in-memory server: a primary, and a read replica that lags.
//!
//! Mattermost reads most things from a replica where the administrator configured one, and writes and compares on the
//! primary. A replica that lags reports old values, and reports a key or a post that was just written as absent.

/// The progress of a replica.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    /// It has applied the writes up to this one.
    pub(crate) number: u64,
    /// It has also applied the writes up to this time, in milliseconds.
    pub(crate) time: i64,
}

/// When a write reached the primary.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Write {
    /// Its number among all writes.
    pub(crate) number: u64,
    /// Its time, in milliseconds.
    pub(crate) time: i64,
}

/// The versions of a value, oldest first, each with its write.
pub(crate) struct Versions<T>(Vec<(Write, T)>);

impl<T> Default for Versions<T> {
    fn default() -> Self {
        Versions(Vec::new())
    }
}

impl<T> Versions<T> {
    pub(crate) fn push(&mut self, write: Write, value: T) {
        self.0.push((write, value));
    }

    /// The primary's value.
    pub(crate) fn latest(&self) -> Option<&T> {
        self.0.last().map(|(_, value)| value)
    }

    /// The value on a replica with this progress.
    pub(crate) fn until(&self, position: Position) -> Option<&T> {
        let has_applied =
            |write: &Write| write.number <= position.number || write.time <= position.time;
        let mut versions = self.0.iter().rev();
        versions
            .find(|(write, _)| has_applied(write))
            .map(|(_, value)| value)
    }
}
