//! The peers by themselves, without the plugin: if these fail, nothing is wrong with the plugin.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]

use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use plugin_tests::cache_folder;
use plugin_tests::client::Client;
use plugin_tests::process::{processes_in, wait_until};
use plugin_tests::site::{Site, message};
use plugin_tests::zoom::{App, Fault, Route, Webhook, Zoom};
use serde_json::Value;
use url::Url;

fn tell(line: &str) {
    println!("{line}");
}

#[test]
fn a_site_boots_people_talk_and_nothing_stays_behind() {
    let logs = cache_folder().join("logs/harness");
    let mut site = Site::start(&logs, &mut tell).unwrap();
    let room = site.room("room").unwrap();
    let ada = site.person("ada", &room).unwrap();
    let bob = site.person("bob", &room).unwrap();
    assert!(!ada.events.connection_id().is_empty());

    let mark = bob.events.mark();
    let id = ada.client.write(&room.channel, "", "good morning").unwrap();
    let seen = bob
        .events
        .wait_for_post(mark, "posted", |post| message(post) == "good morning")
        .unwrap();
    assert_eq!(seen["id"], id.as_str());
    assert_eq!(
        bob.client.posts(&room.channel).unwrap()[0]["message"],
        "good morning"
    );

    let mark = ada.events.mark();
    ada.types(&room, "/header a new purpose").unwrap();
    ada.events
        .wait(mark, "the new header", |event| {
            event.name == "channel_updated"
        })
        .unwrap();

    assert_eq!(site.administrator.plugin_state("zoom").unwrap(), None);
    assert_eq!(site.stored().unwrap(), "");
    assert!(site.server.log_text().contains("Server is listening on"));

    let folder = site.server.plugin_folder();
    let status = site.server.stop().unwrap();
    assert!(status.success(), "{status:?}");
    site.server.start_again().unwrap();
    assert_eq!(
        message(&ada.client.post_by_id(&id).unwrap()),
        "good morning"
    );
    let url = site.server.url();
    drop(site);
    assert!(Client::new(&url).get("/api/v4/system/ping").is_err());
    let gone = wait_until(Duration::from_secs(5), || {
        processes_in(&folder).is_empty().then_some(())
    });
    assert!(gone.is_some());
}

/// A browser and a plugin in one: what the stand-in sees of the real ones.
struct Visitor {
    zoom: Zoom,
    agent: ureq::Agent,
}

const REDIRECT: &str = "http://localhost:1/complete";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

impl Visitor {
    fn new() -> Visitor {
        let zoom = Zoom::start(App {
            client_id: "id".to_owned(),
            client_secret: "a+b".to_owned(),
            webhook_secret: "token".to_owned(),
        })
        .unwrap();
        zoom.allow_redirect(REDIRECT);
        let agent = zoom.browser();
        Visitor { zoom, agent }
    }

    fn code(&self) -> String {
        let base = self.zoom.url();
        let page = format!(
            "{base}/oauth/authorize?client_id=id&response_type=code&state=s&code_challenge=\
             {CHALLENGE}&code_challenge_method=S256&redirect_uri={REDIRECT}"
        );
        let back = Url::parse(&self.zoom.consent(&page).unwrap()).unwrap();
        back.query_pairs()
            .find(|(name, _)| name == "code")
            .unwrap()
            .1
            .into_owned()
    }

    fn token(&self, form: &str) -> (u16, Value) {
        let basic = STANDARD.encode("id:a%2Bb");
        let answer = self
            .agent
            .post(format!("{}/oauth/token", self.zoom.url()))
            .header("Authorization", format!("Basic {basic}"))
            .send(form);
        read(answer.unwrap())
    }

    fn exchange(&self, code: &str, verifier: &str) -> (u16, Value) {
        self.token(&format!(
            "grant_type=authorization_code&code={code}&redirect_uri={REDIRECT}&code_verifier={verifier}"
        ))
    }

    fn refresh(&self, token: &str) -> (u16, Value) {
        self.token(&format!("grant_type=refresh_token&refresh_token={token}"))
    }

    fn get(&self, path: &str, token: &str) -> (u16, Value) {
        let request = self.agent.get(format!("{}{path}", self.zoom.api_url()));
        read(
            request
                .header("Authorization", format!("Bearer {token}"))
                .call()
                .unwrap(),
        )
    }
}

fn read(answer: ureq::http::Response<ureq::Body>) -> (u16, Value) {
    let (parts, mut body) = answer.into_parts();
    (
        parts.status.as_u16(),
        serde_json::from_str(&body.read_to_string().unwrap()).unwrap(),
    )
}

#[test]
fn the_stand_in_wants_the_right_verifier_once() {
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
fn the_stand_in_rotates_refresh_tokens_and_lets_access_tokens_expire() {
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
fn the_stand_in_makes_meetings_and_fails_on_demand() {
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
