//! Tests against real servers and proxies on this machine.

use super::client::{Outgoing, TRUST_TIME};
use super::connect::is_own;
use super::dns::Family;
use super::message::{OutgoingError, Request, Response};
use super::trust::Authorities;
use crate::policy::AddressTrust;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use url::Url;

#[test]
fn the_machines_own_addresses_are_recognized() {
    for own in ["127.0.0.1", "127.0.0.2"] {
        assert!(is_own(own.parse().unwrap()), "{own}");
    }
    for other in ["8.8.8.8", "192.0.2.7", "2001:db8::7", "2606:4700::1111"] {
        assert!(!is_own(other.parse().unwrap()), "{other}");
    }
}

/// A server's self-signed certificate and its key.
pub(super) struct SelfSigned {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) config: Arc<ServerConfig>,
}

impl SelfSigned {
    pub(super) fn new(is_ca: IsCa) -> Self {
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

pub(super) trait Io: io::Read + io::Write + Send {}
impl<T: io::Read + io::Write + Send> Io for T {}
pub(super) type BoxedStream = Box<dyn Io>;

pub(super) fn in_tls(config: &Arc<ServerConfig>, conn: BoxedStream) -> BoxedStream {
    let connection = ServerConnection::new(Arc::clone(config)).unwrap();
    Box::new(StreamOwned::new(connection, conn))
}

/// Reads the head of a request, or a part of it if the client disconnects.
pub(super) fn head(conn: &mut BoxedStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && matches!(conn.read(&mut byte), Ok(1)) {
        head.extend(byte);
    }
    String::from_utf8(head).unwrap()
}

/// Answers a request with its own head.
fn echo(mut conn: BoxedStream) {
    let head = head(&mut conn);
    let length = head.len();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{head}");
    // The client may have left because of the certificate.
    let _ = conn.write_all(answer.as_bytes());
    let _ = conn.flush();
}

/// Serves each connection on its own thread. Returns the port.
pub(super) fn serving(serve: impl Fn(BoxedStream) + Send + Sync + 'static) -> u16 {
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

/// A resolver that knows only this machine: a proxy resolves other names.
fn localhost(name: &str, family: Family) -> io::Result<Vec<IpAddr>> {
    match (name, family) {
        ("localhost", Family::V4) => Ok(vec![[127, 0, 0, 1].into()]),
        _ => Err(io::Error::other("there is no such name")),
    }
}

/// A client whose environment has one variable.
pub(super) fn client(
    trusted: &CertificateDer<'static>,
    name: &'static str,
    value: String,
) -> Outgoing {
    let variables = move |wanted: &str| (wanted == name).then(|| value.clone());
    Outgoing::trusting(vec![trusted.clone()])
        .with_names(Arc::new(localhost))
        .with_variables(variables)
}

pub(super) fn request(url: &str) -> Request {
    Request {
        method: "GET".to_owned(),
        url: Url::parse(url).unwrap(),
        headers: Vec::new(),
        body: Vec::new(),
        timeout: Duration::from_secs(60),
        max_body: 4096,
        trust: AddressTrust::Any,
    }
}

async fn get(client: &Outgoing, url: &str) -> Result<Response, OutgoingError> {
    client.send(request(url)).await
}

async fn got(client: &Outgoing, url: &str) -> String {
    let answer = get(client, url).await.map_err(|error| error.to_string());
    String::from_utf8(answer.unwrap().body).unwrap()
}

/// A proxy that answers in place of the server, with TLS or without. It records the requests.
fn proxy(own: &SelfSigned, is_secure: bool) -> (u16, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (config, noted) = (Arc::clone(&own.config), Arc::clone(&asked));
    let port = serving(move |conn| {
        let mut conn = if is_secure {
            in_tls(&config, conn)
        } else {
            conn
        };
        let head = head(&mut conn);
        let tunnels = head.starts_with("CONNECT ");
        let length = head.len();
        noted.lock().unwrap().push(head.clone());
        if tunnels {
            conn.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            conn.flush().unwrap();
            return echo(in_tls(&config, conn));
        }
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{head}");
        conn.write_all(answer.as_bytes()).unwrap();
        conn.flush().unwrap();
    });
    (port, asked)
}

#[tokio::test]
async fn f40_requests_go_through_a_proxy_with_tls_or_without() {
    let own = SelfSigned::new(IsCa::NoCa);
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

fn bytes(conn: &mut BoxedStream, count: u8) -> Vec<u8> {
    let mut bytes = vec![0; count.into()];
    conn.read_exact(&mut bytes).unwrap();
    bytes
}

/// Bytes with a length prefix.
fn counted(conn: &mut BoxedStream) -> Vec<u8> {
    let count = bytes(conn, 1)[0];
    bytes(conn, count)
}

/// The name and port that a SOCKS 5 proxy with user name and password is asked for.
fn socks(conn: &mut BoxedStream) -> String {
    assert_eq!(bytes(conn, 1), [5]);
    assert!(counted(conn).contains(&2));
    conn.write_all(&[5, 2]).unwrap();
    assert_eq!(bytes(conn, 1), [1]);
    assert_eq!(
        (counted(conn), counted(conn)),
        (b"user".to_vec(), b"pass".to_vec())
    );
    conn.write_all(&[1, 0]).unwrap();
    assert_eq!(bytes(conn, 4), [5, 1, 0, 3], "a name");
    let name = String::from_utf8(counted(conn)).unwrap();
    let port = u16::from_be_bytes(bytes(conn, 2).try_into().unwrap());
    conn.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
    format!("{name}:{port}")
}

#[tokio::test]
async fn f40_requests_go_through_a_socks_proxy_which_resolves_names() {
    let own = SelfSigned::new(IsCa::NoCa);
    for scheme in ["socks5", "socks5h"] {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (noted, config) = (Arc::clone(&asked), Arc::clone(&own.config));
        let port = serving(move |mut conn| {
            let target = socks(&mut conn);
            let is_secure = target.ends_with(":443");
            noted.lock().unwrap().push(target);
            echo(if is_secure {
                in_tls(&config, conn)
            } else {
                conn
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
async fn f40_no_request_bypasses_an_unusable_proxy() {
    let own = SelfSigned::new(IsCa::NoCa);
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
async fn f41_a_self_signed_certificate_is_accepted_unless_it_is_a_ca() {
    let authority = IsCa::Ca(BasicConstraints::Unconstrained);
    for (is_ca, is_accepted) in [
        (IsCa::NoCa, true),
        (IsCa::ExplicitNoCa, true),
        (authority, false),
    ] {
        let own = SelfSigned::new(is_ca);
        let config = Arc::clone(&own.config);
        let port = serving(move |conn| echo(in_tls(&config, conn)));
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
        let other = SelfSigned::new(IsCa::NoCa);
        let stranger = self::client(&other.certificate, "NO_PROXY", "*".to_owned());
        let refused = get(&stranger, &format!("https://localhost:{port}/")).await;
        assert!(refused.is_err(), "not exactly that certificate");
    }
}

#[tokio::test]
async fn f43_replaced_authorities_are_picked_up() {
    let (first, second) = (SelfSigned::new(IsCa::NoCa), SelfSigned::new(IsCa::NoCa));
    let url = |own: &SelfSigned| {
        let config = Arc::clone(&own.config);
        let port = serving(move |conn| echo(in_tls(&config, conn)));
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
        tokio::time::advance(TRUST_TIME).await;
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
