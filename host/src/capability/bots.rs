//! `bots`: the plugin's bot account.

use std::sync::PoisonError;

use mattermost_plugin_rpc::mattermost::Bot as ApiBot;

use super::{Answer, Error, refused};
use crate::bindings::plugin::mattermost::plugin::bots::{Bot, Host};
use crate::sandbox::EventState;

const IMAGE_LIMIT: usize = 1024 * 1024;

impl Host for EventState {
    async fn ensure(&mut self, bot: Bot) -> Answer<String> {
        self.host_call()?;
        let bot = ApiBot {
            username: bot.username,
            display_name: bot.display_name,
            description: bot.description,
        };
        let id = match self.services.api.ensure_bot_user(bot).await {
            Ok(id) => id,
            Err(error) => return Ok(Err(refused(error))),
        };
        let known = self.services.bot.write();
        *known.unwrap_or_else(PoisonError::into_inner) = Some(id.clone());
        Ok(Ok(id))
    }

    async fn set_profile_image(&mut self, image: Vec<u8>) -> Answer<()> {
        self.host_call()?;
        if image.len() > IMAGE_LIMIT {
            return Ok(Err(Error::TooLarge));
        }
        let Some(bot) = self.services.bot() else {
            let reason = "there is no bot yet: call bots.ensure";
            return Ok(Err(Error::Denied(reason.to_owned())));
        };
        let answer = self.services.api.set_profile_image(&bot, &image).await;
        Ok(answer.map_err(refused))
    }
}
