//! Checks of drafts: size, kind, and props.

use serde_json::{Map, Value};

use super::buttons::check_addresses;
use super::props::Props;
use crate::bindings::plugin::mattermost::plugin::posts::Draft;
use crate::error::Error;
use crate::policy::PostPolicy;
use crate::signing::post_proof::{MARK, PROOF};

/// The longest JSON of props, in bytes.
const PROPS_LIMIT: usize = 256 * 1024;

/// The longest message that the server accepts, in bytes.
pub(crate) const MESSAGE_LIMIT: usize = 64 * 1024;

/// The longest ID, in bytes; the server's are shorter.
pub(super) const ID_LIMIT: usize = 64;

/// As many files as the server accepts with a post.
const FILES_LIMIT: usize = 10;

/// Refuses drafts that are larger than a post may be.
pub(super) fn check_draft(draft: &Draft) -> Result<(), Error> {
    check_message(&draft.message)?;
    let ids = [&draft.channel_id, &draft.root_id].into_iter();
    let is_long = ids.chain(&draft.file_ids).any(|id| id.len() > ID_LIMIT);
    if is_long || draft.file_ids.len() > FILES_LIMIT {
        return Err(Error::TooLarge);
    }
    Ok(())
}

pub(super) fn check_message(message: &str) -> Result<(), Error> {
    if message.len() > MESSAGE_LIMIT {
        return Err(Error::TooLarge);
    }
    Ok(())
}

/// Refuses kinds that the policy does not list: the server's own kinds report what happened, and the webapps of other
/// plugins draw theirs.
pub(super) fn check_kind(policy: &PostPolicy, kind: &str, ephemeral: bool) -> Result<(), Error> {
    let attachment = ephemeral && kind == "slack_attachment";
    if attachment || policy.allows_kind(kind) {
        return Ok(());
    }
    Err(Error::Denied(format!(
        "posts of the kind {kind} are not in the policy"
    )))
}

/// Refuses props that the policy does not list. Props that the stored post already has keep their value: the server
/// sets some, and a component that updates a post sends them back.
pub(super) fn check_props(
    policy: &PostPolicy,
    props: &mut Props,
    stored: &Props,
) -> Result<(), Error> {
    for (key, value) in props {
        if policy.allows_prop(key) {
            continue;
        }
        match stored.get(key) {
            Some(own) => value.clone_from(own),
            None => {
                let rule = format!("the property {key} is not in the policy");
                return Err(Error::Denied(rule));
            }
        }
    }
    Ok(())
}

pub(super) fn parse_props(plugin_id: &str, text: &str) -> Result<Map<String, Value>, Error> {
    if text.len() > PROPS_LIMIT {
        return Err(Error::TooLarge);
    }
    if text.is_empty() {
        return Ok(Map::new());
    }
    let object: Map<_, _> = serde_json::from_str(text)
        .map_err(|error| Error::Invalid(format!("props are not a JSON object: {error}")))?;
    if let Some(key) = [MARK, PROOF].iter().find(|key| object.contains_key(**key)) {
        return Err(Error::Denied(format!(
            "the property {key} belongs to the host"
        )));
    }
    check_addresses(plugin_id, &object)?;
    Ok(object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mattermost_plugin_rpc::mattermost::Any;

    #[test]
    fn props_are_a_json_object_or_empty() {
        assert!(parse_props("own", "").unwrap().is_empty());
        assert!(matches!(parse_props("own", "[]"), Err(Error::Invalid(_))));
        assert!(matches!(parse_props("own", "{"), Err(Error::Invalid(_))));
        let huge = " ".repeat(PROPS_LIMIT + 1);
        assert!(matches!(parse_props("own", &huge), Err(Error::TooLarge)));
    }

    #[test]
    fn a_post_has_only_kinds_and_props_that_the_policy_lists() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let policy = PostPolicy {
            kinds: names(&["custom_own"]),
            props: names(&["meeting"]),
        };
        let kind = |kind: &str, ephemeral| check_kind(&policy, kind, ephemeral).is_ok();
        for (name, stored, ephemeral) in [
            ("", true, true),
            ("custom_own", true, true),
            ("slack_attachment", false, true),
            ("custom_other", false, false),
            ("system_join_channel", false, false),
        ] {
            assert_eq!(kind(name, false), stored, "{name}");
            assert_eq!(kind(name, true), ephemeral, "{name}");
        }
        let props = |text: &str| {
            let props = parse_props("own", text).unwrap().into_iter();
            let props = props.map(|(name, value)| (name, Any::from_json(value)));
            props.collect::<Props>()
        };
        let mut own = props(r#"{"meeting": 1}"#);
        assert!(check_props(&policy, &mut own, &Props::new()).is_ok());
        for other in ["add_channel_member", "from_webhook", "override_username"] {
            let mut set = props(&format!(r#"{{"meeting": 1, "{other}": "mine"}}"#));
            let refused = check_props(&policy, &mut set, &Props::new());
            assert!(matches!(refused, Err(Error::Denied(_))), "{other}");
            // A prop that the server added keeps its value.
            let stored = props(&format!(r#"{{"{other}": "the server's"}}"#));
            check_props(&policy, &mut set, &stored).unwrap();
            assert_eq!(set.get(other), stored.get(other));
        }
    }

    #[test]
    fn a_draft_is_at_most_as_large_as_a_post() {
        let draft = |change: &dyn Fn(&mut Draft)| {
            let mut draft = Draft {
                channel_id: "c".repeat(26),
                root_id: String::new(),
                message: "hello".to_owned(),
                kind: String::new(),
                props: String::new(),
                file_ids: vec!["f".repeat(26); FILES_LIMIT],
            };
            change(&mut draft);
            check_draft(&draft)
        };
        assert!(draft(&|_| {}).is_ok());
        let large: [&dyn Fn(&mut Draft); 4] = [
            &|draft| draft.message = "x".repeat(MESSAGE_LIMIT + 1),
            &|draft| draft.channel_id = "c".repeat(ID_LIMIT + 1),
            &|draft| draft.file_ids.push("f".repeat(26)),
            &|draft| draft.file_ids = vec!["f".repeat(ID_LIMIT + 1)],
        ];
        for change in large {
            assert!(matches!(draft(change), Err(Error::TooLarge)));
        }
    }
}
