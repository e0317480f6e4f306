//! Signatures on the buttons and dialogs that the component creates.
//!
//! Any member can post a button that leads to a route of this plugin. Whoever clicks it, for example a system admin, sends a
//! request with their own session. The host therefore adds an HMAC-SHA-256 to the context of each button and to the state of
//! each dialog that the component creates, and verifies it when the request arrives (`plugin::origin`). The HMAC covers
//! the purpose, the route, the component's own context or state, the channel, the audience, and the expiry. Members do not
//! see the context of a button: the server keeps it.

use mattermost_plugin_rpc::mattermost::Api;
use ring::hmac;
use serde::{Deserialize, Serialize};

use super::encoding::{hex, length_prefixed, unhex};
use super::host_key::{HostKey, SigningKeys};
use crate::error::Error;

/// The kind of interaction. Its name is the first signed field, and changes when the list of fields changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A click on a button.
    Click,
    /// The submission of a dialog.
    Dialog,
    /// The submission of a settings form of the host.
    Settings,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Click => "click/1",
            Self::Dialog => "dialog/1",
            Self::Settings => "settings/1",
        }
    }
}

/// A context or state with its proof, as the server stores it. All fields are strings, because numbers change on their way
/// through the server and its database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SignedPayload {
    /// The component's own context, as JSON, or its own state.
    #[serde(rename = "_payload")]
    pub(crate) payload: String,
    /// The only user who may use it; empty for everyone who sees it.
    #[serde(rename = "_audience")]
    audience: String,
    /// Milliseconds since 1970.
    #[serde(rename = "_expires")]
    expires: String,
    #[serde(rename = "_proof")]
    proof: String,
}

/// The route, channel, and user that a signature is valid for.
#[derive(Clone, Copy)]
pub(crate) struct InteractionScope<'a> {
    pub(crate) purpose: Purpose,
    /// The path below the plugin's root, without a query.
    pub(crate) route: &'a str,
    pub(crate) channel: &'a str,
    /// When signing: the only user who may use it, or empty. When verifying: the user who sent the request.
    pub(crate) user: &'a str,
}

impl InteractionScope<'_> {
    fn message(&self, signed: &SignedPayload) -> Vec<u8> {
        length_prefixed(&[
            self.purpose.name(),
            self.route.trim_end_matches('/'),
            &signed.payload,
            self.channel,
            &signed.audience,
            &signed.expires,
        ])
    }
}

impl SigningKeys {
    /// Signs a payload for this scope.
    pub(crate) fn sign(
        &self,
        scope: &InteractionScope<'_>,
        expires: i64,
        payload: String,
    ) -> SignedPayload {
        let mut signed = SignedPayload {
            payload,
            audience: scope.user.to_owned(),
            expires: expires.to_string(),
            proof: String::new(),
        };
        let tag = hmac::sign(&self.interactions, &scope.message(&signed));
        signed.proof = hex(tag.as_ref());
        signed
    }

    /// Whether a payload was signed for this scope, regardless of audience and expiry.
    pub(crate) fn is_signed(&self, scope: &InteractionScope<'_>, signed: &SignedPayload) -> bool {
        let Some(proof) = unhex(&signed.proof) else {
            return false;
        };
        hmac::verify(&self.interactions, &scope.message(signed), &proof).is_ok()
    }
}

/// Whether the user of this scope may use the payload at this time.
pub(crate) fn is_valid_for(scope: &InteractionScope<'_>, signed: &SignedPayload, now: i64) -> bool {
    let is_current = signed
        .expires
        .parse()
        .is_ok_and(|expires: i64| now <= expires);
    let is_public = scope.purpose == Purpose::Click && signed.audience.is_empty();
    is_current && (is_public || (!scope.user.is_empty() && signed.audience == scope.user))
}

impl HostKey {
    /// Whether this host signed the payload for the user who sent it, and it is still valid.
    ///
    /// # Errors
    ///
    /// When the host key cannot be read.
    pub(crate) async fn verify(
        &self,
        api: &dyn Api,
        scope: &InteractionScope<'_>,
        signed: &SignedPayload,
        now: i64,
    ) -> Result<bool, Error> {
        if !is_valid_for(scope, signed, now) {
            return Ok(false);
        }
        if self.keys(api).await?.is_signed(scope, signed) {
            return Ok(true);
        }
        // Another process may have replaced the key.
        let keys = self.reread(api).await?;
        Ok(keys.is_some_and(|keys| keys.is_signed(scope, signed)))
    }

