//! Settings of the server's configuration.
//!
//! gob does not send a pointer to a zero value, so a setting that is `false` or empty is absent here. The server
//! fills in all defaults before it replies, so an absent setting means false, empty, or 0.

use super::Config;

impl Config {
    /// The site URL without trailing slashes. `None` if it is not set.
    pub fn site_url(&self) -> Option<&str> {
        let url = self
            .service_settings
            .site_url
            .as_deref()?
            .trim()
            .trim_end_matches('/');
        (!url.is_empty()).then_some(url)
    }

    /// Whether users must verify their email address before they can sign in.
    pub fn requires_email_verification(&self) -> bool {
        self.email_settings
            .require_email_verification
            .unwrap_or(false)
    }

    /// Whether users can send direct and group messages only to members of their teams.
    pub fn restricts_direct_messages(&self) -> bool {
        self.team_settings.restrict_direct_message.as_deref() == Some("team")
    }

    /// Whether the server refuses to save a configuration that is in a file. One in the database can be saved nevertheless.
    pub fn has_read_only_file(&self) -> bool {
        let cluster = &self.cluster_settings;
        cluster.enable == Some(true) && cluster.read_only_config == Some(true)
    }

    /// The language of messages from the server, as a language tag. English if it is not set.
    pub fn default_server_locale(&self) -> &str {
        self.localization_settings
            .default_server_locale
            .as_deref()
            .unwrap_or("en")
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn the_site_url_has_no_trailing_slash_and_an_empty_one_is_none() {
        let mut config = Config::default();
        assert_eq!(config.site_url(), None);
        config.service_settings.site_url = Some("https://chat.example.com/sub/".to_owned());
        assert_eq!(config.site_url(), Some("https://chat.example.com/sub"));
        config.service_settings.site_url = Some("/".to_owned());
        assert_eq!(config.site_url(), None);
    }

    #[test]
    fn absent_settings_mean_false_and_english() {
        assert!(!Config::default().requires_email_verification());
        assert_eq!(Config::default().default_server_locale(), "en");
    }
}
