//! Every request to Zoom with every possible response.
//!
//! A row is a request, a column is a kind of failure, and a cell is part of the sentence that the user gets. An empty
//! cell means success. After each failure, the next attempt works and all invariants hold.
//!
//! If Zoom processed a request but the response was lost, the effect remains at Zoom: an unused meeting, or new tokens
//! that replace the stored ones. In the second case, the user must connect again.

use component_tests::scene::{Scene, Told, body_of, props};
use futures_util::StreamExt as _;
use futures_util::stream;
use plugin_tests::zoom::{Fault, Meeting, Route, User};
use serde_json::json;

use crate::order::in_order;
use crate::support::{SCHEDULED, connected, connected_choosing, prefers, scheduled};

/// A request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Create,
    Renew,
    /// The exchange of a code for tokens, while a user connects.
    Exchange,
    /// The user who connects.
    Who,
    /// The Personal Meeting ID.
    Room,
    /// The link of the personal meeting. If Zoom does not return it, the link is built from the ID.
    RoomsAddress,
    /// The meeting of a new subscription.
    Followed,
    /// Whether the user hosts the meeting of a new subscription.
    Follower,
    /// The link of a subscribed meeting. After the last attempt, the link is built from the ID.
    Announced,
    Download,
    /// Whether a connection works.
    Check,
    /// The revocation of a grant.
    Revoke,
    /// The report to Zoom that data was deleted.
    Confirm,
}

/// The fault of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bad {
    LimitedForASecond,
    LimitedForAnHour,
    Broken,
    Down,
    HungUp,
    Half,
    Nonsense,
    Gigabyte,
    /// The token, the code, or the app's password is refused.
    Refused,
    /// The refreshed token is refused, too.
    RefusedAgain,
}

const COLUMNS: [Bad; 10] = [
    Bad::LimitedForASecond,
    Bad::LimitedForAnHour,
    Bad::Broken,
    Bad::Down,
    Bad::HungUp,
    Bad::Half,
    Bad::Nonsense,
    Bad::Gigabyte,
    Bad::Refused,
    Bad::RefusedAgain,
];

const HOUR: &str = "60 minutes";
const DOWN: &str = "could not be reached";
const ODD: &str = "unexpected response";
const LATE: &str = "did not respond in time";
const LINK: &str = "/oauth2/connect";
const CODE: &str = "did not accept the sign-in";
const ENDED: &str = "is no longer connected";
const ADDED: &str = "Subscribed. Meeting";
const THERE: &str = "already connected";
const GONE: &str = "is disconnected.";
const STORE: &str = "marketplace.zoom.us";
const LEFT: &str = "could not be downloaded";

/// The columns. The last one is a missing response.
#[rustfmt::skip]
const TABLE: [(Call, [&str; 10], &str); 13] = [
    (Call::Create, ["", HOUR, DOWN, DOWN, DOWN, DOWN, ODD, ODD, "", LINK], LATE),
    (Call::Renew, ["", HOUR, DOWN, DOWN, DOWN, DOWN, ODD, ODD, LINK, LINK], LATE),
    (Call::Exchange, ["", HOUR, DOWN, DOWN, DOWN, DOWN, ODD, ODD, CODE, CODE], LATE),
    (Call::Who, ["", HOUR, DOWN, DOWN, DOWN, DOWN, ODD, ODD, ENDED, ENDED], LATE),
    (Call::Room, ["", HOUR, DOWN, DOWN, DOWN, DOWN, ODD, ODD, "", LINK], LATE),
    (Call::RoomsAddress, ["", "", "", "", "", "", "", "", "", ""], ""),
    (Call::Followed, [ADDED, HOUR, DOWN, DOWN, DOWN, DOWN, ODD, ODD, ADDED, LINK], LATE),
    (Call::Follower, [ADDED, HOUR, DOWN, DOWN, DOWN, DOWN, ODD, ODD, ADDED, LINK], LATE),
    (Call::Announced, ["", "", "", "", "", "", "", "", "", ""], ""),
    // Any body is a valid file.
    (Call::Download, ["", "", "", "", "", "", "", LEFT, "", ""], ""),
    (Call::Check, [THERE, THERE, THERE, THERE, THERE, THERE, THERE, THERE, THERE, LINK], THERE),
    // Only the status of this response matters.
    (Call::Revoke, [GONE, STORE, STORE, STORE, STORE, STORE, GONE, GONE, GONE, STORE], STORE),
    (Call::Confirm, ["", "", "", "", "", "", "", "", "", ""], ""),
];

