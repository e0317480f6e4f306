//! `bots`: the plugin's bot account.
//!
//! The policy names it. The server makes any account the plugin's bot that has the name that it is asked for, a
//! person's too, so that a component with a choice of names could write as anybody. A bot that somebody else owns is
//! refused: its owner can make tokens for it and so write as the plugin's bot.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use mattermost_plugin_rpc::mattermost::{Bot as ApiBot, KvSetOptions};
use ring::digest::{SHA256, digest};

use super::kv::HOST_PREFIX;
use super::provenance::hex;
use super::{Answer, Error, Services, refused};
use crate::bindings::plugin::mattermost::plugin::bots::Host;
use crate::bundle;
use crate::log::{Line, cut};
use crate::sandbox::EventState;

/// The largest picture of a bot, in bytes.
const PICTURE_LIMIT: u64 = 1024 * 1024;

/// The record in which the server remembers the bot of a plugin.
const SERVERS_KEY: &str = "mmi_botid";

/// The record that says which picture which account has.
const PICTURE_KEY: &str = "bot_picture";

const NO_PICTURE: &str = "The bot's picture could not be set";

/// How far a replica of the database may be behind.
const LAG: Duration = Duration::from_millis(200);

impl Host for EventState {
    async fn ensure(&mut self) -> Answer<String> {
        let _held = self.host_call(&())?;
        let ensured = self.ensure_bot().await;
        Ok(self.counted("bots", ensured))
    }
}

impl EventState {
    async fn ensure_bot(&mut self) -> Result<String, Error> {
        let services = Arc::clone(&self.services);
        let Some(profile) = services.policy.appearance().bot.clone() else {
            return Err(Error::Denied("the policy names no bot".to_owned()));
        };
        let bot = ApiBot {
            username: profile.name,
            display_name: profile.display_name,
            description: profile.description,
            ..ApiBot::default()
        };
        let id = services.api.ensure_bot_user(bot).await.map_err(refused)?;
        if services.bot().as_ref() == Some(&id) {
            return Ok(id);
        }
        if !services.is_bot(&id).await? {
            let rule = "the account of the bot's name is a person's";
            return Err(Error::Denied(rule.to_owned()));
        }
        if !services.owns_bot(&id).await? {
            // The server would answer with this account again, and rename it, after its owner has renamed it.
            let forgotten = services.api.kv_delete(SERVERS_KEY).await;
            forgotten.map_err(refused)?;
            let rule = "the bot account of this name belongs to a user or to another plugin";
            return Err(Error::Denied(rule.to_owned()));
        }
        if let Some(file) = &profile.picture
            && let Err(error) = services.set_picture(&id, file).await
        {
            // The plugin works without it.
            let mut line = Line::warning(NO_PICTURE);
            line.fields = vec![("error".to_owned(), cut(error.to_string()))];
            services.write(line);
        }
        let known = services.bot.write();
        *known.unwrap_or_else(PoisonError::into_inner) = Some(id.clone());
        Ok(id)
    }

    /// The bot that was ensured last.
    pub(super) fn bot_id(&self) -> Result<String, Error> {
        let missing = || Error::Denied("there is no bot yet: call bots.ensure".to_owned());
        self.services.bot().ok_or_else(missing)
    }
}

impl Services {
    /// Whether the account that the server answered with is a bot's: where a person has the name, it is that
    /// person's. An account that was made a moment ago may not be in the replica yet that is asked here, or not yet
    /// as a bot's; a person's was found there.
    async fn is_bot(&self, id: &str) -> Result<bool, Error> {
        for pause in [Duration::ZERO, LAG, 2 * LAG] {
            tokio::time::sleep(pause).await;
            match self.api.get_user(id).await.map_err(refused) {
                Ok(user) if user.is_bot => return Ok(true),
                Err(Error::NotFound) => return Ok(true),
                Ok(_) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// Whether the bot account belongs to this plugin, or was converted from a person's account by an administrator and so
    /// belongs to itself. A bot that is not in the replica yet was made a moment ago, by this plugin.
    async fn owns_bot(&self, id: &str) -> Result<bool, Error> {
        let bot = self.api.get_bot(id, true).await.map_err(refused)?;
        Ok(bot.is_none_or(|bot| bot.owner_id == self.plugin_id || bot.owner_id == id))
    }

    /// Gives the account its picture from the bundle, unless it has it.
    async fn set_picture(&self, bot: &str, file: &str) -> Result<(), Error> {
        let folder = self.api.get_bundle_path().await.map_err(refused)?;
        let picture = bundle::read(&folder, file, PICTURE_LIMIT);
        let picture = picture
            .map_err(|error| Error::Unavailable(format!("{file} of the bundle: {error}")))?;
        let digest = digest(&SHA256, &picture);
        let mark = format!("{bot} {}", hex(digest.as_ref())).into_bytes();
        let key = format!("{HOST_PREFIX}{PICTURE_KEY}");
        // A replica that is behind makes the same picture be set again.
        if self.api.kv_get(&key).await.map_err(refused)?.as_ref() == Some(&mark) {
            return Ok(());
        }
        let set = self.api.set_profile_image(bot, picture).await;
        set.map_err(refused)?;
        let stored = self
            .api
            .kv_set_with_options(&key, mark, KvSetOptions::default());
        stored.await.map_err(refused).map(drop)
    }
}
