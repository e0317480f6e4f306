//! Meetings as Zoom keeps them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::random::random;

/// A meeting that starts when it is created.
pub const INSTANT: u8 = 1;
/// A meeting at one time.
pub const SCHEDULED: u8 = 2;
/// A personal room in use.
pub const PERSONAL: u8 = 4;
/// A meeting at several times, all under one number.
pub const RECURRING: u8 = 8;
/// A webinar, which the endpoints of meetings refuse.
pub const WEBINAR: u8 = 5;

/// A meeting.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meeting {
    /// Ten or eleven digits.
    pub id: u64,
    /// The ID of this occurrence: base64, often with a slash in it.
    pub uuid: String,
    /// The topic.
    pub topic: String,
    /// The ID of the host.
    pub host_id: String,
    /// The host's email address.
    pub host_email: String,
    /// The link, passcode included.
    pub join_url: String,
    /// The passcode for participants who type the meeting ID.
    pub passcode: String,
    /// The start time, in Zoom's format.
    pub start_time: String,
    /// Zoom's `type`; 0 counts as [`INSTANT`].
    pub kind: u8,
    /// The host's Personal Meeting ID where the meeting uses it (`settings.use_pmi`); otherwise 0.
    pub pmi: u64,
    /// Whether it is in progress.
    pub in_progress: bool,
    /// The body of the plugin's request.
    pub requested: Value,
}

/// The input to schedule a meeting at Zoom.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The topic.
    pub topic: String,
    /// [`SCHEDULED`] or [`RECURRING`].
    pub kind: u8,
    /// Whether it takes place in the host's personal room.
    pub use_pmi: bool,
    /// The start time, in Zoom's format.
    pub start_time: String,
}

impl Schedule {
    /// A meeting at one time.
    pub fn once(topic: &str) -> Schedule {
        Schedule {
            topic: topic.to_owned(),
            kind: SCHEDULED,
            use_pmi: false,
            start_time: "2026-08-06T13:50:00Z".to_owned(),
        }
    }

    /// A meeting at several times.
    pub fn weekly(topic: &str) -> Schedule {
        Schedule {
            kind: RECURRING,
            ..Schedule::once(topic)
        }
    }

    /// The same with the host's Personal Meeting ID.
    #[must_use]
    pub fn in_personal_room(self) -> Schedule {
        Schedule {
            use_pmi: true,
            ..self
        }
    }
}

impl Meeting {
    /// An occurrence of a meeting that was not created here.
    pub fn occurrence(id: u64, uuid: &str) -> Meeting {
        Meeting {
            id,
            uuid: uuid.to_owned(),
            topic: "Standup".to_owned(),
            host_id: "KDcuGIm1QgePTO8WbOqwIQ".to_owned(),
            host_email: "ada@zoom.example.com".to_owned(),
            start_time: "2026-08-06T13:50:00Z".to_owned(),
            ..Meeting::default()
        }
    }

    /// The number under which events report it: a meeting that uses the Personal Meeting ID is reported under that.
    pub fn reported_id(&self) -> u64 {
        if self.pmi > 0 { self.pmi } else { self.id }
    }

    /// The `type` with which events report it.
    pub fn reported_kind(&self) -> u8 {
        match self.kind {
            _ if self.pmi > 0 => PERSONAL,
            0 => INSTANT,
            kind => kind,
        }
    }
}

/// A UUID as Zoom makes them. Every one has a slash, which a path must escape.
pub(super) fn new_uuid() -> String {
    let mut uuid: [u8; 16] = random();
    if let Some(third) = uuid.get_mut(2) {
        *third |= 0x3f; // The fourth letter becomes a slash.
    }
    STANDARD.encode(uuid)
}
