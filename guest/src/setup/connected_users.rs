//! The connected users that the System Console shows.
//!
//! A request asks for a page of all users, or for those of up to 100 users: the webapp searches Mattermost's users by name.
//! Each shown entry is compared with the user's connection, and a wrong or missing entry is repaired.

use crate::bindings::types::Error;
use crate::bindings::users;
use crate::platform::ids::is_id;
use crate::platform::log;
use crate::store::accounts::{self, AccountSummary};
use crate::store::connected_users::{self, Entry};
use serde::Deserialize;
use serde_json::{Value, json};

/// The number of users in a page.
const PER_PAGE: usize = 20;
/// The largest number of users that a request can name.
const MAX_NAMED: usize = 100;

/// The query.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Query {
    /// The page, from 0.
    page: usize,
    /// Only these users; all users if absent.
    user_ids: Option<Vec<String>>,
}

/// The users as JSON: the number of all connected users, and those that the query asks for.
pub fn answer(query: &Query) -> Result<Value, Error> {
    let all = connected_users::list()?;
    let count = all.len();
    let (wanted, pages) = match &query.user_ids {
        Some(user_ids) => (named(all, user_ids), 1),
        None => (page(&all, query.page).to_vec(), count.div_ceil(PER_PAGE)),
    };
    let mut shown = Vec::new();
    let mut stale = 0;
    for (user_id, entry) in wanted {
        match (accounts::load_summary(&user_id)?, entry) {
            (Some(account), entry) => {
                if entry.is_none() {
                    repaired(connected_users::add(&user_id));
                }
                shown.extend(describe(&user_id, &account));
            }
            (None, Some(entry)) => {
                stale += 1;
                repaired(connected_users::forget_stale(&entry));
            }
            (None, None) => {}
        }
    }
    Ok(json!({
        "count": count.saturating_sub(stale),
        "page": query.page,
        "pages": pages,
        "users": shown,
    }))
}

/// A user with their entry in the index, if there is one.
type Wanted = (String, Option<Entry>);

fn page(all: &[Entry], number: usize) -> Vec<Wanted> {
    let skipped = all.iter().skip(number.saturating_mul(PER_PAGE));
    let taken = skipped.take(PER_PAGE).cloned();
    taken
        .map(|entry| (entry.user_id.clone(), Some(entry)))
        .collect()
}

fn named(all: Vec<Entry>, user_ids: &[String]) -> Vec<Wanted> {
    let mut wanted: Vec<Wanted> = Vec::new();
    for user_id in user_ids.iter().filter(|id| is_id(id)).take(MAX_NAMED) {
        if wanted.iter().all(|(known, _)| known != user_id) {
            wanted.push((user_id.clone(), None));
        }
    }
    for entry in all {
        if let Some((_, found)) = wanted.iter_mut().find(|(id, _)| *id == entry.user_id) {
            *found = Some(entry);
        }
    }
    wanted
}

/// The user for the table; none if Mattermost does not know the user.
fn describe(user_id: &str, account: &AccountSummary) -> Option<Value> {
    let user = users::get(user_id).ok()?;
    Some(json!({
        "id": user.id,
        "username": user.username,
        "deactivated": user.deactivated,
        "connected_at": account.connected_at,
    }))
}

fn repaired(changed: Result<(), Error>) {
    if let Err(error) = changed {
        log::warn(
            "The index of connected users could not be repaired.",
            &[("error", &error.to_string())],
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> String {
        format!("{number:026}")
    }

    fn entries(count: usize) -> Vec<Entry> {
        let entry = |number| Entry {
            user_id: id(number),
            added_at: 7,
        };
        (0..count).map(entry).collect()
    }

    #[test]
    fn a_page_has_twenty_users() {
        let all = entries(45);
        let ids = |number| -> Vec<_> { page(&all, number).into_iter().map(|one| one.0).collect() };
        assert_eq!(ids(0).len(), 20);
        assert_eq!(ids(2), [id(40), id(41), id(42), id(43), id(44)]);
        assert!(ids(3).is_empty() && ids(usize::MAX).is_empty());
    }

    #[test]
    fn named_users_are_found_once_whether_or_not_they_are_in_the_index() {
        let names = [id(3), id(9), id(3), "no id".to_owned()];
        let found = named(entries(5), &names);
        let seen = found.iter().map(|(id, entry)| (id, entry.is_some()));
        let seen: Vec<_> = seen.collect();
        assert_eq!(seen, [(&id(3), true), (&id(9), false)]);
        let many: Vec<_> = (0..150).map(id).collect();
        assert_eq!(named(Vec::new(), &many).len(), MAX_NAMED);
    }

    #[test]
    fn a_query_may_be_empty() {
        assert_eq!(
            serde_json::from_str::<Query>("{}").unwrap(),
            Query::default()
        );
        assert!(serde_json::from_str::<Query>(r#"{"page":-1}"#).is_err());
    }
}
