//! Authorization codes and tokens.
//!
//! As at Zoom, one authorization per user and app is valid: a later one makes the codes' and tokens' predecessors
//! worthless, and the token endpoint then says that the token was revoked. A server-to-server app has any number of valid
//! tokens, which belong to no user. A token keeps the scopes that the app had when it was issued.

use std::collections::HashMap;

use time::{Duration, OffsetDateTime};

use super::fault::DeadGrant;

/// The lifetime of a code.
const CODE_LIFETIME: Duration = Duration::minutes(5);

/// An authorization, until its code is used.
struct Code {
    user: String,
    code_challenge: String,
    redirect_uri: String,
    issued: OffsetDateTime,
}

/// The authorization of a used code.
pub(super) struct Consent {
    pub(super) user: String,
    pub(super) code_challenge: String,
    pub(super) redirect_uri: String,
}

/// A valid access token.
struct Access {
    /// The ID of the user, or empty for a token of the app itself.
    user: String,
    expiry: OffsetDateTime,
    scopes: Vec<String>,
}

/// All codes and tokens of one app.
#[derive(Default)]
pub(super) struct Grants {
    codes: HashMap<String, Code>,
    access: HashMap<String, Access>,
    refresh: HashMap<String, String>,
    /// Invalid refresh tokens, with the reasons.
    dead: HashMap<String, DeadGrant>,
    /// Whether the app was disabled.
    pub(super) disabled: bool,
}

impl Grants {
    pub(super) fn issue_code(
        &mut self,
        code: &str,
        user: String,
        code_challenge: String,
        redirect_uri: String,
        issued: OffsetDateTime,
    ) {
        let kept = Code {
            user,
            code_challenge,
            redirect_uri,
            issued,
        };
        self.codes.insert(code.to_owned(), kept);
    }

    /// Uses a code. The first attempt uses it up, even if it fails. Returns `None` for an unknown code.
    pub(super) fn spend_code(
        &mut self,
        code: &str,
        now: OffsetDateTime,
    ) -> Option<Result<Consent, DeadGrant>> {
        let code = self.codes.remove(code)?;
        if self.disabled {
            return Some(Err(DeadGrant::AppDisabled));
        }
        if now - code.issued > CODE_LIFETIME {
            return Some(Err(DeadGrant::CodeExpired));
        }
        Some(Ok(Consent {
            user: code.user,
            code_challenge: code.code_challenge,
            redirect_uri: code.redirect_uri,
        }))
    }

    /// Ends the user's earlier authorization.
    pub(super) fn replace(&mut self, user: &str) {
        self.end_of(user, DeadGrant::Revoked);
    }

    pub(super) fn issue(
        &mut self,
        user: String,
        access: &str,
        refresh: &str,
        expiry: OffsetDateTime,
        scopes: &[String],
    ) {
        let kept = Access {
            user: user.clone(),
            expiry,
            scopes: scopes.to_vec(),
        };
        self.access.insert(access.to_owned(), kept);
        self.refresh.insert(refresh.to_owned(), user);
    }

    /// A token of a server-to-server app.
    pub(super) fn issue_to_app(&mut self, access: &str, expiry: OffsetDateTime, scopes: &[String]) {
        let kept = Access {
            user: String::new(),
            expiry,
            scopes: scopes.to_vec(),
        };
        self.access.insert(access.to_owned(), kept);
    }

    /// Uses a refresh token; each works once.
    pub(super) fn spend_refresh(&mut self, token: &str) -> Result<String, DeadGrant> {
        if self.disabled {
            return Err(DeadGrant::AppDisabled);
        }
        let user = self.refresh.remove(token);
        user.ok_or_else(|| self.dead.get(token).copied().unwrap_or(DeadGrant::Unknown))
    }

    /// The owner of a valid access token: the ID of a user, or empty for a server-to-server app.
    pub(super) fn caller(&self, token: &str, now: OffsetDateTime) -> Option<String> {
        let access = self.access.get(token)?;
        (access.expiry > now && !self.disabled).then(|| access.user.clone())
    }

    /// Whether an access token has exactly this scope.
    pub(super) fn has(&self, token: &str, scope: &str) -> bool {
        let access = self.access.get(token);
        access.is_some_and(|access| access.scopes.iter().any(|known| known == scope))
    }

    /// The name of a scope that an access token lacks. A server-to-server app has scopes of administrators only.
    pub(super) fn lacks(&self, token: &str, scope: &str) -> Option<String> {
        let access = self.access.get(token)?;
        let admin = format!("{scope}:admin");
        let has = |name: &str| access.scopes.iter().any(|known| known == name);
        let wanted = if access.user.is_empty() {
            &admin
        } else {
            scope
        };
        (!has(&admin) && !has(wanted)).then(|| wanted.to_owned())
    }

    pub(super) fn expire_access(&mut self) {
        self.access.clear();
    }

    /// Ends every authorization.
    pub(super) fn end_all(&mut self, reason: DeadGrant) {
        self.access.clear();
        self.end_refresh(reason);
    }

    /// Ends every refresh token. Access tokens stay valid until they expire.
    pub(super) fn end_refresh(&mut self, reason: DeadGrant) {
        for (token, _) in self.refresh.drain() {
            self.dead.insert(token, reason);
        }
    }

    /// Ends the authorization of an access or refresh token.
    pub(super) fn revoke(&mut self, token: &str) -> bool {
        if self
            .access
            .get(token)
            .is_some_and(|access| access.user.is_empty())
        {
            return self.access.remove(token).is_some();
        }
        let by_access = self.access.get(token).map(|access| &access.user);
        let Some(user) = by_access.or_else(|| self.refresh.get(token)).cloned() else {
            return false;
        };
        self.end_of(&user, DeadGrant::Unknown);
        true
    }

    fn end_of(&mut self, user: &str, reason: DeadGrant) {
        self.access.retain(|_, access| access.user != user);
        let ended = self.refresh.extract_if(|_, owner| owner == user);
        let ended: Vec<String> = ended.map(|(token, _)| token).collect();
        self.dead
            .extend(ended.into_iter().map(|token| (token, reason)));
    }
}
