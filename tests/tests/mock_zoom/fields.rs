//! The answers have the fields that Zoom documents. `fields/*.txt` list their paths, one per line.

use std::collections::BTreeSet;

use plugin_tests::zoom::Schedule;
use serde_json::Value;

use crate::visitor::{VERIFIER, Visitor, read};

const USER: &str = include_str!("fields/user.txt");
const MEETING: &str = include_str!("fields/meeting.txt");

fn paths(value: &Value, prefix: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if prefix.is_empty() {
                    name.clone()
                } else {
                    format!("{prefix}.{name}")
                };
                paths(value, &path, found);
                found.insert(path);
            }
        }
        Value::Array(items) => {
            for item in items {
                paths(item, &format!("{prefix}[]"), found);
            }
        }
        _ => {}
    }
}

/// The documented fields that an answer lacks.
fn missing<'a>(answer: &Value, documented: &'a str) -> Vec<&'a str> {
    let mut found = BTreeSet::new();
    paths(answer, "", &mut found);
    let documented = documented.lines().filter(|path| !path.is_empty());
    documented.filter(|path| !found.contains(*path)).collect()
}

fn signed_in() -> (Visitor, String) {
    let visitor = Visitor::new();
    let (_, tokens) = visitor.exchange(&visitor.code(), VERIFIER);
    let access = tokens["access_token"].as_str().unwrap().to_owned();
    (visitor, access)
}

#[test]
fn a_user_has_all_documented_fields() {
    let (visitor, access) = signed_in();
    let (_, user) = visitor.get("/users/me", &access);
    assert_eq!(missing(&user, USER), [""; 0]);
}

#[test]
fn a_scheduled_meeting_has_all_documented_fields() {
    let (visitor, access) = signed_in();
    let host = visitor.zoom.signed_in();
    let plan = Schedule::weekly("Planning").in_personal_room();
    let id = visitor.zoom.schedule(&host, plan).id;
    let (_, meeting) = visitor.get(&format!("/meetings/{id}"), &access);
    assert_eq!(missing(&meeting, MEETING), [""; 0]);
}

#[test]
fn a_created_meeting_has_all_documented_fields() {
    let (visitor, access) = signed_in();
    let url = format!("{}/users/me/meetings", visitor.zoom.api_url());
    let request = visitor.agent.post(url);
    let request = request.header("Authorization", format!("Bearer {access}"));
    let created = request.send(r#"{"topic":"Standup","type":8}"#).map(read);
    let (status, meeting) = created.unwrap();
    assert_eq!(status, 201);
    // Only a meeting in a personal room has its number.
    assert_eq!(missing(&meeting, MEETING), ["pmi"]);
}
