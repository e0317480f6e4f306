//! `http`: requests to the hosts of the policy.

use std::time::Duration;

use url::Url;

use super::log::pairs;
use super::{Answer, Error, Services};
use crate::bindings::plugin::mattermost::plugin::http::{Host, Request, Response};
use crate::log::Line;
use crate::metrics::status_label;
use crate::outgoing::{self, OutgoingError, Refused};
use crate::sandbox::{EventState, Weight as _};

const BODY_LIMIT: usize = 1024 * 1024;
const ANSWER_LIMIT: u32 = 16 * 1024 * 1024;
/// The most headers of a request, and what they may hold together, in bytes.
const HEADERS_LIMIT: usize = 100;
const HEADERS_SIZE: usize = 64 * 1024;
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

impl Host for EventState {
    async fn fetch(&mut self, request: Request) -> Answer<Response> {
        let _held = self.host_call(&request)?;
        let answer = self.fetch_allowed(request).await;
        self.carried(answer.weight())?;
        Ok(self.counted("http", answer))
    }
}

impl EventState {
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
        if request.headers.len() > HEADERS_LIMIT || pairs(&request.headers) > HEADERS_SIZE {
            return Err(Error::TooLarge);
        }
        let url = Url::parse(&request.url)
            .map_err(|error| Error::Invalid(format!("the URL cannot be read: {error}")))?;
        let site = &self.services.site;
        let vouched = self
            .services
            .policy
            .check_url(&url, |key| site.text(key))
            .map_err(Error::Denied)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let max_body = usize::try_from(request.max_body.min(ANSWER_LIMIT)).unwrap_or(0);
        // An answer is the host's to keep until the component has it.
        let Some(room) = self.room(max_body) else {
            let why = "no memory for the answer: other events have what the policy allows";
            return Err(Error::Unavailable(why.to_owned()));
        };
        self.keep(room);
        let call = outgoing::Request {
            method: request.method,
            url,
            headers: request.headers,
            body: request.body,
            timeout: Duration::from_millis(u64::from(request.timeout)),
            max_body,
            vouched,
        };
        let answer = self.services.outgoing.send(call).await;
        self.services.metrics.fetch(&host, came_to(&answer));
        if let Err(OutgoingError::Refused(why)) = &answer {
            tell_of_address(&self.services, why);
        }
        let answer = answer.map_err(|error| match error {
            OutgoingError::Timeout => Error::Timeout,
            OutgoingError::TooLarge => Error::TooLarge,
            OutgoingError::Malformed(what) => Error::Invalid(what),
            OutgoingError::Refused(why) => Error::Denied(why.to_string()),
            OutgoingError::Exchange(why) => Error::Unavailable(why),
        })?;
        Ok(Response {
            status: answer.status,
            headers: answer.headers,
            body: answer.body,
        })
    }
}

/// Writes into the log which address was refused, because the component may tell people less.
fn tell_of_address(services: &Services, why: &Refused) {
    let mut line = Line::warning("A request failed because its host leads to an internal address");
    line.fields = vec![("error".to_owned(), why.to_string())];
    services.write(line);
}

/// What a request came to, in a word for a counter.
fn came_to(answer: &Result<outgoing::Response, OutgoingError>) -> &'static str {
    match answer {
        Ok(answer) => status_label(answer.status),
        Err(OutgoingError::Timeout) => "timeout",
        Err(OutgoingError::TooLarge) => "too_large",
        Err(OutgoingError::Malformed(_)) => "not_sent",
        Err(OutgoingError::Refused(_)) => "denied",
        Err(OutgoingError::Exchange(_)) => "failed",
    }
}
