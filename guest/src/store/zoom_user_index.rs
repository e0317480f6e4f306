//! Which Mattermost users have connected a Zoom account.
//!
//! `zoomtokenbyzoomid_{zoom user}` holds a copy of the record of whoever connected that account last,
//! so that Zoom's messages find the user. Where several users did, the others are named in a field of
//! the copy. It is changed by compare-and-set only, and never believed: a user counts as long as their
//! own record names the Zoom account.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::platform::clock;
use crate::store::account_record::{self, Record};
use crate::store::confirmed_read::{self, Meaning};

/// How often to try when others change the same record, and how long to wait in between.
const ATTEMPTS: u32 = 8;
const PAUSE: u64 = 50;

/// Where the copy is.
pub fn key(zoom_id: &str) -> String {
    format!("zoomtokenbyzoomid_{zoom_id}")
}

/// The users named by a copy, its own first.
fn named(record: &Record) -> Vec<String> {
    let mut users = vec![record.user_id.clone()];
    users.extend(record.other_user_ids.iter().cloned());
    users.retain(|id| !id.is_empty());
    users
}

/// A user's record as the copy, with the names of the others.
fn copy(own: &[u8], others: Vec<String>) -> Vec<u8> {
    match account_record::parse(own) {
        Some(mut record) if !others.is_empty() => {
            record.other_user_ids = others;
            serde_json::to_vec(&record).unwrap_or_else(|_| own.to_vec())
        }
        _ => own.to_vec(),
    }
}

/// What to do with the copy.
enum Change {
    Nothing,
    Delete,
    Store(Vec<u8>),
}

/// Changes the copy: `decide` sees what is stored. Repeated when somebody else was faster.
fn change<T>(
    zoom_id: &str,
    decide: impl Fn(Option<&[u8]>) -> Result<(Change, T), Error>,
) -> Result<T, Error> {
    let key = key(zoom_id);
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            clock::pause(PAUSE);
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

/// Puts this user first. `own` is the user's record.
pub fn join(zoom_id: &str, user_id: &str, own: &[u8]) -> Result<(), Error> {
    change(zoom_id, |stored| {
        let record = stored.and_then(account_record::parse);
        let mut others = record.as_ref().map(named).unwrap_or_default();
        others.retain(|other| other != user_id);
        Ok((Change::Store(copy(own, others)), ()))
    })
}

/// Lets the copy follow a change of this user's record, where the copy is of this user.
pub fn follow(zoom_id: &str, user_id: &str, old: &[u8], new: &[u8]) -> Result<(), Error> {
    // Nearly always the copy is the same as the record, and one call does.
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
            // Somebody else's, or gone because the user is being removed at this moment.
            Some(_) | None => Change::Nothing,
        };
        Ok((change, ()))
    })
}

/// Takes this user's name away, and those of users who have left. Answers whether anybody remains.
/// The last one takes the copy along.
pub fn leave(zoom_id: &str, user_id: &str) -> Result<bool, Error> {
    leave_all(zoom_id, &[user_id.to_owned()])
}

/// The same for several users. Their records may have been deleted just now, and a read may still find them.
pub fn leave_all(zoom_id: &str, gone: &[String]) -> Result<bool, Error> {
    change(zoom_id, |stored| {
        let Some(stored) = stored else {
            return Ok((Change::Nothing, false));
        };
        let users = account_record::parse(stored).as_ref().map(named);
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

/// The users whose own records name this Zoom account.
pub fn of(zoom_id: &str) -> Result<Vec<String>, Error> {
    let record = confirmed_read::settle(&key(zoom_id), |stored| match stored {
        Some(bytes) => Meaning::Sure(account_record::parse(bytes)),
        None => Meaning::Confirm(None),
    })?;
    let mut users = Vec::new();
    for user_id in record.as_ref().map(named).unwrap_or_default() {
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
    fn zm050_d48_the_copy_names_everybody() {
        let bytes = copy(&record("a"), vec!["b".into(), "c".into()]);
        let read = account_record::parse(&bytes).unwrap();
        assert_eq!(named(&read), ["a", "b", "c"]);
        assert_eq!(read.zoom_id, "z");
    }
}
