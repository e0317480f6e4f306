//! Where buttons lead: to routes of this plugin, and nowhere else.
//!
//! A post may carry attachments with buttons, a dialog has a button to send it. Whoever presses one makes the
//! *server* send a request with that person's name to the address that the button carries: to any plugin, with the
//! person's session, or to any host that the server reaches. So an address must be `/plugins/ID/…`, with nothing in
//! it that the server would resolve to another one.
//!
//! The server reads attachments with Go's `encoding/json`, which takes keys in any case and the long s and the
//! Kelvin sign for letters; so they are compared here. What the webapp would draw as buttons of other kinds is
//! refused as a whole. Links and pictures in a message lead wherever the component says.

use serde_json::{Map, Value};

use super::Error;

/// Properties of a post with buttons of their own: those of the Apps framework, and blocks.
const OTHER_BUTTONS: [&str; 2] = ["app_bindings", "mm_blocks"];

/// What the paths begin with that the host itself answers, from the plugin's root.
const HOST_ROUTES: &str = "/_host";

/// Whether the server sends what is meant for this address to this plugin.
pub(super) fn is_own(plugin_id: &str, address: &str) -> bool {
    let address = address.strip_prefix('/').unwrap_or(address);
    let rest = address
        .strip_prefix("plugins/")
        .and_then(|rest| rest.strip_prefix(plugin_id));
    // The server cleans the whole address as if it were a path, and unescapes its path afterwards.
    rest.is_some_and(|rest| {
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        path.starts_with('/')
            && !is_hosts(path)
            && path.bytes().all(is_plain)
            && query
                .bytes()
                .all(|byte| is_plain(byte) || b"=&%+:,;@!*'()$?".contains(&byte))
            && !rest.contains("..")
            && !rest.contains("//")
    })
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte)
}

/// The route that an address of this plugin leads to, without its query.
pub(super) fn route<'a>(plugin_id: &str, address: &'a str) -> &'a str {
    let path = address.split('?').next().unwrap_or_default();
    let path = path.strip_prefix('/').unwrap_or(path);
    let rest = path.strip_prefix("plugins/");
    rest.and_then(|rest| rest.strip_prefix(plugin_id))
        .unwrap_or_default()
}

/// Whether a path, from the plugin's root, is one of the routes that the host itself answers.
pub(crate) fn is_hosts(path: &str) -> bool {
    path.strip_prefix(HOST_ROUTES)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The integrations of all buttons in the properties of a post.
pub(super) fn integrations(props: &mut Map<String, Value>) -> Vec<&mut Value> {
    let attachments = props.get_mut("attachments").into_iter().flat_map(items_mut);
    let actions = attachments.flat_map(|one| fields_mut(one, "actions").flat_map(items_mut));
    actions
        .flat_map(|action| fields_mut(action, "integration"))
        .filter(|integration| !integration.is_null())
        .collect()
}

/// Where a button leads, and with what.
pub(super) struct Button {
    pub(super) address: String,
    pub(super) context: Map<String, Value>,
}

/// Reads the integration of a button; none if it leads nowhere.
pub(super) fn read_button(integration: &Value) -> Result<Option<Button>, Error> {
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

/// Refuses properties of a post with buttons that lead elsewhere.
pub(super) fn check(plugin_id: &str, props: &Map<String, Value>) -> Result<(), Error> {
    let other = |key: &&String| OTHER_BUTTONS.iter().any(|known| key.starts_with(known));
    if let Some(key) = props.keys().find(other) {
        return Err(Error::Denied(format!(
            "the property {key} makes buttons that are not this plugin's"
        )));
    }
    let attachments = props.get("attachments").into_iter().flat_map(items);
    let actions = attachments.flat_map(|one| fields(one, "actions").flat_map(items));
    let integrations = actions.flat_map(|action| fields(action, "integration"));
    for address in integrations.flat_map(|integration| fields(integration, "url")) {
        let own = address.as_str().is_some_and(|url| is_own(plugin_id, url));
        if !own && !address.is_null() {
            return Err(Error::Denied(format!(
                "a button leads to {address}, which is not a route of this plugin"
            )));
        }
    }
    Ok(())
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn items_mut(list: &mut Value) -> impl Iterator<Item = &mut Value> {
    list.as_array_mut().into_iter().flatten()
}

fn fields_mut<'a>(object: &'a mut Value, name: &str) -> impl Iterator<Item = &'a mut Value> {
    let fields = object.as_object_mut().into_iter().flatten();
    fields
        .filter(move |(known, _)| same_key(known, name))
        .map(|(_, value)| value)
}

/// All fields of an object that Go would take for this one.
fn fields<'a>(object: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    let fields = object.as_object().into_iter().flatten();
    fields
        .filter(move |(key, _)| same_key(key, name))
        .map(|(_, value)| value)
}

