//! `/zoom doctor`. The Go supervisor suite covers the report in support packets, for which a server needs a license.

use plugin_tests::site::{Error, Person, Room, message};
use serde_json::{Value, json};

use crate::world::*;

pub const CHECKS: &[Check] = &[(
    "the_doctor_answers_system_admins_and_members",
    the_doctor_answers,
)];

fn the_doctor_answers(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (root, room) = connected(site)?;
    let member = site.person(&name("person"), &room)?;
    let user = root.client.user_id();
    let path = format!("/api/v4/users/{user}/roles");
    let roles = json!({"roles": "system_user system_admin"});
    site.administrator.put(&path, &roles)?;
    let told = root.asks(&room, "/zoom doctor")?;
    let text = message(&told).to_owned();
    for label in [
        "Settings",
        "Network",
        "Client ID and secret",
        "Zoom account",
        "Clock",
    ] {
        let passed = format!(":white_check_mark: **{label}**");
        assert!(text.contains(&passed), "{label}: {text}");
    }
    assert!(text.contains("/plugins/zoom/public/docs/"), "{text}");
    let own = member.asks(&room, "/zoom doctor")?;
    let own = message(&own);
    assert!(own.contains("Your Zoom account is not connected"), "{own}");
    assert!(
        !own.contains("Settings") && !own.contains("Network"),
        "{own}"
    );
    let report = report_of(&root, &room)?;
    let url = site.server.url();
    let host = url.trim_start_matches("http://").to_owned();
    for private in [&*host, &site.zoom.app().client_id, "person", "@"] {
        assert!(!report.contains(private), "{private}: {report}");
    }
    site.administrator
        .put(&path, &json!({"roles": "system_user"}))?;
    Ok(())
}

fn report_of(who: &Person, room: &Room) -> Result<String, Error> {
    let told = who.asks(room, "/zoom doctor --json")?;
    let text = message(&told);
    let (_, rest) = text.split_once("```json\n").unwrap();
    let (json, _) = rest.split_once("\n```").unwrap();
    let report: Value = serde_json::from_str(json).unwrap();
    assert!(report["checks"].as_array().unwrap().len() >= 10, "{report}");
    Ok(json.to_owned())
}
