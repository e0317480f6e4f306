//! The proof in a post that this plugin created it.
//!
//! The host adds two props to each post that it creates: `_mark`, 32 random hexadecimal digits, and `_proof`, an HMAC-SHA-256
//! of the mark, the plugin, the author, the channel, the kind, and the time of creation. The server keeps the time
//! that the host sets, and members cannot choose it, so a mark and a proof that are copied to another post do not fit it.

use std::collections::BTreeMap;

use mattermost_plugin_rpc::mattermost::{Any, Post};
use ring::hmac;

use super::encoding::{hex, length_prefixed, unhex};
use crate::random::random_id;

/// Props that only the host writes. The component does not see them.
pub(crate) const MARK: &str = "_mark";

pub(crate) const PROOF: &str = "_proof";

/// The first signed field. It changes when the list of fields changes.
const PURPOSE: &str = "post/2";

/// Adds a mark and a proof to a post whose author, channel, kind, and time of creation are final.
pub(crate) fn sign(key: &hmac::Key, plugin_id: &str, post: &mut Post) {
    let mark = random_id();
    let tag = hmac::sign(key, &signed_message(plugin_id, &mark, post));
    let proof = hex(tag.as_ref());
    post.props.insert(MARK.to_owned(), Any::String(mark));
    post.props.insert(PROOF.to_owned(), Any::String(proof));
}

/// The proof of a post, before it is verified.
pub(crate) struct PostProof {
    message: Vec<u8>,
    proof: Vec<u8>,
}

impl PostProof {
    /// Reads the proof of a post; `None` if the post has no mark and proof in the right form.
    pub(crate) fn read(plugin_id: &str, post: &Post) -> Option<Self> {
        let (mark, proof) = mark_and_proof(post)?;
        let message = signed_message(plugin_id, mark, post);
        Some(Self { message, proof })
    }

    /// Whether this key signed the post.
    pub(crate) fn is_signed_with(&self, key: &hmac::Key) -> bool {
        hmac::verify(key, &self.message, &self.proof).is_ok()
    }
}

/// Moves the mark and the proof from one set of props to another.
pub(crate) fn keep_proof(from: &mut BTreeMap<String, Any>, to: &mut BTreeMap<String, Any>) {
    for name in [MARK, PROOF] {
        to.extend(from.remove_entry(name));
    }
}

/// The mark and the decoded proof of a post that has both in the right form.
fn mark_and_proof(post: &Post) -> Option<(&str, Vec<u8>)> {
    let text = |name: &str| match post.props.get(name) {
        Some(Any::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let mark = text(MARK)?;
    let is_mark = mark.len() == 32 && mark.bytes().all(|byte| byte.is_ascii_hexdigit());
    Some((is_mark.then_some(mark)?, unhex(text(PROOF)?)?))
}

/// The fields that the proof of a post covers.
fn signed_message(plugin_id: &str, mark: &str, post: &Post) -> Vec<u8> {
    let created = post.create_at.to_string();
    let fields = [
        PURPOSE,
        plugin_id,
        mark,
        &post.user_id,
        &post.channel_id,
        &post.kind,
        &created,
    ];
    length_prefixed(&fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post() -> Post {
        Post {
            create_at: 1_785_000_000_000,
            user_id: "author".to_owned(),
            channel_id: "channel".to_owned(),
            kind: "custom_x".to_owned(),
            ..Post::default()
        }
    }

    #[test]
    fn each_field_of_a_post_is_signed() {
        let whole = signed_message("plugin", "mark", &post());
        let author = Post {
            user_id: "other".to_owned(),
            ..post()
        };
        let channel = Post {
            channel_id: "other".to_owned(),
            ..post()
        };
        let kind = Post {
            kind: "custom_y".to_owned(),
            ..post()
        };
        let time = Post {
            create_at: 1_785_000_000_001,
            ..post()
        };
        for changed in [author, channel, kind, time] {
            assert_ne!(
                whole,
                signed_message("plugin", "mark", &changed),
                "{changed:?}"
            );
        }
        assert_ne!(whole, signed_message("plugim", "mark", &post()));
        assert_ne!(whole, signed_message("plugin", "marl", &post()));
    }

    #[test]
    fn text_cannot_move_from_one_field_to_the_next() {
        let one = Post {
            user_id: "ab".to_owned(),
            channel_id: "c".to_owned(),
            ..post()
        };
        let other = Post {
            user_id: "a".to_owned(),
            channel_id: "bc".to_owned(),
            ..post()
        };
        assert_ne!(
            signed_message("p", "m", &one),
            signed_message("p", "m", &other)
        );
    }

    #[test]
    fn only_a_complete_mark_and_proof_are_read() {
        let with = |mark: &str, proof: &str| {
            let mut post = post();
            let text = |text: &str| Any::String(text.to_owned());
            post.props.insert(MARK.to_owned(), text(mark));
            post.props.insert(PROOF.to_owned(), text(proof));
            mark_and_proof(&post).is_some()
        };
        let mark = "0123456789abcdef0123456789abcdef";
        assert!(with(mark, "00ff"));
        assert!(!with(&mark[1..], "00ff"));
        assert!(!with("0123456789abcdef0123456789abcdeg", "00ff"));
        assert!(!with(mark, "00f"));
        assert!(!with(mark, "00fg"));
        assert!(!with(mark, "0+f1"));
        assert_eq!(mark_and_proof(&post()), None);
    }
}