/// Whether Go's JSON takes a key for the field of this name, which is in lower case.
pub(crate) fn same_key(key: &str, name: &str) -> bool {
    let folded = key.chars().map(|letter| match letter {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        letter => letter.to_ascii_lowercase(),
    });
    folded.eq(name.chars())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refuses(props: &Value) -> bool {
        matches!(
            check("own", props.as_object().unwrap()),
            Err(Error::Denied(_))
        )
    }

    fn button(address: &str) -> Value {
        let action =
            json!({"name": "Go", "integration": {"url": address, "context": {"url": "x"}}});
        json!({"attachments": [{"title_link": "https://example.com"}, {"actions": [action]}]})
    }

    #[test]
    fn routes_of_the_plugin_are_its_own() {
        for own in [
            "/plugins/own/",
            "plugins/own/api/v1/answer",
            "/plugins/own/api/v1/a-b_c~d.json?x=%2F&y=1",
            "/plugins/own/_hosted",
        ] {
            assert!(is_own("own", own), "{own}");
            assert!(!refuses(&button(own)), "{own}");
        }
    }

    #[test]
    fn whatever_leads_elsewhere_is_refused() {
        for other in [
            "",
            "/",
            "/plugins/own",
            "/plugins/ownother/x",
            "/plugins/other/x",
            "//plugins/own/x",
            "/Plugins/own/x",
            "/api/v4/users/me",
            "https://example.com/plugins/own/x",
            "http://169.254.169.254/",
            "HTTP://example.com/",
            "rpc://other/handle",
            "/plugins/own/../other/x",
            "/plugins/own/x?y=/../../../other/x",
            "/plugins/own/%2e%2e/other/x",
            "/plugins/own/%2E%2E%2Fother",
            "/plugins/own/..\\other",
            "/plugins/own/\\..\\other",
            "/plugins/own//other.example/",
            "/plugins/own/x#/../../other",
            "/plugins/own/x\n",
            "/plugins/own/ä",
            " /plugins/own/x",
            "/plugins/own/_host",
            "/plugins/own/_host/settings",
        ] {
            assert!(!is_own("own", other), "{other:?}");
            assert!(refuses(&button(other)), "{other:?}");
        }
    }

    #[test]
    fn a_button_is_found_in_every_spelling_that_go_reads() {
        for (actions, integration, url) in [
            ("Actions", "INTEGRATION", "Url"),
            ("action\u{17f}", "integration", "url"),
        ] {
            let inner = json!({"url": "/plugins/own/x", url: "https://example.com/"});
            let props = json!({"attachments": [{"actions": [{"integration": null}],
                actions: [{integration: inner}]}]});
            assert!(refuses(&props), "{props}");
        }
        assert!(same_key("li\u{212a}e", "like"));
    }

    #[test]
    fn a_button_has_one_address_and_one_context() {
        let found = read_button(&json!({"URL": "/plugins/own/x", "Context": {"a": 1}}));
        let found = found.unwrap().unwrap();
        assert_eq!(route("own", &found.address), "/x");
        assert_eq!(Value::Object(found.context), json!({"a": 1}));
        assert!(read_button(&json!({"context": {}})).unwrap().is_none());
        for odd in [
            json!({"url": "/plugins/own/x", "Url": "/plugins/own/y"}),
            json!({"url": "/plugins/own/x", "context": {}, "CONTEXT": {}}),
            json!({"url": "/plugins/own/x", "context": "text"}),
        ] {
            assert!(matches!(read_button(&odd), Err(Error::Invalid(_))), "{odd}");
        }
        assert_eq!(route("own", "plugins/own/a/b?x=/c"), "/a/b");
    }

    #[test]
    fn buttons_of_other_kinds_are_refused_and_what_is_no_button_is_not() {
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
