//! Authorization, meetings, planned faults, and signatures.

use std::thread;
use std::time::Duration;

use plugin_tests::process::wait_until;
use plugin_tests::zoom::{Fault, Route, Webhook};

use crate::visitor::{CHALLENGE, VERIFIER, Visitor, read};

#[test]
fn a_code_needs_the_right_verifier_and_works_once() {
    let visitor = Visitor::new();
    let wrong = visitor.exchange(&visitor.code(), &VERIFIER.replace('d', "e"));
    assert_eq!((wrong.0, &wrong.1["error"]), (400, &"invalid_grant".into()));
    let code = visitor.code();
    assert_eq!(visitor.exchange(&code, VERIFIER).0, 200);
    assert_eq!(
        visitor.exchange(&code, VERIFIER).0,
        400,
        "a code works once"
    );
    assert_eq!(visitor.zoom.count(Route::Token), 3);
    assert_eq!(
        visitor.zoom.last_authorization().unwrap().code_challenge,
        CHALLENGE
    );
}

#[test]
fn refresh_tokens_rotate_and_access_tokens_expire() {
    let visitor = Visitor::new();
    let (_, first) = visitor.exchange(&visitor.code(), VERIFIER);
    let access = first["access_token"].as_str().unwrap();
    let (status, user) = visitor.get("/users/me", access);
    assert_eq!((status, &user["email"]), (200, &"ada@example.com".into()));
    visitor.zoom.expire_tokens();
    assert_eq!(visitor.get("/users/me", access).0, 401);
    let refresh = first["refresh_token"].as_str().unwrap();
    let (status, second) = visitor.refresh(refresh);
    assert_eq!(status, 200);
    assert_eq!(
        visitor
            .get("/users/me", second["access_token"].as_str().unwrap())
            .0,
        200
    );
    assert_eq!(visitor.refresh(refresh).1["reason"], "Invalid Token!");
    assert!(
        visitor
            .zoom
            .secrets()
            .iter()
            .any(|secret| secret == refresh)
    );
}

#[test]
fn meetings_are_created_and_requests_fail_on_demand() {
    let visitor = Visitor::new();
    let (_, tokens) = visitor.exchange(&visitor.code(), VERIFIER);
    let access = tokens["access_token"].as_str().unwrap();
    let create = || {
        let request = visitor
            .agent
            .post(format!("{}/users/me/meetings", visitor.zoom.api_url()));
        let request = request.header("Authorization", format!("Bearer {access}"));
        request.send(r#"{"topic":"Standup","type":1}"#).map(read)
    };
    let (status, meeting) = create().unwrap();
    assert_eq!(status, 201);
    assert_eq!(meeting["id"].to_string().len(), 11);
    assert!(meeting["uuid"].as_str().unwrap().contains('/'));
    assert!(meeting["join_url"].as_str().unwrap().contains("?pwd="));
    let path = format!("/meetings/{}", meeting["id"]);
    assert_eq!(
        visitor.get(&path, access).1["join_url"],
        meeting["join_url"]
    );
    assert_eq!(visitor.get("/meetings/12345678901", access).1["code"], 3001);
    let pmi = visitor.zoom.signed_in().pmi;
    assert_eq!(
        visitor.get(&format!("/meetings/{pmi}"), access).1["type"],
        4
    );

    visitor
        .zoom
        .fail_next(Route::CreateMeeting, Fault::rate_limited(7));
    visitor.zoom.fail_next(Route::CreateMeeting, Fault::HangUp);
    assert_eq!(create().unwrap().1["code"], 429);
    assert!(create().is_err());
    assert_eq!(create().unwrap().0, 201);

    visitor.zoom.fail_next(Route::CreateMeeting, Fault::Silence);
    let before = visitor.zoom.count(Route::CreateMeeting);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| create().unwrap().0);
        let asked = || (visitor.zoom.count(Route::CreateMeeting) > before).then_some(());
        wait_until(Duration::from_secs(10), asked).unwrap();
        assert!(!waiting.is_finished());
        visitor.zoom.release();
        assert_eq!(waiting.join().unwrap(), 201);
    });
}

#[test]
fn webhooks_are_signed_as_zoom_documents_it() {
    // Computed with `printf 'v0:1700000000:{}' | openssl dgst -sha256 -hmac secret`.
    let webhook = Webhook::sign_at("secret", "{}".to_owned(), 1_700_000_000);
    assert_eq!(
        webhook.signature,
        "v0=84dd7b277ba946b3a34369b43499bfd9258b410b8894583f1288b1911aa6a6d6"
    );
    assert_eq!(
        Webhook::encrypted_token("secret", "plain"),
        "a237566e044b73e6a1e54bd59974547487fa5f8143025ce0d04d82e7ee4c5e34"
    );
}
