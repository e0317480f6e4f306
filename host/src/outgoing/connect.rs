//! Connecting: the only code of the host that opens connections to the outside.
//!
//! Addresses are checked after name resolution, at the moment of connecting, so that a name cannot lead inside the
//! administrator's network. Behind a proxy the proxy resolves names, and only literal addresses were checked. There are
//! two pools, because the host that an administrator entered as a setting may be inside.
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
use super::trust::Authorities;
use crate::policy::egress_addresses::Rules;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
const IDLE_PER_HOST: usize = 8;

/// Connections that are kept for the next request.
pub(super) type Pool = Client<HttpsConnector<Connector>, Full<Bytes>>;

/// A pool whose connections go to the addresses that `rules` allow, or to any.
pub(super) fn pool(
    tls: &ClientConfig,
    proxies: &Arc<Proxies>,
    names: &Lookup,
    rules: Option<Rules>,
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
        // The caller decides what may be sent twice.
        .retry_canceled_requests(false)
        .build(https(tls, connector))
}

fn http(names: &Lookup, rules: Option<Rules>) -> HttpConnector<Resolver> {
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

/// Asks the system for the addresses of a name.
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

/// Whether an address is one of the machine's own: a socket can be bound to it. Where the system lets sockets have any
/// address, the one from which it would be reached is that very address.
pub(super) fn is_own(address: IpAddr) -> bool {
    let bind = |address: IpAddr| UdpSocket::bind((address, 0));
    // Addresses for documentation are nobody's.
    let (nobody, any): (IpAddr, IpAddr) = match address {
        IpAddr::V4(_) => ([192, 0, 2, 1].into(), [0; 4].into()),
        IpAddr::V6(_) => ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into(), [0_u16; 8].into()),
    };
    if bind(nobody).is_err() {
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
        let proxy = match self.proxies.of(&address) {
            Ok(Some(proxy)) => proxy.clone(),
            Ok(None) => {
                let connecting = self.direct.call(address);
                return Box::pin(async move {
                    Ok(Stream::new(MaybeHttpsStream::Http(connecting.await?)))
                });
            }
            Err(why) => return Box::pin(async move { Err(why.into()) }),
        };
        let mut to_proxy = self.to_proxy.clone();
        Box::pin(async move {
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
        })
    }
}

/// The same address with its port, because tunnels take a missing one for 443.
fn with_port(address: Uri) -> Result<Uri, http::Error> {
    if address.port().is_some() || address.scheme_str() != Some("http") {
        return Ok(address);
    }
    let host = address.host().unwrap_or_default();
    let builder = Uri::builder().scheme("http").path_and_query("/");
    builder.authority(format!("{host}:80")).build()
}

/// A connection to a server, or to a proxy that is told the whole URL.
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
    rules: Option<Rules>,
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
            let mut addresses = resolve(&names, name.as_str()).await?;
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

#[cfg(test)]
mod tests {
    use super::super::client::{Outgoing, OutgoingError, Request, Response};
    use super::*;
    use crate::policy::Vouched;
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::{ServerConfig, ServerConnection, StreamOwned};
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::sync::Mutex;
    use url::Url;

    #[test]
    fn the_machines_own_addresses_are_told_from_others() {
        for own in ["127.0.0.1", "127.0.0.2"] {
            assert!(is_own(own.parse().unwrap()), "{own}");
        }
        for other in ["8.8.8.8", "192.0.2.7", "2001:db8::7", "2606:4700::1111"] {
            assert!(!is_own(other.parse().unwrap()), "{other}");
        }
    }

    /// A server's certificate that nobody but itself has signed, and its key.
    struct Own {
        certificate: CertificateDer<'static>,
        config: Arc<ServerConfig>,
    }

