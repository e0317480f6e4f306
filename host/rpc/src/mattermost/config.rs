//! The meaning of settings that are absent from the site's configuration.
//!
//! Go does not send a pointer to a zero value, so a setting that is explicitly `false` or empty
//! arrives as absent. The server fills in every default before it answers: read absent as false,
//! empty or 0.

use super::Config;

impl Config {
    /// The site's address without trailing slashes, or none where the administrator set none.
    pub fn site_url(&self) -> Option<&str> {
        let url = self
            .service_settings
            .site_url
            .as_deref()?
            .trim()
            .trim_end_matches('/');
        (!url.is_empty()).then_some(url)
    }

    /// Whether an e-mail address must be verified before its owner can sign in.
    pub fn requires_email_verification(&self) -> bool {
        self.email_settings
            .require_email_verification
            .unwrap_or(false)
    }

    /// Whether direct and group messages are for people with a common team.
    pub fn restricts_direct_messages(&self) -> bool {
        self.team_settings.restrict_direct_message.as_deref() == Some("team")
    }

    /// Language tag of what the server itself writes; English when unset.
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
    fn the_site_url_loses_its_trailing_slash_and_an_empty_one_is_none() {
        let mut config = Config::default();
        assert_eq!(config.site_url(), None);
        config.service_settings.site_url = Some("https://chat.example.com/sub/".to_owned());
        assert_eq!(config.site_url(), Some("https://chat.example.com/sub"));
        config.service_settings.site_url = Some("/".to_owned());
        assert_eq!(config.site_url(), None);
    }

    #[test]
    fn absent_settings_read_as_false_and_english() {
        assert!(!Config::default().requires_email_verification());
        assert_eq!(Config::default().default_server_locale(), "en");
    }
}
