//! The errors of the build tool.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// An error with a message for the terminal.
#[derive(Debug, Error)]
pub enum Error {
    /// The words on the command line are no command.
    #[error("{0}")]
    Usage(&'static str),
    /// A program could not be started.
    #[error("cannot run {program}: {source}")]
    Missing {
        program: String,
        source: std::io::Error,
    },
    /// A program ran and failed; its own messages say why.
    #[error("failed: {0}")]
    Failed(String),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{path}: {problem}")]
    Content { path: PathBuf, problem: String },
    /// Something is larger than promised.
    #[error("{what} has {bytes} bytes, more than the {limit} that are promised")]
    TooLarge {
        what: &'static str,
        bytes: u64,
        limit: u64,
    },
    /// Surroundings or settings are not as needed. The text says what to do.
    #[error("{0}")]
    Needed(String),
    /// Tests failed. All has been said: the sums are the last line.
    #[error("tests failed")]
    Tests,
}

/// Names the file in an error about it.
pub fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::File { path, source }
}
