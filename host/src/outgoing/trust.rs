//! Which certificates a server outside may have.
//!
//! rustls trusts the authorities of the system, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name. They are read at
//! the first request, and again at the first request a minute later, because certificates are replaced while a plugin
//! runs (a Kubernetes secret, a package of the system). If they differ, new connections use the new ones and kept
//! connections are closed. If they cannot be read, the former ones remain trusted, and errors of TLS say so.
//!
//! A self-signed certificate of a server is accepted if exactly that certificate is in `SSL_CERT_FILE`, it has the name
//! of the server, and it is not the certificate of an authority (`CA:TRUE`, which `openssl req -x509` makes unless told
//! otherwise). rustls refuses to take an authority for a server: whoever has the key of one could vouch for every host,
//! and Go, which accepts them, is the exception. The error says how to make a proper certificate.

use std::sync::Arc;

use ring::digest::{SHA256, digest};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

/// The authorities that were read.
pub(super) struct Authorities {
    pub(super) certificates: Vec<CertificateDer<'static>>,
    /// Why some could not be read.
    pub(super) problem: Option<String>,
}

/// Reads the authorities. It blocks.
pub(super) type ReadAuthorities = Arc<dyn Fn() -> Authorities + Send + Sync>;

/// The authorities in force.
pub(super) struct Trust {
    /// How connections speak TLS. Clones share what is trusted.
    pub(super) tls: ClientConfig,
    /// Of all certificates.
    digest: [u8; 32],
    problem: Option<String>,
}

impl Trust {
    /// Trusts these authorities.
    ///
    /// # Errors
    ///
    /// When there is nothing to trust.
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

    /// Whether these authorities are to be trusted from now on: others, and read as well as the present ones were. A
    /// file that is being replaced may be missing or empty for a moment.
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

/// Advice to add to an error of TLS, if there is any.
pub(super) fn advice(error: &str, host: &str) -> Option<String> {
    error.contains("CaUsedAsEndEntity").then(|| {
        format!(
            "the certificate of {host} is that of a certificate authority (CA:TRUE), which no server may use. Create \
             one for a server: openssl req -x509 -newkey rsa:2048 -nodes -days 365 -keyout key.pem -out cert.pem -subj \
             /CN={host} -addext subjectAltName=DNS:{host} -addext basicConstraints=critical,CA:FALSE"
        )
    })
}
