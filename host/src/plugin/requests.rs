//! HTTP requests: admission, the time limit of the route, the event, and the response.

use mattermost_plugin_rpc::mattermost::{BodyReader, HttpRequest, ResponseWriter};

use super::admission::{BodyError, is_webhook_like};
use super::component_plugin::{ComponentPlugin, host_failed};
use super::http_mapping::{self, Reply, component_request, is_click, user_of};
use super::sandbox_route::SANDBOX_ROUTE;
use super::{origin, sandbox_route, settings_route};
use crate::event::Client;
use crate::log::{Line, sanitize};
use crate::metrics::Counter;
use crate::policy::EventKind;
use crate::policy::plugin_routes::is_host_route;
use crate::sandbox::{EventError, PermitKind};
use crate::settings::FORM_ROUTE;

impl ComponentPlugin {
    /// Serves a request: reads its body, handles it, and sends the response.
    pub async fn serve_to(&self, request: HttpRequest, body: BodyReader, writer: ResponseWriter) {
        let reply = self.serve(request, body).await;
        if let Err(error) = self.responses.send(reply, writer).await {
            self.metrics.count(Counter::ResponseDropped, error.label());
        }
    }

    /// Reads a request's body and handles the request, within the time limit of its route.
    pub async fn serve(&self, request: HttpRequest, body: BodyReader) -> Reply {
        let path = request.url.split('?').next().unwrap_or_default();
        let Some(limit) = self.policy.answer_within(path) else {
            return self.admit(request, body).await;
        };
        match tokio::time::timeout(limit, self.admit(request, body)).await {
            Ok(reply) => reply,
            // The event runs in its own task and continues.
            Err(_) => {
                self.metrics.count(Counter::RequestRejected, "late");
                Reply::late()
            }
        }
    }

    async fn admit(&self, request: HttpRequest, body: BodyReader) -> Reply {
        let Some(_in_flight) = self.in_flight.try_acquire(&request) else {
            self.metrics
                .count(Counter::RequestRejected, "in_flight_limit");
            return Reply::busy();
        };
        let _user_permit = match user_of(&request) {
            Some(user) => match self.requests_per_user.acquire(user).await {
                Some(permit) => Some(permit),
                None => {
                    self.metrics
                        .count(Counter::RequestRejected, "per_user_limit");
                    return Reply::busy();
                }
            },
            None => None,
        };
        match self.bodies.read(&request, body).await {
            // The body keeps its slot while the event runs.
            Ok((body, _slot)) => self.request(&request, body).await,
            Err(error) => {
                self.metrics.count(Counter::RequestRejected, error.label());
                self.log_body_error(&request, error);
                error.reply()
            }
        }
    }

    /// Handles an HTTP request whose body has been read.
    pub async fn request(&self, request: &HttpRequest, body: Vec<u8>) -> Reply {
        let click = is_click(request, &body);
        let is_webhook = self.policy.names_route(request.path()) && is_webhook_like(request, &body);
        let permit = match is_webhook {
            true => PermitKind::Webhook,
            false => PermitKind::Event(EventKind::Request),
        };
        let Some(mut mapped) = component_request(request, Vec::new()) else {
            self.metrics
                .count(Counter::RequestRejected, "invalid_address");
            return Reply::text(400, "the address is not valid UTF-8");
        };
        if is_host_route(&mapped.path) {
            return self.host_route(&mapped.path, request, &body).await;
        }
        let Some(api) = self.api.get() else {
            return Reply::failed();
        };
        let now = (self.clock)();
        let arrived = origin::examine(&self.host_key, api.as_ref(), now, request, body);
        let channel = match arrived.await {
            Ok(arrived) => {
                (mapped.origin, mapped.body) = (arrived.origin, arrived.body);
                arrived.channel
            }
            Err(error) => {
                self.log_warning("The key that verifies clicks cannot be read", &error);
                return Reply::busy();
            }
        };
        let client = Client::of(request);
        let answer = self.event_with_permit(permit, |sandbox, services| async move {
            sandbox.request(services, &mapped, channel, client).await
        });
        match answer.await {
            Ok(outcome) => match http_mapping::reply(outcome.value, click) {
                Ok(reply) => reply,
                Err(why) => {
                    self.metrics.count(Counter::Denial, "answer");
                    let invalid = Err::<(), _>(host_failed(why.to_owned()));
                    self.log_failure(EventKind::Request, &invalid);
                    Reply::failed()
                }
            },
            Err(EventError::Busy) => Reply::busy(),
            Err(_) => Reply::failed(),
        }
    }

    /// Handles a request to one of the host's own routes.
    async fn host_route(&self, path: &str, request: &HttpRequest, body: &[u8]) -> Reply {
        match (path, self.services()) {
            (FORM_ROUTE, Some(services)) => settings_route::handle(&services, request, body).await,
            (SANDBOX_ROUTE, Some(services)) => {
                let component = self.sandbox.component();
                let (version, process) = (&self.version, &self.process);
                sandbox_route::handle(&services, component, version, process, request).await
            }
            (FORM_ROUTE | SANDBOX_ROUTE, None) => Reply::failed(),
            _ => Reply::text(404, "the host has no such route"),
        }
    }

    /// Logs that a body was rejected because of its size, and which limit it exceeded.
    fn log_body_error(&self, request: &HttpRequest, error: BodyError) {
        let Some((message, fields)) = error.log_line(request) else {
            return;
        };
        let mut line = Line::warning(message);
        let fields = fields.into_iter();
        line.fields = fields
            .map(|(name, value)| (name, sanitize(value)))
            .collect();
        self.write_log(line);
    }
}
