//! The errors of the build tool.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// An error with a message for the terminal.
#[derive(Debug, Error)]
pub enum Error {
    /// The command line is invalid.
    #[error("{0}")]
    Usage(&'static str),
    /// A program could not be started.
    #[error("cannot run {program}: {source}")]
    Missing {
        program: String,
        source: std::io::Error,
    },
    /// A program ran and failed. It printed the reason.
    #[error("failed: {0}")]
    Failed(String),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    /// A file has unexpected content.
    #[error("{path}: {problem}")]
    Content { path: PathBuf, problem: String },
    /// A file is larger than its limit.
    #[error("{what} has {bytes} bytes, more than the limit of {limit}")]
    TooLarge {
        what: &'static str,
        bytes: u64,
        limit: u64,
    },
    /// The environment or a setting is wrong. The text says what to do.
    #[error("{0}")]
    Needed(String),
    /// Tests failed. The summary is already printed.
    #[error("tests failed")]
    Tests,
}

/// Adds the path to an I/O error.
pub fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::File { path, source }
}
