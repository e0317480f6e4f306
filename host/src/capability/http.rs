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
        Ok(self.fetch_allowed(request).await)
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
