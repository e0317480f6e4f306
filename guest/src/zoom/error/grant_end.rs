//! Why Zoom ended a grant, as far as an administrator must do different things about it.

/// The reason why Zoom ended a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantEnd {
    /// The redirect URL of the app has changed.
    RedirectUrl,
    /// The scopes of the app have changed.
    Scopes,
    /// The app is disabled.
    AppDisabled,
    /// The Zoom user no longer exists.
    Owner,
    /// Somebody removed the app, or the same Zoom user authorized it again.
    Revoked,
    /// Another reason.
    Other,
}

/// The first row with one of the codes or words decides. Words are in lower case.
const REASONS: [(GrantEnd, &[&str]); 5] = [
    (
        GrantEnd::RedirectUrl,
        &["4709", "redirect uri", "redirect url"],
    ),
    (GrantEnd::Scopes, &["4711", "refresh token invalid"]),
    (
        GrantEnd::AppDisabled,
        &["4717", "4738", "app has been disabled", "disabled by admin"],
    ),
    (GrantEnd::Owner, &["4735", "owner of the token"]),
    (
        GrantEnd::Revoked,
        &["4737", "4741", "revoked", "can not find the authentication"],
    ),
];

impl GrantEnd {
    /// The reason in the text of [`crate::zoom::Error::GrantEnded`], which begins with Zoom's code if there is one.
    pub fn from_reason(reason: &str) -> GrantEnd {
        let reason = reason.to_ascii_lowercase();
        let fits = |words: &[&str]| words.iter().any(|word| reason.contains(word));
        let mut rows = REASONS.into_iter();
        rows.find(|(_, words)| fits(words))
            .map_or(GrantEnd::Other, |(end, _)| end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f14_the_reason_for_a_dead_grant_is_recognized_by_code_or_words() {
        for (reason, end) in [
            ("4709", GrantEnd::RedirectUrl),
            ("Redirect URI mismatch.", GrantEnd::RedirectUrl),
            ("4711 Refresh token invalid.", GrantEnd::Scopes),
            ("Refresh token invalid.", GrantEnd::Scopes),
            ("The app has been disabled", GrantEnd::AppDisabled),
            ("The token is disabled by admin.", GrantEnd::AppDisabled),
            ("The owner of the token does not exist.", GrantEnd::Owner),
            ("4741 The token has been revoked.", GrantEnd::Revoked),
            (
                "Can not find the authentication for the access token.",
                GrantEnd::Revoked,
            ),
            ("Invalid Token!", GrantEnd::Other),
            ("", GrantEnd::Other),
        ] {
            assert_eq!(GrantEnd::from_reason(reason), end, "{reason}");
        }
    }
}
