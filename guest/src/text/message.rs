//! The ids of the sentences.

macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// One sentence.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Message {
            $($(#[$doc])* $name,)*
        }

        impl Message {
            /// All of them.
            pub const ALL: [Message; [$(Message::$name,)*].len()] = [$(Message::$name,)*];
        }
    };
}

messages! {
    // Settings
    /// All problems, for the log.
    ConfigLog,
    /// All problems, for a system administrator.
    ConfigAdmin,
    /// For everybody else.
    ConfigUser,
    /// `SiteURL`.
    ConfigSiteUrl,
    /// `ZoomURL`.
    ConfigZoomUrl,
    /// `ZoomAPIURL`.
    ConfigZoomApiUrl,
    /// `OAuthClientID`.
    ConfigClientId,
    /// `OAuthClientSecret`.
    ConfigClientSecret,
    /// `EncryptionKey`.
    ConfigEncryptionKey,
    /// `EncryptionKey`.
    ConfigEncryptionKeyLength,
    /// `WebhookSecret`.
    ConfigWebhookSecret,
    /// `ZoomWebhookSecret`.
    ConfigZoomWebhookSecret,
    /// Addresses that nobody proved to own are trusted.
    ConfigUnproved,

    // Lifecycle
    /// What the bot says of itself.
    BotDescription,
    /// The bot account is missing.
    ActivateBot,
    /// The command is missing.
    ActivateCommand,

    // Command
    /// What autocompletion says of the command.
    CommandDescription,
    /// Not our command.
    CommandWrongTrigger,
    /// Nothing after the trigger.
    CommandNoAction,
    /// No such subcommand.
    CommandUnknown,
    /// Heading of the help.
    HelpTitle,
    /// What `start` does.
    HelpStart,
    /// What `connect` does.
    HelpConnect,
    /// What `disconnect` does.
    HelpDisconnect,
    /// What `settings` does.
    HelpSettings,
    /// What `subscription` does.
    HelpSubscription,
    /// What `subscription add` does.
    HelpSubscriptionAdd,
    /// What `subscription remove` does.
    HelpSubscriptionRemove,
    /// What `subscription list` does.
    HelpSubscriptionList,
    /// What `channel-settings` does.
    HelpChannelSettings,
    /// What `channel-settings list` does.
    HelpChannelSettingsList,
    /// What `help` does.
    HelpHelp,

    // Connection
    /// Not connected; the link.
    ConnectLink,
    /// Not connected; the link for an administrator who connects for everybody.
    ConnectLinkForEverybody,
    /// Not connected, and only an administrator can.
    AskToConnect,
    /// Connected, and it works.
    AlreadyConnected,
    /// Connected for everybody, and it works.
    AlreadyConnectedForEverybody,
    /// Just connected.
    Connected,
    /// Just connected for everybody.
    ConnectedForEverybody,
    /// Just connected for everybody, by whom Zoom does not say.
    ConnectedForEverybodyUnnamed,
    /// What a server without proof of addresses means.
    AddressesUnproved,
    /// Just disconnected.
    Disconnected,
    /// Just disconnected for everybody.
    DisconnectedForEverybody,
    /// Disconnected here, and Zoom does not know.
    DisconnectedNotRevoked,
    /// Nothing to disconnect.
    NotConnectedYet,
    /// Nothing to disconnect for everybody.
    NotConnectedYetForEverybody,
    /// Zoom ended the connection.
    Deauthorized,
    /// Zoom ended the connection for everybody.
    DeauthorizedForEverybody,
    /// Only administrators connect.
    OauthAdminsOnly,
    /// The link is old or was used.
    OauthExpired,
    /// Not this user's return.
    OauthMismatch,
    /// The user declined.
    OauthDeclined,
    /// Done.
    OauthComplete,
    /// A browser without a session.
    SignInFirst,
    /// A link to the page where one signs in.
    SignInLink,
    /// A link to the same page.
    OpenAgain,
    /// This server goes on with the connections of another one.
    SiteAdopted,
    /// Title of our pages.
    PageTitle,

    // Requests
    /// 501.
    HttpNotConfigured,
    /// 404.
    HttpNotFound,
    /// 405.
    HttpMethod,
    /// 401.
    HttpUnauthorized,
    /// 403.
    HttpForbidden,
    /// 400.
    HttpBadRequest,
    /// A delivery of another type.
    WebhookNotJson,
    /// A delivery that is none.
    WebhookMalformed,
    /// Mattermost failed.
    MattermostFailed,

    // Starting
    /// Not in the channel.
    NotMember,
    /// Not in this channel.
    Restricted,
    /// May not post.
    MayNotPost,
    /// Somebody is starting one.
    Busy,
    /// Created and not posted.
    NotPosted,
    /// No personal room.
    NoPersonalRoom,
    /// A recent meeting.
    RecentZoom,
    /// A recent meeting of others.
    RecentOther,
    /// Its title.
    RecentTitle,
    /// How to start another one.
    RecentWait,

    // Personal meeting id
    /// How not to be asked.
    AskPretext,
    /// The question.
    AskTitle,
    /// A button.
    AskPersonal,
    /// A button.
    AskUnique,
    /// A first choice.
    AlwaysPersonal,
    /// A first choice.
    AlwaysUnique,
    /// A choice.
    ChosePersonal,
    /// A choice.
    ChoseUnique,
    /// Title of the form.
    SettingsTitle,
    /// Text of the form.
    SettingsText,
    /// The form in a notification.
    SettingsFallback,
    /// A button.
    SettingsYes,
    /// A button.
    SettingsNo,
    /// A button.
    SettingsAsk,

    // Meeting posts
    /// The message of a meeting post.
    PostStarted,
    /// The message once it is over.
    PostEnded,
    /// The id line.
    PostId,
    /// The id line of a personal room.
    PostPersonalId,
    /// The link.
    PostJoin,
    /// In a notification.
    PostStartedFallback,
    /// In a notification, once over.
    PostEndedFallback,
    /// In the attachment, once over.
    PostEndedSummary,

    // Subscriptions and channels
    /// How to use it.
    SubscriptionUsage,
    /// No number.
    SubscriptionNumber,
    /// Not allowed here.
    SubscriptionMayNotPost,
    /// Zoom does not know it.
    SubscriptionUnknown,
    /// A personal room.
    SubscriptionPersonal,
    /// Not the host.
    SubscriptionNotHost,
    /// Done.
    SubscriptionAdded,
    /// Somebody else's.
    SubscriptionTaken,
    /// Too many channels.
    SubscriptionFull,
    /// Gone.
    SubscriptionRemoved,
    /// Of another channel.
    SubscriptionElsewhere,
    /// Nobody's.
    SubscriptionNone,
    /// Not allowed.
    SubscriptionNotYours,
    /// No subscription.
    SubscriptionListEmpty,
    /// Head of the list.
    SubscriptionListHead,
    /// A channel that was deleted.
    ChannelGone,
    /// A channel that the reader is not in.
    ChannelHidden,
    /// A channel that was archived.
    ChannelArchived,
    /// A direct or group channel.
    ChannelDirect,
    /// Not allowed.
    ChannelSettingsAdmins,
    /// No channel for it.
    ChannelSettingsDirect,
    /// The dialog did not open.
    ChannelSettingsNotOpened,
    /// The dialog's title: at most 24 characters.
    ChannelSettingsTitle,
    /// The dialog's button.
    ChannelSettingsSubmit,
    /// What is chosen: at most 24 characters.
    ChannelSettingsLabel,
    /// What the choice means.
    ChannelSettingsHelp,
    /// A choice.
    ChannelSettingsAllow,
    /// A choice.
    ChannelSettingsRestrict,
    /// A choice.
    ChannelSettingsDefault,
    /// No channel has one.
    ChannelSettingsNone,
    /// What holds elsewhere.
    ChannelSettingsGeneralPrivate,
    /// What holds elsewhere.
    ChannelSettingsGeneralAll,
    /// Before the table.
    ChannelSettingsList,
    /// Head of the table.
    ChannelSettingsTable,
    /// Changed.
    ChannelSettingsNowAllowed,
    /// Changed.
    ChannelSettingsNowRestricted,
    /// Changed.
    ChannelSettingsNowDefault,
    /// A meeting that a channel follows has begun.
    PostFollowed,

    // Recordings
    /// Before the links to videos.
    RecordingIntro,
    /// One video.
    RecordingLink,
    /// What opens it.
    RecordingPasscode,
    /// A chat without videos.
    ChatIntro,
    /// The chat could not be had.
    ChatMissing,
    /// A transcript.
    TranscriptIntro,
    /// The transcript could not be had.
    TranscriptMissing,

    // What Zoom did not do
    /// The grant ended.
    ZoomNotConnected,
    /// The app lacks a scope.
    ZoomMissingScope,
    /// The account does not allow it.
    ZoomForbidden,
    /// Unknown to Zoom.
    ZoomNotFound,
    /// The user may not host.
    ZoomNoLicense,
    /// The user has not accepted the invitation.
    ZoomPending,
    /// The user is in another Zoom account.
    ZoomOtherAccount,
    /// A webinar instead of a meeting.
    ZoomWebinar,
    /// Something in the request is invalid.
    ZoomInvalid,
    /// Refused for an unknown reason.
    ZoomRefused,
    /// The redirect address is not registered.
    ZoomRedirect,
    /// The app is disabled.
    ZoomAppDisabled,
    /// The Site URL has changed.
    ZoomPaused,
    /// For a system admin.
    AdminNoLicense,
    /// For a system admin.
    AdminPending,
    /// For a system admin.
    AdminOtherAccount,
    /// For a system admin.
    AdminForbidden,
    /// For a system admin.
    AdminRefused,
    /// For a system admin.
    AdminPaused,
    /// Nobody at Zoom has this address.
    ZoomUnknownAddress,
    /// The address is not proved.
    ZoomUnverifiedAddress,
    /// Too many requests.
    ZoomRateLimited,
    /// Too many requests, for a while.
    ZoomRateLimitedFor,
    /// Too many requests, for a long while.
    ZoomRateLimitedMinutes,
    /// Too many requests, until a certain time.
    ZoomLimitedUntil,
    /// The app is not known.
    ZoomClient,
    /// The code was refused.
    ZoomCode,
    /// No answer in time.
    ZoomTimeout,
    /// Not reachable.
    ZoomUnavailable,
    /// Forbidden by policy.
    ZoomDenied,
    /// An odd answer.
    ZoomUnexpected,
}
