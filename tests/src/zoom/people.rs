//! Creating and ending users, authorizations, and tokens.

use std::time::Duration;

use url::Url;

use super::Zoom;
use super::account::AppKind;
use super::error::Error;
use super::fault::DeadGrant;
use super::state::Authorization;
use super::user::User;

impl Zoom {
    /// The person with this e-mail address.
    pub fn user(&self, email: &str) -> Option<User> {
        self.shared.lock().account.user(email, "")
    }

    /// Adds a person to the account, who need not be signed in.
    pub fn add_user(&self, user: User) {
        self.shared.lock().account.add_user(user);
    }

    /// Accepts tokens that were issued before this run, such as those in a migrated database.
    pub fn adopt_tokens(&self, user: User, access: &str, refresh: &str) {
        self.shared
            .lock()
            .account
            .adopt_tokens(user, access, refresh);
    }

    /// Puts a redirect address on the app's allow list, as an administrator does at Zoom.
    pub fn allow_redirect(&self, url: &str) {
        self.shared.lock().account.redirects.push(url.to_owned());
    }

    /// Removes all redirect addresses from the app, as after a mistake of an administrator.
    pub fn forbid_redirects(&self) {
        self.shared.lock().account.redirects.clear();
    }

    /// The user who is signed in at Zoom in the browser and will consent next.
    pub fn sign_in_as(&self, user: User) {
        self.shared.lock().account.sign_in_as(user);
    }

    /// The user who consents at the moment.
    pub fn signed_in(&self) -> User {
        self.shared.lock().account.signed_in()
    }

    /// The next person on the consent page presses *Decline*.
    pub fn decline_next(&self) {
        self.shared.lock().declines = true;
    }

    /// Opens the consent page as a browser does and answers with the address it sends the browser to.
    pub fn consent(&self, url: &str) -> Result<String, Error> {
        let (host, here) = self.here(url);
        let answer = self.browser().get(here).call().map_err(Box::new)?;
        if let Some(asked) = &mut self.shared.lock().last_authorization {
            asked.host = host;
        }
        let (parts, mut body) = answer.into_parts();
        let place = parts
            .headers
            .get("Location")
            .and_then(|place| place.to_str().ok());
        match place {
            Some(place) if parts.status.is_redirection() => Ok(place.to_owned()),
            _ => {
                let body = body.read_to_string().map_err(Box::new)?;
                Err(Error::Consent {
                    status: parts.status.as_u16(),
                    body,
                })
            }
        }
    }

    /// The host of an address of Zoom, and the same address at this server.
    fn here(&self, address: &str) -> (String, String) {
        let Ok(mut url) = Url::parse(address) else {
            return (String::new(), address.to_owned());
        };
        let host = url.host_str().unwrap_or_default().to_owned();
        let _ = url.set_host(Some("localhost"));
        let _ = url.set_port(Some(self.port));
        (host, url.into())
    }

    /// The parameters of the last visit of the consent page.
    pub fn last_authorization(&self) -> Option<Authorization> {
        self.shared.lock().last_authorization.clone()
    }

    /// Makes the app a server-to-server app with all scopes that the plugin needs.
    pub fn become_server_to_server(&self) {
        self.shared.lock().account.kind = AppKind::ServerToServer;
        self.set_scopes(&[
            "meeting:read:meeting:admin",
            "meeting:write:meeting:admin",
            "user:read:user:admin",
            "cloud_recording:read:recording:admin",
        ]);
    }

    /// Makes the app a general app, which people consent to, with its usual scopes.
    pub fn become_general(&self) {
        self.shared.lock().account.kind = AppKind::General;
        self.set_scopes(&[
            "meeting:read:meeting",
            "meeting:write:meeting",
            "user:read:user",
        ]);
    }

    /// Changes the scopes of the app. Tokens that were issued before keep theirs.
    pub fn set_scopes(&self, scopes: &[&str]) {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned());
        self.shared.lock().account.scopes = scopes.collect();
    }

    /// Sets how long new access tokens live. Zoom's last an hour.
    pub fn token_lifetime(&self, lifetime: Duration) {
        self.shared.lock().account.token_lifetime = lifetime;
    }

    /// Makes every access token invalid at once, as when an hour has passed.
    pub fn expire_tokens(&self) {
        self.shared.lock().account.grants.expire_access();
    }

    /// Ends every grant, as when people remove the app from their Zoom accounts.
    pub fn withdraw_grants(&self) {
        self.end_grants(DeadGrant::Unknown);
    }

    /// Ends every grant for this reason, which the token endpoint then names.
    pub fn end_grants(&self, reason: DeadGrant) {
        self.shared.lock().account.grants.end_all(reason);
    }

    /// Ends every refresh token for this reason. Access tokens stay valid until they expire, as after a change of scopes.
    pub fn end_refresh_tokens(&self, reason: DeadGrant) {
        self.shared.lock().account.grants.end_refresh(reason);
    }

    /// Disables the app, or enables it again. While it is disabled, no code and no token is good.
    pub fn disable_app(&self, disabled: bool) {
        self.shared.lock().account.grants.disabled = disabled;
    }

    /// Sets the address that the token endpoint names as the API of the account's region.
    pub fn region(&self, api_url: &str) {
        self.shared.lock().account.region = api_url.to_owned();
    }
}
