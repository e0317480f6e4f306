//! The URLs of webhooks: how Zoom reaches them, and the event subscriptions that name them.

use std::sync::{Arc, PoisonError};

use serde_json::Value;

use super::Zoom;
use super::subscriptions::validates;
use super::webhook::Webhook;

impl Zoom {
    /// Says how Zoom reaches the URLs of webhooks: `deliver` returns the body of an answer with status 200.
    pub fn reaches_urls(
        &self,
        deliver: impl Fn(&str, &Webhook) -> Option<String> + Send + Sync + 'static,
    ) {
        let visitor = &self.shared.visitor;
        *visitor.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(deliver));
    }

    /// Validates a URL, as Zoom does when an administrator selects *Validate* in the app. Returns whether it is valid.
    pub fn validates(&self, url: &str) -> bool {
        validates(&self.shared, url)
    }

    /// The requests for event subscriptions that were accepted.
    pub fn subscriptions(&self) -> Vec<Value> {
        self.shared.lock().subscriptions.clone()
    }

    /// Adds a scope to the app. Tokens that were issued before do not have it.
    pub fn add_scope(&self, scope: &str) {
        let scopes = &mut self.shared.lock().account.scopes;
        scopes.push(scope.to_owned());
    }
}