impl Call {
    fn route(self) -> Route {
        match self {
            Call::Create => Route::CreateMeeting,
            Call::Renew | Call::Exchange => Route::Token,
            Call::Who | Call::Room | Call::Follower | Call::Check => Route::User,
            Call::RoomsAddress | Call::Followed | Call::Announced => Route::Meeting,
            Call::Download => Route::Download,
            Call::Revoke => Route::Revoke,
            Call::Confirm => Route::Compliance,
        }
    }

    /// The refusal of a token, a code, or the app's password. At endpoints that take an access token, the token has
    /// expired.
    fn refusal(self) -> Fault {
        let text = |status, body: &str| Fault::Status(status, Vec::new(), body.to_owned());
        match self {
            Call::Renew => text(
                400,
                r#"{"error":"invalid_grant","reason":"Invalid Token!"}"#,
            ),
            Call::Exchange => text(400, r#"{"error":"invalid_grant","reason":"trace-5c1d"}"#),
            Call::Revoke => text(
                400,
                r#"{"error":"invalid_request","reason":"Invalid Token!"}"#,
            ),
            Call::Confirm => text(401, r#"{"error":"invalid_client","reason":"trace-5c1d"}"#),
            _ => text(
                401,
                r#"{"code":124,"message":"Access token is expired. trace-5c1d"}"#,
            ),
        }
    }

    fn faults(self, bad: Bad) -> Vec<Fault> {
        let text = |status, body: &str| Fault::Status(status, Vec::new(), body.to_owned());
        match bad {
            Bad::LimitedForASecond => vec![Fault::rate_limited(1)],
            Bad::LimitedForAnHour => vec![Fault::rate_limited(3600)],
            Bad::Broken => vec![Fault::server_error()],
            Bad::Down => vec![text(503, "<html>trace-5c1d</html>")],
            Bad::HungUp => vec![Fault::HangUp],
            Bad::Half => vec![Fault::Half],
            Bad::Nonsense => vec![text(200, "{\"trace-5c1d\":")],
            Bad::Gigabyte => vec![Fault::Flood(1 << 30)],
            Bad::Refused => vec![self.refusal()],
            Bad::RefusedAgain => vec![self.refusal(), self.refusal()],
        }
    }
}

/// Zoom's messages are shown neither to users nor in the log.
fn is_raw(text: &str) -> bool {
    text.contains("trace-") || text.contains("per-second")
}

/// Ann in a channel.
struct Stage {
    scene: Scene,
    ann: String,
    town: String,
    meeting: Option<Meeting>,
}

impl Stage {
    /// Runs all steps before the request.
    async fn set(call: Call) -> Stage {
        let (scene, ann, town) = match call {
            Call::Room | Call::RoomsAddress => connected_choosing("Yes").await,
            Call::Exchange | Call::Who => {
                let scene = Scene::start().await;
                let ann = scene.person("ann");
                let town = scene.channel("town", &[&ann]);
                let user = scene.zoom.user("ann@example.com").unwrap();
                scene.zoom.sign_in_as(user);
                scene.asks(&ann, &town, "/zoom connect").await;
                (scene, ann, town)
            }
            _ => connected().await,
        };
        let mut stage = Stage {
            scene,
            ann,
            town,
            meeting: None,
        };
        match call {
            Call::Renew => stage.scene.zoom.expire_tokens(),
            Call::Followed | Call::Follower => drop(scheduled(&stage.scene, "ann")),
            Call::Announced => {
                stage.meeting = Some(scheduled(&stage.scene, "ann"));
                let add = format!("/zoom subscription add {SCHEDULED}");
                assert!(stage.types(&add).await.contains(ADDED));
            }
            Call::Download => {
                assert_eq!(stage.types("/zoom start Standup").await, "");
                stage.meeting = stage.scene.zoom.meetings().pop();
            }
            _ => {}
        }
        stage
    }

    async fn types(&self, text: &str) -> String {
        self.scene.asks(&self.ann, &self.town, text).await
    }

    /// Runs all jobs, including later ones.
    async fn works(&self) {
        while let Some(due) = self.scene.works().await {
            self.scene.later((due - self.scene.now()) / 1000 + 1);
        }
    }

    /// Triggers the request and returns the text that Ann reads.
    async fn does(&self, call: Call) -> String {
        let Stage { scene, ann, .. } = self;
        let mark = scene.api.world().ephemerals.len();
        match call {
            Call::Create | Call::Renew | Call::Room | Call::RoomsAddress => {
                self.types("/zoom start Standup").await
            }
            Call::Exchange | Call::Who => {
                let page = scene.consents(ann).await;
                let good = page.status == 200;
                let told = scene.told_since(mark);
                assert!(good || told.is_empty(), "the page says it");
                if good { String::new() } else { body_of(&page) }
            }
            Call::Followed | Call::Follower => {
                self.types(&format!("/zoom subscription add {SCHEDULED}"))
                    .await
            }
            Call::Announced => {
                let meeting = self.meeting.as_ref().unwrap();
                let started = scene.zoom.webhook("meeting.started", meeting);
                assert_eq!(scene.delivers(&started).await.status, 200);
                self.works().await;
                String::new()
            }
            Call::Download => {
                let meeting = self.meeting.as_ref().unwrap();
                let files = json!([{"id": "vtt", "recording_type": "audio_transcript",
                    "download_url": scene.zoom.add_file("vtt", "WEBVTT")}]);
                let event = "recording.transcript_completed";
                let recorded = scene.zoom.recorded(event, meeting, &files);
                assert_eq!(scene.delivers(&recorded).await.status, 200);
                self.works().await;
                let reply = scene.posts(&self.town).pop().unwrap();
                let has_file = !reply.file_ids.is_empty();
                if has_file {
                    String::new()
                } else {
                    reply.message
                }
            }
            Call::Check => self.types("/zoom connect").await,
            Call::Revoke => self.types("/zoom disconnect").await,
            Call::Confirm => {
                let user = scene.zoom.signed_in();
                let event = json!({"event": "app_deauthorized", "event_ts": 1, "payload": {
                    "account_id": "a", "user_id": user.id, "signature": "s",
                    "client_id": scene.zoom.app().client_id, "user_data_retention": "false",
                    "deauthorization_time": "2099-01-01T00:00:00Z",
                }});
                let webhook = scene.zoom.webhook_with(event.to_string());
                assert_eq!(scene.delivers(&webhook).await.status, 200);
                self.works().await;
                String::new()
            }
        }
    }

    fn meeting_posts(&self) -> usize {
        let posts = self.scene.posts(&self.town).into_iter();
        posts
            .filter(|post| props(post)["meeting_id"].is_number())
            .count()
    }

    fn is_connected(&self) -> bool {
        let key = format!("zoomtoken_{}", self.ann);
        self.scene.api.world().stored(&key).is_some()
    }

    /// Checks the effects of the request, and runs the next attempt.
    async fn goes_on(&self, call: Call, cell: &str, is_good: bool) {
        let Stage {
            scene, ann, town, ..
        } = self;
        match call {
            Call::Create | Call::Renew | Call::Room | Call::RoomsAddress => {
                assert_eq!(self.meeting_posts(), usize::from(is_good), "{cell}");
                if is_good {
                    return;
                }
                // If the tokens were used, the user is asked to connect, and then is connected.
                let told = self.types("/zoom start Standup").await;
                if told.contains(LINK) {
                    scene.connects(ann, town).await;
                    prefers(scene, ann, town, "No").await;
                    assert_eq!(self.types("/zoom start Standup").await, "", "{cell}");
                }
                assert_eq!(self.meeting_posts(), 1, "{cell}: {told}");
            }
            Call::Exchange | Call::Who => {
                assert_eq!(self.is_connected(), is_good, "{cell}");
                if !is_good {
                    scene.connects(ann, town).await;
                }
            }
            Call::Followed | Call::Follower => {
                let list = self.types("/zoom subscription list").await;
                assert_eq!(list.contains(&SCHEDULED.to_string()), is_good, "{cell}");
                if list.contains("not have any subscriptions") {
                    let told = self.does(call).await;
                    assert!(
                        told.contains(ADDED) || told.contains(LINK),
                        "{cell}: {told}"
                    );
                }
            }
            Call::Announced => assert_eq!(self.meeting_posts(), 1, "{cell}"),
            Call::Download => assert_eq!(scene.posts(town).len(), 2, "{cell}"),
            Call::Check => assert!(self.is_connected(), "{cell}"),
            Call::Revoke => {
                assert!(!self.is_connected(), "{cell}");
                scene.connects(ann, town).await;
            }
            Call::Confirm => {
                assert!(!self.is_connected(), "{cell}");
                let told = scene.zoom.count(Route::Compliance);
                assert!((1..=2).contains(&told), "{cell}: {told}");
            }
        }
    }
}

/// Prints the cell of a failed assertion.
struct Named<'a>(&'a str);

impl Drop for Named<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("this went wrong with {}", self.0);
        }
    }
}

