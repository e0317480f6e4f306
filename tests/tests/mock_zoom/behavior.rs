//! The mock Zoom server has Zoom's inconvenient behavior.

use plugin_tests::zoom::{
    DeadGrant, Fault, Meeting, PERSONAL, RECURRING, Refusal, Route, SCHEDULED, Schedule, User,
    WEBINAR, Webhook,
};
use serde_json::Value;

use crate::visitor::{VERIFIER, Visitor, read};

/// A visitor and the tokens of the person who is signed in.
fn authorized() -> (Visitor, String, String) {
    let visitor = Visitor::new();
    let (access, refresh) = authorize(&visitor);
    (visitor, access, refresh)
}

fn authorize(visitor: &Visitor) -> (String, String) {
    let (status, tokens) = visitor.exchange(&visitor.code(), VERIFIER);
    assert_eq!(status, 200);
    let token = |name: &str| tokens[name].as_str().unwrap().to_owned();
    (token("access_token"), token("refresh_token"))
}

fn object(webhook: &Webhook) -> Value {
    let body: Value = serde_json::from_str(&webhook.body).unwrap();
    body["payload"]["object"].clone()
}

#[test]
fn a_later_authorization_of_the_same_person_ends_the_earlier_one() {
    let (visitor, access, refresh) = authorized();
    let first = visitor.zoom.signed_in();
    visitor.zoom.sign_in_as(User::new("bob@example.com"));
    let (of_bob, _) = authorize(&visitor);
    assert_eq!(visitor.get("/users/me", &access).0, 200, "another person");
    visitor.zoom.sign_in_as(first);
    let (later, _) = authorize(&visitor);
    assert_eq!(visitor.get("/users/me", &access).0, 401);
    let (status, refused) = visitor.refresh(&refresh);
    assert_eq!(status, 400);
    assert_eq!(refused["reason"], "The token has been revoked.");
    for token in [&later, &of_bob] {
        assert_eq!(visitor.get("/users/me", token).0, 200);
    }
}

#[test]
fn an_ended_grant_is_refused_with_zooms_message() {
    for reason in DeadGrant::AT_REFRESH {
        let (visitor, access, refresh) = authorized();
        visitor.zoom.end_grants(reason);
        assert_eq!(visitor.get("/users/me", &access).0, 401);
        let (status, refused) = visitor.refresh(&refresh);
        assert_eq!(
            (status, &refused["reason"], &refused["error"]),
            (400, &reason.reason().into(), &reason.error().into())
        );
    }
}

#[test]
fn codes_expire_and_a_disabled_app_gets_nothing() {
    let visitor = Visitor::new();
    let code = visitor.code();
    visitor.zoom.later(301);
    let (status, refused) = visitor.exchange(&code, VERIFIER);
    assert_eq!(
        (status, &refused["reason"]),
        (400, &"Code is expired".into())
    );
    let (access, refresh) = authorize(&visitor);
    let code = visitor.code();
    visitor.zoom.disable_app(true);
    for refused in [visitor.exchange(&code, VERIFIER), visitor.refresh(&refresh)] {
        assert_eq!(refused.1["reason"], "The app has been disabled");
    }
    assert_eq!(visitor.get("/users/me", &access).0, 401);
    visitor.zoom.disable_app(false);
    assert_eq!(visitor.refresh(&refresh).0, 200);
}

