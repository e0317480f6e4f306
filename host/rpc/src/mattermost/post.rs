//! Lists of posts.
//!
//! `UpdatePost` replaces the whole post: read the post, change it, and send all of it back. Therefore [`Post`] has
//! every field that an update writes, including `IsPinned`, `FileIds`, and `HasReactions`.

use super::{Post, PostList};

impl PostList {
    /// The posts of the list, newest first.
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
    fn a_list_is_in_order_and_leaves_out_posts_that_are_not_in_the_order() {
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