async fn cell(call: Call, faults: Vec<Fault>, what: String, says: &'static str) {
    let cell = format!("{call:?}, {what}");
    let _named = Named(&cell);
    let stage = Stage::set(call).await;
    // The missing response does not arrive later.
    let is_over = !matches!(faults[..], [Fault::Silence]);
    for fault in faults {
        stage.scene.zoom.fail_next(call.route(), fault);
    }
    let before = stage.scene.zoom.count(call.route());
    let told = stage.does(call).await;
    assert!(
        stage.scene.zoom.count(call.route()) > before,
        "{cell}: no request"
    );
    if is_over {
        stage.scene.zoom.release();
    }
    let is_good = says.is_empty() || says == ADDED;
    if says.is_empty() {
        assert_eq!(told, "", "{cell}");
    } else {
        assert!(told.contains(says), "{cell}: {told}");
    }
    assert!(
        !is_raw(&told) && !is_raw(&stage.scene.log()),
        "{cell}: {told}"
    );
    stage.goes_on(call, &cell, is_good).await;
    in_order(&stage.scene, &cell);
}

#[tokio::test(flavor = "multi_thread")]
async fn d22_d31_d40_every_error_response_is_reported_and_the_next_attempt_works() {
    let cells = TABLE.iter().flat_map(|(call, row, _)| {
        let columns = COLUMNS.into_iter().zip(row);
        columns.map(|(bad, says)| cell(*call, call.faults(bad), format!("{bad:?}"), says))
    });
    // Some attempts wait for a second.
    stream::iter(cells)
        .buffer_unordered(4)
        .collect::<()>()
        .await;
}

