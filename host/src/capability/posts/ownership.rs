//! The check that a post belongs to the plugin, so that the plugin may change it.
//!
//! A post that this plugin created carries a proof ([`crate::signing::post_proof`]). Posts of an earlier plugin with the same ID
//! have none. The policy can allow the plugin to continue them ([`crate::policy`]): only posts that are older than the first
//! activation of this host, and only for 30 days after it. The first change of such a post adds a proof.
//!
//! | read | result | action |
//! |---|---|---|
//! | the cached host key | the proof does not verify | read the stored key, once per event |
//! | the time of the first activation | absent | fail, and let the caller retry: it was stored when the process started |
//! | the earlier plugin's record | absent, less than two minutes after the first activation | fail, and let the caller retry |
//! | the post | an older version, because a replica lags | none: author, channel, kind, and creation time never change |

use mattermost_plugin_rpc::mattermost::Post;

use crate::error::{Error, api_error};
use crate::event::{PostState, Services};
use crate::signing::post_proof::{self, PostProof};

/// How long the plugin may change a post that it created, in milliseconds: 400 days.
const LIFETIME_MS: i64 = 400 * 24 * 3600 * 1000;
/// How long posts of an earlier plugin can be continued after the first activation, in milliseconds: 30 days.
const LEGACY_MS: i64 = 30 * 24 * 3600 * 1000;
/// Longer than a database replica lags, in milliseconds.
const LAG_MS: i64 = 2 * 60 * 1000;
/// How far the clock of another node may be ahead, in milliseconds.
const SKEW_MS: i64 = 5 * 60 * 1000;

/// Sets the creation time of a new post and signs it.
pub(super) async fn sign_new(services: &Services, post: &mut Post) -> Result<(), Error> {
    post.create_at = (services.clock)();
    sign(services, post).await
}

async fn sign(services: &Services, post: &mut Post) -> Result<(), Error> {
    let keys = services.host_key.keys(services.api.as_ref()).await?;
    post_proof::sign(&keys.posts, &services.plugin_id, post);
    Ok(())
}

/// Whether this plugin created the post.
pub(super) async fn is_own(
    services: &Services,
    state: &mut PostState,
    post: &Post,
) -> Result<bool, Error> {
    let Some(proof) = PostProof::read(&services.plugin_id, post) else {
        return Ok(false);
    };
    let age = (services.clock)().saturating_sub(post.create_at);
    if !(-SKEW_MS..=LIFETIME_MS).contains(&age) {
        return Ok(false);
    }
    let api = services.api.as_ref();
    let keys = services.host_key.keys(api).await?;
    if proof.is_signed_with(&keys.posts) {
        return Ok(true);
    }
    // Another process may have replaced the key. Members can write posts with a wrong proof, so an event reads the
    // key only once.
    if std::mem::replace(&mut state.host_key_reread, true) {
        return Ok(false);
    }
    let keys = services.host_key.reread(api).await?;
    Ok(keys.is_some_and(|keys| proof.is_signed_with(&keys.posts)))
}

/// Makes sure that the plugin may change this post. Signs a post of an earlier plugin that the policy lets this plugin
/// continue; the change then stores the proof.
///
/// # Errors
///
/// [`Error::Denied`] for a post that belongs to somebody else.
pub(super) async fn require_own(
    services: &Services,
    state: &mut PostState,
    post: &mut Post,
) -> Result<(), Error> {
    if is_own(services, state, post).await? {
        return Ok(());
    }
    if !is_legacy(services, post).await? {
        let rule = "this plugin did not create the post";
        return Err(Error::Denied(rule.to_owned()));
    }
    sign(services, post).await
}

/// Whether the post is one of an earlier plugin that the policy lets this plugin continue.
async fn is_legacy(services: &Services, post: &Post) -> Result<bool, Error> {
    let rules = services.policy.legacy_posts().iter();
    let keys: Vec<_> = rules
        .filter_map(|rule| Some((rule, rule.key(post)?)))
        .collect();
    if keys.is_empty() {
        return Ok(false);
    }
    let api = services.api.as_ref();
    let first = services.first_activation.time(api).await?;
    let now = (services.clock)();
    if post.create_at >= first || now > first.saturating_add(LEGACY_MS) {
        return Ok(false);
    }
    for (rule, key) in keys {
        let record = api.kv_get(&key).await.map_err(api_error)?;
        if record.is_some_and(|record| rule.matches(&record, post)) {
            return Ok(true);
        }
    }
    // The records are older than the first activation, but a database replica may not have them yet.
    if now < first.saturating_add(LAG_MS) {
        let reason = "the records of an earlier plugin cannot be read reliably yet";
        return Err(Error::Unavailable(reason.to_owned()));
    }
    Ok(false)
}
