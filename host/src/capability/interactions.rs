//! Proofs in the buttons and dialogs that the component creates.
//!
//! Any member can post a button that leads to a route of this plugin. Whoever presses it, an administrator included, then
//! sends a request with their own session. So the host adds an HMAC-SHA-256 to the context of each button and to the
//! state of each dialog that the component creates, and verifies it when the request arrives (see
//! [`crate::plugin::origin`]). The HMAC covers the purpose, the route, the component's own context or state, the channel, the
//! audience, and the expiry. Members do not see the context of a button: the server keeps it.
//!
//! The component never sees a proof. A button in a post that the component reads is shown without its integration if
//! the proof is missing or does not fit, so that a component that writes back what it read cannot be led to sign a
//! member's button.

use ring::hmac;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use mattermost_plugin_rpc::mattermost::Any;
use mattermost_plugin_rpc::mattermost::Api;

use super::posts::Props;
use super::provenance::{Keys, Provenance, hex, length_prefixed, unhex};
use super::routes::{self, Button};
use super::{Error, Services};

/// How long a button in a stored post is valid, in milliseconds: 400 days.
const STORED_MS: i64 = 400 * 24 * 3600 * 1000;
/// How long a button in an ephemeral post and a dialog are valid, in milliseconds: one hour.
pub(super) const SHORT_MS: i64 = 3600 * 1000;

/// The kind of interaction that a proof is for. Its name is the first signed field, and changes when the list of fields
/// changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A click on a button.
    Click,
    /// The answers to a dialog.
    Dialog,
    /// The answers to a form that the host made.
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

/// A context or a state with its proof, as the server keeps it. Texts only: numbers change on their way through
/// the server and its database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Signed {
    /// The component's own context, as JSON, or its own state.
    #[serde(rename = "_payload")]
    pub(crate) payload: String,
    /// The one user who may use it, or empty for everybody who sees it.
    #[serde(rename = "_audience")]
    audience: String,
    /// Milliseconds since 1970.
    #[serde(rename = "_expires")]
    expires: String,
    #[serde(rename = "_proof")]
    proof: String,
}

/// Where a button or a dialog leads, and for whom it is.
#[derive(Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) purpose: Purpose,
    /// From the plugin's root, without a query.
    pub(crate) route: &'a str,
    pub(crate) channel: &'a str,
    /// The one user who may use it, or empty. For a request that arrived: the user who sent it.
    pub(crate) user: &'a str,
}

