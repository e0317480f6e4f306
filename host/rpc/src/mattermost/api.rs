//! The seam between a plugin's logic and the server: every API method as a trait, and how it fails.
//!
//! Futures are boxed, which keeps the trait usable as `Arc<dyn Api>`; a box costs nothing beside a
//! round trip. No method has a timeout: a slow database makes a slow call, and the caller knows best
//! how long it can wait. Dropping a future forgets the answer, it does not undo the call.

use super::{
    AuditRecord, Bot, Broadcast, Channel, ChannelMember, Command, Config, FileInfo, KvSetOptions,
    LogLevel, OpenDialogRequest, Post, PostList, Preference, Team, User,
};
use crate::gob::Any;
use futures_util::future::BoxFuture;
use std::collections::BTreeMap;

/// The pending answer of an API call.
pub type Call<'a, T> = BoxFuture<'a, Result<T, ApiError>>;

/// Why an API call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The server refused, in the way of its REST API (`model.AppError`).
    #[error("{where_}: {message} ({id}, status {status_code})")]
    App {
        /// Name of the message, such as `app.channel.get.existing.app_error`.
        id: String,
        /// The message, in the server's language.
        message: String,
        /// HTTP status, 404 for "not found".
        status_code: i64,
        /// The function that failed.
        where_: String,
        /// More for whoever reads logs. May quote data: not for people.
        detailed: String,
    },
    /// The server refused with a plain Go error.
    #[error("{0}")]
    Go(String),
    /// The call itself failed: an unknown method, or an argument or answer that does not decode.
    #[error("the call failed: {0}")]
    Rpc(String),
    /// The answer is larger than is taken; only it is lost.
    #[error("the answer is too large")]
    TooLarge,
    /// The server ended the connection, or had ended it before.
    #[error("the connection to the server is closed")]
    Closed,
}

impl ApiError {
    /// The HTTP status the server gave, where it gave one.
    pub fn status(&self) -> Option<i64> {
        match self {
            Self::App { status_code, .. } => Some(*status_code),
            Self::Go(_) | Self::Rpc(_) | Self::TooLarge | Self::Closed => None,
        }
    }

    /// Whether the thing asked for does not exist.
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404)
    }
}

