//! Buttons in posts: they lead only to routes of this plugin, and their context is signed.
//!
//! The component never sees a signature. If a button in a post that it reads has no valid signature, the component sees the
//! button without its integration, so that a component that writes back what it read does not sign a member's button.
//!
//! The server reads attachments with Go's `encoding/json`, so field names are compared as Go does. Other kinds of buttons that
//! the webapp would draw are refused. Links and pictures in a message may lead anywhere.
//!
//! Servers from 11.10 also draw blocks: the property `mm_blocks` describes them, and `mm_blocks_actions` contains the actions
//! that they may cause, which are signed like buttons.

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

/// Props that start with this create the buttons of the Apps framework.
const APP_BUTTONS: &str = "app_bindings";

/// The prop with the actions of blocks.
const BLOCK_ACTIONS: &str = "mm_blocks_actions";

/// The only type of action that is allowed: it sends a request to a URL. Newer servers also know `openURL`. The server reads
/// the fields of an action in lower case only.
const EXTERNAL: &str = "external";

/// Refuses props with buttons that do not lead to routes of this plugin.
pub(super) fn check_addresses(plugin_id: &str, props: &Map<String, Value>) -> Result<(), Error> {
    if let Some(key) = props.keys().find(|key| key.starts_with(APP_BUTTONS)) {
        return Err(Error::Denied(format!(
            "the property {key} creates buttons that are not this plugin's"
        )));
    }
    if let Some(actions) = props.get(BLOCK_ACTIONS) {
        check_block_actions(plugin_id, actions)?;
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

/// Refuses actions of blocks other than requests to routes of this plugin.
fn check_block_actions(plugin_id: &str, actions: &Value) -> Result<(), Error> {
    let Some(actions) = actions.as_object() else {
        return Err(Error::Denied(format!(
            "the property {BLOCK_ACTIONS} is not an object"
        )));
    };
    for (name, action) in actions {
        let mut known = action.as_object().into_iter().flatten();
        let is_known = known.all(|(field, _)| ["type", "url", "context"].contains(&field.as_str()));
        let text = |field: &str| action.get(field).and_then(Value::as_str);
        let is_external = text("type") == Some(EXTERNAL);
        let leads_here = text("url").is_some_and(|url| is_own_address(plugin_id, url));
        if !is_known || !is_external || !leads_here {
            return Err(Error::Denied(format!(
                "the action {name} of a block must have the type external and the URL of a route of this plugin, and nothing else but a context"
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
                    let context = json!(keys.sign(&scope, expires, payload));
                    replacement(integration, &address, context)
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
            holds.then(|| replacement(integration, &address, context))
        });
        *integration = shown.unwrap_or_default();
    }
    // An action without an integration would be refused when the component writes the post back.
    if let Some(Value::Object(actions)) = props.get_mut(BLOCK_ACTIONS) {
        actions.retain(|_, action| !action.is_null());
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

/// The integrations of all buttons, and the actions of all blocks, in the props of a post.
fn integrations(props: &mut Map<String, Value>) -> Vec<&mut Value> {
    let mut found = Vec::new();
    for (key, value) in props {
        if key == "attachments" {
            let actions =
                items_mut(value).flat_map(|one| fields_mut(one, "actions").flat_map(items_mut));
            let integrations = actions.flat_map(|action| fields_mut(action, "integration"));
            found.extend(integrations.filter(|integration| !integration.is_null()));
        } else if key == BLOCK_ACTIONS {
            found.extend(value.as_object_mut().into_iter().flat_map(Map::values_mut));
        }
    }
    found
}

/// An integration with this address and context, of the same type as the one that it replaces.
fn replacement(replaced: &Value, address: &str, context: Value) -> Value {
    let mut fields = Map::new();
    if replaced.get("type").is_some_and(|kind| kind == EXTERNAL) {
        fields.insert("type".to_owned(), EXTERNAL.into());
    }
    fields.insert("url".to_owned(), address.into());
    fields.insert("context".to_owned(), context);
    Value::Object(fields)
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
        assert!(refuses(&json!({"app_bindings": []})));
        for props in [
            json!({}),
            json!({"attachments": "x", "url": "https://example.com"}),
            json!({"attachments": [1, {"actions": {"integration": {"url": "https://x"}}}]}),
        ] {
            assert!(!refuses(&props), "{props}");
        }
    }

    fn blocks(action: &Value) -> Value {
        json!({"mm_blocks": [{"type": "button"}], "mm_blocks_actions": {"join": action}})
    }

    #[test]
    fn actions_of_blocks_send_requests_to_own_routes_only() {
        let short = json!({"type": "external", "url": "/plugins/own/x"});
        let full = json!({"type": "external", "url": "/plugins/own/x", "context": {"a": 1}});
        for good in [short, full] {
            assert!(!refuses(&blocks(&good)), "{good}");
        }
        for wrong in [
            json!(null),
            json!("join"),
            json!({"url": "/plugins/own/x"}),
            json!({"type": "internal", "url": "/plugins/own/x"}),
            json!({"type": "external"}),
            json!({"type": "external", "url": "/plugins/other/x"}),
            json!({"type": "external", "url": "https://example.com/"}),
            json!({"type": "external", "URL": "/plugins/own/x"}),
            json!({"type": "external", "url": "/plugins/own/x", "query": {"a": "1"}}),
        ] {
            assert!(refuses(&blocks(&wrong)), "{wrong}");
        }
        assert!(refuses(&json!({"mm_blocks_actions": []})));
    }

    #[test]
    fn a_replaced_action_of_a_block_keeps_its_type() {
        let mut props = blocks(&json!({"type": "external", "url": "/plugins/own/x"}));
        let props = props.as_object_mut().unwrap();
        let mut found = integrations(props);
        assert_eq!(found.len(), 1);
        let action = found.pop().unwrap();
        *action = replacement(action, "/plugins/own/y", json!({"proof": 1}));
        assert_eq!(
            props["mm_blocks_actions"]["join"],
            json!({"type": "external", "url": "/plugins/own/y", "context": {"proof": 1}})
        );
        let button = json!({"url": "/plugins/own/x"});
        let button = replacement(&button, "/plugins/own/x", json!({}));
        assert_eq!(button, json!({"url": "/plugins/own/x", "context": {}}));
    }
}
