//! Starts meetings like the button in the webapp.

use std::time::{Duration, Instant};

use serde_json::json;
use ureq::http::Method;

use super::load::Latencies;
use crate::process::wait_until;
use crate::site::{Error, Person, Room, Site};
use crate::zoom::User;

/// Longer than a plugin takes to load its settings.
const SOON: Duration = Duration::from_secs(30);

/// A user who is connected to Zoom and starts meetings. Each meeting gets its own channel, because the plugin asks before
/// it starts a second meeting in a channel.
pub struct Starter {
    person: Person,
    name: String,
    rooms: usize,
}

impl Starter {
    /// Creates the user, connects the user to Zoom, and chooses unique meeting IDs.
    pub fn new(site: &Site, id: &str) -> Result<Starter, Error> {
        let configured = wait_until(SOON, || {
            let path = format!("/plugins/{id}/none");
            let answer = site.administrator.call(Method::GET, &path, &[], None);
            (answer.ok()?.status == 404).then_some(())
        });
        if configured.is_none() {
            let text = "the plugin still says that it is not configured";
            return Err(Error::Unexpected(text.to_owned()));
        }
        // Each bundle stores its own tokens, so each bundle has its own user.
        let number = site.zoom.total();
        let name = format!("starter{number}");
        site.zoom
            .sign_in_as(User::new(&format!("{name}@zoom.example.com")));
        let room = site.room(&name)?;
        let person = site.person(&name, &room)?;
        let page = site.connect(&person, &room)?;
        if page.status != 200 {
            let text = format!("connecting ended with {}: {}", page.status, page.text());
            return Err(Error::Unexpected(text));
        }
        person.prefers(&room, "No")?;
        Ok(Starter {
            person,
            name,
            rooms: 0,
        })
    }

    /// Starts this number of meetings, one after the other.
    pub fn start(&mut self, site: &Site, count: usize) -> Result<Latencies, Error> {
        let rooms = (0..count).map(|_| self.room(site));
        let rooms = rooms.collect::<Result<Vec<Room>, Error>>()?;
        let start = |room: &Room| -> Result<Duration, Error> {
            let body = json!({"channel_id": room.channel, "topic": "Standup", "personal": false});
            let began = Instant::now();
            let answer = self.person.client.plugin_json("/api/v1/meetings", &body)?;
            let took = began.elapsed();
            if answer.status == 200 {
                return Ok(took);
            }
            let text = format!("a start was answered {}: {}", answer.status, answer.text());
            Err(Error::Unexpected(text))
        };
        rooms.iter().map(start).collect()
    }

    fn room(&mut self, site: &Site) -> Result<Room, Error> {
        self.rooms += 1;
        let room = site.room(&format!("{}-{}", self.name, self.rooms))?;
        let user = self.person.client.user_id();
        site.administrator.add_to_team(&room.team, user)?;
        site.administrator.add_to_channel(&room.channel, user)?;
        Ok(room)
    }
}
