//! Which posts the plugin made, and so may change.
//!
//! Nothing in a post proves it: any user can put any properties into a post of theirs. So each post that is
//! created gets a random mark in a property of the host's, and the record `_post_{mark}` says who wrote it
//! where. The record is written first: were it written after the post, a failure or a death of the process in
//! between would leave a post that the plugin can never change. Who copies the mark into another post gains
//! nothing, unless they are the same author in the same channel, who may change that post anyway.
//!
//! Posts without a mark, of an earlier version and of an earlier plugin, are known by their ids.

use std::sync::Arc;

use mattermost_plugin_rpc::gob::Any;
use mattermost_plugin_rpc::mattermost::{KvSetOptions, Post};

use super::{Error, refused};
use crate::jobs::random_id;
use crate::sandbox::EventState;

/// The property with the mark. The component does not see it and cannot set it.
pub(super) const MARK: &str = "_mark";

/// How long the plugin may change a post it made: 400 days, in seconds.
const SECONDS: i64 = 400 * 24 * 60 * 60;

impl EventState {
    /// Marks a post that is about to be created.
    pub(super) async fn vouch_for(&mut self, post: &mut Post) -> Result<(), Error> {
        let mark = random_id();
        let record = owner(post);
        post.props
            .insert(MARK.to_owned(), Any::String(mark.clone()));
        self.remember(&mark, record).await
    }

    /// Tried once more before the caller is told.
    async fn remember(&mut self, name: &str, record: String) -> Result<(), Error> {
        let options = KvSetOptions {
            expire_in_seconds: SECONDS,
            ..KvSetOptions::default()
        };
        let (key, api) = (key(name), &self.services.api);
        let record = record.into_bytes();
        let first = api.kv_set_with_options(&key, record.clone(), options.clone());
        if first.await.is_err() {
            let second = api.kv_set_with_options(&key, record, options).await;
            second.map_err(refused)?;
        }
        Ok(())
    }

    /// Whether the plugin may change this post.
    pub(super) async fn check_ownership(&mut self, post: &Post) -> Result<(), Error> {
        let (name, owner) = match mark(post) {
            Some(mark) => (mark, owner(post)),
            None => (post.id.as_str(), post.user_id.clone()),
        };
        let record = self.services.api.kv_get(&key(name)).await;
        match record.map_err(refused)? {
            Some(record) if record == owner.as_bytes() => Ok(()),
            Some(_) => Err(Error::Denied("the post changed hands".to_owned())),
            None => self.adopt(post).await,
        }
    }

    /// Takes over a post of an earlier plugin, if the policy and a record say that it is one.
    async fn adopt(&mut self, post: &Post) -> Result<(), Error> {
        let services = Arc::clone(&self.services);
        if post.create_at < services.started {
            for rule in services.policy.adoptions() {
                let Some(key) = rule.key(post) else { continue };
                let record = services.api.kv_get(&key).await.map_err(refused)?;
                if record.is_some_and(|record| rule.leads_to(&record, post)) {
                    return self.remember(&post.id, post.user_id.clone()).await;
                }
            }
        }
        let rule = "this plugin did not create the post";
        Err(Error::Denied(rule.to_owned()))
    }
}

/// Gives a post that gets other properties its mark again.
pub(super) fn keep_mark(post: &mut Post, mark: Option<Any>) {
    post.props.remove(MARK);
    post.props.extend(mark.map(|mark| (MARK.to_owned(), mark)));
}

/// The mark of a post, if it has one of ours.
fn mark(post: &Post) -> Option<&str> {
    let Some(Any::String(mark)) = post.props.get(MARK) else {
        return None;
    };
    let ours = mark.len() == 32 && mark.bytes().all(|byte| byte.is_ascii_hexdigit());
    ours.then_some(mark)
}

/// Who wrote a post where.
fn owner(post: &Post) -> String {
    format!("{} {}", post.user_id, post.channel_id)
}

fn key(name: &str) -> String {
    format!("{}post_{name}", super::kv::HOST_PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(mark: Any) -> Post {
        Post {
            id: "post".to_owned(),
            user_id: "ann".to_owned(),
            channel_id: "town".to_owned(),
            props: [(MARK.to_owned(), mark)].into(),
            ..Post::default()
        }
    }

    #[test]
    fn only_a_mark_of_ours_leads_to_a_record() {
        let ours = random_id();
        let marked = post(Any::String(ours.clone()));
        assert_eq!(mark(&marked), Some(ours.as_str()));
        // The id of another post, which has a record of its own, is none.
        for other in [
            "",
            "annxxxxxxxxxxxxxxxxxxxxxxx",
            "../zoomtoken_0123456789abcdef012",
        ] {
            assert_eq!(mark(&post(Any::String(other.to_owned()))), None, "{other}");
        }
        assert_eq!(mark(&post(Any::Int(7))), None);
    }

    #[test]
    fn new_properties_neither_take_the_mark_away_nor_bring_one_along() {
        let mut changed = post(Any::String("forged".to_owned()));
        keep_mark(&mut changed, Some(Any::String("ours".to_owned())));
        assert_eq!(changed.props[MARK], Any::String("ours".to_owned()));
        keep_mark(&mut changed, None);
        assert!(changed.props.is_empty());
    }
}
