//! `bots`: the plugin's bot account.
//!
//! The policy names it. The server makes any account the plugin's bot that has the name that it is asked for, a
//! person's too, so that a component with a choice of names could write as anybody.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use mattermost_plugin_rpc::mattermost::Bot as ApiBot;

use super::{Answer, Error, Services, refused};
use crate::bindings::plugin::mattermost::plugin::bots::Host;
use crate::sandbox::EventState;

const IMAGE_LIMIT: usize = 1024 * 1024;

/// How far a replica of the database may be behind.
const LAG: Duration = Duration::from_millis(200);

impl Host for EventState {
    async fn ensure(&mut self) -> Answer<String> {
        let _held = self.host_call(&())?;
        let ensured = self.ensure_bot().await;
        Ok(self.counted("bots", ensured))
    }

    async fn set_profile_image(&mut self, image: Vec<u8>) -> Answer<()> {
        let _held = self.host_call(&image)?;
        let answer = self.set_image(image).await;
        Ok(self.counted("bots", answer))
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
        };
        let id = services.api.ensure_bot_user(bot).await.map_err(refused)?;
        if services.bot().as_ref() == Some(&id) {
            return Ok(id);
        }
        if !services.is_bot(&id).await? {
            let rule = "the account of the bot's name is a person's";
            return Err(Error::Denied(rule.to_owned()));
        }
        let known = services.bot.write();
        *known.unwrap_or_else(PoisonError::into_inner) = Some(id.clone());
        Ok(id)
    }

    async fn set_image(&mut self, image: Vec<u8>) -> Result<(), Error> {
        if image.len() > IMAGE_LIMIT {
            return Err(Error::TooLarge);
        }
        let bot = self.bot_id()?;
        let answer = self.services.api.set_profile_image(&bot, image).await;
        answer.map_err(refused)
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
}
