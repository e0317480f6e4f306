//! Preferences: users choose the meeting ID of their meetings, and system admins set rules for channels.
//! [`user_settings`] is the plugin's part of the user settings in Mattermost.

pub mod channel_settings;
pub mod personal_meeting_id;
pub mod restriction;
pub mod user_settings;
