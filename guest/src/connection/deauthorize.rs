//! Ending connections because Zoom says so: somebody removed the app there.
//!
//! Zoom asks that all of the user's data goes. A removal that fails is repeated by Zoom, so the record
//! that leads to the users goes last, and the job that tells a user is there before the connection is gone. A
//! connection that was made after the event is another one and stays.

use crate::bindings::types::Error;
use crate::config::Config;
use crate::connection::data_compliance;
use crate::connection::notice::{self, Notice};
use crate::occurrence::delete_host_records;
use crate::platform::{clock, log};
use crate::store::{
    accounts, oauth_state, organization, processed_events, subscriptions, user_preference,
    zoom_user_index,
};
use crate::zoom::webhook::deauthorization::Deauthorized;

/// The event's name, for the mark that it is done.
const EVENT: &str = "app_deauthorized";

/// Removes what the event is about. Users and accounts that nobody here knows are no error.
pub fn run(config: &Config, event: &Deauthorized) -> Result<(), Error> {
    if event.client_id != config.client_id {
        log::warn(
            "Zoom reported the removal of another app. Check that the setting Zoom OAuth client ID matches the app in Zoom.",
            &[],
        );
        return Ok(());
    }
    let mark = event.mark();
    if processed_events::seen(EVENT, &mark)? {
        return Ok(());
    }
    let now = clock::now_ms();
    let mut removed = Vec::new();
    for user_id in zoom_user_index::of(&event.user_id)? {
        let outline = accounts::outline(&user_id)?;
        if outline.is_some_and(|outline| event.is_after(outline.connected_at, now)) {
            notice::enqueue(&mark, &user_id, Notice::Deauthorized)?;
            remove_all(&user_id)?;
            removed.push(user_id);
        }
    }
    // The record that leads from Zoom to them.
    zoom_user_index::leave_all(&event.user_id, &removed)?;
    remove_organization(config, event, &mark)?;
    if event.wants_confirmation {
        data_compliance::enqueue(event)?;
    }
    delete_host_records::enqueue(&event.user_id, event.at())?;
    processed_events::mark_seen(EVENT, &mark)
}

/// Everything that is kept about a user but for the way here. The connection goes last.
fn remove_all(user_id: &str) -> Result<(), Error> {
    subscriptions::remove_all(user_id)?;
    user_preference::forget(user_id)?;
    oauth_state::forget(user_id)?;
    accounts::remove_record(user_id)
}

fn remove_organization(config: &Config, event: &Deauthorized, mark: &str) -> Result<(), Error> {
    let Some(origin) = organization::origin()? else {
        return Ok(());
    };
    let meant = origin.is_of(&event.user_id, &event.account_id);
    if !meant || !event.is_after(origin.connected_at, clock::now_ms()) {
        return Ok(());
    }
    if !origin.connected_by.is_empty() {
        oauth_state::forget(&origin.connected_by)?;
        notice::enqueue(mark, &origin.connected_by, Notice::DeauthorizedForEverybody)?;
    }
    organization::remove(&config.encryption_key)?;
    log::warn(
        "Zoom ended the connection of this server. A system administrator can make it again with /zoom connect.",
        &[],
    );
    Ok(())
}
