//! Connecting: the only code of the host that opens connections to the outside.
//!
//! Addresses are checked after name resolution, at the moment of connecting, so that a name cannot lead
//! inside the administrator's network; behind a proxy the proxy resolves names, and only literal addresses
//! were checked. Two pools, because an address that the administrator entered may be inside.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use http_body_util::Full;
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{HttpConnector, dns::GaiResolver};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use tokio::net::TcpStream;
use tower_service::Service;

use super::addresses::{BoxError, usable};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
const IDLE_PER_HOST: usize = 8;

/// Connections that are kept for the next request.
pub type Pool = Client<HttpsConnector<Connector>, Full<Bytes>>;

/// A pool that reaches only public addresses, and one that reaches any. With authorities given it trusts these and
/// not the system's.
///
/// # Errors
///
/// When there is nothing to trust.
pub fn pools(trusted: &[CertificateDer<'static>]) -> Result<(Pool, Pool), String> {
    let tls = tls(trusted)?;
    let pool = |only_public| {
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls.clone())
            .https_or_http()
            .enable_http1()
            .wrap_connector(Connector::new(only_public));
        Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(IDLE_PER_HOST)
            // The caller decides what may be sent twice.
            .retry_canceled_requests(false)
            .build(https)
    };
    Ok((pool(true), pool(false)))
}

/// How both pools speak TLS. Clones share what is trusted.
fn tls(authorities: &[CertificateDer<'static>]) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let config = if authorities.is_empty() {
        config
            .with_native_roots()
            .map_err(|error| format!("no trusted certificates on this machine: {error}"))?
    } else {
        let mut roots = rustls::RootCertStore::empty();
        roots.add_parsable_certificates(authorities.iter().cloned());
        config.with_root_certificates(roots)
    };
    Ok(config.with_no_client_auth())
}

/// Connects directly, or through the proxy that the environment names for the address.
#[derive(Clone)]
pub struct Connector {
    direct: HttpConnector<Resolver>,
    to_proxy: HttpConnector,
    proxies: Arc<Matcher>,
}

impl Connector {
    fn new(only_public: bool) -> Self {
        let mut direct = HttpConnector::new_with_resolver(Resolver {
            names: GaiResolver::new(),
            only_public,
        });
        let mut to_proxy = HttpConnector::new();
        direct.enforce_http(false);
        direct.set_connect_timeout(Some(CONNECT_TIMEOUT));
        direct.set_nodelay(true);
        to_proxy.set_connect_timeout(Some(CONNECT_TIMEOUT));
        to_proxy.set_nodelay(true);
        Self {
            direct,
            to_proxy,
            proxies: Arc::new(Matcher::from_env()),
        }
    }
}

type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        match self.proxies.intercept(&address) {
            None => {
                let connecting = self.direct.call(address);
                Box::pin(async move { Ok(connecting.await?) })
            }
            Some(proxy) => {
                // CONNECT for plain http too: the proxy then needs no second form of request.
                let mut tunnel = Tunnel::new(proxy.uri().clone(), self.to_proxy.clone());
                if let Some(credentials) = proxy.basic_auth() {
                    tunnel = tunnel.with_auth(credentials.clone());
                }
                Box::pin(async move { Ok(tunnel.call(address).await?) })
            }
        }
    }
}

/// Resolves names and, for addresses that nobody vouched for, drops those that are not public.
#[derive(Clone)]
struct Resolver {
    names: GaiResolver,
    only_public: bool,
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.names.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(usable(self.names.call(name), self.only_public))
    }
}
