//! Authorization codes and tokens.
//!
//! As at Zoom, one authorization per user and app is valid: a later one makes the codes' and tokens' predecessors
//! worthless, and the token endpoint then says that the token was revoked.

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

/// All codes and tokens of one app.
#[derive(Default)]
pub(super) struct Grants {
    codes: HashMap<String, Code>,
    access: HashMap<String, (String, OffsetDateTime)>,
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
    ) {
        self.access
            .insert(access.to_owned(), (user.clone(), expiry));
        self.refresh.insert(refresh.to_owned(), user);
    }

    /// Uses a refresh token; each works once.
    pub(super) fn spend_refresh(&mut self, token: &str) -> Result<String, DeadGrant> {
        if self.disabled {
            return Err(DeadGrant::AppDisabled);
        }
        let user = self.refresh.remove(token);
        user.ok_or_else(|| self.dead.get(token).copied().unwrap_or(DeadGrant::Unknown))
    }

    /// The owner of a valid access token.
    pub(super) fn caller(&self, token: &str, now: OffsetDateTime) -> Option<String> {
        let (user, expiry) = self.access.get(token)?;
        (*expiry > now && !self.disabled).then(|| user.clone())
    }

    pub(super) fn expire_access(&mut self) {
        self.access.clear();
    }

    /// Ends every authorization.
    pub(super) fn end_all(&mut self, reason: DeadGrant) {
        self.access.clear();
        for (token, _) in self.refresh.drain() {
            self.dead.insert(token, reason);
        }
    }

    /// Ends the authorization of an access or refresh token.
    pub(super) fn revoke(&mut self, token: &str) -> bool {
        let by_access = self.access.get(token).map(|(user, _)| user);
        let Some(user) = by_access.or_else(|| self.refresh.get(token)).cloned() else {
            return false;
        };
        self.end_of(&user, DeadGrant::Unknown);
        true
    }

    fn end_of(&mut self, user: &str, reason: DeadGrant) {
        self.access.retain(|_, (owner, _)| owner != user);
        let ended = self.refresh.extract_if(|_, owner| owner == user);
        let ended: Vec<String> = ended.map(|(token, _)| token).collect();
        self.dead
            .extend(ended.into_iter().map(|token| (token, reason)));
    }
}
