//! Preferences: users choose the meeting ID of their meetings, and system admins set rules for channels.

pub mod channel_settings;
pub mod personal_meeting_id;
pub mod restriction;
