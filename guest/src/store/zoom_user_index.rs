//! An index from Zoom users to the Mattermost users who have connected them.
//!
//! `zoomtokenbyzoomid_{zoom user}` has a copy of the record of the Mattermost user who connected last, so that Zoom's
//! events find the user. If several users have connected the same Zoom account, a field of the copy names the others. The
//! copy is changed only by compare-and-set and is never authoritative: a user counts only if their own record names the
//! Zoom user.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::platform::clock;
use crate::store::account_record::{self, Record};
use crate::store::confirmed_read::{self, Decision};

/// Attempts and pause, in milliseconds, if other nodes change the same record.
const ATTEMPTS: u32 = 8;
const PAUSE: u64 = 50;

/// The key of the copy.
pub fn key(zoom_id: &str) -> String {
    format!("zoomtokenbyzoomid_{zoom_id}")
}

/// The Mattermost users that a copy names, with the owner of the copied record first.
fn user_ids(record: &Record) -> Vec<String> {
    let mut users = vec![record.user_id.clone()];
    users.extend(record.other_user_ids.iter().cloned());
    users.retain(|id| !id.is_empty());
    users
}

/// The copy of a user's record, with the IDs of the other users.
fn copy(own: &[u8], others: Vec<String>) -> Vec<u8> {
    match account_record::parse(own) {
        Some(mut record) if !others.is_empty() => {
            record.other_user_ids = others;
            serde_json::to_vec(&record).unwrap_or_else(|_| own.to_vec())
        }
        _ => own.to_vec(),
    }
}

/// The change of the copy.
enum Change {
    Nothing,
    Delete,
    Store(Vec<u8>),
}

/// Changes the copy by compare-and-set. `decide` receives the stored bytes and is called again after a conflict.
fn change<T>(
    zoom_id: &str,
    decide: impl Fn(Option<&[u8]>) -> Result<(Change, T), Error>,
) -> Result<T, Error> {
    let key = key(zoom_id);
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            clock::sleep_ms(PAUSE);
        }
        let stored = confirmed_read::read(&key)?;
        let (change, answer) = decide(stored.as_deref())?;
        let result = match change {
            Change::Nothing => confirmed_read::confirm(&key, stored.as_deref(), None),
            Change::Delete => stored.map_or(Ok(()), |old| kv::delete(&key, &Expected::Value(old))),
            Change::Store(bytes) => confirmed_read::replace(&key, &bytes, None, stored),
        };
        match result {
            Ok(()) => return Ok(answer),
            Err(Error::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Conflict)
}

/// Adds a user in the first place. `own` is the user's record.
pub fn add_user(zoom_id: &str, user_id: &str, own: &[u8]) -> Result<(), Error> {
    change(zoom_id, |stored| {
        let record = stored.and_then(account_record::parse);
        let mut others = record.as_ref().map(user_ids).unwrap_or_default();
        others.retain(|other| other != user_id);
        Ok((Change::Store(copy(own, others)), ()))
    })
}

/// Updates the copy after a change of this user's record, if it is a copy of this user's record.
pub fn update_copy(zoom_id: &str, user_id: &str, old: &[u8], new: &[u8]) -> Result<(), Error> {
    // The copy is nearly always identical with the old record. Then one call is enough.
    match kv::set(&key(zoom_id), new, None, &Expected::Value(old.to_vec())) {
        Err(Error::Conflict) => {}
        done => return done,
    }
    change(zoom_id, |stored| {
        let record = stored.and_then(account_record::parse);
        let change = match record {
            Some(record) if record.user_id == user_id => {
                Change::Store(copy(new, record.other_user_ids))
            }
            // A copy of another user's record, or deleted because the user is being removed.
            Some(_) | None => Change::Nothing,
        };
        Ok((change, ()))
    })
}

/// Removes a user, and users whose records do not name the Zoom user any more. Returns whether users remain. Without users,
/// the copy is deleted.
pub fn remove_user(zoom_id: &str, user_id: &str) -> Result<bool, Error> {
    remove_users(zoom_id, &[user_id.to_owned()])
}

/// Removes several users. Their records may have just been deleted, and a read may still find them.
pub fn remove_users(zoom_id: &str, gone: &[String]) -> Result<bool, Error> {
    change(zoom_id, |stored| {
        let Some(stored) = stored else {
            return Ok((Change::Nothing, false));
        };
        let users = account_record::parse(stored).as_ref().map(user_ids);
        let mut rest = Vec::new();
        for other in users.unwrap_or_default() {
            if !gone.contains(&other)
                && let Some(own) = account_record::record_for(&other, zoom_id)?
            {
                rest.push((other, own));
            }
        }
        let Some(((_, own), others)) = rest.split_first() else {
            return Ok((Change::Delete, false));
        };
        let others = others.iter().map(|(other, _)| other.clone());
        let next = copy(own, others.collect());
        let change = if next == stored {
            Change::Nothing
        } else {
            Change::Store(next)
        };
        Ok((change, true))
    })
}

/// The users whose own records name this Zoom user.
pub fn users_of(zoom_id: &str) -> Result<Vec<String>, Error> {
    let record = confirmed_read::read_confirmed(&key(zoom_id), |stored| match stored {
        Some(bytes) => Decision::Sure(account_record::parse(bytes)),
        None => Decision::Confirm(None),
    })?;
    let mut users = Vec::new();
    for user_id in record.as_ref().map(user_ids).unwrap_or_default() {
        if account_record::record_for(&user_id, zoom_id)?.is_some() {
            users.push(user_id);
        }
    }
    Ok(users)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(user_id: &str) -> Vec<u8> {
        json!({"UserID": user_id, "ZoomID": "z", "OAuthToken": {"access_token": "v1:x"}})
            .to_string()
            .into_bytes()
    }

    #[test]
    fn zm054_without_others_the_copy_is_the_record() {
        assert_eq!(copy(&record("a"), Vec::new()), record("a"));
        assert_eq!(copy(b"odd", vec!["b".into()]), b"odd");
    }

    #[test]
    fn zm050_d48_the_copy_names_all_users() {
        let bytes = copy(&record("a"), vec!["b".into(), "c".into()]);
        let read = account_record::parse(&bytes).unwrap();
        assert_eq!(user_ids(&read), ["a", "b", "c"]);
        assert_eq!(read.zoom_id, "z");
    }
}
