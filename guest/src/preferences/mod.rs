//! What people choose in advance: users for their own meetings, and system admins for a channel.

pub mod channel_settings;
pub mod personal_meeting_id;
pub mod restriction;
