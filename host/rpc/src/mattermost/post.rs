//! Lists of posts.
//!
//! `UpdatePost` replaces a post as a whole: read it, change what is to change, send all of it back. That is why
//! [`Post`] has every field that an update writes, `IsPinned`, `FileIds` and `HasReactions` included.

use super::{Post, PostList};

impl PostList {
    /// The listed posts, newest first.
    pub fn into_ordered(mut self) -> Vec<Post> {
        self.order
            .iter()
            .filter_map(|id| self.posts.remove(id))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Post, PostList};

    #[test]
    fn a_list_keeps_its_order_and_leaves_out_what_it_does_not_name() {
        let post = |id: &str| {
            (
                id.to_owned(),
                Post {
                    id: id.to_owned(),
                    ..Post::default()
                },
            )
        };
        let list = PostList {
            order: vec!["b".to_owned(), "missing".to_owned(), "a".to_owned()],
            posts: [post("a"), post("b"), post("root")].into(),
        };
        let ids: Vec<String> = list
            .into_ordered()
            .into_iter()
            .map(|post| post.id)
            .collect();
        assert_eq!(ids, ["b", "a"]);
    }
}
