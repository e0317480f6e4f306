//! User accounts and what they may do.

use super::api::{ApiError, Call};
use super::call::{app, present};
use super::registered::AppError;
use crate::net_rpc::Client;
use std::collections::BTreeMap;

crate::gob_struct! {
    /// A user account, `model.User`. Only what plugins read of it is decoded: never the password
    /// hash, never the MFA secret.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct User = "User" {
        /// The 26-character id.
        pub id: String = "Id",
        /// Milliseconds since 1970; 0 while the account is active.
        pub delete_at: i64 = "DeleteAt",
        /// The name after the `@`.
        pub username: String = "Username",
        /// E-mail address.
        pub email: String = "Email",
        /// Whether the user has proved to own the address.
        pub email_verified: bool = "EmailVerified",
        /// Free text.
        pub nickname: String = "Nickname",
        /// First name.
        pub first_name: String = "FirstName",
        /// Last name.
        pub last_name: String = "LastName",
        /// Role names separated by blanks, such as `system_user system_admin`.
        pub roles: String = "Roles",
        /// Language tag.
        pub locale: String = "Locale",
        /// `automaticTimezone`, `manualTimezone` and `useAutomaticTimezone`, all strings.
        pub timezone: BTreeMap<String, String> = "Timezone",
        /// Whether this is a bot account.
        pub is_bot: bool = "IsBot",
    }
}

crate::gob_struct! {
    /// A permission, `model.Permission`. The server looks at its id alone.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Permission = "Permission" {
        /// Such as `manage_system` or `create_post`.
        pub id: String = "Id",
    }
}

impl User {
    /// Whether the account carries the role.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.split_whitespace().any(|one| one == role)
    }

    /// IANA name of the time zone in effect: the browser's or the chosen one. Empty when unknown.
    pub fn timezone_name(&self) -> &str {
        let entry = |key| self.timezone.get(key).map_or("", String::as_str);
        if entry("useAutomaticTimezone") == "false" {
            entry("manualTimezone")
        } else {
            entry("automaticTimezone")
        }
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct UserArgs = "Z_UserArgs" {
        user: String = "A",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct UserReturns = "Z_UserReturns" {
        user: Option<Box<User>> = "A",
        error: Option<Box<AppError>> = "B",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct SystemPermissionArgs = "Z_HasPermissionToArgs" {
        user: String = "A",
        permission: Option<Box<Permission>> = "B",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct ChannelPermissionArgs = "Z_HasPermissionToChannelArgs" {
        user: String = "A",
        channel: String = "B",
        permission: Option<Box<Permission>> = "C",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct AllowedReturns = "Z_HasPermissionReturns" {
        allowed: bool = "A",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct InChannelArgs = "Z_GetUsersInChannelArgs" {
        channel: String = "A",
        sort_by: String = "B",
        page: i64 = "C",
        per_page: i64 = "D",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct UsersReturns = "Z_GetUsersInChannelReturns" {
        users: Vec<User> = "A",
        error: Option<Box<AppError>> = "B",
    }
}

fn permission(id: &str) -> Option<Box<Permission>> {
    Some(Box::new(Permission { id: id.to_owned() }))
}

pub(super) fn get<'a>(client: &'a Client, user: &'a str) -> Call<'a, User> {
    Box::pin(async move {
        let args = UserArgs {
            user: user.to_owned(),
        };
        let reply: UserReturns = client.call("Plugin.GetUser", &args).await?;
        app(reply.error)?;
        present(reply.user)
    })
}

pub(super) fn in_channel<'a>(
    client: &'a Client,
    channel: &'a str,
    page: u32,
    per_page: u32,
) -> Call<'a, Vec<User>> {
    Box::pin(async move {
        let args = InChannelArgs {
            channel: channel.to_owned(),
            sort_by: "username".to_owned(),
            page: page.into(),
            per_page: per_page.into(),
        };
        let reply: UsersReturns = client.call("Plugin.GetUsersInChannel", &args).await?;
        app(reply.error)?;
        Ok(reply.users)
    })
}

pub(super) fn has_permission<'a>(client: &'a Client, user: &'a str, id: &'a str) -> Call<'a, bool> {
    Box::pin(async move {
        let args = SystemPermissionArgs {
            user: user.to_owned(),
            permission: permission(id),
        };
        let reply: AllowedReturns = client.call("Plugin.HasPermissionTo", &args).await?;
        Ok::<_, ApiError>(reply.allowed)
    })
}

pub(super) fn has_channel_permission<'a>(
    client: &'a Client,
    user: &'a str,
    channel: &'a str,
    id: &'a str,
) -> Call<'a, bool> {
    Box::pin(async move {
        let args = ChannelPermissionArgs {
            user: user.to_owned(),
            channel: channel.to_owned(),
            permission: permission(id),
        };
        let reply: AllowedReturns = client.call("Plugin.HasPermissionToChannel", &args).await?;
        Ok::<_, ApiError>(reply.allowed)
    })
}

#[cfg(test)]
mod tests {
    use super::User;

    fn user(automatic: &str) -> User {
        let zones = [
            ("useAutomaticTimezone", automatic),
            ("automaticTimezone", "Europe/Berlin"),
            ("manualTimezone", "Asia/Tokyo"),
        ];
        User {
            roles: "system_user system_admin".to_owned(),
            timezone: zones
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
            ..User::default()
        }
    }

    #[test]
    fn the_time_zone_in_effect_follows_the_switch() {
        assert_eq!(user("true").timezone_name(), "Europe/Berlin");
        assert_eq!(user("false").timezone_name(), "Asia/Tokyo");
        assert_eq!(User::default().timezone_name(), "");
    }

    #[test]
    fn a_role_is_matched_as_a_whole_word() {
        assert!(user("true").has_role("system_admin"));
        assert!(!user("true").has_role("system"));
    }
}