/// The methods of Mattermost's plugin API that this crate types. Ids are 26-character strings, times
/// are milliseconds since 1970.
pub trait Api: Send + Sync + 'static {
    /// The plugin's settings: a JSON object with lower-cased keys, the manifest's defaults filled in.
    /// Unset values are `null`; numbers may be strings.
    fn load_plugin_configuration(&self) -> Call<'_, Vec<u8>>;

    /// The settings that are stored for the plugin, as saved: without the manifest's defaults, keys in the
    /// System Console's spelling. Secrets that are set read as 32 asterisks.
    fn get_plugin_config(&self) -> Call<'_, BTreeMap<String, Any>>;

    /// Replaces all stored settings of the plugin. A value of 32 asterisks keeps what is stored under that key.
    fn save_plugin_config(&self, settings: BTreeMap<String, Any>) -> Call<'_, ()>;

    /// The site's configuration, secrets masked.
    fn get_config(&self) -> Call<'_, Config>;

    /// The server's version, such as `11.9.0`.
    fn get_server_version(&self) -> Call<'_, String>;

    /// Absolute path of the directory the bundle was unpacked into.
    fn get_bundle_path(&self) -> Call<'_, String>;

    /// Registers a slash command, in place of one with the same trigger and team.
    fn register_command(&self, command: Command) -> Call<'_, ()>;

    /// Makes sure that the bot account exists and answers with its user id. Idempotent.
    fn ensure_bot_user(&self, bot: Bot) -> Call<'_, String>;

    /// Sets a user's picture: PNG or JPEG.
    fn set_profile_image<'a>(&'a self, user: &'a str, image: &'a [u8]) -> Call<'a, ()>;

    /// The user with this id, deactivated or not.
    fn get_user<'a>(&'a self, user: &'a str) -> Call<'a, User>;

    /// The channel with this id, archived or not.
    fn get_channel<'a>(&'a self, channel: &'a str) -> Call<'a, Channel>;

    /// The members of a channel by user name, deactivated ones included, one page of them. Pages count from 0.
    fn get_users_in_channel<'a>(
        &'a self,
        channel: &'a str,
        page: u32,
        per_page: u32,
    ) -> Call<'a, Vec<User>>;

    /// The teams that a user is a member of.
    fn get_teams_for_user<'a>(&'a self, user: &'a str) -> Call<'a, Vec<Team>>;

    /// A user's membership of a channel; none for one who is no member, or where either does not exist.
    fn get_channel_member<'a>(
        &'a self,
        channel: &'a str,
        user: &'a str,
    ) -> Call<'a, Option<ChannelMember>>;

    /// The direct channel of two users, created when missing.
    fn get_direct_channel<'a>(&'a self, user: &'a str, other: &'a str) -> Call<'a, Channel>;

    /// Whether a user has a permission of the system scope. False for a user who does not exist.
    fn has_permission_to<'a>(&'a self, user: &'a str, permission: &'a str) -> Call<'a, bool>;

    /// Whether a user has a permission in a channel. False where either does not exist.
    fn has_permission_to_channel<'a>(
        &'a self,
        user: &'a str,
        channel: &'a str,
        permission: &'a str,
    ) -> Call<'a, bool>;

    /// Stores a new post and answers with it. The server checks no permission.
    fn create_post(&self, post: Post) -> Call<'_, Post>;

    /// Replaces a post by its id and answers with what is stored then. The server checks no permission.
    fn update_post(&self, post: Post) -> Call<'_, Post>;

    /// The post with this id. A deleted one is not found.
    fn get_post<'a>(&'a self, post: &'a str) -> Call<'a, Post>;

    /// The channel's posts created or changed since a moment, deleted ones included.
    fn get_posts_since<'a>(&'a self, channel: &'a str, since: i64) -> Call<'a, PostList>;

    /// Shows a post to one user until they reload.
    fn send_ephemeral_post<'a>(&'a self, user: &'a str, post: Post) -> Call<'a, Post>;

    /// Replaces what an ephemeral post shows.
    fn update_ephemeral_post<'a>(&'a self, user: &'a str, post: Post) -> Call<'a, Post>;

    /// Stores a file for a post of this channel.
    fn upload_file<'a>(
        &'a self,
        data: Vec<u8>,
        channel: &'a str,
        name: &'a str,
    ) -> Call<'a, FileInfo>;

    /// All preferences of a user.
    fn get_preferences_for_user<'a>(&'a self, user: &'a str) -> Call<'a, Vec<Preference>>;

    /// Removes preferences of a user. Removing what is absent succeeds.
    fn delete_preferences_for_user<'a>(
        &'a self,
        user: &'a str,
        preferences: Vec<Preference>,
    ) -> Call<'a, ()>;

    /// The bytes stored under a key, or none.
    fn kv_get<'a>(&'a self, key: &'a str) -> Call<'a, Option<Vec<u8>>>;

    /// Stores bytes, or deletes with an empty value. Answers whether it was done: false when `atomic`
    /// was asked for and something else than `old_value` is stored.
    fn kv_set_with_options<'a>(
        &'a self,
        key: &'a str,
        value: Vec<u8>,
        options: KvSetOptions,
    ) -> Call<'a, bool>;

    /// Removes a key. Removing what is absent succeeds.
    fn kv_delete<'a>(&'a self, key: &'a str) -> Call<'a, ()>;

    /// One page of keys, counting from 0. A page that is not full is the last.
    fn kv_list(&self, page: u32, per_page: u32) -> Call<'_, Vec<String>>;

    /// Publishes an event; the webapp sees it as `custom_PLUGINID_EVENT`.
    fn publish_websocket_event<'a>(
        &'a self,
        event: &'a str,
        payload: BTreeMap<String, Any>,
        broadcast: Broadcast,
    ) -> Call<'a, ()>;

    /// Opens a dialog for whom the trigger id belongs to.
    fn open_interactive_dialog(&self, request: OpenDialogRequest) -> Call<'_, ()>;

    /// Writes a record to the server's audit log. Servers before 10.10 do not have this method.
    fn log_audit_rec(&self, record: AuditRecord) -> Call<'_, ()>;

    /// Writes a line with named values to the server's log.
    fn log<'a>(
        &'a self,
        level: LogLevel,
        message: &'a str,
        fields: Vec<(String, String)>,
    ) -> Call<'a, ()>;
}
