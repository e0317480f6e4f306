//! Whether meetings may be started in a channel.
//!
//! The channel's own rule decides. Without a rule, the setting `RestrictMeetingCreation` forbids meetings in public
//! channels only.

use crate::bindings::channels::{self, Channel, Kind};
use crate::bindings::types::Error;
use crate::config::Config;
use crate::store::channel_settings::{self, Preference};

/// Whether this channel forbids meetings.
pub fn is_restricted(config: &Config, channel: &Channel) -> Result<bool, Error> {
    let rule = channel_settings::of(&channel.id)?;
    Ok(is_restricted_by(
        rule,
        config.restrict_meeting_creation,
        channel.kind,
    ))
}

/// Whether the channel with this ID forbids meetings. Loads the channel only if its kind decides.
pub fn is_restricted_in(config: &Config, channel_id: &str) -> Result<bool, Error> {
    match channel_settings::of(channel_id)? {
        Preference::Default if config.restrict_meeting_creation => {
            let kind = channels::get(channel_id)?.kind;
            Ok(is_restricted_by(Preference::Default, true, kind))
        }
        rule => Ok(rule == Preference::Restrict),
    }
}

fn is_restricted_by(rule: Preference, restrict: bool, kind: Kind) -> bool {
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
    fn d20_the_setting_applies_to_public_channels_only() {
        assert!(is_restricted_by(Preference::Default, true, Kind::Open));
        for kind in [Kind::Private, Kind::Direct, Kind::Group] {
            assert!(!is_restricted_by(Preference::Default, true, kind));
        }
        assert!(!is_restricted_by(Preference::Default, false, Kind::Open));
    }

    #[test]
    fn a_channels_own_rule_overrides_the_setting() {
        assert!(!is_restricted_by(Preference::Allow, true, Kind::Open));
        assert!(is_restricted_by(Preference::Restrict, false, Kind::Private));
    }
}
