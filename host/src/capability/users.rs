//! `users`: people and bots.
//!
//! Of people's preferences only those of the plugin's own category are its business. Others say what they have muted,
//! hidden and marked, and to delete them would change how Mattermost looks for somebody.

use mattermost_plugin_rpc::mattermost::{Preference, User as ApiUser};

use super::{Answer, Error, refused};
use crate::bindings::plugin::mattermost::plugin::users::{Host, User};
use crate::sandbox::EventState;

impl Host for EventState {
    async fn get(&mut self, user_id: String) -> Answer<User> {
        let _held = self.host_call(&user_id)?;
        let user = self.services.api.get_user(&user_id).await;
        Ok(self.counted("users", user.map(visible).map_err(refused)))
    }

    async fn has_permission(&mut self, user_id: String, permission: String) -> Answer<bool> {
        let _held = self.host_call(&(&user_id, &permission))?;
        let api = &self.services.api;
        let answer = api.has_permission_to(&user_id, &permission).await;
        Ok(self.counted("users", answer.map_err(refused)))
    }

    async fn preference(
        &mut self,
        user_id: String,
        category: String,
        name: String,
    ) -> Answer<Option<String>> {
        let _held = self.host_call(&(&user_id, &category, &name))?;
        if let Err(error) = self.check_category(&category) {
            return Ok(Err(error));
        }
        let all = self.services.api.get_preferences_for_user(&user_id).await;
        let answer = all.map_err(refused).map(|all| {
            all.into_iter()
                .find(|one| one.category == category && one.name == name)
                .map(|one| one.value)
        });
        Ok(self.counted("users", answer))
    }

    async fn delete_preference(
        &mut self,
        user_id: String,
        category: String,
        name: String,
    ) -> Answer<()> {
        let _held = self.host_call(&(&user_id, &category, &name))?;
        if let Err(error) = self.check_category(&category) {
            return Ok(Err(error));
        }
        let preference = Preference {
            user_id: user_id.clone(),
            category,
            name,
            value: String::new(),
        };
        let api = &self.services.api;
        let answer = api
            .delete_preferences_for_user(&user_id, vec![preference])
            .await;
        Ok(self.counted("users", answer.map_err(refused)))
    }
}

impl EventState {
    fn check_category(&self, category: &str) -> Result<(), Error> {
        let own = format!("plugin:{}", self.services.plugin_id);
        let answer = if category == own {
            Ok(())
        } else {
            let rule = format!("the plugin's preferences are those of the category {own}");
            Err(Error::Denied(rule))
        };
        self.counted("users", answer)
    }
}

fn visible(user: ApiUser) -> User {
    User {
        is_guest: user.has_role("system_guest"),
        is_system_admin: user.has_role("system_admin"),
        timezone: user.timezone_name().to_owned(),
        id: user.id,
        username: user.username,
        email: user.email,
        email_verified: user.email_verified,
        first_name: user.first_name,
        last_name: user.last_name,
        nickname: user.nickname,
        locale: user.locale,
        is_bot: user.is_bot,
        deactivated: user.delete_at != 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn roles_and_time_zone_are_read_from_what_the_server_stores() {
        let user = visible(ApiUser {
            roles: "system_user system_admin".to_owned(),
            timezone: BTreeMap::from([
                ("useAutomaticTimezone".to_owned(), "false".to_owned()),
                ("manualTimezone".to_owned(), "Europe/Berlin".to_owned()),
            ]),
            ..ApiUser::default()
        });
        assert!(user.is_system_admin && !user.is_guest);
        assert_eq!(user.timezone, "Europe/Berlin");
    }
}
