//! The database behind the in-memory server: a primary, and a read replica that lags.
//!
//! Mattermost reads most things from a replica where the administrator configured one, and writes and compares on the
//! primary. A replica that lags reports old values, and reports a key or a post that was just written as absent.

/// The versions of a value, oldest first, each with the time at which the primary stored it, in milliseconds.
pub(crate) struct Versions<T>(Vec<(i64, T)>);

impl<T> Default for Versions<T> {
    fn default() -> Self {
        Versions(Vec::new())
    }
}

impl<T> Versions<T> {
    pub(crate) fn push(&mut self, now: i64, value: T) {
        self.0.push((now, value));
    }

    /// What the primary stores.
    pub(crate) fn latest(&self) -> Option<&T> {
        self.0.last().map(|(_, value)| value)
    }

    /// What a replica stores that has applied the writes up to this time.
    pub(crate) fn until(&self, time: i64) -> Option<&T> {
        let mut versions = self.0.iter().rev();
        versions
            .find(|(stored, _)| *stored <= time)
            .map(|(_, value)| value)
    }
}
