//! Earlier values of settings, until the component has seen them.
//!
//! A component that encrypts with a setting needs the old value once, to read what it has stored. The values are kept in memory
//! only.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::snapshot::SettingsSnapshot;

/// The most values, of all settings together.
const VALUES_LIMIT: usize = 16;

/// The key of a setting in lower case, and a value that it had.
pub(crate) type PreviousValue = (String, String);

/// The values that the component has not seen yet, the oldest first.
#[derive(Default)]
pub(crate) struct PreviousValues(Mutex<Vec<PreviousValue>>);

impl PreviousValues {
    /// Keeps the values of these settings that a new snapshot replaces.
    pub(crate) fn keep(&self, keys: &[String], old: &SettingsSnapshot, new: &SettingsSnapshot) {
        let mut values = self.values();
        for key in keys {
            let value = old.text(key).filter(|value| !value.is_empty());
            let Some(value) = value.filter(|value| new.text(key).as_ref() != Some(value)) else {
                continue;
            };
            let previous = (key.to_lowercase(), value);
            values.retain(|known| *known != previous);
            values.push(previous);
        }
        let surplus = values.len().saturating_sub(VALUES_LIMIT);
        values.drain(..surplus);
    }

    /// The values for the component.
    pub(crate) fn unseen(&self) -> Vec<PreviousValue> {
        self.values().clone()
    }

    /// Forgets values that the component has seen.
    pub(crate) fn seen(&self, seen: &[PreviousValue]) {
        self.values().retain(|known| !seen.contains(known));
    }

    fn values(&self) -> MutexGuard<'_, Vec<PreviousValue>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
