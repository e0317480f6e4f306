//! The post that an event read last. `posts.update` uses it instead of reading the post again.

use mattermost_plugin_rpc::mattermost::Post;

/// How long a post that an event has read can serve as the base of its change, in milliseconds.
const FRESH_MS: i64 = 2_000;

/// The post that an event read last.
pub(crate) struct ReadPost {
    pub(crate) post: Post,
    /// When it was read, in milliseconds since 1970.
    pub(crate) at: i64,
}

impl ReadPost {
    /// The post, if it is the one with this ID and was read just now.
    pub(crate) fn if_fresh(self, post_id: &str, now: i64) -> Option<Post> {
        let is_fresh = (0..=FRESH_MS).contains(&now.saturating_sub(self.at));
        (is_fresh && self.post.id == post_id).then_some(self.post)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_post_that_was_just_read_is_updated_without_reading_it_again() {
        let read = || ReadPost {
            post: Post {
                id: "a".to_owned(),
                ..Post::default()
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
}
