//! `http`: requests to the hosts that the policy allows.

use std::time::Duration;

use url::Url;

use super::limits::pairs_size;
use crate::bindings::plugin::mattermost::plugin::http::{
    self, Host, ProbeError, Request, Response,
};
use crate::error::{Error, HostResult};
use crate::event::Services;
use crate::event::heap_size::HeapSize as _;
use crate::event::meter::Meter;
use crate::log::{Line, sanitize};
use crate::metrics::status_label;
use crate::outgoing::{self, OutgoingError, Stage};
use crate::policy::egress_addresses::AddressDenied;

/// The largest request body, in bytes.
const BODY_LIMIT: usize = 1024 * 1024;

/// The largest response body, in bytes.
const RESPONSE_LIMIT: u32 = 16 * 1024 * 1024;

/// The most headers of a request, and their largest size together, in bytes.
const HEADERS_LIMIT: usize = 100;

const HEADERS_SIZE: usize = 64 * 1024;

/// How long a probe waits for the status of the response.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

view!(http { services: Services; mut meter: Meter });

impl Host for View<'_> {
    async fn fetch(&mut self, request: Request) -> HostResult<Response> {
        let _reservation = self.meter.begin_call(&request)?;
        let response = self.fetch_allowed(request).await;
        self.meter.charge(response.heap_size())?;
        Ok(self.services.count_denial("http", response))
    }

    async fn probe(&mut self, url: String) -> wasmtime::Result<Result<u16, ProbeError>> {
        let _reservation = self.meter.begin_call(&url)?;
        let probed = self.probe_allowed(&url).await;
        if let Err(ProbeError::Denied | ProbeError::InternalAddress) = probed {
            let denied = Error::Denied(String::new());
            let _ = self.services.count_denial::<()>("http", Err(denied));
        }
        Ok(probed)
    }
}

impl View<'_> {
    async fn probe_allowed(&self, url: &str) -> Result<u16, ProbeError> {
        let url = Url::parse(url).map_err(|_| ProbeError::Invalid)?;
        let services = self.services;
        let setting = |key: &str| services.settings.text(key);
        let trust = services.policy.check_url(&url, setting);
        let trust = trust.map_err(|_| ProbeError::Denied)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let call = outgoing::Request {
            method: "GET".to_owned(),
            url,
            headers: Vec::new(),
            body: Vec::new(),
            timeout: PROBE_TIMEOUT,
            max_body: 0,
            trust,
        };
        let probed = services.outgoing.probe(call).await;
        let label = match &probed {
            Ok(status) => status_label(*status),
            Err(error) => error_label(error),
        };
        services.metrics.fetch(&host, label);
        probed.map_err(|error| {
            log_failed_probe(services, &host, &error);
            probe_error(&error)
        })
    }

    async fn fetch_allowed(&mut self, request: Request) -> Result<Response, Error> {
        if !METHODS.contains(&request.method.as_str()) {
            return Err(Error::Invalid(format!(
                "method {} is not allowed",
                request.method
            )));
        }
        if request.body.len() > BODY_LIMIT {
            return Err(Error::TooLarge);
        }
        if request.headers.len() > HEADERS_LIMIT || pairs_size(&request.headers) > HEADERS_SIZE {
            return Err(Error::TooLarge);
        }
        let url = Url::parse(&request.url)
            .map_err(|error| Error::Invalid(format!("the URL cannot be read: {error}")))?;
        let settings = &self.services.settings;
        let trust = self
            .services
            .policy
            .check_url(&url, |key| settings.text(key))
            .map_err(Error::Denied)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let max_body = usize::try_from(request.max_body.min(RESPONSE_LIMIT)).unwrap_or(0);
        // The host holds the response until the component has copied it.
        let Some(reservation) = self.meter.reserve(max_body) else {
            let why = "no memory for the response: other events use all that the policy allows";
            return Err(Error::Unavailable(why.to_owned()));
        };
        self.meter.hold_for_reply(reservation);
        let call = outgoing::Request {
            method: request.method,
            url,
            headers: request.headers,
            body: request.body,
            timeout: Duration::from_millis(u64::from(request.timeout)),
            max_body,
            trust,
        };
        let response = self.services.outgoing.send(call).await;
        self.services.metrics.fetch(&host, result_label(&response));
        if let Err(OutgoingError::Denied(why)) = &response {
            log_denied_address(self.services, why);
        }
        let response = response.map_err(|error| match error {
            OutgoingError::Timeout => Error::Timeout,
            OutgoingError::TooLarge => Error::TooLarge,
            OutgoingError::Malformed(what) => Error::Invalid(what),
            OutgoingError::Denied(why) => Error::Denied(why.to_string()),
            OutgoingError::Failed(_, why) => Error::Unavailable(why),
        })?;
        Ok(Response {
            status: response.status,
            headers: response.headers,
            body: response.body,
        })
    }
}

/// Logs the denied address, because the component may show users less.
fn log_denied_address(services: &Services, why: &AddressDenied) {
    let mut line = Line::warning("A request failed because its host leads to an internal address");
    line.fields = vec![("error".to_owned(), why.to_string())];
    services.log.write(line);
}

/// The label of a result for the counter.
fn result_label(response: &Result<outgoing::Response, OutgoingError>) -> &'static str {
    match response {
        Ok(response) => status_label(response.status),
        Err(error) => error_label(error),
    }
}

fn error_label(error: &OutgoingError) -> &'static str {
    match error {
        OutgoingError::Timeout => "timeout",
        OutgoingError::TooLarge => "too_large",
        OutgoingError::Malformed(_) => "not_sent",
        OutgoingError::Denied(_) => "denied",
        OutgoingError::Failed(..) => "failed",
    }
}

/// Logs why a probe failed. The component gets only the kind of the failure.
fn log_failed_probe(services: &Services, host: &str, error: &OutgoingError) {
    let mut line = Line::warning("A host of the policy cannot be reached");
    let field = |name: &str, value: String| (name.to_owned(), sanitize(value));
    line.fields = vec![
        field("host", host.to_owned()),
        field("error", error.to_string()),
    ];
    services.log.write(line);
}

fn probe_error(error: &OutgoingError) -> ProbeError {
    match error {
        OutgoingError::Malformed(_) => ProbeError::Invalid,
        OutgoingError::Denied(_) => ProbeError::InternalAddress,
        OutgoingError::Timeout | OutgoingError::Failed(Stage::ConnectionTimeout, _) => {
            ProbeError::Timeout
        }
        OutgoingError::Failed(Stage::Name, _) => ProbeError::UnknownHost,
        OutgoingError::Failed(Stage::Proxy, _) => ProbeError::Proxy,
        OutgoingError::Failed(Stage::Connection, _) => ProbeError::Connection,
        OutgoingError::Failed(Stage::Tls, _) => ProbeError::Tls,
        OutgoingError::TooLarge | OutgoingError::Failed(Stage::Response, _) => ProbeError::Response,
    }
}
