//! Posts, ordinary and ephemeral.
//!
//! `UpdatePost` replaces a post as a whole: read it, change what is to change, send all of it back.
//! That is why the subset kept here has every field that an update writes, `IsPinned`, `FileIds` and
//! `HasReactions` included, although few plugins look at them.

use super::api::Call;
use super::call::{app, present};
use super::registered::AppError;
use crate::gob::Any;
use crate::net_rpc::Client;
use std::collections::BTreeMap;

crate::gob_struct! {
    /// A post, `model.Post`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Post = "Post" {
        /// The 26-character id; empty for a post that is to be created.
        pub id: String = "Id",
        /// Milliseconds since 1970.
        pub create_at: i64 = "CreateAt",
        /// Milliseconds since 1970, renewed by every change, also of a thread's root by its replies.
        pub update_at: i64 = "UpdateAt",
        /// When its author last edited it, in milliseconds since 1970, or 0.
        pub edit_at: i64 = "EditAt",
        /// Milliseconds since 1970; 0 while the post exists.
        pub delete_at: i64 = "DeleteAt",
        /// Whether it is pinned to its channel.
        pub is_pinned: bool = "IsPinned",
        /// The author.
        pub user_id: String = "UserId",
        /// The channel.
        pub channel_id: String = "ChannelId",
        /// The first post of the thread, or empty.
        pub root_id: String = "RootId",
        /// Of a former version of an edited post: the post's id. Else empty.
        pub original_id: String = "OriginalId",
        /// The text, in Markdown.
        pub message: String = "Message",
        /// Empty for an ordinary post, `custom_…` for one that a webapp draws.
        pub kind: String = "Type",
        /// Free values. `attachments` may be [`Any::Attachments`] or, read from the database, a
        /// list of maps.
        pub props: BTreeMap<String, Any> = "Props",
        /// Words of the message that begin with `#`, separated by blanks.
        pub hashtags: String = "Hashtags",
        /// Files of the post.
        pub file_ids: Vec<String> = "FileIds",
        /// The author's own mark for a post that is being created.
        pub pending_post_id: String = "PendingPostId",
        /// Whether somebody reacted to it.
        pub has_reactions: bool = "HasReactions",
        /// The remote server a shared channel's post came from.
        pub remote_id: Option<String> = "RemoteId",
    }
}

crate::gob_struct! {
    /// Posts in order, `model.PostList`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct PostList = "PostList" {
        /// Ids, newest first. Threads' roots may be in `posts` without being named here.
        pub order: Vec<String> = "Order",
        /// The posts by id.
        pub posts: BTreeMap<String, Post> = "Posts",
    }
}

impl PostList {
    /// The listed posts, newest first.
    pub fn into_ordered(mut self) -> Vec<Post> {
        self.order
            .iter()
            .filter_map(|id| self.posts.remove(id))
            .collect()
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct PostArgs = "Z_PostArgs" {
        post: Option<Box<Post>> = "A",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct PostIdArgs = "Z_GetPostArgs" {
        post: String = "A",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct PostReturns = "Z_PostReturns" {
        post: Option<Box<Post>> = "A",
        error: Option<Box<AppError>> = "B",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct SinceArgs = "Z_GetPostsSinceArgs" {
        channel: String = "A",
        since: i64 = "B",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct SinceReturns = "Z_GetPostsSinceReturns" {
        list: Option<Box<PostList>> = "A",
        error: Option<Box<AppError>> = "B",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct EphemeralArgs = "Z_EphemeralPostArgs" {
        user: String = "A",
        post: Option<Box<Post>> = "B",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct EphemeralReturns = "Z_EphemeralPostReturns" {
        post: Option<Box<Post>> = "A",
    }
}

/// `CreatePost` and `UpdatePost`, which differ in name only.
pub(super) fn write<'a>(client: &'a Client, method: &'static str, post: Post) -> Call<'a, Post> {
    Box::pin(async move {
        let args = PostArgs {
            post: Some(Box::new(post)),
        };
        let reply: PostReturns = client.call(method, &args).await?;
        app(reply.error)?;
        present(reply.post)
    })
}

pub(super) fn get<'a>(client: &'a Client, post: &'a str) -> Call<'a, Post> {
    Box::pin(async move {
        let args = PostIdArgs {
            post: post.to_owned(),
        };
        let reply: PostReturns = client.call("Plugin.GetPost", &args).await?;
        app(reply.error)?;
        present(reply.post)
    })
}

pub(super) fn since<'a>(client: &'a Client, channel: &'a str, since: i64) -> Call<'a, PostList> {
    Box::pin(async move {
        let args = SinceArgs {
            channel: channel.to_owned(),
            since,
        };
        let reply: SinceReturns = client.call("Plugin.GetPostsSince", &args).await?;
        app(reply.error)?;
        Ok(reply.list.map(|list| *list).unwrap_or_default())
    })
}

/// `SendEphemeralPost` and `UpdateEphemeralPost`, which differ in name only.
pub(super) fn ephemeral<'a>(
    client: &'a Client,
    method: &'static str,
    user: &'a str,
    post: Post,
) -> Call<'a, Post> {
    Box::pin(async move {
        let args = EphemeralArgs {
            user: user.to_owned(),
            post: Some(Box::new(post)),
        };
        let reply: EphemeralReturns = client.call(method, &args).await?;
        present(reply.post)
    })
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
