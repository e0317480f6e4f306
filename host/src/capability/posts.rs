//! `posts`: messages, written only as the bot or as the user who caused the event.
//! The plugin may change the posts that it created: see [`super::provenance`].

use std::collections::BTreeMap;
use std::sync::Arc;

use mattermost_plugin_rpc::mattermost::Any;
use mattermost_plugin_rpc::mattermost::{Post as ApiPost, PostList};

use serde_json::{Map, Value};

use super::provenance::{MARK, PROOF, keep_proof};
use super::{Answer, Error, refused, routes};
use crate::bindings::plugin::mattermost::plugin::posts::{Author, Change, Draft, Host, Post};
use crate::policy::appearance::Appearance;
use crate::sandbox::{EventState, Weight as _};

/// The properties of a post, as the API takes them.
pub(super) type Props = BTreeMap<String, Any>;

const PROPS_LIMIT: usize = 256 * 1024;
/// What the server takes of a message, in bytes.
pub(crate) const MESSAGE_LIMIT: usize = 64 * 1024;
/// How much the posts of a channel may be together, in bytes: a few times what 1,000 posts of people are.
const POSTS_LIMIT: usize = 4 * 1024 * 1024;
/// More than any id of the server has, in bytes.
const ID_LIMIT: usize = 64;
/// As many as the server takes with a post.
const FILES_LIMIT: usize = 10;
/// How long a post that an event has read can serve as the base of its change, in milliseconds.
const FRESH_MS: i64 = 2_000;

/// The post that an event has read last.
pub(crate) struct ReadPost {
    post: ApiPost,
    /// When it was read, in milliseconds since 1970.
    at: i64,
}

impl ReadPost {
    /// The post, if it is the one with this ID and was read just now.
    fn if_fresh(self, post_id: &str, now: i64) -> Option<ApiPost> {
        let is_fresh = (0..=FRESH_MS).contains(&now.saturating_sub(self.at));
        (is_fresh && self.post.id == post_id).then_some(self.post)
    }
}

impl Host for EventState {
    async fn create(&mut self, author: Author, draft: Draft) -> Answer<Post> {
        let _held = self.host_call(&draft)?;
        let created = self.create_post(author, draft).await;
        self.carried(created.weight())?;
        Ok(self.counted("posts", created))
    }

    async fn get(&mut self, post_id: String) -> Answer<Post> {
        let _held = self.host_call(&post_id)?;
        let post = self.read_post(&post_id).await;
        self.answers_with(&post)?;
        Ok(self.counted("posts", post))
    }

    async fn update(&mut self, post_id: String, change: Change) -> Answer<Post> {
        let _held = self.host_call(&(&post_id, &change))?;
        let updated = self.update_post(&post_id, change).await;
        self.carried(updated.weight())?;
        Ok(self.counted("posts", updated))
    }

    async fn since(&mut self, channel_id: String, since: i64) -> Answer<Vec<Post>> {
        let _held = self.host_call(&channel_id)?;
        let list = self.services.api.get_posts_since(&channel_id, since).await;
        let posts = match list.map_err(refused) {
            Ok(list) => self.visible_posts(list).await,
            Err(error) => Err(error),
        };
        self.answers_with(&posts)?;
        Ok(self.counted("posts", posts))
    }

    async fn ephemeral(&mut self, user_id: String, draft: Draft) -> Answer<String> {
        let _held = self.host_call(&(&user_id, &draft))?;
        let sent = self.send_ephemeral(&user_id, draft).await;
        Ok(self.counted("posts", sent))
    }

    async fn update_ephemeral(
        &mut self,
        user_id: String,
        post_id: String,
        draft: Draft,
    ) -> Answer<()> {
        let _held = self.host_call(&(&user_id, &post_id, &draft))?;
        let changed = self.change_ephemeral(&user_id, post_id, draft).await;
        Ok(self.counted("posts", changed))
    }
}

impl EventState {
    async fn read_post(&mut self, post_id: &str) -> Result<Post, Error> {
        let post = self.services.api.get_post(post_id).await.map_err(refused)?;
        let at = (self.services.clock)();
        self.post = Some(ReadPost {
            post: post.clone(),
            at,
        });
        self.visible(post).await
    }

    async fn create_post(&mut self, author: Author, draft: Draft) -> Result<Post, Error> {
        let author = match author {
            Author::Bot => self.bot_id()?,
            Author::ActingUser => self.actor.clone().ok_or_else(|| {
                Error::Denied("no user caused this event, so none can be the author".to_owned())
            })?,
        };
        let mut post = self.api_post(author, draft, None).await?;
        self.sign_new(&mut post).await?;
        let created = self.create_in_thread(post).await?;
        self.visible(created).await
    }

