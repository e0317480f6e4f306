//! `users`: people and bots.
//!
//! A component can access only the preferences of the plugin's own category. Others say what a user has muted, hidden, or
//! marked, and deleting them would change how Mattermost looks for that user.

use mattermost_plugin_rpc::mattermost::{Preference, User as ApiUser};

use crate::bindings::plugin::mattermost::plugin::users::{self, Host, User};
use crate::error::{Error, HostResult, api_error};
use crate::event::Services;
use crate::event::meter::Meter;

view!(users { services: Services; mut meter: Meter });

impl Host for View<'_> {
    async fn get(&mut self, user_id: String) -> HostResult<User> {
        let _reservation = self.meter.begin_call(&user_id)?;
        let user = self.services.api.get_user(&user_id).await;
        Ok(self
            .services
            .count_denial("users", user.map(visible).map_err(api_error)))
    }

    async fn has_permission(&mut self, user_id: String, permission: String) -> HostResult<bool> {
        let _reservation = self.meter.begin_call(&(&user_id, &permission))?;
        let api = &self.services.api;
        let answer = api.has_permission_to(&user_id, &permission).await;
        Ok(self
            .services
            .count_denial("users", answer.map_err(api_error)))
    }

    async fn preference(
        &mut self,
        user_id: String,
        category: String,
        name: String,
    ) -> HostResult<Option<String>> {
        let _reservation = self.meter.begin_call(&(&user_id, &category, &name))?;
        if let Err(error) = self.check_category(&category) {
            return Ok(Err(error));
        }
        let all = self.services.api.get_preferences_for_user(&user_id).await;
        let answer = all.map_err(api_error).map(|all| {
            all.into_iter()
                .find(|one| one.category == category && one.name == name)
                .map(|one| one.value)
        });
        Ok(self.services.count_denial("users", answer))
    }

    async fn delete_preference(
        &mut self,
        user_id: String,
        category: String,
        name: String,
    ) -> HostResult<()> {
        let _reservation = self.meter.begin_call(&(&user_id, &category, &name))?;
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
        Ok(self
            .services
            .count_denial("users", answer.map_err(api_error)))
    }
}

impl View<'_> {
    fn check_category(&self, category: &str) -> Result<(), Error> {
        let own = format!("plugin:{}", self.services.plugin_id);
        let answer = if category == own {
            Ok(())
        } else {
            let rule = format!("the plugin's preferences are those of the category {own}");
            Err(Error::Denied(rule))
        };
        self.services.count_denial("users", answer)
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