    impl Own {
        fn new(is_ca: IsCa) -> Self {
            let names = ["localhost", "a.example", "b.example"];
            let mut params = CertificateParams::new(names.map(str::to_owned)).unwrap();
            params.is_ca = is_ca;
            let key = KeyPair::generate().unwrap();
            let certificate = params.self_signed(&key).unwrap().der().clone();
            let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = ServerConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![certificate.clone()], key)
                .unwrap();
            let config = Arc::new(config);
            Self {
                certificate,
                config,
            }
        }
    }

    trait Io: io::Read + io::Write + Send {}
    impl<T: io::Read + io::Write + Send> Io for T {}
    type Wire = Box<dyn Io>;

    fn in_tls(config: &Arc<ServerConfig>, wire: Wire) -> Wire {
        let connection = ServerConnection::new(Arc::clone(config)).unwrap();
        Box::new(StreamOwned::new(connection, wire))
    }

    /// Reads the head of a request; what there is of it where the peer leaves.
    fn head(wire: &mut Wire) -> String {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && matches!(wire.read(&mut byte), Ok(1)) {
            head.extend(byte);
        }
        String::from_utf8(head).unwrap()
    }

    /// Answers a request with its own head.
    fn echo(mut wire: Wire) {
        let head = head(&mut wire);
        let length = head.len();
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{head}");
        // The client may have left because of the certificate.
        let _ = wire.write_all(answer.as_bytes());
        let _ = wire.flush();
    }

    /// Serves each connection on a thread of its own. Answers with its port.
    fn serving(serve: impl Fn(Wire) + Send + Sync + 'static) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let serve = Arc::new(serve);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, serve) = (stream.unwrap(), Arc::clone(&serve));
                std::thread::spawn(move || serve(Box::new(stream)));
            }
        });
        port
    }

    /// A resolver that knows this machine alone: where a proxy is asked, it resolves the names.
    fn localhost(name: &str, family: Family) -> io::Result<Vec<IpAddr>> {
        match (name, family) {
            ("localhost", Family::V4) => Ok(vec![[127, 0, 0, 1].into()]),
            _ => Err(io::Error::other("there is no such name")),
        }
    }

    /// A client whose environment has one variable.
    fn client(trusted: &CertificateDer<'static>, name: &'static str, value: String) -> Outgoing {
        let variables = move |wanted: &str| (wanted == name).then(|| value.clone());
        Outgoing::trusting(vec![trusted.clone()])
            .with_names(Arc::new(localhost))
            .with_variables(variables)
    }

    async fn get(client: &Outgoing, url: &str) -> Result<Response, OutgoingError> {
        let request = Request {
            method: "GET".to_owned(),
            url: Url::parse(url).unwrap(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout: Duration::from_secs(60),
            max_body: 4096,
            vouched: Vouched::ByAdministrator,
        };
        client.send(request).await
    }

    async fn got(client: &Outgoing, url: &str) -> String {
        let answer = get(client, url).await.map_err(|error| error.to_string());
        String::from_utf8(answer.unwrap().body).unwrap()
    }

    /// A proxy that stands for the server itself, with TLS or without. It notes what it is asked for.
    fn proxy(own: &Own, is_secure: bool) -> (u16, Arc<Mutex<Vec<String>>>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (config, noted) = (Arc::clone(&own.config), Arc::clone(&asked));
        let port = serving(move |wire| {
            let mut wire = if is_secure {
                in_tls(&config, wire)
            } else {
                wire
            };
            let head = head(&mut wire);
            let tunnels = head.starts_with("CONNECT ");
            let length = head.len();
            noted.lock().unwrap().push(head.clone());
            if tunnels {
                wire.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
                wire.flush().unwrap();
                return echo(in_tls(&config, wire));
            }
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{head}");
            wire.write_all(answer.as_bytes()).unwrap();
            wire.flush().unwrap();
        });
        (port, asked)
    }

    #[tokio::test]
    async fn f40_requests_go_through_a_proxy_with_tls_or_without() {
        let own = Own::new(IsCa::NoCa);
        for scheme in ["http", "https"] {
            let (port, asked) = proxy(&own, scheme == "https");
            let address = format!("{scheme}://user:pass@localhost:{port}");
            let client = client(&own.certificate, "ALL_PROXY", address);
            let plain = got(&client, "http://a.example:8080/path?query").await;
            let first = plain.lines().next().unwrap();
            assert_eq!(first, "GET http://a.example:8080/path?query HTTP/1.1");
            let credentials = "proxy-authorization: Basic dXNlcjpwYXNz";
            assert!(
                plain.to_lowercase().contains(&credentials.to_lowercase()),
                "{plain}"
            );
            let secure = got(&client, "https://a.example/path").await.to_lowercase();
            assert!(secure.starts_with("get /path http/1.1"), "{secure}");
            assert!(!secure.contains("proxy-authorization"), "{secure}");
            let asked = asked.lock().unwrap();
            assert!(asked[1].starts_with("CONNECT a.example:443 "), "{asked:?}");
            assert!(asked[1].contains("Basic dXNlcjpwYXNz"), "{asked:?}");
        }
    }

    fn bytes(wire: &mut Wire, count: u8) -> Vec<u8> {
        let mut bytes = vec![0; count.into()];
        wire.read_exact(&mut bytes).unwrap();
        bytes
    }

    /// Bytes behind their number.
    fn counted(wire: &mut Wire) -> Vec<u8> {
        let count = bytes(wire, 1)[0];
        bytes(wire, count)
    }

    /// The name and port that a SOCKS 5 proxy with user name and password is asked for.
    fn socks(wire: &mut Wire) -> String {
        assert_eq!(bytes(wire, 1), [5]);
        assert!(counted(wire).contains(&2));
        wire.write_all(&[5, 2]).unwrap();
        assert_eq!(bytes(wire, 1), [1]);
        assert_eq!(
            (counted(wire), counted(wire)),
            (b"user".to_vec(), b"pass".to_vec())
        );
        wire.write_all(&[1, 0]).unwrap();
        assert_eq!(bytes(wire, 4), [5, 1, 0, 3], "a name");
        let name = String::from_utf8(counted(wire)).unwrap();
        let port = u16::from_be_bytes(bytes(wire, 2).try_into().unwrap());
        wire.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
        format!("{name}:{port}")
    }

    #[tokio::test]
    async fn f40_requests_go_through_a_socks_proxy_which_resolves_names() {
        let own = Own::new(IsCa::NoCa);
        for scheme in ["socks5", "socks5h"] {
            let asked = Arc::new(Mutex::new(Vec::new()));
            let (noted, config) = (Arc::clone(&asked), Arc::clone(&own.config));
            let port = serving(move |mut wire| {
                let target = socks(&mut wire);
                let is_secure = target.ends_with(":443");
                noted.lock().unwrap().push(target);
                echo(if is_secure {
                    in_tls(&config, wire)
                } else {
                    wire
                });
            });
            let address = format!("{scheme}://user:pass@localhost:{port}");
            let client = client(&own.certificate, "all_proxy", address);
            let plain = got(&client, "http://a.example/path").await;
            assert!(plain.starts_with("GET /path HTTP/1.1"), "{plain}");
            let secure = got(&client, "https://b.example/path").await;
            assert!(secure.starts_with("GET /path HTTP/1.1"), "{secure}");
            assert_eq!(*asked.lock().unwrap(), ["a.example:80", "b.example:443"]);
        }
    }

    #[tokio::test]
    async fn f40_no_request_goes_past_a_proxy_that_cannot_be_used() {
        let own = Own::new(IsCa::NoCa);
        let port = serving(echo);
        let url = format!("http://a.example:{port}/");
        let client = client(
            &own.certificate,
            "HTTP_PROXY",
            "socks4://u:secret@p".to_owned(),
        );
        let anywhere = |_: &str, _| Ok(vec![[127, 0, 0, 1].into()]);
        let client = client.with_names(Arc::new(anywhere));
        let error = get(&client, &url).await.err().unwrap().to_string();
        assert!(
            error.contains("HTTP_PROXY") && error.contains("`socks4`"),
            "{error}"
        );
        assert!(!error.contains("secret"), "{error}");
        assert_eq!(client.problems().len(), 1);
        // This machine is reached without a proxy.
        assert!(
            got(&client, &format!("http://localhost:{port}/"))
                .await
                .starts_with("GET / ")
        );
    }

    #[tokio::test]
    async fn f41_a_self_signed_certificate_is_accepted_unless_it_is_that_of_an_authority() {
        let authority = IsCa::Ca(BasicConstraints::Unconstrained);
        for (is_ca, is_accepted) in [
            (IsCa::NoCa, true),
            (IsCa::ExplicitNoCa, true),
            (authority, false),
        ] {
            let own = Own::new(is_ca);
            let config = Arc::clone(&own.config);
            let port = serving(move |wire| echo(in_tls(&config, wire)));
            let client = client(&own.certificate, "NO_PROXY", "*".to_owned());
            let answer = get(&client, &format!("https://localhost:{port}/")).await;
            assert_eq!(answer.is_ok(), is_accepted);
            if let Err(error) = answer {
                let error = error.to_string();
                for part in [
                    "the certificate of localhost",
                    "CA:TRUE",
                    "openssl req -x509",
                    "CA:FALSE",
                ] {
                    assert!(error.contains(part), "{error}");
                }
            }
            let other = Own::new(IsCa::NoCa);
            let stranger = self::client(&other.certificate, "NO_PROXY", "*".to_owned());
            let refused = get(&stranger, &format!("https://localhost:{port}/")).await;
            assert!(refused.is_err(), "not exactly that certificate");
        }
    }

    #[tokio::test]
    async fn f43_authorities_that_are_replaced_are_picked_up() {
        let (first, second) = (Own::new(IsCa::NoCa), Own::new(IsCa::NoCa));
        let url = |own: &Own| {
            let config = Arc::clone(&own.config);
            let port = serving(move |wire| echo(in_tls(&config, wire)));
            format!("https://localhost:{port}/")
        };
        let (with_first, with_second) = (url(&first), url(&second));
        let store = Arc::new(Mutex::new((vec![first.certificate.clone()], None)));
        let read = Arc::clone(&store);
        let mut client = client(&first.certificate, "NO_PROXY", "*".to_owned());
        client.authorities = Arc::new(move || {
            let (certificates, problem) = read.lock().unwrap().clone();
            Authorities {
                certificates,
                problem,
            }
        });
        let ages = || async {
            tokio::time::pause();
            tokio::time::advance(super::super::client::TRUST_TIME).await;
            tokio::time::resume();
        };
        assert!(get(&client, &with_first).await.is_ok());
        assert!(get(&client, &with_second).await.is_err());
        // Missing and empty for a moment.
        for problem in [Some("it is gone".to_owned()), None] {
            *store.lock().unwrap() = (Vec::new(), problem.clone());
            ages().await;
            assert!(get(&client, &with_first).await.is_ok());
            let error = get(&client, &with_second).await.err().unwrap().to_string();
            assert_eq!(
                error.contains("cannot be read: it is gone"),
                problem.is_some(),
                "{error}"
            );
        }
        *store.lock().unwrap() = (vec![second.certificate.clone()], None);
        ages().await;
        assert!(get(&client, &with_second).await.is_ok());
        assert!(get(&client, &with_first).await.is_err());
    }
}
