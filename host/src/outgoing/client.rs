//! The HTTP client: pooled HTTP/1.1 connections over rustls. It follows no redirects and retries nothing.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header;
use http_body_util::Full;
use rustls::pki_types::CertificateDer;
use tokio::time::Instant;
use url::{Host, Url};

use super::connect::{Pool, is_own, look_up, pool, read_authorities};
use super::dns::Lookup;
use super::message::{
    OutgoingError, Request, Response, read_response, request_error, request_message,
};
use super::proxies::{Kind, Proxies};
use super::stage::Stage;
use super::trust::{Authorities, ReadAuthorities, Trust, advice};
use crate::policy::AddressTrust;
use crate::policy::egress_addresses::{EgressRules, InternalConnections};

/// After this time, the next request reads the trusted authorities again.
pub(super) const TRUST_TIME: Duration = Duration::from_secs(60);

/// The longest timeout of a request.
const MAX_TIMEOUT: Duration = Duration::from_secs(300);

/// The client. The trust store and the pools are created at the first request.
pub struct Outgoing {
    pub(super) authorities: ReadAuthorities,
    names: Lookup,
    proxies: Arc<Proxies>,
    state: Mutex<State>,
    /// Held while the authorities are read, which takes about ten milliseconds.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    internal: Arc<InternalConnections>,
    trust: Option<Trust>,
    /// When the authorities were read, and which problem occurred.
    read: Option<(Instant, Option<String>)>,
    pools: Option<Arc<Pools>>,
}

/// What happens with the body of a response.
#[derive(Debug, Clone, Copy)]
enum Body {
    Read,
    Drop,
}

/// The connection pools, and their rules.
struct Pools {
    /// For hosts of the policy.
    checked: Pool,
    /// For the host that an administrator entered as a setting.
    any: Pool,
    rules: EgressRules,
}

impl Default for Outgoing {
    fn default() -> Self {
        Self {
            authorities: Arc::new(read_authorities),
            names: Arc::new(look_up),
            proxies: Arc::new(Proxies::from_variables(|name| std::env::var(name).ok())),
            state: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
        }
    }
}

impl Outgoing {
    /// A client that trusts these authorities instead of the system's.
    #[must_use]
    pub fn trusting(authorities: Vec<CertificateDer<'static>>) -> Self {
        let authorities = move || Authorities {
            certificates: authorities.clone(),
            problem: None,
        };
        Self {
            authorities: Arc::new(authorities),
            ..Self::default()
        }
    }

    /// Resolves names with this function instead of the system.
    #[must_use]
    pub fn with_names(mut self, names: Lookup) -> Self {
        self.names = names;
        self
    }

    /// Reads the proxy variables with this function instead of the environment.
    #[must_use]
    pub fn with_variables(mut self, variable: impl Fn(&str) -> Option<String>) -> Self {
        self.proxies = Arc::new(Proxies::from_variables(variable));
        self
    }

