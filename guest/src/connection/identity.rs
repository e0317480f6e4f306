//! The Zoom user of a person, where people are found by their email addresses.
//!
//! Whoever controls an address acts as the Zoom user with that address. Therefore only a verified address counts, and never
//! that of a bot, a guest, or a deactivated user. Zoom must confirm that the user is active, is in the organization's
//! account, and has the same address. The confirmed pair is kept for an hour; it is dropped when either address changes.
//!
//! Requests name the user by the address, never by the stored ID, so that Zoom itself decides who has the address.

use crate::platform::log;
use crate::platform::people::Person;
use crate::store::zoom_identity::{self, ZoomIdentity};
use crate::zoom;
use crate::zoom::types::User;

/// A person whose Zoom user must be confirmed.
pub struct Identity {
    user_id: String,
    address: String,
    /// The organization's account at Zoom, or empty if it is not known.
    account_id: String,
    /// Zoom's ID of the confirmed user.
    zoom_id: Option<String>,
}

impl Identity {
    /// The identity of a person, if the person's address may be used.
    pub fn of(person: &Person, account_id: &str) -> Result<Identity, zoom::Error> {
        if person.is_bot || person.is_guest || person.deactivated {
            return Err(zoom::Error::Guest);
        }
        if person.email.is_empty() {
            return Err(zoom::Error::UnknownAddress(String::new()));
        }
        if !person.email_verified {
            return Err(zoom::Error::UnverifiedAddress(person.email.clone()));
        }
        Ok(Identity {
            user_id: person.id.clone(),
            address: person.email.clone(),
            account_id: account_id.to_owned(),
            zoom_id: None,
        })
    }

    /// The person's address.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether Zoom has confirmed the person within the last hour. A store that does not answer counts as no.
    pub fn is_confirmed(&mut self) -> bool {
        if self.zoom_id.is_none() {
            let stored = zoom_identity::load(&self.user_id).ok().flatten();
            self.zoom_id = stored
                .filter(|pair| pair.address == self.address && pair.account_id == self.account_id)
                .map(|pair| pair.zoom_id);
        }
        self.zoom_id.is_some()
    }

    /// Accepts Zoom's answer about the address, or drops the stored pair and says why not.
    pub fn confirm(&mut self, user: &User) -> Result<(), zoom::Error> {
        if let Err(refusal) = check(user, &self.address, &self.account_id) {
            self.forget();
            return Err(refusal);
        }
        if self.zoom_id.as_ref() == Some(&user.id) {
            return Ok(());
        }
        let pair = ZoomIdentity {
            address: self.address.clone(),
            zoom_address: user.email.clone(),
            zoom_id: user.id.clone(),
            account_id: self.account_id.clone(),
        };
        if let Err(error) = zoom_identity::save(&self.user_id, &pair) {
            let error = error.to_string();
            log::debug(
                "A user's Zoom ID was not stored.",
                &[("user", &self.user_id), ("error", &error)],
            );
        }
        self.zoom_id = Some(user.id.clone());
        Ok(())
    }

    /// Compares the host of a new meeting with the confirmed user. If Zoom gave the address to another user meanwhile, the
    /// pair is dropped.
    pub fn compare(&mut self, host_id: &str) {
        if !host_id.is_empty()
            && self
                .zoom_id
                .as_deref()
                .is_some_and(|known| known != host_id)
        {
            self.forget();
        }
    }

    /// Drops the stored pair.
    pub fn forget(&mut self) {
        self.zoom_id = None;
        if let Err(error) = zoom_identity::forget(&self.user_id) {
            let error = error.to_string();
            log::debug(
                "A user's Zoom ID was not removed.",
                &[("user", &self.user_id), ("error", &error)],
            );
        }
    }
}

/// Whether Zoom's answer confirms that the person with this address is an active user of this account.
fn check(user: &User, address: &str, account_id: &str) -> Result<(), zoom::Error> {
    let elsewhere = !account_id.is_empty() && user.account_id != account_id;
    if elsewhere || user.email.to_lowercase() != address.to_lowercase() {
        return Err(zoom::Error::UnknownAddress(address.to_owned()));
    }
    match user.status.as_str() {
        "active" => Ok(()),
        "pending" => Err(zoom::Error::Pending),
        _ => Err(zoom::Error::Inactive),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "ann@example.com";

    fn person() -> Person {
        Person {
            id: "a".repeat(26),
            username: "ann".into(),
            locale: crate::text::Locale::En,
            is_system_admin: false,
            email: ADDRESS.into(),
            email_verified: true,
            is_bot: false,
            is_guest: false,
            deactivated: false,
            timezone: String::new(),
            guides: None,
        }
    }

    fn user() -> User {
        User {
            id: "zoom-id".into(),
            email: "Ann@Example.com".into(),
            account_id: "account".into(),
            status: "active".into(),
            pmi: 0,
        }
    }

    #[test]
    fn zm049_only_people_with_a_verified_address_are_looked_up() {
        let refused = |change: fn(&mut Person)| {
            let mut person = person();
            change(&mut person);
            Identity::of(&person, "account").err()
        };
        assert_eq!(refused(|_| {}), None);
        for change in [
            (|person| person.is_bot = true) as fn(&mut Person),
            |person| person.is_guest = true,
            |person| person.deactivated = true,
        ] {
            assert_eq!(refused(change), Some(zoom::Error::Guest));
        }
        assert_eq!(
            refused(|person| person.email_verified = false),
            Some(zoom::Error::UnverifiedAddress(ADDRESS.into()))
        );
        assert_eq!(
            refused(|person| person.email.clear()),
            Some(zoom::Error::UnknownAddress(String::new()))
        );
    }

    #[test]
    fn zm049_zoom_must_confirm_the_address_the_account_and_the_state() {
        let answer = |change: fn(&mut User)| {
            let mut user = user();
            change(&mut user);
            check(&user, ADDRESS, "account")
        };
        let unknown = || Err(zoom::Error::UnknownAddress(ADDRESS.into()));
        assert_eq!(answer(|_| {}), Ok(()));
        assert_eq!(answer(|user| user.account_id = "other".into()), unknown());
        assert_eq!(answer(|user| user.account_id.clear()), unknown());
        assert_eq!(
            answer(|user| user.email = "bob@example.com".into()),
            unknown()
        );
        assert_eq!(answer(|user| user.email.clear()), unknown());
        assert_eq!(
            answer(|user| user.status = "inactive".into()),
            Err(zoom::Error::Inactive)
        );
        assert_eq!(
            answer(|user| user.status.clear()),
            Err(zoom::Error::Inactive)
        );
        assert_eq!(
            answer(|user| user.status = "pending".into()),
            Err(zoom::Error::Pending)
        );
        assert_eq!(
            check(&user(), ADDRESS, ""),
            Ok(()),
            "the account is unknown"
        );
    }
}
