//! `http`: requests to the hosts that the policy allows.

use std::time::Duration;

use url::Url;

use super::limits::pairs_size;
use crate::bindings::plugin::mattermost::plugin::http::{self, Host, Request, Response};
use crate::error::{Error, HostResult};
use crate::event::Services;
use crate::event::heap_size::HeapSize as _;
use crate::event::meter::Meter;
use crate::log::Line;
use crate::metrics::status_label;
use crate::outgoing::{self, OutgoingError};
use crate::policy::egress_addresses::AddressDenied;

/// The largest request body, in bytes.
const BODY_LIMIT: usize = 1024 * 1024;

/// The largest response body, in bytes.
const RESPONSE_LIMIT: u32 = 16 * 1024 * 1024;

/// The most headers of a request, and their largest size together, in bytes.
const HEADERS_LIMIT: usize = 100;

const HEADERS_SIZE: usize = 64 * 1024;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

view!(http { services: Services; mut meter: Meter });

impl Host for View<'_> {
    async fn fetch(&mut self, request: Request) -> HostResult<Response> {
        let _reservation = self.meter.begin_call(&request)?;
        let response = self.fetch_allowed(request).await;
        self.meter.charge(response.heap_size())?;
        Ok(self.services.count_denial("http", response))
    }
}

impl View<'_> {
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
            OutgoingError::Failed(why) => Error::Unavailable(why),
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
        Err(OutgoingError::Timeout) => "timeout",
        Err(OutgoingError::TooLarge) => "too_large",
        Err(OutgoingError::Malformed(_)) => "not_sent",
        Err(OutgoingError::Denied(_)) => "denied",
        Err(OutgoingError::Failed(_)) => "failed",
    }
}
