//! `GET /oauth2/connect`: sends the browser to Zoom.
//!
//! The link names what the user has begun. Without a session, the page asks to sign in and to open the link again: the
//! clients of Mattermost follow `redirect_to` inside the app and would show an empty page.

use super::may_connect;
use crate::bindings::handlers::http_handler::{Request, Response};
use crate::bindings::types::Error;
use crate::config::Config;
use crate::http::query::parameter;
use crate::http::response::{self, Link, Target};
use crate::people::Person;
use crate::store::oauth_state::{self, State, challenge};
use crate::system;
use crate::text::{self, Locale, Message};
use form_urlencoded::Serializer;

/// The parameter of the link.
pub const LINK: &str = "link";

/// Answers the request of a browser without a session. `language` is the header `Accept-Language`.
pub fn without_session(config: &Config, language: &str) -> Response {
    let first = language.split([',', ';']).next().unwrap_or_default();
    let locale = Locale::from_tag(first.trim());
    let sign_in = format!("{}/login", config.site_url);
    let links = [
        (Message::SignInLink, sign_in.as_str(), Target::NewTab),
        (Message::OpenAgain, "", Target::Same),
    ];
    let links = links.map(|(message, address, target)| Link {
        text: text::plain(locale, message),
        address,
        target,
    });
    let sentence = text::plain(locale, Message::SignInFirst);
    response::page_with_links(401, locale, &sentence, &links)
}

/// Answers the request of a signed-in user.
pub fn get(config: &Config, request: &Request, user_id: &str) -> Response {
    let link = parameter(&request.query, LINK).unwrap_or_default();
    match begun(config, user_id, &link) {
        Ok(Ok(state)) => response::redirect(&authorize_url(config, &state)),
        Ok(Err((locale, status, message))) => {
            response::page(status, locale, &text::plain(locale, message))
        }
        Err(error) => {
            system::warn(
                "A begun connection could not be read.",
                &[("error", &error.to_string())],
            );
            let sentence = text::plain(Locale::En, Message::MattermostFailed);
            response::page(500, Locale::En, &sentence)
        }
    }
}

type Refusal = (Locale, u16, Message);

/// Opens what the user has begun, if the user may and it is of the level that the settings ask for now.
fn begun(config: &Config, user_id: &str, link: &str) -> Result<Result<State, Refusal>, Error> {
    let person = Person::load(user_id)?;
    if !may_connect(config, &person) {
        return Ok(Err((person.locale, 403, Message::OauthAdminsOnly)));
    }
    let state = oauth_state::open(user_id, link)?;
    let state = state.filter(|state| state.for_everybody == config.account_level);
    Ok(state.ok_or((person.locale, 400, Message::OauthExpired)))
}

/// Zoom's page where the user agrees. No scopes: those of the app apply.
pub fn authorize_url(config: &Config, state: &State) -> String {
    let query = Serializer::new(String::new())
        .append_pair("client_id", &config.client_id)
        .append_pair("code_challenge", &challenge(&state.verifier))
        .append_pair("code_challenge_method", "S256")
        .append_pair("redirect_uri", &config.redirect_uri())
        .append_pair("response_type", "code")
        .append_pair("state", &state.nonce)
        .finish();
    format!("{}/oauth/authorize?{query}", config.accounts_url())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::complete;

    #[test]
    fn zm009_zm043_zm047_zoom_gets_the_challenge_and_never_the_verifier() {
        let config = crate::config::parse(&complete(), Some("https://chat.example.com"))
            .ok()
            .unwrap();
        let state = State {
            nonce: "NONCE".into(),
            verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into(),
            ..State::default()
        };
        assert_eq!(
            authorize_url(&config, &state),
            "https://zoom.us/oauth/authorize?client_id=id\
             &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256\
             &redirect_uri=https%3A%2F%2Fchat.example.com%2Fplugins%2Fzoom%2Foauth2%2Fcomplete\
             &response_type=code&state=NONCE"
        );
    }
}
