//! Refusals by Zoom.

use plugin_tests::process::wait_until;
use plugin_tests::site::{CONNECT_LINK, Site, message};
use plugin_tests::zoom::{DeadGrant, Fault, Refusal, Route, User};
use serde_json::{Value, json};

use crate::world::*;

pub const CHECKS: &[Check] = &[
    (
        "f13_each_error_code_of_zoom_has_a_sentence_that_says_what_it_means",
        refusals,
    ),
    (
        "f13_an_unknown_error_code_is_told_in_general_and_logged",
        unknown,
    ),
    (
        "f14_whatever_ends_a_grant_leads_to_the_prompt_to_connect",
        dead_grants,
    ),
];

/// A refusal, and a part of its message.
const SENTENCES: [(Refusal, &str); 11] = [
    (Refusal::NoPermission, "does not allow this action"),
    (Refusal::Invalid, "did not accept the details"),
    (Refusal::Pending, "is not activated yet"),
    (Refusal::NoUser, "did not find"),
    (Refusal::OtherAccount, "does not belong"),
    (Refusal::Webinar, "belongs to a webinar"),
    (Refusal::NoMeeting, "did not find"),
    (Refusal::NoLicense, "does not have a license to host"),
    (Refusal::NoScopes104, "all required scopes"),
    (Refusal::NoScopes4700, "all required scopes"),
    (Refusal::NoScopes4711, "all required scopes"),
];

fn refusals(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    let (ada, room) = connected(site)?;
    for (refusal, part) in SENTENCES {
        let fault = Fault::refusal(refusal);
        site.zoom.fail_next(Route::CreateMeeting, fault);
        let told = ada.asks(&room, "/zoom start")?;
        let text = message(&told);
        assert!(text.contains(part), "{refusal:?}: {text}");
        let raw = refusal.message("17");
        assert!(
            !text.contains(&raw) && !text.contains(CONNECT_LINK),
            "{text}"
        );
    }

    // The user's license was taken away at Zoom.
    let licensed = site.zoom.signed_in();
    site.zoom.add_user(User {
        licensed: false,
        ..licensed.clone()
    });
    let told = ada.asks(&room, "/zoom start")?;
    let text = message(&told);
    assert!(text.contains("assign you a license"), "{text}");
    assert!(meeting_posts(&ada, &room)?.is_empty());
    site.zoom.add_user(licensed);
    start(&ada, &room, "With a license")?;
    Ok(())
}

fn unknown(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    let (ada, room) = connected(site)?;
    let body = json!({"code": 4242, "message": "The tenant is frozen, ask ada@example.com."});
    for status in [400, 409, 422] {
        let fault = Fault::Status(status, Vec::new(), body.to_string());
        site.zoom.fail_next(Route::CreateMeeting, fault);
        let told = ada.asks(&room, "/zoom start")?;
        let text = message(&told);
        assert!(text.contains("Zoom refused the request"), "{text}");
        assert!(!text.contains("frozen") && !text.contains("4242"), "{text}");
        let log = || {
            let log = site.server.log_text();
            let mut lines = log
                .lines()
                .filter(|line| line.contains("The tenant is frozen"));
            let line =
                lines.find(|line| line.contains("4242") && line.contains(&status.to_string()))?;
            Some(line.to_owned())
        };
        let line = wait_until(SOON, log).ok_or("the log does not name the code")?;
        assert!(!line.contains("ada@example.com"), "{line}");
    }
    Ok(())
}

fn dead_grants(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    let (ada, room) = connected(site)?;
    for reason in DeadGrant::AT_REFRESH {
        site.zoom.end_grants(reason);
        for command in ["/zoom start", "/zoom connect"] {
            let told = ada.asks(&room, command)?;
            let text = message(&told);
            assert!(text.contains(CONNECT_LINK), "{reason:?}, {command}: {text}");
        }
        let named = || {
            let log = site.server.log_text();
            let mut lines = log.lines();
            let is_named =
                |line: &&str| line.contains(reason.reason()) && line.contains(ada.client.user_id());
            lines.find(is_named).map(drop)
        };
        wait_until(SOON, named).ok_or_else(|| format!("{reason:?} is not in the log"))?;
        let mark = ada.events.mark();
        assert_eq!(site.follow_connect_link(&ada)?.status, 200, "{reason:?}");
        ada.events.wait_for_ephemeral(mark, |_: &Value| true)?;
    }
    start(&ada, &room, "Connected again")?;
    Ok(())
}
