//! `bots`: the plugin's bot account.
//!
//! The policy names the account. The server would turn any account of a requested name into the plugin's bot, a person's
//! too, so a component that could choose the name could write as anyone. A bot that somebody else owns is refused:
//! its owner can create tokens for it and write as the plugin's bot.

use std::sync::PoisonError;
use std::time::Duration;

use mattermost_plugin_rpc::mattermost::{Bot as ApiBot, KvSetOptions};
use ring::digest::{SHA256, digest};

use super::kv::HOST_PREFIX;
use crate::bindings::plugin::mattermost::plugin::bots::{self, Host};
use crate::bundle;
use crate::error::{Error, HostResult, api_error};
use crate::event::Services;
use crate::event::meter::Meter;
use crate::log::{Line, sanitize};
use crate::signing::encoding::hex;

/// The largest picture of a bot, in bytes.
const PICTURE_LIMIT: u64 = 1024 * 1024;

/// The server's record of a plugin's bot.
const SERVER_KEY: &str = "mmi_botid";

/// The record of the picture that was set last, and for which account.
const PICTURE_KEY: &str = "bot_picture";

const NO_PICTURE: &str = "The bot's picture could not be set";

/// How long a database replica may lag.
const LAG: Duration = Duration::from_millis(200);

view!(bots { services: Services; mut meter: Meter });

impl Host for View<'_> {
    async fn ensure(&mut self) -> HostResult<String> {
        let _reservation = self.meter.begin_call(&())?;
        let ensured = self.ensure_bot().await;
        Ok(self.services.count_denial("bots", ensured))
    }
}

impl View<'_> {
    async fn ensure_bot(&mut self) -> Result<String, Error> {
        let services = self.services;
        let Some(profile) = services.policy.bot().cloned() else {
            return Err(Error::Denied("the policy names no bot".to_owned()));
        };
        let bot = ApiBot {
            username: profile.name,
            display_name: profile.display_name,
            description: profile.description,
            ..ApiBot::default()
        };
        let id = services.api.ensure_bot_user(bot).await.map_err(api_error)?;
        if services.bot().as_ref() == Some(&id) {
            return Ok(id);
        }
        if !self.is_bot(&id).await? {
            let rule = "the account with the bot's name belongs to a person";
            return Err(Error::Denied(rule.to_owned()));
        }
        if !self.owns_bot(&id).await? {
            // Otherwise the server would find this account again after its owner renamed it, and rename it back.
            let deleted = services.api.kv_delete(SERVER_KEY).await;
            deleted.map_err(api_error)?;
            let rule = "the bot account of this name belongs to a user or to another plugin";
            return Err(Error::Denied(rule.to_owned()));
        }
        if let Some(file) = &profile.picture
            && let Err(error) = self.set_picture(&id, file).await
        {
            // The plugin works without it.
            let mut line = Line::warning(NO_PICTURE);
            line.fields = vec![("error".to_owned(), sanitize(error.to_string()))];
            services.log.write(line);
        }
        let known = services.bot.write();
        *known.unwrap_or_else(PoisonError::into_inner) = Some(id.clone());
        Ok(id)
    }
}

impl View<'_> {
    /// Whether the account is a bot. If a person has the name, the server returns that person's account. A database replica
    /// may not know a new account yet, or not know yet that it is a bot; it does know a person's account.
    async fn is_bot(&self, id: &str) -> Result<bool, Error> {
        for pause in [Duration::ZERO, LAG, 2 * LAG] {
            tokio::time::sleep(pause).await;
            match self.services.api.get_user(id).await.map_err(api_error) {
                Ok(user) if user.is_bot => return Ok(true),
                Err(Error::NotFound) => return Ok(true),
                Ok(_) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// Whether the bot belongs to this plugin, or to itself because an administrator converted a user account. If a database
    /// replica does not know the bot yet, this plugin has just created it.
    async fn owns_bot(&self, id: &str) -> Result<bool, Error> {
        let bot = self
            .services
            .api
            .get_bot(id, true)
            .await
            .map_err(api_error)?;
        Ok(bot.is_none_or(|bot| bot.owner_id == self.services.plugin_id || bot.owner_id == id))
    }

    /// Sets the account's picture from the bundle, unless it is set already.
    async fn set_picture(&self, bot: &str, file: &str) -> Result<(), Error> {
        let folder = self
            .services
            .api
            .get_bundle_path()
            .await
            .map_err(api_error)?;
        let picture = bundle::read(&folder, file, PICTURE_LIMIT);
        let picture = picture
            .map_err(|error| Error::Unavailable(format!("{file} of the bundle: {error}")))?;
        let digest = digest(&SHA256, &picture);
        let record = format!("{bot} {}", hex(digest.as_ref())).into_bytes();
        let key = format!("{HOST_PREFIX}{PICTURE_KEY}");
        // If a replica lags, the same picture is set again.
        if self
            .services
            .api
            .kv_get(&key)
            .await
            .map_err(api_error)?
            .as_ref()
            == Some(&record)
        {
            return Ok(());
        }
        let set = self.services.api.set_profile_image(bot, picture).await;
        set.map_err(api_error)?;
        let stored = self
            .services
            .api
            .kv_set_with_options(&key, record, KvSetOptions::default());
        stored.await.map_err(api_error).map(drop)
    }
}

/// The ID of the bot that `bots.ensure` has found.
pub(super) fn require_bot(services: &Services) -> Result<String, Error> {
    let missing = || Error::Denied("there is no bot yet: call bots.ensure".to_owned());
    services.bot().ok_or_else(missing)
}
