//! English.

use super::Message;

pub(super) fn template(message: Message) -> &'static str {
    match message {
        Message::ConfigLog => {
            "Zoom is not set up yet. In System Console > Plugins > Zoom: {problems}."
        }
        Message::ConfigAdmin => {
            "Zoom is not set up yet. Please go to **System Console > Plugins > Zoom**; it works as soon as this is done:\n{problems}"
        }
        Message::ConfigUser => {
            "Zoom is not set up on this server yet. Please ask a system administrator to finish the set-up."
        }
        Message::ConfigSiteUrl => {
            "SiteURL is empty: enter the address of this server under Environment > Web Server"
        }
        Message::ConfigZoomUrl => {
            "ZoomURL is not a web address: enter the address of your own Zoom, such as https://zoom.example.com, or leave it empty"
        }
        Message::ConfigZoomApiUrl => {
            "ZoomAPIURL is not a web address: enter the address of your own Zoom's API, such as https://api.zoom.example.com/v2, or leave it empty"
        }
        Message::ConfigClientId => "OAuthClientID is empty: enter the client ID of your Zoom app",
        Message::ConfigClientSecret => {
            "OAuthClientSecret is empty: enter the client secret of your Zoom app"
        }
        Message::ConfigEncryptionKey => "EncryptionKey is empty: choose Regenerate beside it",
        Message::ConfigEncryptionKeyLength => {
            "EncryptionKey must have 16, 24 or 32 bytes: choose Regenerate beside it; users then connect again"
        }
        Message::ConfigWebhookSecret => {
            "WebhookSecret is empty: choose Regenerate beside it, and use the new address in the Zoom app"
        }
        Message::ConfigZoomWebhookSecret => {
            "ZoomWebhookSecret is empty: enter the secret token of your Zoom app, so that messages can be proved to come from Zoom"
        }
        Message::ConfigUnproved => {
            "AccountLevelApp is on, so people are matched with Zoom users by their e-mail addresses, and this server does not ask them to prove that an address is theirs: whoever enters somebody else's address can start meetings as that person. Set Require Email Verification to true in System Console > Authentication > Email, or let your sign-in service decide about addresses."
        }
        Message::BotDescription => "Created by the Zoom plugin.",
        Message::ActivateBot => {
            "The Zoom plugin could not create its bot account. Check that the database answers, then enable the plugin again."
        }
        Message::ActivateCommand => {
            "The Zoom plugin could not register its slash command. Enable the plugin again; if that does not help, see the server log."
        }
        Message::CommandDescription => "Available commands: {commands}",
        Message::CommandWrongTrigger => "That is not a Zoom command. Try `/zoom help`.",
        Message::CommandNoAction => {
            "Please say what to do, such as `/zoom start`. `/zoom help` lists what there is."
        }
        Message::CommandUnknown => "Unknown action {action}. `/zoom help` lists what there is.",
        Message::HelpTitle => "###### Zoom - slash command help",
        Message::HelpStart => "Start a Zoom meeting; the topic is optional",
        Message::HelpConnect => "Connect your Zoom account",
        Message::HelpDisconnect => "Disconnect your Zoom account",
        Message::HelpSettings => "Choose between your personal meeting ID and a new one each time",
        Message::HelpSubscription => "Let this channel hear of a meeting.",
        Message::HelpSubscriptionAdd => "Announce each occurrence of a meeting in this channel.",
        Message::HelpSubscriptionRemove => "Announce a meeting here no longer.",
        Message::HelpSubscriptionList => "List your subscriptions and their channels.",
        Message::HelpChannelSettings => "Allow or forbid meetings in this channel.",
        Message::HelpChannelSettingsList => "List the channels with a preference of their own.",
        Message::HelpHelp => "Show this help",
        Message::ConnectLink => {
            "Your Zoom account is not connected yet. [Click here to link your Zoom account]({url}). The link works for five minutes."
        }
        Message::ConnectLinkForEverybody => {
            "Zoom is not connected with this server yet. [Click here to connect your organization's Zoom account]({url}), for everybody. The link is good for five minutes."
        }
        Message::AskToConnect => {
            "Zoom is not connected with this server yet. Please ask a system administrator to run `/zoom connect`."
        }
        Message::AlreadyConnectedForEverybody => {
            "Your organization's Zoom account is already connected. To use another account, run `/zoom disconnect` first."
        }
        Message::AlreadyConnected => {
            "You are already connected to Zoom as {email}. To use another account, run `/zoom disconnect` first."
        }
        Message::Connected => {
            "Your Zoom account {email} is connected. Start a meeting with `/zoom start`."
        }
        Message::ConnectedForEverybody => {
            "Your organization's Zoom account is connected, by {email}. Everybody whose e-mail address is the same here and at Zoom can now run `/zoom start`."
        }
        Message::ConnectedForEverybodyUnnamed => {
            "Your organization's Zoom account is connected. Everybody whose e-mail address is the same here and at Zoom can now run `/zoom start`."
        }
        Message::AddressesUnproved => {
            "Please note: this server does not ask people to prove that an e-mail address is theirs, and Zoom users are found by it. To keep people from starting meetings as somebody else, switch on **Require Email Verification** in **System Console > Authentication > Email**."
        }
        Message::DisconnectedForEverybody => {
            "Your organization's Zoom account is disconnected, for everybody."
        }
        Message::DisconnectedNotRevoked => {
            "The Zoom account is disconnected here, but Zoom did not confirm it. To make sure, remove the app at https://marketplace.zoom.us/user/installed."
        }
        Message::Disconnected => "Your Zoom account is disconnected.",
        Message::NotConnectedYet => {
            "You are not connected to Zoom, so there is nothing to disconnect. To connect, run `/zoom connect`."
        }
        Message::NotConnectedYetForEverybody => {
            "No Zoom account is connected with this server, so there is nothing to disconnect. To connect one, run `/zoom connect`."
        }
        Message::Deauthorized => {
            "The app was removed from your Zoom account, so your connection with Zoom has ended and everything kept about it here was deleted. To connect again, run `/zoom connect` in any channel."
        }
        Message::DeauthorizedForEverybody => {
            "The app was removed from your organization's Zoom account, so the connection with Zoom has ended for everybody on this server. To connect again, run `/zoom connect` in any channel."
        }
        Message::OauthAdminsOnly => {
            "Only a system administrator can connect this server with Zoom. Please ask one to run /zoom connect."
        }
        Message::OauthExpired => {
            "This link has expired or was used already. Go back to Mattermost and run /zoom connect for a new one."
        }
        Message::OauthMismatch => {
            "This answer from Zoom does not belong to the link you opened last. Go back to Mattermost and run /zoom connect for a new one."
        }
        Message::OauthDeclined => {
            "You did not give access at Zoom, so nothing was connected. You can close this window; to try again, run /zoom connect in Mattermost."
        }
        Message::OauthComplete => {
            "Your Zoom account is connected. You can close this window and go back to Mattermost."
        }
        Message::SignInFirst => {
            "You are not signed in to Mattermost in this browser. Sign in first, then come back to this page and open the link again."
        }
        Message::SignInLink => "Sign in to Mattermost (opens a new tab)",
        Message::OpenAgain => "Open this link again",
        Message::SiteAdopted => {
            "This server now uses the Zoom connections that were made at {site}."
        }
        Message::PageTitle => "Zoom for Mattermost",
        Message::HttpNotConfigured => {
            "Zoom is not set up on this server yet. A system administrator must finish the set-up."
        }
        Message::HttpNotFound => "There is nothing at this address.",
        Message::HttpMethod => "This address does not take this method.",
        Message::HttpUnauthorized => "Not authorized. Log in to Mattermost and try again.",
        Message::HttpForbidden => "This is not yours to answer.",
        Message::HttpBadRequest => "The request is malformed.",
        Message::WebhookNotJson => "The content type must be application/json.",
        Message::WebhookMalformed => "The body is not a webhook of Zoom.",
        Message::MattermostFailed => {
            "Mattermost could not do that just now. Please try again in a minute; if it keeps failing, tell your system administrator."
        }
        Message::NotMember => {
            "You are not a member of this channel, so you cannot start a meeting in it. Join it first."
        }
        Message::Restricted => {
            "Zoom meetings are disabled for this channel. Start one in another channel, or ask a system administrator to allow them here."
        }
        Message::MayNotPost => {
            "You cannot post in this channel, so you cannot start a meeting in it. Please contact the channel's administrator."
        }
        Message::Busy => {
            "Somebody is starting a meeting in this channel right now. Wait half a minute, then try again."
        }
        Message::NotPosted => {
            "The meeting was created, but it could not be posted here. [Join it]({url}) and send the link to the others."
        }
        Message::NoPersonalRoom => {
            "Your Zoom account has no personal meeting ID in use, so the meeting got a new one. To use yours, switch on \"Enable Personal Meeting ID\" at {url}."
        }
        Message::RecentZoom => "There is another recent meeting in this channel.",
        Message::RecentOther => "There is another recent meeting in this channel, on {provider}.",
        Message::RecentTitle => "A meeting was started here a moment ago",
        Message::RecentWait => {
            "To start another one all the same, wait half a minute and try again."
        }
        Message::AskPretext => "You can set a default with `/zoom settings`.",
        Message::AskTitle => "Which meeting ID should this meeting use?",
        Message::AskPersonal => "USE PERSONAL MEETING ID",
        Message::AskUnique => "USE A UNIQUE MEETING ID",
        Message::AlwaysPersonal => {
            "Starting the meeting with your personal meeting ID. All your meetings will use it from now on; to change that, run `/zoom settings`."
        }
        Message::AlwaysUnique => {
            "Starting the meeting with a unique meeting ID. All your meetings will get a new one from now on; to change that, run `/zoom settings`."
        }
        Message::ChosePersonal => "Starting the meeting with your personal meeting ID.",
        Message::ChoseUnique => "Starting the meeting with a unique meeting ID.",
        Message::SettingsTitle => "*Setting: Use your Personal Meeting ID*",
        Message::SettingsText => {
            "Do you want your meetings to use your personal meeting ID?\n\nCurrent value: {value}"
        }
        Message::SettingsFallback => "Use your personal meeting ID: {value}",
        Message::SettingsYes => "Yes",
        Message::SettingsNo => "No",
        Message::SettingsAsk => "Ask",
        Message::SubscriptionUsage => {
            "Say what to do: `/zoom subscription add [meeting id]`, `/zoom subscription remove [meeting id]` or `/zoom subscription list`."
        }
        Message::SubscriptionNumber => {
            "The meeting ID must be a number, as Zoom shows it: `/zoom subscription add 123 4567 8901`."
        }
        Message::SubscriptionMayNotPost => {
            "You may not write in this channel, so you cannot change its subscriptions."
        }
        Message::SubscriptionUnknown => {
            "Zoom knows no meeting {id} that you can see. Compare the number with the one in your invitation."
        }
        Message::SubscriptionPersonal => {
            "A personal meeting room cannot be subscribed to. Use the ID of a scheduled meeting."
        }
        Message::SubscriptionNotHost => {
            "You can subscribe only to meetings that you host. A system administrator can subscribe to others."
        }
        Message::SubscriptionAdded => "This channel hears of meeting {id} from now on.",
        Message::SubscriptionTaken => {
            "Somebody else has subscribed this channel to meeting {id} already."
        }
        Message::SubscriptionFull => {
            "Too many channels follow meeting {id}. Remove one of them first."
        }
        Message::SubscriptionRemoved => "This channel no longer hears of meeting {id}.",
        Message::SubscriptionElsewhere => {
            "This channel is not subscribed to meeting {id}; another one is. Run the command there."
        }
        Message::SubscriptionNone => "No channel is subscribed to meeting {id}.",
        Message::SubscriptionNotYours => {
            "Somebody else subscribed this channel to meeting {id}. They or a system administrator can remove it."
        }
        Message::SubscriptionListEmpty => {
            "You have no subscriptions. `/zoom subscription add [meeting id]` makes one."
        }
        Message::SubscriptionListHead => {
            "###### Zoom subscriptions\n\n| Meeting ID | Channel |\n| :-- | :-- |"
        }
        Message::ChannelGone => "unknown channel",
        Message::ChannelHidden => "a channel you are not in",
        Message::ChannelArchived => "an archived channel",
        Message::ChannelDirect => "a direct message",
        Message::ChannelSettingsAdmins => {
            "Only system administrators can change where meetings may be started."
        }
        Message::ChannelSettingsDirect => "There is no such setting for direct and group messages.",
        Message::ChannelSettingsNotOpened => {
            "The dialog could not be opened. Type the command again."
        }
        Message::ChannelSettingsTitle => "Set Channel Preference",
        Message::ChannelSettingsSubmit => "Submit",
        Message::ChannelSettingsLabel => "Meetings in this channel",
        Message::ChannelSettingsHelp => "Where meetings are disabled nobody can start one.",
        Message::ChannelSettingsAllow => "Enable meetings in this channel",
        Message::ChannelSettingsRestrict => "Disable meetings in this channel",
        Message::ChannelSettingsDefault => "Follow the plugin's setting (restricted: {value})",
        Message::ChannelSettingsNone => "No channel has a preference of its own.",
        Message::ChannelSettingsGeneralPrivate => {
            "in private channels and in direct and group messages only"
        }
        Message::ChannelSettingsGeneralAll => "everywhere, also in public channels",
        Message::ChannelSettingsList => {
            "###### Zoom preferences of channels\n\nWithout a preference of their own, channels follow the plugin's setting: meetings can be started {general}."
        }
        Message::ChannelSettingsTable => {
            "\n\n| Channel ID | Channel Name | Preference |\n| :-- | :-- | :-- |"
        }
        Message::ChannelSettingsNowAllowed => "Meetings are enabled in this channel now.",
        Message::ChannelSettingsNowRestricted => "Meetings are disabled in this channel now.",
        Message::ChannelSettingsNowDefault => "This channel follows the plugin's setting now.",
        Message::PostFollowed => "A meeting has started",
        Message::RecordingIntro => "Here's the recording of the Zoom meeting:",
        Message::RecordingLink => "**Link:** [Meeting Recording]({url})",
        Message::RecordingPasscode => "**Password:** `{passcode}`",
        Message::ChatIntro => "Here's the chat of the Zoom meeting:",
        Message::ChatMissing => {
            "The chat of the meeting could not be fetched from Zoom. Its host finds it at Zoom, under *Recordings*."
        }
        Message::TranscriptIntro => "Here's the transcription of the Zoom meeting:",
        Message::TranscriptMissing => {
            "The transcription of the meeting could not be fetched from Zoom. Its host finds it at Zoom, under *Recordings*."
        }
        Message::PostStarted => "I have started a meeting",
        Message::PostEnded => "The meeting has ended.",
        Message::PostId => "Meeting ID: {id}",
        Message::PostPersonalId => "Personal Meeting ID (PMI): {id}",
        Message::PostJoin => "Join Meeting",
        Message::PostStartedFallback => "Zoom meeting started: {id}.",
        Message::PostEndedFallback => {
            "Zoom meeting {id} has ended: started {start}, lasted {minutes} minute(s)."
        }
        Message::PostEndedSummary => {
            "Meeting ID: {id}\n\n##### Meeting Summary\n\nDate: {start}\n\nMeeting Length: {minutes} minute(s)"
        }
        Message::ZoomNotConnected => {
            "Zoom ended your connection. Run `/zoom connect` to connect again."
        }
        Message::ZoomMissingScope => {
            "The Zoom app of this server lacks a permission that is needed for this. Please tell your system administrator: the app's scopes must include meeting:read:meeting, meeting:write:meeting and user:read:user, each with :admin at its end if AccountLevelApp is on."
        }
        Message::ZoomForbidden => {
            "Zoom does not allow this for your account. Check your account at Zoom, or ask who administers it."
        }
        Message::ZoomNotFound => {
            "Zoom does not know your account or the meeting. Check that you are connected with the right account: run `/zoom disconnect`, then `/zoom connect`."
        }
        Message::ZoomNoLicense => {
            "Your Zoom account has no license to host meetings. Ask your Zoom administrator to assign you one."
        }
        Message::ZoomPending => {
            "Your Zoom account is not activated yet. Open the invitation that Zoom sent to you by email, then try again."
        }
        Message::ZoomOtherAccount => {
            "Your Zoom user does not belong to the Zoom account of this server's app. Run `/zoom disconnect`, then `/zoom connect` with the right account, or ask your Zoom administrator to add you."
        }
        Message::ZoomWebinar => {
            "This meeting ID belongs to a webinar. Webinars are not supported. Use the ID of a meeting."
        }
        Message::ZoomInvalid => {
            "Zoom did not accept the details of the meeting. Try again with another topic. If that does not help, tell your system admin."
        }
        Message::ZoomRefused => {
            "Zoom refused the request. Try again later. If that does not help, tell your system admin."
        }
        Message::ZoomRedirect => {
            "Zoom did not accept the redirect address of this server. In the Zoom App Marketplace, enter {url} exactly like this as the OAuth Redirect URL and in the OAuth Allow List of the app. Then run /zoom connect again."
        }
        Message::ZoomAppDisabled => {
            "The Zoom app of this server is disabled. A Zoom administrator must enable and approve the app in the Zoom App Marketplace. Then run /zoom connect again."
        }
        Message::ZoomPaused => {
            "Zoom connections are paused because the address of this server has changed. A system admin can run `/zoom connect` to see what to do."
        }
        Message::AdminNoLicense => {
            "In the Zoom web portal, under User Management > Users, assign a license to this user."
        }
        Message::AdminPending => {
            "In the Zoom web portal, under User Management > Users > Pending, you can send the invitation again."
        }
        Message::AdminOtherAccount => {
            "Users of other Zoom accounts can connect only if the Zoom app is published, and never to an admin-managed app."
        }
        Message::AdminForbidden => {
            "In the Zoom web portal, check the role of this user and the account's meeting settings."
        }
        Message::AdminRefused => "The server log has Zoom's error code and message.",
        Message::AdminPaused => {
            "The connections were made at {site}. If this server has replaced that one, run `/zoom connect this-server` to go on with them. If this server is a copy, such as a test server, give it a Zoom app of its own."
        }
        Message::ZoomUnknownAddress => {
            "Nobody in your organization's Zoom account has your e-mail address {email}. It must be the same here and at Zoom: change one of them in your profile, or ask your Zoom administrator to add you."
        }
        Message::ZoomUnverifiedAddress => {
            "Your e-mail address {email} is not verified, and Zoom users are found by it. Open the link in the message that this server sent to that address, or ask for a new one in your profile."
        }
        Message::ZoomRateLimited => {
            "Zoom takes no more requests from you for now. Please try again later; the limit on new meetings ends at midnight UTC."
        }
        Message::ZoomRateLimitedFor => {
            "Zoom takes no more requests from you for now. Please try again in {seconds} seconds."
        }
        Message::ZoomRateLimitedMinutes => {
            "Zoom takes no more requests from you for now. Please try again in {minutes} minutes."
        }
        Message::ZoomLimitedUntil => "Zoom's limit on requests is reached. Try again after {time}.",
        Message::ZoomClient => {
            "Zoom does not accept this server's app. Please tell your system administrator to compare OAuthClientID and OAuthClientSecret with the app at Zoom."
        }
        Message::ZoomCode => {
            "Zoom did not accept the sign-in any more. Go back to Mattermost and run `/zoom connect` again."
        }
        Message::ZoomTimeout => "Zoom did not answer in time. Please try again in a minute.",
        Message::ZoomUnavailable => {
            "Zoom could not be reached or is having problems. Please try again in a few minutes; https://status.zoom.us shows known problems."
        }
        Message::ZoomDenied => {
            "This server's policy forbids the plugin to reach Zoom's address. Please tell your system administrator to check ZoomURL and ZoomAPIURL."
        }
        Message::ZoomUnexpected => {
            "Zoom gave an answer that makes no sense here. Please try again; if it keeps failing, tell your system administrator, who finds details in the server log."
        }
    }
}
