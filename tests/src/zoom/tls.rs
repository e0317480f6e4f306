//! A certificate authority for one run, and one certificate by it.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

use super::error::Error;

/// The authority and one certificate for `localhost` and for all hosts of Zoom.
pub(super) struct Authority {
    pem: String,
    root: CertificateDer<'static>,
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl Authority {
    pub(super) fn new() -> Result<Authority, rcgen::Error> {
        let mut root = CertificateParams::new(Vec::new())?;
        root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        root.distinguished_name
            .push(DnType::CommonName, "Mock Zoom server: test authority");
        let root = CertifiedIssuer::self_signed(root, KeyPair::generate()?)?;

        let own = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let domains = ["zoom.us", "zoom.com", "zoomgov.com"];
        let zooms = domains.map(|domain| [domain.to_owned(), format!("*.{domain}")]);
        let names: Vec<String> = own.into_iter().chain(zooms.into_iter().flatten()).collect();
        let mut leaf = CertificateParams::new(names)?;
        leaf.distinguished_name
            .push(DnType::CommonName, "Mock Zoom server");
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = leaf.signed_by(&key, &root)?;
        Ok(Authority {
            pem: root.pem(),
            root: root.der().clone(),
            certificate: certificate.der().clone(),
            key,
        })
    }

    /// The authority's certificate, as a trust store holds it.
    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    /// The authority's certificate itself.
    pub(super) fn der(&self) -> &[u8] {
        self.root.as_ref()
    }

    pub(super) fn server_config(&self) -> Result<Arc<rustls::ServerConfig>, Error> {
        let key = PrivateKeyDer::Pkcs8(self.key.serialize_der().into());
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], key)?;
        Ok(Arc::new(config))
    }

    /// A client that trusts this authority alone and follows no redirects.
    pub(super) fn agent(&self) -> ureq::Agent {
        let root = Certificate::from_der(self.root.as_ref()).to_owned();
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(Arc::new(default_provider()))
            .root_certs(RootCerts::from(vec![root]))
            .build();
        let config = ureq::Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .build();
        config.new_agent()
    }
}