#[test]
fn users_who_cannot_host_are_refused_with_zooms_codes() {
    let (visitor, access, _) = authorized();
    let base = User::new("x@example.com");
    for (email, user, refusal) in [
        (
            "pending@example.com",
            User {
                pending: true,
                ..base.clone()
            },
            Refusal::Pending,
        ),
        (
            "away@example.com",
            User {
                elsewhere: true,
                ..base.clone()
            },
            Refusal::OtherAccount,
        ),
        (
            "free@example.com",
            User {
                licensed: false,
                ..base.clone()
            },
            Refusal::NoLicense,
        ),
    ] {
        visitor.zoom.add_user(User {
            email: email.to_owned(),
            ..user
        });
        let url = format!("{}/users/{email}/meetings", visitor.zoom.api_url());
        let request = visitor.agent.post(url);
        let request = request.header("Authorization", format!("Bearer {access}"));
        let refused = read(request.send(r#"{"topic":"t","type":1}"#).unwrap());
        let expected = (400, Value::from(refusal.code()));
        assert_eq!((refused.0, refused.1["code"].clone()), expected, "{email}");
        let (status, answer) = visitor.get(&format!("/users/{email}"), &access);
        match refusal {
            Refusal::NoLicense => assert_eq!((status, &answer["type"]), (200, &1.into())),
            _ => assert_eq!((status, answer["code"].clone()), expected, "{email}"),
        }
    }
    let unknown = visitor.get("/users/nobody@example.com", &access);
    assert_eq!((unknown.0, &unknown.1["code"]), (400, &1001.into()));
}

#[test]
fn webinars_are_not_meetings() {
    let (visitor, access, _) = authorized();
    visitor.zoom.add_meeting(Meeting {
        kind: WEBINAR,
        ..Meeting::occurrence(98_765_432_101, "webinar")
    });
    let (status, refused) = visitor.get("/meetings/98765432101", &access);
    assert_eq!((status, &refused["code"]), (400, &3000.into()));
    let (status, refused) = visitor.get("/meetings/98765432102", &access);
    assert_eq!((status, &refused["code"]), (404, &3001.into()));
}

#[test]
fn a_meeting_restarts_with_another_uuid_under_its_number() {
    let (visitor, access, _) = authorized();
    let host = visitor.zoom.signed_in();
    for (plan, kind) in [
        (Schedule::once("One"), SCHEDULED),
        (Schedule::weekly("Many"), RECURRING),
    ] {
        let meeting = visitor.zoom.schedule(&host, plan);
        let again = visitor.zoom.restart(&meeting);
        assert_eq!((again.id, again.kind), (meeting.id, kind));
        assert_ne!(again.uuid, meeting.uuid);
        let (_, known) = visitor.get(&format!("/meetings/{}", meeting.id), &access);
        assert_eq!(known["uuid"], again.uuid.as_str());
        assert_eq!(known["type"], kind);
        let started = object(&visitor.zoom.webhook("meeting.started", &again));
        assert_eq!(
            (&started["id"], &started["type"]),
            (&meeting.id.into(), &kind.into())
        );
    }
}

#[test]
fn a_meeting_in_a_personal_room_is_reported_under_the_rooms_number() {
    let (visitor, access, _) = authorized();
    let host = visitor.zoom.signed_in();
    let plan = Schedule::weekly("Planning").in_personal_room();
    let meeting = visitor.zoom.schedule(&host, plan);
    assert_ne!(meeting.id, host.pmi);
    let (_, known) = visitor.get(&format!("/meetings/{}", meeting.id), &access);
    assert_eq!(known["settings"]["use_pmi"], true);
    assert_eq!(known["pmi"], host.pmi.to_string());
    for event in ["meeting.started", "meeting.ended"] {
        let object = object(&visitor.zoom.webhook(event, &meeting));
        let id = object["id"].as_u64();
        let id = id.or_else(|| object["id"].as_str()?.parse().ok());
        assert_eq!(id, Some(host.pmi), "{event}");
        assert_eq!(object["type"], PERSONAL);
    }
    let (one, other) = (
        visitor.zoom.enter_room(&host),
        visitor.zoom.enter_room(&host),
    );
    assert_eq!((one.id, one.kind), (host.pmi, PERSONAL));
    assert_ne!(one.uuid, other.uuid);
}

#[test]
fn a_download_without_a_token_is_a_page_with_status_200() {
    let visitor = Visitor::new();
    let url = visitor.zoom.add_file("vtt", "WEBVTT");
    let get = |url: &str, token: &str| {
        let request = visitor.agent.get(url);
        let request = request.header("Authorization", format!("Bearer {token}"));
        let (parts, mut body) = request.call().unwrap().into_parts();
        let kind = parts.headers["Content-Type"].to_str().unwrap().to_owned();
        (parts.status.as_u16(), kind, body.read_to_string().unwrap())
    };
    let (status, kind, body) = get(&url, "wrong");
    assert_eq!(status, 200);
    assert!(kind.starts_with("text/html") && body.contains("Sign In"));
    let (status, kind, body) = get(&url, &visitor.zoom.download_token());
    assert_eq!(
        (status, kind.as_str(), body.as_str()),
        (200, "text/vtt", "WEBVTT")
    );
}

#[test]
fn a_recording_redirects_to_another_host_which_needs_no_token() {
    let visitor = Visitor::new();
    let url = visitor
        .zoom
        .add_redirected_file("vtt", "WEBVTT", "ssrweb.zoom.us");
    let (parts, _) = visitor.agent.get(&url).call().unwrap().into_parts();
    let place = parts.headers["Location"].to_str().unwrap();
    assert_eq!(parts.status, 302);
    assert!(
        place.starts_with("https://ssrweb.zoom.us/rec/download/"),
        "{place}"
    );
    let here = place.replace("https://ssrweb.zoom.us", &visitor.zoom.url());
    let body = visitor
        .agent
        .get(here)
        .call()
        .unwrap()
        .into_body()
        .read_to_string();
    assert_eq!(body.unwrap(), "WEBVTT");
}

#[test]
fn rate_limits_have_zooms_headers() {
    let (visitor, access, _) = authorized();
    let limited = |fault| {
        visitor.zoom.fail_next(Route::User, fault);
        let request = visitor
            .agent
            .get(format!("{}/users/me", visitor.zoom.api_url()));
        let request = request.header("Authorization", format!("Bearer {access}"));
        let (parts, _) = request.call().unwrap().into_parts();
        assert_eq!(parts.status, 429);
        let header = |name| {
            parts
                .headers
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
        };
        (header("X-RateLimit-Type"), header("Retry-After"))
    };
    assert_eq!(limited(Fault::too_fast()), (Some("QPS".to_owned()), None));
    let until = "2026-08-07T00:00:00Z";
    let daily = (Some("Daily-limit".to_owned()), Some(until.to_owned()));
    assert_eq!(limited(Fault::daily_limit(until)), daily);
}

#[test]
fn a_failed_webhook_is_repeated_with_its_first_timestamp() {
    let webhook = Webhook::sign_at("secret", "{}".to_owned(), 1_700_000_000);
    let mut retries = webhook.retries();
    for (status, wait) in [
        (Some(500), Some(5 * 60)),
        (None, Some(20 * 60)),
        (Some(503), Some(60 * 60)),
        (Some(500), None),
    ] {
        assert!(!retries.is_over());
        assert_eq!(retries.webhook(), &webhook);
        assert_eq!(retries.answered(status), wait);
    }
    assert!(retries.is_over());
    for status in [200, 204, 302, 401, 404] {
        let mut retries = webhook.retries();
        assert_eq!(retries.answered(Some(status)), None, "{status}");
        assert!(retries.is_over());
    }
}
