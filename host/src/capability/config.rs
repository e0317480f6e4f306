//! `config`: the plugin's settings and what it must know of the site.

use serde_json::Value as Json;

use crate::bindings::plugin::mattermost::plugin::config::{Host, Value};
use crate::sandbox::EventState;

impl Host for EventState {
    async fn settings(&mut self) -> wasmtime::Result<Vec<(String, Value)>> {
        self.host_call(0)?;
        let settings = self.services.site.settings.iter();
        let settings: Vec<_> = settings
            .filter_map(|(key, value)| Some((key.clone(), plain(value)?)))
            .collect();
        self.handed_over(settings.iter().map(size).sum())?;
        Ok(settings)
    }

    async fn site_url(&mut self) -> wasmtime::Result<Option<String>> {
        self.host_call(0)?;
        Ok(self.services.site.url.clone())
    }

    async fn email_verification_required(&mut self) -> wasmtime::Result<bool> {
        self.host_call(0)?;
        Ok(self.services.site.email_verification_required)
    }
}

fn size((key, value): &(String, Value)) -> usize {
    let text = match value {
        Value::Text(text) => text.len(),
        Value::Boolean(_) | Value::Number(_) => 0,
    };
    key.len() + text
}

fn plain(value: &Json) -> Option<Value> {
    match value {
        Json::String(text) => Some(Value::Text(text.clone())),
        Json::Bool(flag) => Some(Value::Boolean(*flag)),
        Json::Number(number) => number.as_f64().map(Value::Number),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}
