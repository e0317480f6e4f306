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
