//! Getting a meeting from Zoom: a new one, or the user's personal room.

use crate::config::Config;
use crate::connection::session::Session;
use crate::zoom;
use crate::zoom::hosts::is_web_address;

/// A meeting at Zoom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// Its number.
    pub id: u64,
    /// The id of this occurrence; empty for a personal room that nobody is in yet.
    pub uuid: String,
    /// Where to join.
    pub join_url: String,
    /// Whether it is the user's personal room.
    pub personal: bool,
    /// The UUID of what is in progress in the personal room already, or empty.
    pub in_progress: String,
    /// What it is about.
    pub topic: String,
    /// Zoom's ID of the host, or empty.
    pub host_id: String,
}

/// A new meeting. One request: its answer says where to join.
pub fn unique(
    config: &Config,
    session: &mut Session<'_>,
    topic: &str,
) -> Result<Meeting, zoom::Error> {
    let created = session.call(|client| client.create_meeting(topic))?;
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

/// The user's personal room; none where the user has none.
pub fn personal(
    config: &Config,
    session: &mut Session<'_>,
    topic: &str,
) -> Result<Option<Meeting>, zoom::Error> {
    let me = session.call(|client| client.me())?;
    let number = me.pmi;
    if number == 0 {
        return Ok(None);
    }
    // The room's own link carries the passcode. If Zoom does not tell it, the plain link must do.
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

/// What Zoom said, if it is a web address; else the address that every meeting number has.
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
    fn d27_only_a_web_address_is_joined() {
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