/// All rows run at once, because each waits for the timeout of its request, which is up to a minute for a file.
#[tokio::test(flavor = "multi_thread")]
async fn d22_d31_every_timeout_is_reported_and_the_next_attempt_works() {
    let cells = TABLE
        .iter()
        .map(|(call, _, says)| cell(*call, vec![Fault::Silence], "silent".to_owned(), says));
    let count = TABLE.len();
    stream::iter(cells)
        .buffer_unordered(count)
        .collect::<()>()
        .await;
}

/// At account level, Zoom may not return the user who consented; then the email address is requested.
#[tokio::test(flavor = "multi_thread")]
async fn zm048_zm056_zoom_need_not_name_the_system_admin() {
    let text = |status, body: &str| Fault::Status(status, Vec::new(), body.to_owned());
    for fault in [
        text(403, "{}"),
        text(404, r#"{"code":1001}"#),
        text(400, r#"{"code":4711}"#),
        text(200, "{}"),
    ] {
        let scene = Scene::with(json!({"accountlevelapp": true})).await;
        let root = scene.administrator("root");
        let town = scene.channel("town", &[&root]);
        scene.zoom.sign_in_as(User::new("root@example.com"));
        scene.asks(&root, &town, "/zoom connect").await;
        scene.zoom.fail_next(Route::User, fault.clone());
        let page = scene.consents(&root).await;
        assert_eq!(page.status, 200, "{fault:?}: {}", body_of(&page));
        let told = scene.told_since(0);
        let told = told.last().map(Told::text).unwrap_or_default();
        assert!(told.contains("is connected"), "{fault:?}: {told}");
    }
}