    /// Creates a post. The server refuses a reply to a reply; people mean its thread. Most drafts name the first post of
    /// a thread, so the thread is looked up only after the server has refused the draft.
    async fn create_in_thread(&mut self, post: ApiPost) -> Result<ApiPost, Error> {
        let api = Arc::clone(&self.services.api);
        if post.root_id.is_empty() {
            return api.create_post(post).await.map_err(refused);
        }
        let refusal = match api.create_post(post.clone()).await.map_err(refused) {
            Err(Error::Invalid(refusal)) => refusal,
            other => return other,
        };
        let named = api.get_post(&post.root_id).await.map_err(refused)?;
        if named.root_id.is_empty() {
            return Err(Error::Invalid(refusal));
        }
        let reply = ApiPost {
            root_id: named.root_id,
            ..post
        };
        api.create_post(reply).await.map_err(refused)
    }

    async fn update_post(&mut self, post_id: &str, change: Change) -> Result<Post, Error> {
        check_message(&change.message)?;
        let props = self.props(&change.props)?;
        let api = Arc::clone(&self.services.api);
        let read = self.post.take();
        let now = (self.services.clock)();
        let mut post = match read.and_then(|read| read.if_fresh(post_id, now)) {
            Some(post) => post,
            None => api.get_post(post_id).await.map_err(refused)?,
        };
        self.check_own(&mut post).await?;
        let mut props = self
            .services
            .signed_props(props, &post.channel_id, None)
            .await?;
        check_props(self.services.policy.appearance(), &mut props, &post.props)?;
        post.message = change.message;
        keep_proof(&mut post.props, &mut props);
        post.props = props;
        let updated = api.update_post(post).await.map_err(refused)?;
        self.visible(updated).await
    }

    async fn send_ephemeral(&mut self, user_id: &str, draft: Draft) -> Result<String, Error> {
        let mut post = self.api_post(self.bot_id()?, draft, Some(user_id)).await?;
        post.id = self.ephemeral_id(user_id).await?;
        let api = &self.services.api;
        let sent = api.send_ephemeral_post(user_id, post).await;
        Ok(sent.map_err(refused)?.id)
    }

    async fn change_ephemeral(
        &mut self,
        user_id: &str,
        post_id: String,
        draft: Draft,
    ) -> Result<(), Error> {
        if post_id.len() > ID_LIMIT {
            return Err(Error::TooLarge);
        }
        self.check_ephemeral_id(user_id, &post_id).await?;
        let mut post = self.api_post(self.bot_id()?, draft, Some(user_id)).await?;
        post.id = post_id;
        let api = &self.services.api;
        let sent = api.update_ephemeral_post(user_id, post).await;
        sent.map_err(refused)?;
        Ok(())
    }

    /// The post that a draft becomes, which is checked before anything is asked of the server. `audience` is the one user
    /// who sees it, if it is ephemeral.
    async fn api_post(
        &mut self,
        author: String,
        draft: Draft,
        audience: Option<&str>,
    ) -> Result<ApiPost, Error> {
        check_draft(&draft)?;
        let appearance = self.services.policy.appearance();
        check_kind(appearance, &draft.kind, audience.is_some())?;
        let props = self.props(&draft.props)?;
        let mut props = self
            .services
            .signed_props(props, &draft.channel_id, audience)
            .await?;
        check_props(self.services.policy.appearance(), &mut props, &Props::new())?;
        Ok(ApiPost {
            user_id: author,
            channel_id: draft.channel_id,
            root_id: draft.root_id,
            message: draft.message,
            kind: draft.kind,
            props,
            file_ids: draft.file_ids,
            ..ApiPost::default()
        })
    }

    fn props(&self, text: &str) -> Result<Map<String, Value>, Error> {
        parse_props(&self.services.plugin_id, text)
    }

    /// A post as the component sees it.
    async fn visible(&mut self, post: ApiPost) -> Result<Post, Error> {
        let ours = self.is_own(&post).await?;
        let mut props = visible_props(&post);
        self.services
            .show_buttons(&mut props, &post.channel_id)
            .await?;
        visible(post, &props, ours)
    }

    /// The posts of a list that fit into the limit together.
    async fn visible_posts(&mut self, list: PostList) -> Result<Vec<Post>, Error> {
        let mut posts = Vec::new();
        let mut left = POSTS_LIMIT;
        for post in list.into_ordered() {
            let post = self.visible(post).await?;
            if let Some(rest) = left.checked_sub(post_size(&post)) {
                left = rest;
                posts.push(post);
            }
        }
        Ok(posts)
    }
}

/// What a post holds that grows with what people write, in bytes.
fn post_size(post: &Post) -> usize {
    post.message.len() + post.props.len()
}

