//! `posts`: messages, written only as the bot or as the user who caused the event.
//!
//! The plugin may change only the posts that it created ([`ownership`]). Drafts are checked against the policy ([`draft`]), and
//! buttons are signed ([`buttons`]).

mod buttons;
mod draft;
mod ownership;
mod props;
mod visible;

use std::sync::Arc;

use mattermost_plugin_rpc::mattermost::{Post as ApiPost, PostList};
use serde_json::{Map, Value};

use self::buttons::{show_buttons, sign_buttons};
use self::draft::{ID_LIMIT, check_draft, check_kind, check_message, check_props, parse_props};
use self::props::Props;
use self::visible::{post_size, to_component, visible_props};
use super::bots::require_bot;
use crate::bindings::plugin::mattermost::plugin::posts::{self, Author, Change, Draft, Host, Post};
use crate::error::{Error, HostResult, api_error};
use crate::event::heap_size::HeapSize as _;
use crate::event::meter::Meter;
use crate::event::{EventCause, PostState, ReadPost, Services};
use crate::signing::ephemeral_id;
use crate::signing::post_proof::keep_proof;

pub(crate) use draft::MESSAGE_LIMIT;

/// The most bytes that `posts.since` returns: several times the size of 1,000 ordinary posts.
const POSTS_LIMIT: usize = 4 * 1024 * 1024;

view!(posts { services: Services, cause: EventCause; mut meter: Meter, mut posts: PostState });

impl Host for View<'_> {
    async fn create(&mut self, author: Author, draft: Draft) -> HostResult<Post> {
        let _reservation = self.meter.begin_call(&draft)?;
        let created = self.create_post(author, draft).await;
        self.meter.charge(created.heap_size())?;
        Ok(self.services.count_denial("posts", created))
    }

    async fn get(&mut self, post_id: String) -> HostResult<Post> {
        let _reservation = self.meter.begin_call(&post_id)?;
        let post = self.read_post(&post_id).await;
        self.meter.charge_reply(&post)?;
        Ok(self.services.count_denial("posts", post))
    }

    async fn update(&mut self, post_id: String, change: Change) -> HostResult<Post> {
        let _reservation = self.meter.begin_call(&(&post_id, &change))?;
        let updated = self.update_post(&post_id, change).await;
        self.meter.charge(updated.heap_size())?;
        Ok(self.services.count_denial("posts", updated))
    }

    async fn since(&mut self, channel_id: String, since: i64) -> HostResult<Vec<Post>> {
        let _reservation = self.meter.begin_call(&channel_id)?;
        let list = self.services.api.get_posts_since(&channel_id, since).await;
        let posts = match list.map_err(api_error) {
            Ok(list) => self.visible_posts(list).await,
            Err(error) => Err(error),
        };
        self.meter.charge_reply(&posts)?;
        Ok(self.services.count_denial("posts", posts))
    }

    async fn ephemeral(&mut self, user_id: String, draft: Draft) -> HostResult<String> {
        let _reservation = self.meter.begin_call(&(&user_id, &draft))?;
        let sent = self.send_ephemeral(&user_id, draft).await;
        Ok(self.services.count_denial("posts", sent))
    }

    async fn update_ephemeral(
        &mut self,
        user_id: String,
        post_id: String,
        draft: Draft,
    ) -> HostResult<()> {
        let _reservation = self.meter.begin_call(&(&user_id, &post_id, &draft))?;
        let changed = self.change_ephemeral(&user_id, post_id, draft).await;
        Ok(self.services.count_denial("posts", changed))
    }
}

