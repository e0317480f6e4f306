//! Ending connections because Zoom says so: somebody removed the app there.
//!
//! Zoom asks that all of the user's data goes. A removal that fails is repeated by Zoom, so the record
//! that leads to the users goes last, and the job that tells a user is there before the connection is gone. A
//! connection that was made after the event is another one and stays.

use super::compliance;
use super::notice::{self, Notice};
use crate::bindings::types::Error;
use crate::config::Config;
use crate::occurrence::forget;
use crate::store::{accounts, locks, oauth_state, organization, owners, preference, subscriptions};
use crate::system;
use crate::webhook::body::Deauthorized;

/// The event's name, for the mark that it is done.
const EVENT: &str = "app_deauthorized";

/// Removes what the event is about. Users and accounts that nobody here knows are no error.
pub fn run(config: &Config, event: &Deauthorized) -> Result<(), Error> {
    let mark = event.mark();
    if locks::seen(EVENT, &mark)? {
        return Ok(());
    }
    let now = system::now_ms();
    let mut removed = Vec::new();
    for user_id in owners::of(&event.user_id)? {
        let outline = accounts::outline(&user_id)?;
        if outline.is_some_and(|outline| event.is_after(outline.connected_at, now)) {
            notice::enqueue(&mark, &user_id, Notice::Deauthorized)?;
            remove_all(&user_id)?;
            removed.push(user_id);
        }
    }
    // The record that leads from Zoom to them.
    owners::leave_all(&event.user_id, &removed)?;
    remove_organization(config, event, &mark)?;
    if event.wants_confirmation {
        compliance::enqueue(event)?;
    }
    forget::enqueue(&event.user_id, event.at())?;
    locks::mark_seen(EVENT, &mark)
}

/// Everything that is kept about a user but for the way here. The connection goes last.
fn remove_all(user_id: &str) -> Result<(), Error> {
    subscriptions::remove_all(user_id)?;
    preference::forget(user_id)?;
    oauth_state::forget(user_id)?;
    accounts::remove_record(user_id)
}

fn remove_organization(config: &Config, event: &Deauthorized, mark: &str) -> Result<(), Error> {
    let Some(origin) = organization::origin()? else {
        return Ok(());
    };
    let meant = origin.is_of(&event.user_id, &event.account_id);
    if !meant || !event.is_after(origin.connected_at, system::now_ms()) {
        return Ok(());
    }
    if !origin.connected_by.is_empty() {
        oauth_state::forget(&origin.connected_by)?;
        notice::enqueue(mark, &origin.connected_by, Notice::DeauthorizedForEverybody)?;
    }
    organization::remove(&config.encryption_key)?;
    system::warn(
        "Zoom ended the connection of this server. A system administrator can make it again with /zoom connect.",
        &[],
    );
    Ok(())
}