/// Posts of the server's own kinds tell of things that happened, and the webapp of another plugin draws those of its
/// kinds. This plugin has those of the policy.
fn check_kind(appearance: &Appearance, kind: &str, ephemeral: bool) -> Result<(), Error> {
    let attachment = ephemeral && kind == "slack_attachment";
    if attachment || appearance.allows_kind(kind) {
        return Ok(());
    }
    Err(Error::Denied(format!(
        "posts of the kind {kind} are not in the policy"
    )))
}

/// Refuses properties that the policy does not name. Those that the post has already stay as they are: the server puts
/// some there, and a component that changes a post hands them back.
fn check_props(appearance: &Appearance, props: &mut Props, stored: &Props) -> Result<(), Error> {
    for (key, value) in props {
        if appearance.allows_prop(key) {
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

/// What would be kept until the server has answered is as large as a post may be.
fn check_draft(draft: &Draft) -> Result<(), Error> {
    check_message(&draft.message)?;
    let ids = [&draft.channel_id, &draft.root_id].into_iter();
    let is_long = ids.chain(&draft.file_ids).any(|id| id.len() > ID_LIMIT);
    if is_long || draft.file_ids.len() > FILES_LIMIT {
        return Err(Error::TooLarge);
    }
    Ok(())
}

fn check_message(message: &str) -> Result<(), Error> {
    if message.len() > MESSAGE_LIMIT {
        return Err(Error::TooLarge);
    }
    Ok(())
}

fn parse_props(plugin_id: &str, text: &str) -> Result<Map<String, Value>, Error> {
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
    routes::check(plugin_id, &object)?;
    Ok(object)
}

fn visible_props(post: &ApiPost) -> Map<String, Value> {
    let props = post.props.iter();
    props
        .filter(|(key, _)| *key != MARK && *key != PROOF)
        .map(|(key, value)| (key.clone(), value.to_json()))
        .collect()
}

fn visible(post: ApiPost, props: &Map<String, Value>, ours: bool) -> Result<Post, Error> {
    let props = serde_json::to_string(props)
        .map_err(|error| Error::Unavailable(format!("props cannot be shown: {error}")))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_post_that_was_read_just_now_is_changed_without_another_look() {
        let read = || ReadPost {
            post: ApiPost {
                id: "a".to_owned(),
                ..ApiPost::default()
            },
            at: 10_000,
        };
        assert!(read().if_fresh("a", 10_000).is_some());
        assert!(read().if_fresh("a", 12_000).is_some());
        assert!(read().if_fresh("a", 12_001).is_none());
        assert!(
            read().if_fresh("a", 9_999).is_none(),
            "the clock was set back"
        );
        assert!(read().if_fresh("b", 10_000).is_none());
    }

    #[test]
    fn props_are_a_json_object_or_nothing() {
        assert!(parse_props("own", "").unwrap().is_empty());
        assert!(matches!(parse_props("own", "[]"), Err(Error::Invalid(_))));
        assert!(matches!(parse_props("own", "{"), Err(Error::Invalid(_))));
        let huge = " ".repeat(PROPS_LIMIT + 1);
        assert!(matches!(parse_props("own", &huge), Err(Error::TooLarge)));
    }

    #[test]
    fn a_post_has_only_the_kinds_and_properties_of_the_policy() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let appearance = Appearance {
            kinds: names(&["custom_own"]),
            props: names(&["meeting"]),
            ..Appearance::default()
        };
        let kind = |kind: &str, ephemeral| check_kind(&appearance, kind, ephemeral).is_ok();
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
        assert!(check_props(&appearance, &mut own, &Props::new()).is_ok());
        for other in ["add_channel_member", "from_webhook", "override_username"] {
            let mut set = props(&format!(r#"{{"meeting": 1, "{other}": "mine"}}"#));
            let refused = check_props(&appearance, &mut set, &Props::new());
            assert!(matches!(refused, Err(Error::Denied(_))), "{other}");
            // What the server put there is handed back unchanged.
            let stored = props(&format!(r#"{{"{other}": "the server's"}}"#));
            check_props(&appearance, &mut set, &stored).unwrap();
            assert_eq!(set.get(other), stored.get(other));
        }
    }

    #[test]
    fn a_draft_is_no_larger_than_a_post_may_be() {
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

    #[test]
    fn props_survive_the_way_to_the_server_and_back() {
        let text = r#"{"a":[{"n":1,"t":"x"}],"b":true,"c":null,"d":84312345678}"#;
        let props = parse_props("own", text).unwrap().into_iter();
        let post = ApiPost {
            props: props
                .map(|(key, value)| (key, Any::from_json(value)))
                .collect(),
            ..ApiPost::default()
        };
        let props = visible_props(&post);
        let back: Value =
            serde_json::from_str(&visible(post, &props, true).unwrap().props).unwrap();
        let sent: Value = serde_json::from_str(text).unwrap();
        assert_eq!(back, sent);
    }
}
