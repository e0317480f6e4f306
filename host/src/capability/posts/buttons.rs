//! Buttons in posts: they lead only to routes of this plugin, and their context is signed.
//!
//! The component never sees a signature. If a button in a post that it reads has no valid signature, the component sees the
//! button without its integration, so that a component that writes back what it read does not sign a member's button.
//!
//! The server reads attachments with Go's `encoding/json`, so field names are compared as Go does. Other kinds of buttons that
//! the webapp would draw are refused. Links and pictures in a message may lead anywhere.

use mattermost_plugin_rpc::mattermost::Any;
use serde::Deserialize as _;
use serde_json::{Map, Value, json};

use super::props::Props;
use crate::capability::limits::SHORT_LIFETIME_MS;
use crate::error::Error;
use crate::event::Services;
use crate::go_json::{fields, fields_mut};
use crate::policy::plugin_routes::{is_own_address, route_of};
use crate::signing::interactions::{InteractionScope, Purpose, SignedPayload, is_valid_for};

/// How long a button in a stored post is valid, in milliseconds: 400 days.
const STORED_LIFETIME_MS: i64 = 400 * 24 * 3600 * 1000;

/// Props that create other buttons: those of the Apps framework, and blocks.
const OTHER_BUTTONS: [&str; 2] = ["app_bindings", "mm_blocks"];

/// Refuses props with buttons that do not lead to routes of this plugin.
pub(super) fn check_addresses(plugin_id: &str, props: &Map<String, Value>) -> Result<(), Error> {
    let is_other = |key: &&String| OTHER_BUTTONS.iter().any(|known| key.starts_with(known));
    if let Some(key) = props.keys().find(is_other) {
        return Err(Error::Denied(format!(
            "the property {key} creates buttons that are not this plugin's"
        )));
    }
    let attachments = props.get("attachments").into_iter().flat_map(items);
    let actions = attachments.flat_map(|one| fields(one, "actions").flat_map(items));
    let integrations = actions.flat_map(|action| fields(action, "integration"));
    for address in integrations.flat_map(|integration| fields(integration, "url")) {
        let own = address
            .as_str()
            .is_some_and(|url| is_own_address(plugin_id, url));
        if !own && !address.is_null() {
            return Err(Error::Denied(format!(
                "a button leads to {address}, which is not a route of this plugin"
            )));
        }
    }
    Ok(())
}

/// Props for a post in this channel, with a signature in each button. `audience` is the only user who sees the post, if it
/// is ephemeral.
pub(super) async fn sign_buttons(
    services: &Services,
    mut props: Map<String, Value>,
    channel: &str,
    audience: Option<&str>,
) -> Result<Props, Error> {
    let buttons = integrations(&mut props);
    if !buttons.is_empty() {
        let keys = services.host_key.keys(services.api.as_ref()).await?;
        let lifetime = audience.map_or(STORED_LIFETIME_MS, |_| SHORT_LIFETIME_MS);
        let expires = (services.clock)().saturating_add(lifetime);
        for integration in buttons {
            *integration = match read_button(integration)? {
                None => Value::Null,
                Some(Button { address, context }) => {
                    let scope = InteractionScope {
                        purpose: Purpose::Click,
                        route: route_of(&services.plugin_id, &address),
                        channel,
                        user: audience.unwrap_or_default(),
                    };
                    let payload = Value::Object(context).to_string();
                    json!({"url": address, "context": keys.sign(&scope, expires, payload)})
                }
            };
        }
    }
    let props = props.into_iter();
    Ok(props
        .map(|(key, value)| (key, Any::from_json(value)))
        .collect())
}

/// Replaces the signed context in each button of a stored post by the component's own, and removes all other
/// integrations.
pub(super) async fn show_buttons(
    services: &Services,
    props: &mut Map<String, Value>,
    channel: &str,
) -> Result<(), Error> {
    let buttons = integrations(props);
    if buttons.is_empty() {
        return Ok(());
    }
    let keys = services.host_key.keys(services.api.as_ref()).await?;
    let now = (services.clock)();
    for integration in buttons {
        let shown = read_button(integration).ok().flatten();
        let shown = shown.and_then(|Button { address, context }| {
            let signed = SignedPayload::deserialize(Value::Object(context)).ok()?;
            let scope = InteractionScope {
                purpose: Purpose::Click,
                route: route_of(&services.plugin_id, &address),
                channel,
                user: "",
            };
            let holds = is_valid_for(&scope, &signed, now) && keys.is_signed(&scope, &signed);
            let context: Value = serde_json::from_str(&signed.payload).ok()?;
            holds.then(|| json!({"url": address, "context": context}))
        });
        *integration = shown.unwrap_or_default();
    }
    Ok(())
}

