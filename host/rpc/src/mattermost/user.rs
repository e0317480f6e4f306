//! Roles and time zone of a user.

use super::User;

impl User {
    /// Whether the user has the role.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.split_whitespace().any(|other| other == role)
    }

    /// The IANA name of the user's time zone: automatic or manual, as the user chose. Empty if unknown.
    pub fn timezone_name(&self) -> &str {
        let entry = |key| self.timezone.get(key).map_or("", String::as_str);
        if entry("useAutomaticTimezone") == "false" {
            entry("manualTimezone")
        } else {
            entry("automaticTimezone")
        }
    }
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
    fn the_time_zone_is_automatic_or_manual_as_the_user_chose() {
        assert_eq!(user("true").timezone_name(), "Europe/Berlin");
        assert_eq!(user("false").timezone_name(), "Asia/Tokyo");
        assert_eq!(User::default().timezone_name(), "");
    }

    #[test]
    fn a_role_must_match_as_a_whole_word() {
        assert!(user("true").has_role("system_admin"));
        assert!(!user("true").has_role("system"));
    }
}
