//! Creates a meeting at Zoom, or looks up the user's personal room.

use crate::config::Config;
use crate::connection::session::Session;
use crate::zoom;
use crate::zoom::hosts::is_web_address;

/// A meeting at Zoom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// The meeting's number.
    pub id: u64,
    /// The UUID of this part; empty for a personal room.
    pub uuid: String,
    /// The join link.
    pub join_url: String,
    /// Whether it is the user's personal room.
    pub personal: bool,
    /// The UUID of the part that is already in progress in the personal room, or empty.
    pub in_progress: String,
    /// The topic.
    pub topic: String,
    /// Zoom's ID of the host, or empty.
    pub host_id: String,
}

/// Creates a new meeting with one request.
pub fn unique(
    config: &Config,
    session: &mut Session<'_>,
    topic: &str,
) -> Result<Meeting, zoom::Error> {
    let created = session.create_meeting(topic)?;
    Ok(Meeting {
        id: created.id,
        join_url: join_url(config, created.id, &created.join_url),
        uuid: created.uuid,
        personal: false,
        in_progress: String::new(),
        topic: topic.to_owned(),
        host_id: created.host_id,
    })
}

/// The user's personal room, or none if the user has no Personal Meeting ID.
pub fn personal(
    config: &Config,
    session: &mut Session<'_>,
    topic: &str,
) -> Result<Option<Meeting>, zoom::Error> {
    let me = session.me()?;
    let number = me.pmi;
    if number == 0 {
        return Ok(None);
    }
    // The room's link contains the passcode. If Zoom does not return it, use the link without a passcode.
    let room = session
        .call(|client| client.meeting(number))
        .unwrap_or_default();
    let in_progress = match room.status.as_str() {
        "started" => room.uuid,
        _ => String::new(),
    };
    Ok(Some(Meeting {
        id: number,
        uuid: String::new(),
        join_url: join_url(config, number, &room.join_url),
        personal: true,
        in_progress,
        topic: topic.to_owned(),
        host_id: me.id,
    }))
}

/// Zoom's join link if it is a web address. Otherwise the standard link for the meeting's number.
fn join_url(config: &Config, id: u64, said: &str) -> String {
    if is_web_address(said) {
        said.to_owned()
    } else {
        format!("{}/j/{id}", config.zoom_url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::complete;

    #[test]
    fn d27_a_join_link_must_be_a_web_address() {
        let config = crate::config::parse(&complete(), Some("https://chat.example.com"))
            .ok()
            .unwrap();
        assert_eq!(
            join_url(&config, 7, "https://us02web.zoom.us/j/7?pwd=x"),
            "https://us02web.zoom.us/j/7?pwd=x"
        );
        for odd in ["", "javascript:alert(1)", "file:///etc/passwd", "/j/7"] {
            assert_eq!(join_url(&config, 7, odd), "https://zoom.us/j/7", "{odd}");
        }
    }
}
