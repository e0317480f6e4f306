//! A post as the component sees it: without the host's proof.

use mattermost_plugin_rpc::mattermost::Post as ApiPost;
use serde_json::{Map, Value};

use crate::bindings::plugin::mattermost::plugin::posts::Post;
use crate::error::Error;
use crate::signing::post_proof::{MARK, PROOF};

/// The props without the proof.
pub(super) fn visible_props(post: &ApiPost) -> Map<String, Value> {
    let props = post.props.iter();
    props
        .filter(|(key, _)| *key != MARK && *key != PROOF)
        .map(|(key, value)| (key.clone(), value.to_json()))
        .collect()
}

/// The post for the component.
pub(super) fn to_component(
    post: ApiPost,
    props: &Map<String, Value>,
    ours: bool,
) -> Result<Post, Error> {
    let props = serde_json::to_string(props)
        .map_err(|error| Error::Unavailable(format!("props cannot be serialized: {error}")))?;
    Ok(Post {
        id: post.id,
        create_at: post.create_at,
        update_at: post.update_at,
        deleted: post.delete_at != 0,
        user_id: post.user_id,
        channel_id: post.channel_id,
        root_id: post.root_id,
        message: post.message,
        kind: post.kind,
        props,
        ours,
    })
}

/// The size of a post's message and props, in bytes.
pub(super) fn post_size(post: &Post) -> usize {
    post.message.len() + post.props.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mattermost_plugin_rpc::mattermost::Any;

    #[test]
    fn props_round_trip_through_the_server() {
        let text = r#"{"a":[{"n":1,"t":"x"}],"b":true,"c":null,"d":84312345678}"#;
        let props = serde_json::from_str::<Map<String, Value>>(text)
            .unwrap()
            .into_iter();
        let post = ApiPost {
            props: props
                .map(|(key, value)| (key, Any::from_json(value)))
                .collect(),
            ..ApiPost::default()
        };
        let props = visible_props(&post);
        let back: Value =
            serde_json::from_str(&to_component(post, &props, true).unwrap().props).unwrap();
        let sent: Value = serde_json::from_str(text).unwrap();
        assert_eq!(back, sent);
    }
}
