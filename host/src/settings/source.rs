//! Where an administrator changes the plugin's settings.
//!
//! The server decides by two things that it does not tell plugins: whether its configuration is in a file or in the database
//! (`MM_CONFIG`), and whether a variable replaces the settings of plugins. Both are in its environment, which a plugin process gets.
//! An environment variable for a single setting of a plugin does not exist: `PluginSettings.Plugins` is a map, which the server
//! replaces as a whole.

/// What the server's environment says about the settings of plugins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SettingsEnvironment {
    /// `MM_CONFIG` is the address of a database.
    pub configuration_in_database: bool,
    /// `MM_PLUGINSETTINGS_PLUGINS` replaces the settings of all plugins.
    pub replaces_settings: bool,
}

/// Where the settings are changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SettingsSource {
    Server,
    ReadOnlyFile,
    Environment,
}

impl SettingsEnvironment {
    /// Where the settings are changed. `has_read_only_file` is [`mattermost_plugin_rpc::mattermost::Config::has_read_only_file`].
    pub(crate) fn source(self, has_read_only_file: bool) -> SettingsSource {
        if self.replaces_settings {
            SettingsSource::Environment
        } else if has_read_only_file && !self.configuration_in_database {
            SettingsSource::ReadOnlyFile
        } else {
            SettingsSource::Server
        }
    }
}