impl Terms<'_> {
    fn message(&self, signed: &Signed) -> Vec<u8> {
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

impl Keys {
    /// Signs a payload under these terms.
    fn sign(&self, terms: &Terms<'_>, expires: i64, payload: String) -> Signed {
        let mut signed = Signed {
            payload,
            audience: terms.user.to_owned(),
            expires: expires.to_string(),
            proof: String::new(),
        };
        let tag = hmac::sign(&self.interactions, &terms.message(&signed));
        signed.proof = hex(tag.as_ref());
        signed
    }

    /// Whether a payload was signed under these terms, whatever its audience and expiry.
    fn is_signed(&self, terms: &Terms<'_>, signed: &Signed) -> bool {
        let Some(proof) = unhex(&signed.proof) else {
            return false;
        };
        hmac::verify(&self.interactions, &terms.message(signed), &proof).is_ok()
    }
}

/// Whether the user of these terms may use it at this time.
fn is_for(terms: &Terms<'_>, signed: &Signed, now: i64) -> bool {
    let is_current = signed
        .expires
        .parse()
        .is_ok_and(|expires: i64| now <= expires);
    let is_public = terms.purpose == Purpose::Click && signed.audience.is_empty();
    is_current && (is_public || (!terms.user.is_empty() && signed.audience == terms.user))
}

impl Provenance {
    /// Whether what arrived was signed by this host for the user who sent it, and is still valid.
    ///
    /// # Errors
    ///
    /// When the host's key cannot be read.
    pub(crate) async fn verify(
        &self,
        api: &dyn Api,
        terms: &Terms<'_>,
        signed: &Signed,
        now: i64,
    ) -> Result<bool, Error> {
        if !is_for(terms, signed, now) {
            return Ok(false);
        }
        if self.keys(api).await?.is_signed(terms, signed) {
            return Ok(true);
        }
        // The key may have been replaced while this process ran.
        let keys = self.read(api).await?;
        Ok(keys.is_some_and(|keys| keys.is_signed(terms, signed)))
    }
}

impl Services {
    /// The state of a dialog with its proof, for so many milliseconds.
    pub(super) async fn signed_state(
        &self,
        terms: &Terms<'_>,
        lifetime: i64,
        state: String,
    ) -> Result<String, Error> {
        let keys = self.provenance.keys(self.api.as_ref()).await?;
        let expires = (self.clock)().saturating_add(lifetime);
        serde_json::to_string(&keys.sign(terms, expires, state))
            .map_err(|error| Error::Invalid(format!("the state cannot be written: {error}")))
    }

    /// Properties for a post in this channel, with a proof in each button. `audience` is the one user who sees the
    /// post, if it is ephemeral.
    pub(super) async fn signed_props(
        &self,
        mut props: Map<String, Value>,
        channel: &str,
        audience: Option<&str>,
    ) -> Result<Props, Error> {
        let buttons = routes::integrations(&mut props);
        if !buttons.is_empty() {
            let keys = self.provenance.keys(self.api.as_ref()).await?;
            let lifetime = audience.map_or(STORED_MS, |_| SHORT_MS);
            let expires = (self.clock)().saturating_add(lifetime);
            for integration in buttons {
                *integration = match routes::read_button(integration)? {
                    None => Value::Null,
                    Some(Button { address, context }) => {
                        let terms = Terms {
                            purpose: Purpose::Click,
                            route: routes::route(&self.plugin_id, &address),
                            channel,
                            user: audience.unwrap_or_default(),
                        };
                        let payload = Value::Object(context).to_string();
                        json!({"url": address, "context": keys.sign(&terms, expires, payload)})
                    }
                };
            }
        }
        let props = props.into_iter();
        Ok(props
            .map(|(key, value)| (key, Any::from_json(value)))
            .collect())
    }

    /// Shows the component its own context in each button of a stored post, and takes away all other integrations.
    pub(super) async fn show_buttons(
        &self,
        props: &mut Map<String, Value>,
        channel: &str,
    ) -> Result<(), Error> {
        let buttons = routes::integrations(props);
        if buttons.is_empty() {
            return Ok(());
        }
        let keys = self.provenance.keys(self.api.as_ref()).await?;
        let now = (self.clock)();
        for integration in buttons {
            let shown = routes::read_button(integration).ok().flatten();
            let shown = shown.and_then(|Button { address, context }| {
                let signed = Signed::deserialize(Value::Object(context)).ok()?;
                let terms = Terms {
                    purpose: Purpose::Click,
                    route: routes::route(&self.plugin_id, &address),
                    channel,
                    user: "",
                };
                let holds = is_for(&terms, &signed, now) && keys.is_signed(&terms, &signed);
                let context: Value = serde_json::from_str(&signed.payload).ok()?;
                holds.then(|| json!({"url": address, "context": context}))
            });
            *integration = shown.unwrap_or_default();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::hmac::HMAC_SHA256;

    fn keys() -> Keys {
        Keys::of(&[7; 32]).unwrap()
    }

    fn terms() -> Terms<'static> {
        Terms {
            purpose: Purpose::Click,
            route: "/answer",
            channel: "town",
            user: "ann",
        }
    }

    #[test]
    fn each_field_of_an_interaction_is_signed() {
        let signed = keys().sign(&terms(), 1_000, "{}".to_owned());
        assert!(keys().is_signed(&terms(), &signed));
        let other_terms = [
            Terms {
                purpose: Purpose::Dialog,
                ..terms()
            },
            Terms {
                route: "/other",
                ..terms()
            },
            Terms {
                channel: "yard",
                ..terms()
            },
        ];
        for other in other_terms {
            assert!(!keys().is_signed(&other, &signed), "{:?}", other.purpose);
        }
        let change: [fn(&mut Signed); 5] = [
            |signed| signed.payload.push(' '),
            |signed| signed.audience.clear(),
            |signed| signed.expires.push('0'),
            |signed| signed.proof.clear(),
            |signed| signed.proof.replace_range(..1, "x"),
        ];
        for change in change {
            let mut other = signed.clone();
            change(&mut other);
            assert!(!keys().is_signed(&terms(), &other), "{other:?}");
        }
        let other = Keys::of(&[8; 32]).unwrap();
        assert!(!other.is_signed(&terms(), &signed));
    }

    #[test]
    fn the_key_of_interactions_is_not_the_key_of_posts() {
        let keys = keys();
        let tags = [&keys.posts, &keys.interactions].map(|key| hmac::sign(key, b"x"));
        assert_ne!(tags[0].as_ref(), tags[1].as_ref());
        assert_eq!(keys.interactions.algorithm(), HMAC_SHA256);
    }

    #[test]
    fn it_is_valid_for_its_audience_until_it_expires() {
        let signed = keys().sign(&terms(), 1_000, "{}".to_owned());
        assert!(is_for(&terms(), &signed, 1_000));
        assert!(!is_for(&terms(), &signed, 1_001));
        let bob = Terms {
            user: "bob",
            ..terms()
        };
        assert!(!is_for(&bob, &signed, 0));
        let everybody = keys().sign(
            &Terms {
                user: "",
                ..terms()
            },
            1_000,
            "{}".to_owned(),
        );
        assert!(is_for(&bob, &everybody, 0));
        let dialog = Terms {
            purpose: Purpose::Dialog,
            ..bob
        };
        assert!(!is_for(&dialog, &everybody, 0));
        let nobody = Terms { user: "", ..dialog };
        assert!(!is_for(&nobody, &everybody, 0));
        let endless = Signed {
            expires: "never".to_owned(),
            ..everybody
        };
        assert!(!is_for(&bob, &endless, 0));
    }

    #[test]
    fn a_slash_at_the_end_makes_no_other_route() {
        // The server removes it.
        let slash = Terms {
            route: "/answer/",
            ..terms()
        };
        let signed = keys().sign(&slash, 1_000, "{}".to_owned());
        assert!(keys().is_signed(&terms(), &signed));
    }
}
