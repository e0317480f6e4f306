//! What can be wrong with a value or with the stream it is on.

use thiserror::Error;

/// Why a value cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// An element of a list or map is absent, which gob cannot express.
    #[error("an element of a list or map is absent")]
    NilElement,
    /// The value holds something whose type was not understood when it was read.
    #[error("a value of the unknown type {0} cannot be sent on")]
    Dropped(String),
}

/// Why a value could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The bytes are not gob.
    #[error("gob: {0}")]
    Malformed(&'static str),
    /// A limit was reached.
    #[error("gob: {0}")]
    TooLarge(&'static str),
    /// The value is of another type than expected.
    #[error("gob: type mismatch: {0}")]
    Mismatch(String),
    /// Messages can no longer be told apart: the stream is of no further use.
    #[error("gob: {0}; the stream cannot be read on")]
    Fatal(&'static str),
}

impl DecodeError {
    pub(super) fn malformed(what: &'static str) -> Self {
        Self::Malformed(what)
    }

    pub(super) fn mismatch(expected: &str) -> Self {
        Self::Mismatch(format!("expected {expected}"))
    }

    /// The same where it is not known any more where the next value begins.
    pub(super) fn into_fatal(self) -> Self {
        match self {
            Self::Malformed(what) | Self::TooLarge(what) | Self::Fatal(what) => Self::Fatal(what),
            Self::Mismatch(_) => Self::Fatal("a value of another type has no end"),
        }
    }

    /// Whether the stream is lost. Otherwise the value was dropped and the next one can be read.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Fatal(_))
    }
}