    /// Signs the state of a dialog.
    ///
    /// # Errors
    ///
    /// When the host key cannot be read.
    pub(crate) async fn sign_state(
        &self,
        api: &dyn Api,
        scope: &InteractionScope<'_>,
        expires: i64,
        state: String,
    ) -> Result<String, Error> {
        let keys = self.keys(api).await?;
        serde_json::to_string(&keys.sign(scope, expires, state))
            .map_err(|error| Error::Invalid(format!("the state cannot be serialized: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use ring::hmac::HMAC_SHA256;

    fn keys() -> SigningKeys {
        SigningKeys::derive(&[7; 32]).unwrap()
    }

    fn scope() -> InteractionScope<'static> {
        InteractionScope {
            purpose: Purpose::Click,
            route: "/answer",
            channel: "town",
            user: "ann",
        }
    }

    #[test]
    fn each_field_of_an_interaction_is_signed() {
        let signed = keys().sign(&scope(), 1_000, "{}".to_owned());
        assert!(keys().is_signed(&scope(), &signed));
        let other_scopes = [
            InteractionScope {
                purpose: Purpose::Dialog,
                ..scope()
            },
            InteractionScope {
                route: "/other",
                ..scope()
            },
            InteractionScope {
                channel: "yard",
                ..scope()
            },
        ];
        for other in other_scopes {
            assert!(!keys().is_signed(&other, &signed), "{:?}", other.purpose);
        }
        let change: [fn(&mut SignedPayload); 5] = [
            |signed| signed.payload.push(' '),
            |signed| signed.audience.clear(),
            |signed| signed.expires.push('0'),
            |signed| signed.proof.clear(),
            |signed| signed.proof.replace_range(..1, "x"),
        ];
        for change in change {
            let mut other = signed.clone();
            change(&mut other);
            assert!(!keys().is_signed(&scope(), &other), "{other:?}");
        }
        let other = SigningKeys::derive(&[8; 32]).unwrap();
        assert!(!other.is_signed(&scope(), &signed));
    }

    #[test]
    fn the_key_of_interactions_is_not_the_key_of_posts() {
        let keys = keys();
        let tags = [&keys.posts, &keys.interactions].map(|key| hmac::sign(key, b"x"));
        assert_ne!(tags[0].as_ref(), tags[1].as_ref());
        assert_eq!(keys.interactions.algorithm(), HMAC_SHA256);
    }

    #[test]
    fn a_payload_is_valid_for_its_audience_until_it_expires() {
        let signed = keys().sign(&scope(), 1_000, "{}".to_owned());
        assert!(is_valid_for(&scope(), &signed, 1_000));
        assert!(!is_valid_for(&scope(), &signed, 1_001));
        let bob = InteractionScope {
            user: "bob",
            ..scope()
        };
        assert!(!is_valid_for(&bob, &signed, 0));
        let everybody = keys().sign(
            &InteractionScope {
                user: "",
                ..scope()
            },
            1_000,
            "{}".to_owned(),
        );
        assert!(is_valid_for(&bob, &everybody, 0));
        let dialog = InteractionScope {
            purpose: Purpose::Dialog,
            ..bob
        };
        assert!(!is_valid_for(&dialog, &everybody, 0));
        let nobody = InteractionScope { user: "", ..dialog };
        assert!(!is_valid_for(&nobody, &everybody, 0));
        let endless = SignedPayload {
            expires: "never".to_owned(),
            ..everybody
        };
        assert!(!is_valid_for(&bob, &endless, 0));
    }

    #[test]
    fn a_trailing_slash_does_not_change_the_route() {
        // The server removes it.
        let slash = InteractionScope {
            route: "/answer/",
            ..scope()
        };
        let signed = keys().sign(&slash, 1_000, "{}".to_owned());
        assert!(keys().is_signed(&scope(), &signed));
    }
}
