//! `http`: requests to the hosts of the policy.

use std::time::Duration;

use url::Url;

use super::{Answer, Error};
use crate::bindings::plugin::mattermost::plugin::http::{Host, Request, Response};
use crate::outgoing::{self, OutgoingError};
use crate::sandbox::EventState;

const BODY_LIMIT: usize = 1024 * 1024;
const ANSWER_LIMIT: u32 = 16 * 1024 * 1024;
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

impl Host for EventState {
    async fn fetch(&mut self, request: Request) -> Answer<Response> {
        self.host_call()?;
        let answer = self.fetch_allowed(request).await;
        Ok(answer.inspect_err(|error| self.services.metrics.refusal("http", error)))
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
        let url = Url::parse(&request.url)
            .map_err(|error| Error::Invalid(format!("the URL cannot be read: {error}")))?;
        let site = &self.services.site;
        let vouched = self
            .services
            .policy
            .check_url(&url, |key| site.text(key))
            .map_err(Error::Denied)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let call = outgoing::Request {
            method: request.method,
            url,
            headers: request.headers,
            body: request.body,
            timeout: Duration::from_millis(u64::from(request.timeout)),
            max_body: usize::try_from(request.max_body.min(ANSWER_LIMIT)).unwrap_or(0),
            vouched,
        };
        let answer = self.services.outgoing.send(call).await;
        self.services.metrics.fetch(&host, &outcome(&answer));
        let answer = answer.map_err(|error| match error {
            OutgoingError::Timeout => Error::Timeout,
            OutgoingError::TooLarge => Error::TooLarge,
            OutgoingError::Malformed(what) => Error::Invalid(what),
            OutgoingError::NotPublic(host) => {
                Error::Denied(format!("{host} does not resolve to a public address"))
            }
            OutgoingError::Exchange(why) => Error::Unavailable(why),
        })?;
        Ok(Response {
            status: answer.status,
            headers: answer.headers,
            body: answer.body,
        })
    }
}

/// What a request came to, in a word for a counter.
fn outcome(answer: &Result<outgoing::Response, OutgoingError>) -> String {
    match answer {
        Ok(answer) => answer.status.to_string(),
        Err(OutgoingError::Timeout) => "timeout".to_owned(),
        Err(OutgoingError::TooLarge) => "too_large".to_owned(),
        Err(OutgoingError::Malformed(_)) => "not_sent".to_owned(),
        Err(OutgoingError::NotPublic(_)) => "denied".to_owned(),
        Err(OutgoingError::Exchange(_)) => "failed".to_owned(),
    }
}
