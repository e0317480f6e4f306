//! Whether meetings may be started in a channel at all.
//!
//! A channel's own rule decides. Without one, the setting `RestrictMeetingCreation` keeps meetings out
//! of public channels and of no others.

use crate::bindings::channels::{self, Channel, Kind};
use crate::bindings::types::Error;
use crate::config::Config;
use crate::store::channel_settings::{self, Preference};

/// Whether this channel forbids meetings.
pub fn is_restricted(config: &Config, channel: &Channel) -> Result<bool, Error> {
    let rule = channel_settings::of(&channel.id)?;
    Ok(decide(rule, config.restrict_meeting_creation, channel.kind))
}

/// The same where the channel was not read: that is only done if its kind decides.
pub fn is_restricted_in(config: &Config, channel_id: &str) -> Result<bool, Error> {
    match channel_settings::of(channel_id)? {
        Preference::Default if config.restrict_meeting_creation => {
            let kind = channels::get(channel_id)?.kind;
            Ok(decide(Preference::Default, true, kind))
        }
        rule => Ok(rule == Preference::Restrict),
    }
}

fn decide(rule: Preference, restrict: bool, kind: Kind) -> bool {
    match rule {
        Preference::Allow => false,
        Preference::Restrict => true,
        Preference::Default => restrict && kind == Kind::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d20_the_setting_is_about_public_channels_only() {
        assert!(decide(Preference::Default, true, Kind::Open));
        for kind in [Kind::Private, Kind::Direct, Kind::Group] {
            assert!(!decide(Preference::Default, true, kind));
        }
        assert!(!decide(Preference::Default, false, Kind::Open));
    }

    #[test]
    fn a_channels_own_rule_comes_first() {
        assert!(!decide(Preference::Allow, true, Kind::Open));
        assert!(decide(Preference::Restrict, false, Kind::Private));
    }
}
