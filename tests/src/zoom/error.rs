//! Errors of the mock Zoom server.

use std::io;

/// The mock Zoom server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A socket or a file.
    #[error("the mock Zoom server cannot use its socket or folder")]
    Io(#[from] io::Error),
    /// The test certificates.
    #[error("the certificates of the mock Zoom server cannot be made")]
    Certificate(#[from] rcgen::Error),
    /// TLS.
    #[error("the mock Zoom server cannot speak TLS")]
    Tls(#[from] rustls::Error),
    /// The consent page was not as expected.
    #[error("the consent page answered {status} without a redirect: {body}")]
    Consent {
        /// Its status.
        status: u16,
        /// Its text.
        body: String,
    },
    /// The consent page could not be fetched.
    #[error("the consent page cannot be fetched")]
    Fetch(#[from] Box<ureq::Error>),
}
