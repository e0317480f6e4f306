//! Connecting: the only code of the host that opens outgoing connections.
//!
//! Addresses are checked after name resolution, when connecting, so that a name cannot lead into the administrator's network.
//! Behind a proxy, the proxy resolves names, and only IP addresses are checked. There are two pools, because the host that
//! an administrator entered as a setting may be internal.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "opens the connections of the component and of the proxies"
)]

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use http_body_util::Full;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower_service::Service;

use super::dns::{Family, Lookup, resolve};
use super::proxies::{Kind, Proxies};
use super::stage::{FailedAt, Stage};
use super::trust::Authorities;
use crate::policy::egress_addresses::EgressRules;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
const IDLE_PER_HOST: usize = 8;

/// Pooled connections.
pub(super) type Pool = Client<HttpsConnector<Connector>, Full<Bytes>>;

/// A pool whose connections go to the addresses that `rules` allow; to any address without rules.
pub(super) fn pool(
    tls: &ClientConfig,
    proxies: &Arc<Proxies>,
    names: &Lookup,
    rules: Option<EgressRules>,
) -> Pool {
    let connector = Connector {
        direct: http(names, rules),
        to_proxy: https(tls, http(names, None)),
        proxies: Arc::clone(proxies),
    };
    Client::builder(TokioExecutor::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_timer(TokioTimer::new())
        .pool_max_idle_per_host(IDLE_PER_HOST)
        // Only the caller knows which requests may be sent twice.
        .retry_canceled_requests(false)
        .build(https(tls, connector))
}

fn http(names: &Lookup, rules: Option<EgressRules>) -> HttpConnector<Resolver> {
    let names = Arc::clone(names);
    let mut connector = HttpConnector::new_with_resolver(Resolver { names, rules });
    connector.enforce_http(false);
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    connector.set_nodelay(true);
    connector
}

fn https<C>(tls: &ClientConfig, connector: C) -> HttpsConnector<C> {
    HttpsConnectorBuilder::new()
        .with_tls_config(tls.clone())
        .https_or_http()
        .enable_http1()
        .wrap_connector(connector)
}

/// Resolves a name with the system's resolver.
pub(super) fn look_up(name: &str, family: Family) -> io::Result<Vec<IpAddr>> {
    let family = match family {
        Family::V4 => dns_lookup::AddrFamily::Inet,
        Family::V6 => dns_lookup::AddrFamily::Inet6,
    };
    let hints = dns_lookup::AddrInfoHints {
        address: family.into(),
        socktype: dns_lookup::SockType::Stream.into(),
        ..dns_lookup::AddrInfoHints::default()
    };
    let found = dns_lookup::getaddrinfo(Some(name), None, Some(hints))?;
    found.map(|found| Ok(found?.sockaddr.ip())).collect()
}

/// Whether an address belongs to this machine: a socket can be bound to it. If the system allows sockets to bind to any
/// address, the address is own if packets to it have it as their source.
pub(super) fn is_own(address: IpAddr) -> bool {
    let bind = |address: IpAddr| UdpSocket::bind((address, 0));
    // Documentation addresses belong to no machine.
    let (foreign, any): (IpAddr, IpAddr) = match address {
        IpAddr::V4(_) => ([192, 0, 2, 1].into(), [0; 4].into()),
        IpAddr::V6(_) => ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into(), [0_u16; 8].into()),
    };
    if bind(foreign).is_err() {
        return bind(address).is_ok();
    }
    let reached_from = bind(any).and_then(|socket| {
        socket.connect((address, 9))?;
        socket.local_addr()
    });
    reached_from.is_ok_and(|from| from.ip() == address)
}

/// Reads the authorities of the system, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
pub(super) fn read_authorities() -> Authorities {
    let found = rustls_native_certs::load_native_certs();
    Authorities {
        certificates: found.certs,
        problem: found.errors.first().map(ToString::to_string),
    }
}

/// Connects directly, or through the proxy that the environment names for the address.
#[derive(Clone)]
pub(super) struct Connector {
    direct: HttpConnector<Resolver>,
    to_proxy: HttpsConnector<HttpConnector<Resolver>>,
    proxies: Arc<Proxies>,
}

type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let proxy = match self.proxies.proxy_for(&address) {
            Ok(Some(proxy)) => proxy.clone(),
            Ok(None) => {
                let connecting = self.direct.call(address);
                return Box::pin(async move {
                    let failed = FailedAt::stage(Stage::Connection);
                    let stream = connecting.await.map_err(|error| failed(error.into()))?;
                    Ok(Stream::new(MaybeHttpsStream::Http(stream)))
                });
            }
            Err(why) => {
                let failed = FailedAt::stage(Stage::Proxy)(why.into());
                return Box::pin(async move { Err(failed.into()) });
            }
        };
        let mut to_proxy = self.to_proxy.clone();
        let connecting = async move {
            if proxy.kind == Kind::Http && address.scheme_str() == Some("http") {
                let io = to_proxy.call(proxy.address).await?;
                let is_proxy = true;
                return Ok(Stream { io, is_proxy });
            }
            let address = with_port(address)?;
            let io = match proxy.kind {
                Kind::Http => {
                    let mut tunnel = Tunnel::new(proxy.address.clone(), to_proxy);
                    if let Some(credentials) = proxy.authorization() {
                        tunnel = tunnel.with_auth(credentials.clone());
                    }
                    tunnel.call(address).await?
                }
                Kind::Socks => {
                    let mut socks = SocksV5::new(proxy.address.clone(), to_proxy);
                    if let Some((user, password)) = proxy.user() {
                        socks = socks.with_auth(user.to_owned(), password.to_owned());
                    }
                    socks.call(address).await?
                }
            };
            Ok(Stream::new(io))
        };
        Box::pin(async move {
            let connected: Result<_, BoxError> = connecting.await;
            Ok(connected.map_err(FailedAt::stage(Stage::Proxy))?)
        })
    }
}

/// Adds the default port, because tunnels assume 443.
fn with_port(address: Uri) -> Result<Uri, http::Error> {
    if address.port().is_some() || address.scheme_str() != Some("http") {
        return Ok(address);
    }
    let host = address.host().unwrap_or_default();
    let builder = Uri::builder().scheme("http").path_and_query("/");
    builder.authority(format!("{host}:80")).build()
}

/// A connection to a server, or to a proxy that gets the whole URL.
pub(super) struct Stream {
    io: MaybeHttpsStream<TokioIo<TcpStream>>,
    is_proxy: bool,
}

impl Stream {
    fn new(io: MaybeHttpsStream<TokioIo<TcpStream>>) -> Self {
        let is_proxy = false;
        Self { io, is_proxy }
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        self.io.connected().proxy(self.is_proxy)
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, bytes)
    }
}

/// Resolves names, and drops the addresses that the rules do not allow.
#[derive(Clone)]
struct Resolver {
    names: Lookup,
    rules: Option<EgressRules>,
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let Self { names, rules } = self.clone();
        Box::pin(async move {
            let found = resolve(&names, name.as_str()).await;
            let failed = FailedAt::stage(Stage::Name);
            let mut addresses = found.map_err(|error| failed(error.into()))?;
            if let Some(rules) = rules {
                addresses = rules.filter(name.as_str(), addresses)?;
            }
            let addresses = addresses
                .into_iter()
                .map(|address| SocketAddr::new(address, 0));
            Ok(addresses.collect::<Vec<_>>().into_iter())
        })
    }
}