    /// Problems of the proxy variables, for the log. They contain no credentials.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        self.proxies.problems()
    }

    /// Applies the server's setting. If it has changed, later requests use new connections.
    pub fn allow(&self, internal: InternalConnections) {
        let mut state = self.state();
        if *state.internal != internal {
            state.internal = Arc::new(internal);
            state.pools = None;
        }
    }

    /// Sends a request and reads the whole response.
    ///
    /// # Errors
    ///
    /// When there is no complete response.
    pub async fn send(&self, request: Request) -> Result<Response, OutgoingError> {
        self.exchange(request, Body::Read).await
    }

    /// Sends a request, and returns the status of the response without reading its body.
    ///
    /// # Errors
    ///
    /// When there is no response.
    pub async fn probe(&self, request: Request) -> Result<u16, OutgoingError> {
        let response = self.exchange(request, Body::Drop).await?;
        Ok(response.status)
    }

    async fn exchange(&self, request: Request, body: Body) -> Result<Response, OutgoingError> {
        let pools = self.pools().await?;
        let pool = match request.trust {
            AddressTrust::Any => &pools.any,
            AddressTrust::PublicOnly => {
                // An IP address is not resolved, and a proxy gets it unchanged.
                if let Some(address) = ip_address(&request.url) {
                    let checked = pools.rules.check(&address.to_string(), address);
                    checked.map_err(OutgoingError::Denied)?;
                }
                &pools.checked
            }
        };
        let timeout = request.timeout.min(MAX_TIMEOUT);
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let sending = self.try_send(pool, request, body);
        match tokio::time::timeout(timeout, sending).await {
            Ok(Err(OutgoingError::Failed(stage, error))) => {
                Err(OutgoingError::Failed(stage, self.with_advice(error, &host)))
            }
            Ok(response) => response,
            Err(_) => Err(OutgoingError::Timeout),
        }
    }

    async fn try_send(
        &self,
        pool: &Pool,
        request: Request,
        body: Body,
    ) -> Result<Response, OutgoingError> {
        let max_body = request.max_body;
        let mut message = request_message(request)?;
        self.authorize(&mut message);
        let response = pool.request(message).await.map_err(request_error)?;
        match body {
            Body::Read => read_response(response, max_body).await,
            Body::Drop => Ok(Response {
                status: response.status().as_u16(),
                headers: Vec::new(),
                body: Vec::new(),
            }),
        }
    }

    /// Adds the credentials for a proxy that reads the request itself.
    fn authorize(&self, message: &mut http::Request<Full<Bytes>>) {
        if message.uri().scheme_str() == Some("http")
            && let Ok(Some(proxy)) = self.proxies.proxy_for(message.uri())
            && proxy.kind == Kind::Http
            && let Some(credentials) = proxy.authorization().cloned()
        {
            let headers = message.headers_mut();
            headers.insert(header::PROXY_AUTHORIZATION, credentials);
        }
    }

    /// Adds advice for administrators to an error.
    fn with_advice(&self, error: String, host: &str) -> String {
        let stale = || {
            let state = self.state();
            let (_, problem) = state.read.as_ref()?;
            let problem = problem.as_ref().filter(|_| error.contains("certificate"))?;
            Some(format!(
                "the trusted certificates cannot be read: {problem}"
            ))
        };
        match advice(&error, host).or_else(stale) {
            Some(advice) => format!("{error}; {advice}"),
            None => error,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pools, with current authorities.
    async fn pools(&self) -> Result<Arc<Pools>, OutgoingError> {
        if let Some(pools) = self.fresh_pools() {
            return Ok(pools);
        }
        let _reading = self.reading.lock().await;
        if let Some(pools) = self.fresh_pools() {
            return Ok(pools);
        }
        let read = Arc::clone(&self.authorities);
        let found = tokio::task::spawn_blocking(move || read()).await;
        let no_trust = |why: String| OutgoingError::Failed(Stage::Tls, why);
        let found = found.map_err(|error| no_trust(error.to_string()))?;
        let mut state = self.state();
        let trust = state.trust.as_ref();
        if trust.is_none_or(|trust| trust.is_replaced_by(&found)) {
            state.trust = Some(Trust::new(&found).map_err(no_trust)?);
            state.pools = None;
        }
        state.read = Some((Instant::now(), found.problem));
        let pools = self.current_pools(&mut state);
        pools.ok_or_else(|| no_trust("there are no trusted certificates".to_owned()))
    }

    /// The pools, if the authorities were read recently.
    fn fresh_pools(&self) -> Option<Arc<Pools>> {
        let mut state = self.state();
        let (read, _) = state.read.as_ref()?;
        if read.elapsed() >= TRUST_TIME {
            return None;
        }
        self.current_pools(&mut state)
    }

    fn current_pools(&self, state: &mut State) -> Option<Arc<Pools>> {
        if let Some(pools) = &state.pools {
            return Some(Arc::clone(pools));
        }
        let tls = &state.trust.as_ref()?.tls;
        let allowed = Arc::clone(&state.internal);
        let rules = EgressRules { allowed, is_own };
        let pool = |rules| pool(tls, &self.proxies, &self.names, rules);
        let pools = Arc::new(Pools {
            checked: pool(Some(rules.clone())),
            any: pool(None),
            rules,
        });
        state.pools = Some(Arc::clone(&pools));
        Some(pools)
    }
}

/// The IP address in a URL, if its host is not a name.
fn ip_address(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::egress_addresses::AddressDenied;

    use std::io::{Read, Write};

    use std::net::{TcpListener, TcpStream};

    fn request(url: &str, trust: AddressTrust) -> Request {
        Request {
            method: "GET".to_owned(),
            url: Url::parse(url).unwrap(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout: Duration::from_secs(20),
            max_body: 10,
            trust,
        }
    }

    /// A server that answers one connection with fixed bytes.
    fn answering(bytes: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer).unwrap();
            stream.write_all(bytes).unwrap();
        });
        format!("http://localhost:{}/", address.port())
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_loopback_is_refused_unless_the_administrator_entered_it() {
        let url = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        let outgoing = Outgoing::default();
        let refused = outgoing.send(request(&url, AddressTrust::PublicOnly)).await;
        let error = refused.err().unwrap();
        assert!(
            matches!(&error, OutgoingError::Denied(AddressDenied::Never { host, .. }) if host == "localhost")
        );
        let allowed = outgoing.send(request(&url, AddressTrust::Any)).await;
        assert_eq!(allowed.unwrap().body, b"ok");
    }

    #[tokio::test]
    async fn f39_a_change_of_the_servers_setting_drops_pooled_connections() {
        let outgoing = Outgoing::default();
        let pools = outgoing.pools().await.ok().unwrap();
        outgoing.allow(InternalConnections::parse(" "));
        let same = outgoing.pools().await.ok().unwrap();
        assert!(Arc::ptr_eq(&pools, &same));
        outgoing.allow(InternalConnections::parse("10.0.0.0/8"));
        let other = outgoing.pools().await.ok().unwrap();
        assert!(!Arc::ptr_eq(&pools, &other));
        assert!(
            other
                .rules
                .check("a.example", "10.0.0.1".parse().unwrap())
                .is_ok()
        );
    }

    #[tokio::test]
    async fn an_ip_address_of_the_policy_must_be_public() {
        let outgoing = Outgoing::default();
        for host in [
            "https://169.254.169.254/",
            "https://[::1]/",
            "https://[64:ff9b::a9fe:a9fe]/",
        ] {
            let response = outgoing.send(request(host, AddressTrust::PublicOnly)).await;
            assert!(matches!(response, Err(OutgoingError::Denied(_))), "{host}");
        }
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused() {
        let url = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nelevenbytes");
        let outgoing = Outgoing::default();
        let response = outgoing.send(request(&url, AddressTrust::Any));
        assert!(matches!(response.await, Err(OutgoingError::TooLarge)));
    }

    #[tokio::test]
    async fn redirects_are_returned_and_not_followed() {
        let url =
            answering(b"HTTP/1.1 302 Found\r\nLocation: http://x/\r\nContent-Length: 0\r\n\r\n");
        let outgoing = Outgoing::default();
        let response = outgoing.send(request(&url, AddressTrust::Any));
        assert_eq!(response.await.unwrap().status, 302);
    }

    #[tokio::test]
    async fn an_incomplete_response_is_an_error() {
        let url = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
        let outgoing = Outgoing::default();
        let response = outgoing.send(request(&url, AddressTrust::Any));
        assert!(matches!(
            response.await,
            Err(OutgoingError::Failed(Stage::Response, _))
        ));
    }

    /// The server closes an idle connection, and the client has not noticed when the next request takes it.
    #[tokio::test(flavor = "current_thread")]
    async fn a_request_on_a_closed_connection_is_not_sent_again() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (close, closing) = std::sync::mpsc::channel();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            let response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
            stream.write_all(response).unwrap();
            closing.recv().unwrap();
            listener
        });
        let outgoing = Outgoing::default();
        let first = outgoing.send(request(&url, AddressTrust::Any)).await;
        assert_eq!(first.unwrap().status, 200);
        // Until the connection is in the pool.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        // The signal is ready before the connection is closed, so this task is woken first and uses the connection before
        // the connection's own task sees the end. Then the request was not sent, and a client that retries would send it.
        let pair = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut before = TcpStream::connect(pair.local_addr().unwrap()).unwrap();
        let (signal, _) = pair.accept().unwrap();
        signal.set_nonblocking(true).unwrap();
        let signal = tokio::net::TcpStream::from_std(signal).unwrap();
        before.write_all(b"x").unwrap();
        close.send(()).unwrap();
        let listener = server.join().unwrap();
        signal.readable().await.unwrap();
        let second = outgoing.send(request(&url, AddressTrust::Any)).await;
        assert!(matches!(
            second,
            Err(OutgoingError::Failed(Stage::Response, _))
        ));
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err(), "a second connection");
    }
}
