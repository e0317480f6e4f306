//! Whether meetings may be started in a channel at all.
//!
//! A channel's own rule decides. Without one, the setting `RestrictMeetingCreation` keeps meetings out
//! of public channels and of no others.

use crate::bindings::channels::{self, Kind};
use crate::bindings::types::Error;
use crate::config::Config;
use crate::store::channel_settings::{self, Preference};

/// Whether this channel forbids meetings. The channel itself is only looked up when that matters.
pub fn is_restricted(config: &Config, channel_id: &str) -> Result<bool, Error> {
    let rule = channel_settings::of(channel_id)?;
    let kind = || channels::get(channel_id).map(|channel| channel.kind);
    decide(rule, config.restrict_meeting_creation, kind)
}

fn decide<E>(
    rule: Preference,
    restrict: bool,
    kind: impl FnOnce() -> Result<Kind, E>,
) -> Result<bool, E> {
    match rule {
        Preference::Allow => Ok(false),
        Preference::Restrict => Ok(true),
        Preference::Default if restrict => Ok(kind()? == Kind::Open),
        Preference::Default => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(rule: Preference, restrict: bool, kind: Kind) -> bool {
        decide(rule, restrict, || Ok::<_, ()>(kind)).unwrap()
    }

    #[test]
    fn d20_the_setting_is_about_public_channels_only() {
        assert!(decided(Preference::Default, true, Kind::Open));
        for kind in [Kind::Private, Kind::Direct, Kind::Group] {
            assert!(!decided(Preference::Default, true, kind));
        }
        assert!(!decided(Preference::Default, false, Kind::Open));
    }

    #[test]
    fn a_channels_own_rule_comes_first() {
        assert!(!decided(Preference::Allow, true, Kind::Open));
        assert!(decided(Preference::Restrict, false, Kind::Private));
    }

    #[test]
    fn the_channel_is_not_looked_up_for_nothing() {
        assert_eq!(
            decide(Preference::Default, false, || Err("looked up")),
            Ok(false)
        );
        assert_eq!(
            decide(Preference::Restrict, true, || Err("looked up")),
            Ok(true)
        );
    }
}
