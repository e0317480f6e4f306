//! Whether a user may start a meeting in a channel.

use crate::bindings::types::Error as HostError;
use crate::bindings::{channels, posts};
use crate::config::Config;
use crate::meetings::failure::Failure;
use crate::meetings::request::StartRequest;
use crate::preferences::restriction;

pub fn check_access(start: &StartRequest<'_>) -> Result<(), Failure> {
    let (user_id, channel_id) = (start.person.id.as_str(), start.place.channel_id);
    if start.by_command {
        if restriction::is_restricted_in(start.config, channel_id)? {
            return Err(Failure::Restricted);
        }
    } else {
        check_channel(start.config, user_id, channel_id)?;
    }
    // Check the thread now. If it does not exist, the post would fail after the meeting was created.
    if !start.place.root_id.is_empty() {
        match posts::get(start.place.root_id) {
            Ok(root) if root.channel_id == channel_id => {}
            Ok(_) | Err(HostError::NotFound) => return Err(Failure::MayNotPost),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Checks that the user may post in the channel, and that meetings are allowed there.
fn check_channel(config: &Config, user_id: &str, channel_id: &str) -> Result<(), Failure> {
    let may_post = channels::has_permission(user_id, channel_id, "create_post")?;
    if !may_post {
        match channels::is_member(channel_id, user_id) {
            Ok(true) => {}
            Ok(false) | Err(HostError::NotFound) => return Err(Failure::NotMember),
            Err(error) => return Err(error.into()),
        }
    }
    let channel = channels::get(channel_id)?;
    if channel.archived {
        return Err(Failure::Archived);
    }
    if channel.restricted {
        return Err(Failure::NoMessages);
    }
    if restriction::is_restricted(config, &channel)? {
        return Err(Failure::Restricted);
    }
    if !may_post {
        return Err(Failure::MayNotPost);
    }
    Ok(())
}
