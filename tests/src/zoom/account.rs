//! The Zoom account: users, grants, and meetings.

use std::time::Duration;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::answers;
use super::fault::Refusal;
use super::grants::Grants;
use super::meeting::{INSTANT, Meeting, PERSONAL, Schedule, WEBINAR, new_uuid};
use super::random::{hex, random};
use super::user::User;

/// Zoom's ID of the only account.
pub const ACCOUNT: &str = "mockZoomAccount-012345";

/// The scopes of a user-managed app that posts no recordings.
const SCOPES: [&str; 3] = [
    "meeting:read:meeting",
    "meeting:write:meeting",
    "user:read:user",
];

/// The kind of an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppKind {
    /// People consent to it.
    General,
    /// It signs in with its own credentials.
    ServerToServer,
}

/// One Zoom account.
pub(super) struct Account {
    pub(super) id: String,
    /// The base of links.
    pub(super) base: String,
    /// The region's API address in responses of the token endpoint.
    pub(super) region: String,
    pub(super) redirects: Vec<String>,
    pub(super) grants: Grants,
    pub(super) kind: AppKind,
    /// The scopes of the app, which new tokens get.
    pub(super) scopes: Vec<String>,
    pub(super) meetings: Vec<Meeting>,
    pub(super) secrets: Vec<String>,
    pub(super) download_token: String,
    pub(super) token_lifetime: Duration,
    /// The offset of Zoom's clock from the machine's clock.
    pub(super) ahead: time::Duration,
    users: Vec<User>,
    current: User,
}

impl Account {
    pub(super) fn new(base: &str) -> Account {
        let user = User::new("ada@example.com");
        let mut account = Account {
            id: ACCOUNT.to_owned(),
            base: base.to_owned(),
            region: base.to_owned(),
            redirects: Vec::new(),
            grants: Grants::default(),
            kind: AppKind::General,
            scopes: SCOPES.map(str::to_owned).to_vec(),
            meetings: Vec::new(),
            secrets: Vec::new(),
            download_token: String::new(),
            token_lifetime: Duration::from_secs(3599),
            ahead: time::Duration::ZERO,
            users: vec![user.clone()],
            current: user,
        };
        account.renew_download_token();
        account
    }

    pub(super) fn renew_download_token(&mut self) {
        self.download_token = self.secret("download_");
    }

    pub(super) fn add_user(&mut self, user: User) {
        self.users.retain(|known| known.id != user.id);
        self.users.push(user);
    }

    pub(super) fn sign_in_as(&mut self, user: User) {
        self.add_user(user.clone());
        self.current = user;
    }

    pub(super) fn signed_in(&self) -> User {
        self.current.clone()
    }

    /// The user of a name in a path: `me`, an ID, or an email address. `me` of a server-to-server app is nobody, although
    /// Zoom says that it is the owner of the app: using it is a mistake.
    pub(super) fn user(&self, name: &str, caller: &str) -> Option<User> {
        let wanted = if name == "me" { caller } else { name };
        let mut users = self.users.iter();
        users
            .find(|user| user.id == wanted || user.email.eq_ignore_ascii_case(wanted))
            .cloned()
    }

    /// The same, if this account may see and use the person.
    pub(super) fn member(&self, name: &str, caller: &str) -> Result<User, Refusal> {
        match self.user(name, caller) {
            None => Err(Refusal::NoUser),
            Some(user) if user.elsewhere => Err(Refusal::OtherAccount),
            Some(user) => Ok(user),
        }
    }

    pub(super) fn user_json(&self, user: &User) -> Value {
        let elsewhere = user.account_id.as_str();
        let account = match elsewhere {
            "" => &self.id,
            elsewhere => elsewhere,
        };
        answers::user(user, account)
    }

    pub(super) fn meeting_json(&self, meeting: &Meeting) -> Value {
        answers::meeting(meeting, &self.base)
    }

    /// The owner of a valid access token.
    pub(super) fn caller(&self, token: &str) -> Option<String> {
        self.grants.caller(token, self.now())
    }

    /// A new authorization code.
    pub(super) fn issue_code(&mut self, code_challenge: String, redirect_uri: String) -> String {
        let code = self.secret("code_");
        let (user, now) = (self.current.id.clone(), self.now());
        self.grants
            .issue_code(&code, user, code_challenge, redirect_uri, now);
        code
    }

    /// New tokens for a user, as returned by the token endpoint.
    pub(super) fn issue_tokens(&mut self, user: String) -> Value {
        let access = self.secret("access_");
        let refresh = self.secret("refresh_");
        let expiry = self.now() + self.token_lifetime;
        self.grants
            .issue(user, &access, &refresh, expiry, &self.scopes);
        json!({
            "access_token": access, "token_type": "bearer", "refresh_token": refresh,
            "expires_in": self.token_lifetime.as_secs(),
            "scope": self.scopes.join(" "),
            "api_url": self.region,
        })
    }

    /// A new token for the app itself, as returned by the token endpoint.
    pub(super) fn issue_app_token(&mut self, scopes: &[String]) -> Value {
        let access = self.secret("app_access_");
        let expiry = self.now() + self.token_lifetime;
        self.grants.issue_to_app(&access, expiry, scopes);
        json!({
            "access_token": access, "token_type": "bearer",
            "expires_in": self.token_lifetime.as_secs(),
            "scope": scopes.join(" "), "api_url": self.region,
        })
    }

