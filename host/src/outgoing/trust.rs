//! Trusted certificates.
//!
//! rustls trusts the authorities of the system, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name. They are read at the first
//! request, and again after each minute in which a request is made, because certificates are replaced while a plugin runs (a
//! Kubernetes secret, a package of the system). If they changed, new connections use the new ones and pooled connections
//! are closed. If they cannot be read, the previous ones stay trusted, and TLS errors mention it.
//!
//! A server's self-signed certificate is accepted if exactly that certificate is in `SSL_CERT_FILE`, it has the name of the
//! server, and it is not a CA certificate (`CA:TRUE`, the default of `openssl req -x509`). rustls does not accept a CA
//! certificate as a server certificate, because its key could sign certificates for every host; Go accepts it. The error
//! says how to create a proper certificate.

use std::sync::Arc;

use ring::digest::{SHA256, digest};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

/// The authorities that were read.
pub(super) struct Authorities {
    pub(super) certificates: Vec<CertificateDer<'static>>,
    /// The reason that some could not be read.
    pub(super) problem: Option<String>,
}

/// Reads the authorities. It blocks.
pub(super) type ReadAuthorities = Arc<dyn Fn() -> Authorities + Send + Sync>;

/// The authorities in force.
pub(super) struct Trust {
    /// The TLS configuration. Clones share the trust store.
    pub(super) tls: ClientConfig,
    /// Over all certificates.
    digest: [u8; 32],
    problem: Option<String>,
}

impl Trust {
    /// Trusts these authorities.
    ///
    /// # Errors
    ///
    /// When there are no certificates.
    pub(super) fn new(found: &Authorities) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(found.certificates.iter().cloned());
        if added == 0 {
            let problem = found.problem.as_deref().unwrap_or("none was found");
            return Err(format!(
                "no trusted certificates on this machine: {problem}"
            ));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        Ok(Self {
            tls: config.with_root_certificates(roots).with_no_client_auth(),
            digest: digest_of(found),
            problem: found.problem.clone(),
        })
    }

    /// Whether these authorities replace the current ones: they differ, and were read without new problems. A file that is
    /// being replaced may be missing or empty for a moment.
    pub(super) fn is_replaced_by(&self, found: &Authorities) -> bool {
        let complete = found.problem.is_none() || found.problem == self.problem;
        complete && !found.certificates.is_empty() && self.digest != digest_of(found)
    }
}

fn digest_of(found: &Authorities) -> [u8; 32] {
    let mut all = Vec::new();
    for certificate in &found.certificates {
        all.extend_from_slice(digest(&SHA256, certificate).as_ref());
    }
    let all = digest(&SHA256, &all);
    all.as_ref().try_into().unwrap_or_default()
}

/// Advice for a TLS error, if there is any.
pub(super) fn advice(error: &str, host: &str) -> Option<String> {
    error.contains("CaUsedAsEndEntity").then(|| {
        format!(
            "the certificate of {host} is a CA certificate (CA:TRUE), which no server may use. Create \
             a server certificate: openssl req -x509 -newkey rsa:2048 -nodes -days 365 -keyout key.pem -out cert.pem -subj \
             /CN={host} -addext subjectAltName=DNS:{host} -addext basicConstraints=critical,CA:FALSE"
        )
    })
}