/// The address and the context of a button.
struct Button {
    address: String,
    context: Map<String, Value>,
}

/// Reads the integration of a button; `None` if it has no address.
fn read_button(integration: &Value) -> Result<Option<Button>, Error> {
    let one = |name| {
        let mut found = fields(integration, name);
        let first = found.next().cloned().unwrap_or_default();
        match found.next() {
            None => Ok(first),
            Some(_) => Err(Error::Invalid(format!("a button has two fields {name}"))),
        }
    };
    let (address, context) = (one("url")?, one("context")?);
    let context = match context {
        Value::Null => Map::new(),
        Value::Object(context) => context,
        _ => {
            return Err(Error::Invalid(
                "a button's context is not an object".to_owned(),
            ));
        }
    };
    Ok(address.as_str().map(|address| Button {
        address: address.to_owned(),
        context,
    }))
}

/// The integrations of all buttons in the props of a post.
fn integrations(props: &mut Map<String, Value>) -> Vec<&mut Value> {
    let attachments = props.get_mut("attachments").into_iter().flat_map(items_mut);
    let actions = attachments.flat_map(|one| fields_mut(one, "actions").flat_map(items_mut));
    actions
        .flat_map(|action| fields_mut(action, "integration"))
        .filter(|integration| !integration.is_null())
        .collect()
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn items_mut(list: &mut Value) -> impl Iterator<Item = &mut Value> {
    list.as_array_mut().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refuses(props: &Value) -> bool {
        matches!(
            check_addresses("own", props.as_object().unwrap()),
            Err(Error::Denied(_))
        )
    }

    fn button(address: &str) -> Value {
        let action =
            json!({"name": "Go", "integration": {"url": address, "context": {"url": "x"}}});
        json!({"attachments": [{"title_link": "https://example.com"}, {"actions": [action]}]})
    }

    #[test]
    fn buttons_lead_to_own_routes_only() {
        assert!(!refuses(&button("/plugins/own/api/v1/answer")));
        assert!(refuses(&button("/plugins/other/x")));
    }

    #[test]
    fn buttons_are_found_in_every_spelling_that_go_reads() {
        for (actions, integration, url) in [
            ("Actions", "INTEGRATION", "Url"),
            ("action\u{17f}", "integration", "url"),
        ] {
            let inner = json!({"url": "/plugins/own/x", url: "https://example.com/"});
            let props = json!({"attachments": [{"actions": [{"integration": null}],
                actions: [{integration: inner}]}]});
            assert!(refuses(&props), "{props}");
        }
    }

    #[test]
    fn a_button_has_one_address_and_one_context() {
        let found = read_button(&json!({"URL": "/plugins/own/x", "Context": {"a": 1}}));
        let found = found.unwrap().unwrap();
        assert_eq!(route_of("own", &found.address), "/x");
        assert_eq!(Value::Object(found.context), json!({"a": 1}));
        assert!(read_button(&json!({"context": {}})).unwrap().is_none());
        for odd in [
            json!({"url": "/plugins/own/x", "Url": "/plugins/own/y"}),
            json!({"url": "/plugins/own/x", "context": {}, "CONTEXT": {}}),
            json!({"url": "/plugins/own/x", "context": "text"}),
        ] {
            assert!(matches!(read_button(&odd), Err(Error::Invalid(_))), "{odd}");
        }
    }

    #[test]
    fn other_kinds_of_buttons_are_refused() {
        for key in ["app_bindings", "mm_blocks", "mm_blocks_actions"] {
            assert!(refuses(&json!({ key: [] })), "{key}");
        }
        for props in [
            json!({}),
            json!({"attachments": "x", "url": "https://example.com"}),
            json!({"attachments": [1, {"actions": {"integration": {"url": "https://x"}}}]}),
        ] {
            assert!(!refuses(&props), "{props}");
        }
    }
}
