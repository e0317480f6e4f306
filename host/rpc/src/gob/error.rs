//! Errors of the encoder and the decoder.

use thiserror::Error;

/// Why a value cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// An element of a slice or map is nil. gob has no nil elements.
    #[error("an element of a slice or map is nil")]
    NilElement,
    /// The value was received with a type that this side does not know, so its content was dropped.
    #[error("the content of a value of the unknown type {0} was dropped; it cannot be sent")]
    Dropped(String),
}

/// Why a value could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The bytes are not valid gob.
    #[error("gob: {0}")]
    Malformed(&'static str),
    /// The value exceeds a limit of [`Limits`](super::Limits).
    #[error("gob: {0}")]
    TooLarge(&'static str),
    /// The value does not have the expected type.
    #[error("gob: type mismatch: {0}")]
    Mismatch(String),
    /// The start of the next message is unknown. Nothing more can be read from the stream.
    #[error("gob: {0}; the rest of the stream is unreadable")]
    Fatal(&'static str),
}

impl DecodeError {
    pub(super) fn malformed(message: &'static str) -> Self {
        Self::Malformed(message)
    }

    pub(super) fn mismatch(expected: &str) -> Self {
        Self::Mismatch(format!("expected {expected}"))
    }

    /// The same error if the start of the next value is unknown.
    pub(super) fn into_fatal(self) -> Self {
        match self {
            Self::Malformed(message) | Self::TooLarge(message) | Self::Fatal(message) => {
                Self::Fatal(message)
            }
            Self::Mismatch(_) => Self::Fatal("a value with another type than expected has no end"),
        }
    }

    /// Whether the stream is unusable. If not, only this value was dropped and the next one can be read.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Fatal(_))
    }
}