    /// Accepts tokens that were issued before this run.
    pub(super) fn adopt_tokens(&mut self, user: User, access: &str, refresh: &str) {
        let expiry = self.now() + self.token_lifetime;
        self.grants
            .issue(user.id.clone(), access, refresh, expiry, &self.scopes);
        self.secrets.extend([access.to_owned(), refresh.to_owned()]);
        self.add_user(user);
    }

    /// A meeting that the API creates.
    pub(super) fn create_meeting(&mut self, host: &User, requested: Value) -> Meeting {
        let topic = requested.get("topic").and_then(Value::as_str);
        let topic = topic.unwrap_or_default().to_owned();
        let kind = requested.get("type").and_then(Value::as_u64);
        let kind = kind.and_then(|kind| u8::try_from(kind).ok());
        let draft = self.draft(host);
        self.keep(Meeting {
            topic,
            kind: kind.unwrap_or(INSTANT),
            start_time: written(self.now()),
            requested,
            ..draft
        })
    }

    /// A meeting that the host schedules at Zoom.
    pub(super) fn schedule(&mut self, host: &User, plan: Schedule) -> Meeting {
        let pmi = if plan.use_pmi { host.pmi } else { 0 };
        let mut meeting = Meeting {
            topic: plan.topic,
            kind: plan.kind,
            pmi,
            start_time: plan.start_time,
            ..self.draft(host)
        };
        if pmi > 0 {
            meeting.join_url = self.room_link(pmi);
        }
        self.keep(meeting)
    }

    /// A personal meeting of the host that starts now.
    pub(super) fn enter_room(&self, host: &User) -> Meeting {
        Meeting {
            id: host.pmi,
            uuid: new_uuid(),
            topic: "Test Person's Personal Meeting Room".to_owned(),
            host_id: host.id.clone(),
            host_email: host.email.clone(),
            join_url: self.room_link(host.pmi),
            start_time: written(self.now()),
            kind: PERSONAL,
            ..Meeting::default()
        }
    }

    /// Restarts a meeting now: the same meeting ID, a new UUID.
    pub(super) fn restart(&mut self, meeting: &Meeting) -> Meeting {
        let again = Meeting {
            uuid: new_uuid(),
            start_time: written(self.now()),
            ..meeting.clone()
        };
        let mut known = self.meetings.iter_mut();
        if let Some(known) = known.find(|known| known.id == meeting.id) {
            *known = again.clone();
        }
        again
    }

    /// A meeting by its number, or the personal room that has this number.
    pub(super) fn meeting(&self, id: &str) -> Result<Value, Refusal> {
        let mut meetings = self.meetings.iter();
        match meetings.find(|meeting| meeting.id.to_string() == id) {
            Some(meeting) if meeting.kind == WEBINAR => return Err(Refusal::Webinar),
            Some(meeting) => return Ok(self.meeting_json(meeting)),
            None => {}
        }
        let mut users = self.users.iter();
        let host = users.find(|user| user.pmi > 0 && user.pmi.to_string() == id);
        let host = host.ok_or(Refusal::NoMeeting)?;
        Ok(self.meeting_json(&self.enter_room(host)))
    }

    /// The time at Zoom.
    pub(super) fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + self.ahead
    }

    /// The common fields of new meetings of this host.
    fn draft(&mut self, host: &User) -> Meeting {
        let id = 80_000_000_000 + u64::from_be_bytes(random()) % 9_000_000_000;
        let passcode = format!("p{}", hex(&random::<4>()));
        let in_link = self.secret("pwd");
        self.secrets.push(passcode.clone());
        Meeting {
            id,
            uuid: new_uuid(),
            host_id: host.id.clone(),
            host_email: host.email.clone(),
            join_url: format!("{}/j/{id}?pwd={in_link}.1", self.base),
            passcode,
            ..Meeting::default()
        }
    }

    fn keep(&mut self, meeting: Meeting) -> Meeting {
        self.meetings.push(meeting.clone());
        meeting
    }

    fn room_link(&self, pmi: u64) -> String {
        format!("{}/j/{pmi}?pwd=personal", self.base)
    }

    fn secret(&mut self, prefix: &str) -> String {
        let secret = format!("{prefix}{}", hex(&random::<20>()));
        self.secrets.push(secret.clone());
        secret
    }
}

/// A time as Zoom writes it, to the second.
pub(super) fn written(time: OffsetDateTime) -> String {
    let time = time.replace_nanosecond(0).unwrap_or(time);
    time.format(&Rfc3339).unwrap_or_default()
}

/// A time as HTTP writes it, in the header `Date`.
pub(super) fn http_date(time: OffsetDateTime) -> String {
    let (weekday, month) = (time.weekday().to_string(), time.month().to_string());
    let short = |name: &str| name.chars().take(3).collect::<String>();
    format!(
        "{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
        short(&weekday),
        time.day(),
        short(&month),
        time.year(),
        time.hour(),
        time.minute(),
        time.second()
    )
}