impl View<'_> {
    async fn read_post(&mut self, post_id: &str) -> Result<Post, Error> {
        let post = self
            .services
            .api
            .get_post(post_id)
            .await
            .map_err(api_error)?;
        let at = (self.services.clock)();
        self.posts.last_read = Some(ReadPost {
            post: post.clone(),
            at,
        });
        self.visible(post).await
    }

    async fn create_post(&mut self, author: Author, draft: Draft) -> Result<Post, Error> {
        let author = match author {
            Author::Bot => require_bot(self.services)?,
            Author::ActingUser => self.cause.actor.clone().ok_or_else(|| {
                Error::Denied("no user caused this event, so none can be the author".to_owned())
            })?,
        };
        let mut post = self.api_post(author, draft, None).await?;
        ownership::sign_new(self.services, &mut post).await?;
        let created = self.create_in_thread(post).await?;
        self.visible(created).await
    }

    /// Creates a post. The server refuses a reply to a reply, which is meant for its thread. Most drafts name the first post
    /// of a thread, so the thread is looked up only after the server has refused the draft.
    async fn create_in_thread(&mut self, post: ApiPost) -> Result<ApiPost, Error> {
        let api = Arc::clone(&self.services.api);
        if post.root_id.is_empty() {
            return api.create_post(post).await.map_err(api_error);
        }
        let refusal = match api.create_post(post.clone()).await.map_err(api_error) {
            Err(Error::Invalid(refusal)) => refusal,
            other => return other,
        };
        let named = api.get_post(&post.root_id).await.map_err(api_error)?;
        if named.root_id.is_empty() {
            return Err(Error::Invalid(refusal));
        }
        let reply = ApiPost {
            root_id: named.root_id,
            ..post
        };
        api.create_post(reply).await.map_err(api_error)
    }

    async fn update_post(&mut self, post_id: &str, change: Change) -> Result<Post, Error> {
        check_message(&change.message)?;
        let props = self.props(&change.props)?;
        let api = Arc::clone(&self.services.api);
        let read = self.posts.last_read.take();
        let now = (self.services.clock)();
        let mut post = match read.and_then(|read| read.if_fresh(post_id, now)) {
            Some(post) => post,
            None => api.get_post(post_id).await.map_err(api_error)?,
        };
        ownership::require_own(self.services, self.posts, &mut post).await?;
        let mut props = sign_buttons(self.services, props, &post.channel_id, None).await?;
        check_props(self.services.policy.posts(), &mut props, &post.props)?;
        post.message = change.message;
        keep_proof(&mut post.props, &mut props);
        post.props = props;
        let updated = api.update_post(post).await.map_err(api_error)?;
        self.visible(updated).await
    }

    async fn send_ephemeral(&mut self, user_id: &str, draft: Draft) -> Result<String, Error> {
        let mut post = self
            .api_post(require_bot(self.services)?, draft, Some(user_id))
            .await?;
        let services = self.services;
        let keys = services.host_key.keys(services.api.as_ref()).await?;
        post.id = ephemeral_id::new_id(&keys.ephemeral, &services.plugin_id, user_id);
        let api = &self.services.api;
        let sent = api.send_ephemeral_post(user_id, post).await;
        Ok(sent.map_err(api_error)?.id)
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
        let services = self.services;
        let keys = services.host_key.keys(services.api.as_ref()).await?;
        if !ephemeral_id::is_ours(&keys.ephemeral, &services.plugin_id, user_id, &post_id) {
            let rule =
                "only an ephemeral message that this plugin sent to the same user can be replaced";
            return Err(Error::Denied(rule.to_owned()));
        }
        let mut post = self
            .api_post(require_bot(self.services)?, draft, Some(user_id))
            .await?;
        post.id = post_id;
        let api = &self.services.api;
        let sent = api.update_ephemeral_post(user_id, post).await;
        sent.map_err(api_error)?;
        Ok(())
    }

    /// Checks a draft and makes a post from it. `audience` is the only user who sees the post, if it is ephemeral.
    async fn api_post(
        &mut self,
        author: String,
        draft: Draft,
        audience: Option<&str>,
    ) -> Result<ApiPost, Error> {
        check_draft(&draft)?;
        let policy = self.services.policy.posts();
        check_kind(policy, &draft.kind, audience.is_some())?;
        let props = self.props(&draft.props)?;
        let mut props = sign_buttons(self.services, props, &draft.channel_id, audience).await?;
        check_props(policy, &mut props, &Props::new())?;
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

    /// The post for the component.
    async fn visible(&mut self, post: ApiPost) -> Result<Post, Error> {
        let ours = ownership::is_own(self.services, self.posts, &post).await?;
        let mut props = visible_props(&post);
        show_buttons(self.services, &mut props, &post.channel_id).await?;
        to_component(post, &props, ours)
    }

    /// The posts of a list that fit within the size limit together.
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
