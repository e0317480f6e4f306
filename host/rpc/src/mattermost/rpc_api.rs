//! The API over the wire.

use super::api::{Api, Call};
use super::team::{self, Team};
use super::{
    AuditRecord, Bot, Broadcast, Channel, ChannelMember, Command, Config, FileInfo, KvSetOptions,
    LogLevel, OpenDialogRequest, Post, PostList, Preference, User, audit, bot, channel, command,
    config, dialog, file, kv, log, post, preference, user, websocket,
};
use crate::gob::Any;
use crate::net_rpc::Client;
use std::collections::BTreeMap;

/// The server's API on a stream dialled with the broker id that `OnActivate` names. Calls may be made
/// from any number of tasks; the server answers them concurrently and in any order.
#[derive(Clone)]
pub struct RpcApi {
    client: Client,
}

impl RpcApi {
    /// The API behind a client whose stream is connected.
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

impl std::fmt::Debug for RpcApi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RpcApi")
    }
}

impl Api for RpcApi {
    fn load_plugin_configuration(&self) -> Call<'_, Vec<u8>> {
        config::load(&self.client)
    }

    fn get_plugin_config(&self) -> Call<'_, BTreeMap<String, Any>> {
        config::stored(&self.client)
    }

    fn save_plugin_config(&self, settings: BTreeMap<String, Any>) -> Call<'_, ()> {
        config::save(&self.client, settings)
    }

    fn get_config(&self) -> Call<'_, Config> {
        config::get(&self.client)
    }

    fn get_server_version(&self) -> Call<'_, String> {
        config::server_version(&self.client)
    }

    fn get_bundle_path(&self) -> Call<'_, String> {
        config::bundle_path(&self.client)
    }

    fn register_command(&self, command: Command) -> Call<'_, ()> {
        command::register(&self.client, command)
    }

    fn ensure_bot_user(&self, bot: Bot) -> Call<'_, String> {
        bot::ensure(&self.client, bot)
    }

    fn set_profile_image<'a>(&'a self, user: &'a str, image: &'a [u8]) -> Call<'a, ()> {
        bot::set_profile_image(&self.client, user, image)
    }

    fn get_user<'a>(&'a self, user: &'a str) -> Call<'a, User> {
        user::get(&self.client, user)
    }

    fn get_users_in_channel<'a>(
        &'a self,
        channel: &'a str,
        page: u32,
        per_page: u32,
    ) -> Call<'a, Vec<User>> {
        user::in_channel(&self.client, channel, page, per_page)
    }

    fn get_teams_for_user<'a>(&'a self, user: &'a str) -> Call<'a, Vec<Team>> {
        team::of_user(&self.client, user)
    }

    fn get_channel<'a>(&'a self, channel: &'a str) -> Call<'a, Channel> {
        channel::get(&self.client, channel)
    }

    fn get_channel_member<'a>(
        &'a self,
        channel: &'a str,
        user: &'a str,
    ) -> Call<'a, Option<ChannelMember>> {
        channel::member(&self.client, channel, user)
    }

    fn get_direct_channel<'a>(&'a self, user: &'a str, other: &'a str) -> Call<'a, Channel> {
        channel::direct(&self.client, user, other)
    }

    fn has_permission_to<'a>(&'a self, user: &'a str, permission: &'a str) -> Call<'a, bool> {
        user::has_permission(&self.client, user, permission)
    }

    fn has_permission_to_channel<'a>(
        &'a self,
        user: &'a str,
        channel: &'a str,
        permission: &'a str,
    ) -> Call<'a, bool> {
        user::has_channel_permission(&self.client, user, channel, permission)
    }

    fn create_post(&self, post: Post) -> Call<'_, Post> {
        post::write(&self.client, "Plugin.CreatePost", post)
    }

    fn update_post(&self, post: Post) -> Call<'_, Post> {
        post::write(&self.client, "Plugin.UpdatePost", post)
    }

    fn get_post<'a>(&'a self, post: &'a str) -> Call<'a, Post> {
        post::get(&self.client, post)
    }

    fn get_posts_since<'a>(&'a self, channel: &'a str, since: i64) -> Call<'a, PostList> {
        post::since(&self.client, channel, since)
    }

    fn send_ephemeral_post<'a>(&'a self, user: &'a str, post: Post) -> Call<'a, Post> {
        post::ephemeral(&self.client, "Plugin.SendEphemeralPost", user, post)
    }

    fn update_ephemeral_post<'a>(&'a self, user: &'a str, post: Post) -> Call<'a, Post> {
        post::ephemeral(&self.client, "Plugin.UpdateEphemeralPost", user, post)
    }

    fn upload_file<'a>(
        &'a self,
        data: Vec<u8>,
        channel: &'a str,
        name: &'a str,
    ) -> Call<'a, FileInfo> {
        file::upload(&self.client, data, channel, name)
    }

    fn get_preferences_for_user<'a>(&'a self, user: &'a str) -> Call<'a, Vec<Preference>> {
        preference::get(&self.client, user)
    }

    fn delete_preferences_for_user<'a>(
        &'a self,
        user: &'a str,
        preferences: Vec<Preference>,
    ) -> Call<'a, ()> {
        preference::delete(&self.client, user, preferences)
    }

    fn kv_get<'a>(&'a self, key: &'a str) -> Call<'a, Option<Vec<u8>>> {
        kv::get(&self.client, key)
    }

    fn kv_set_with_options<'a>(
        &'a self,
        key: &'a str,
        value: Vec<u8>,
        options: KvSetOptions,
    ) -> Call<'a, bool> {
        kv::set(&self.client, key, value, options)
    }

    fn kv_delete<'a>(&'a self, key: &'a str) -> Call<'a, ()> {
        kv::delete(&self.client, key)
    }

    fn kv_list(&self, page: u32, per_page: u32) -> Call<'_, Vec<String>> {
        kv::list(&self.client, page, per_page)
    }

    fn publish_websocket_event<'a>(
        &'a self,
        event: &'a str,
        payload: BTreeMap<String, Any>,
        broadcast: Broadcast,
    ) -> Call<'a, ()> {
        websocket::publish(&self.client, event, payload, broadcast)
    }

    fn open_interactive_dialog(&self, request: OpenDialogRequest) -> Call<'_, ()> {
        dialog::open(&self.client, request)
    }

    fn log_audit_rec(&self, record: AuditRecord) -> Call<'_, ()> {
        audit::log(&self.client, record)
    }

    fn log<'a>(
        &'a self,
        level: LogLevel,
        message: &'a str,
        fields: Vec<(String, String)>,
    ) -> Call<'a, ()> {
        log::write(&self.client, level, message, fields)
    }
}
