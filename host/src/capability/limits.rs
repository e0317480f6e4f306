//! Limits that several interfaces share.

/// How long dialogs and buttons in ephemeral posts are valid, in milliseconds: one hour.
pub(super) const SHORT_LIFETIME_MS: i64 = 3600 * 1000;

/// The size of pairs of strings, in bytes.
pub(super) fn pairs_size(pairs: &[(String, String)]) -> usize {
    pairs
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum()
}
