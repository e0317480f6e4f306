//! What Zoom knows: users, the grants they gave, and meetings.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{hex, random};

/// A person at Zoom.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// Twenty-two characters.
    pub id: String,
    /// What the person logs in with.
    pub email: String,
    /// The personal meeting id; zero where it is switched off.
    pub pmi: u64,
}

impl User {
    /// A person with a new id and a personal meeting id.
    pub fn new(email: &str) -> User {
        let number = u64::from_be_bytes(random()) % 900_000_000;
        User {
            id: short_id(),
            email: email.to_owned(),
            pmi: 3_000_000_000 + number,
        }
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "id": self.id, "email": self.email, "pmi": self.pmi, "type": 2, "role_name": "Owner",
            "first_name": "Test", "last_name": "Person", "display_name": "Test Person",
            "timezone": "Europe/Berlin", "dept": "", "verified": 1, "status": "active",
            "created_at": "2021-05-10T12:13:14Z", "last_login_time": "2026-01-12T08:09:10Z",
            "last_client_version": "6.4.6.1370(mac)", "language": "en-US", "use_pmi": false,
            "personal_meeting_url": format!("https://us05web.zoom.us/j/{}?pwd=personal", self.pmi),
            "pic_url": "", "vanity_url": "", "account_id": "stand-in",
        })
    }
}

/// A meeting.
#[derive(Clone, Debug, PartialEq)]
pub struct Meeting {
    /// Eleven digits.
    pub id: u64,
    /// Base64 with a slash in it, as Zoom's often have.
    pub uuid: String,
    /// What it is about.
    pub topic: String,
    /// The id of the user whose meeting it is.
    pub host_id: String,
    /// The host's e-mail address.
    pub host_email: String,
    /// The link, passcode included.
    pub join_url: String,
    /// What a person types who only knows the id.
    pub passcode: String,
    /// When it was made, as Zoom writes times.
    pub start_time: String,
    /// What the plugin asked for, word for word.
    pub requested: Value,
}

impl Meeting {
    /// An occurrence of a meeting that nobody made here.
    pub fn occurrence(id: u64, uuid: &str) -> Meeting {
        Meeting {
            id,
            uuid: uuid.to_owned(),
            topic: "Standup".to_owned(),
            host_id: "KDcuGIm1QgePTO8WbOqwIQ".to_owned(),
            host_email: "ada@zoom.example.com".to_owned(),
            join_url: String::new(),
            passcode: String::new(),
            start_time: "2026-08-06T13:50:00Z".to_owned(),
            requested: Value::Null,
        }
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "uuid": self.uuid, "id": self.id, "host_id": self.host_id,
            "host_email": self.host_email, "topic": self.topic, "type": 1, "status": "waiting",
            "timezone": "Europe/Berlin", "created_at": self.start_time, "password": self.passcode,
            "start_url": format!("{}&zak=start-secret", self.join_url), "join_url": self.join_url,
            "h323_password": self.passcode, "pstn_password": self.passcode,
            "encrypted_password": self.passcode,
            "settings": {"host_video": false, "participant_video": false, "waiting_room": true},
        })
    }
}

/// What a person consented to, until the code is spent.
pub(super) struct Grant {
    pub(super) user: String,
    pub(super) code_challenge: String,
    pub(super) redirect_uri: String,
}

/// One Zoom account.
pub(super) struct Account {
    pub(super) id: String,
    pub(super) base: String,
    pub(super) redirects: Vec<String>,
    pub(super) codes: HashMap<String, Grant>,
    pub(super) meetings: Vec<Meeting>,
    pub(super) secrets: Vec<String>,
    pub(super) download_token: String,
    pub(super) token_lifetime: Duration,
    /// How far Zoom's clock is ahead of the machine's.
    pub(super) ahead: time::Duration,
    users: Vec<User>,
    current: User,
    access: HashMap<String, (String, OffsetDateTime)>,
    refresh: HashMap<String, String>,
}

impl Account {
    pub(super) fn new(base: &str) -> Account {
        let user = User::new("ada@example.com");
        let mut account = Account {
            id: short_id(),
            base: base.to_owned(),
            redirects: Vec::new(),
            codes: HashMap::new(),
            meetings: Vec::new(),
            secrets: Vec::new(),
            download_token: String::new(),
            token_lifetime: Duration::from_secs(3599),
            ahead: time::Duration::ZERO,
            users: vec![user.clone()],
            current: user,
            access: HashMap::new(),
            refresh: HashMap::new(),
        };
        account.download_token = account.secret("download_");
        account
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

    pub(super) fn expire_tokens(&mut self) {
        self.access.clear();
    }

    pub(super) fn withdraw_grants(&mut self) {
        self.access.clear();
        self.refresh.clear();
    }

    /// The user whom a name in a path means: `me`, an id or an e-mail address.
    pub(super) fn user(&self, name: &str, caller: &str) -> Option<User> {
        let wanted = if name == "me" { caller } else { name };
        let mut users = self.users.iter();
        users
            .find(|user| user.id == wanted || user.email.eq_ignore_ascii_case(wanted))
            .cloned()
    }

    /// Whose access token this is, if it is good.
    pub(super) fn caller(&self, token: &str) -> Option<String> {
        let (user, expiry) = self.access.get(token)?;
        (*expiry > self.now()).then(|| user.clone())
    }

    /// A code for the browser to carry home.
    pub(super) fn issue_code(&mut self, code_challenge: String, redirect_uri: String) -> String {
        let code = self.secret("code_");
        let user = self.current.id.clone();
        self.codes.insert(
            code.clone(),
            Grant {
                user,
                code_challenge,
                redirect_uri,
            },
        );
        code
    }

    /// New tokens for a user, as the token endpoint hands them out.
    pub(super) fn issue_tokens(&mut self, user: String) -> Value {
        let access = self.secret("access_");
        let refresh = self.secret("refresh_");
        let expiry = self.now() + self.token_lifetime;
        self.access.insert(access.clone(), (user.clone(), expiry));
        self.refresh.insert(refresh.clone(), user);
        json!({
            "access_token": access, "token_type": "bearer", "refresh_token": refresh,
            "expires_in": self.token_lifetime.as_secs(),
            "scope": "meeting:read:meeting meeting:write:meeting user:read:user",
            "api_url": self.base,
        })
    }

    /// Takes tokens as its own that it handed out in an earlier life.
    pub(super) fn adopt_tokens(&mut self, user: User, access: &str, refresh: &str) {
        let expiry = self.now() + self.token_lifetime;
        self.access
            .insert(access.to_owned(), (user.id.clone(), expiry));
        self.refresh.insert(refresh.to_owned(), user.id.clone());
        self.secrets.extend([access.to_owned(), refresh.to_owned()]);
        self.add_user(user);
    }

    /// Spends a refresh token; each works once.
    pub(super) fn spend_refresh(&mut self, token: &str) -> Option<String> {
        self.refresh.remove(token)
    }

    /// Ends the grant that an access or refresh token stands for.
    pub(super) fn revoke(&mut self, token: &str) -> bool {
        let by_access = self.access.remove(token).map(|(user, _)| user);
        let Some(user) = by_access.or_else(|| self.refresh.remove(token)) else {
            return false;
        };
        self.access.retain(|_, (owner, _)| *owner != user);
        self.refresh.retain(|_, owner| *owner != user);
        true
    }

    pub(super) fn create_meeting(&mut self, host: &User, requested: Value) -> Meeting {
        let id = 80_000_000_000 + u64::from_be_bytes(random()) % 9_000_000_000;
        let mut uuid: [u8; 16] = random();
        if let Some(third) = uuid.get_mut(2) {
            *third |= 0x3f; // The fourth letter becomes a slash.
        }
        let passcode = format!("p{}", hex(&random::<4>()));
        let in_link = self.secret("pwd");
        self.secrets.push(passcode.clone());
        let topic = requested
            .get("topic")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let meeting = Meeting {
            id,
            uuid: STANDARD.encode(uuid),
            topic: topic.to_owned(),
            host_id: host.id.clone(),
            host_email: host.email.clone(),
            join_url: format!("{}/j/{id}?pwd={in_link}.1", self.base),
            passcode,
            start_time: written(self.now()),
            requested,
        };
        self.meetings.push(meeting.clone());
        meeting
    }

    /// A meeting by its id, or the personal room that has this id.
    pub(super) fn meeting(&self, id: &str) -> Option<Value> {
        let mut meetings = self.meetings.iter();
        if let Some(meeting) = meetings.find(|meeting| meeting.id.to_string() == id) {
            return Some(meeting.json());
        }
        let host = self
            .users
            .iter()
            .find(|user| user.pmi > 0 && user.pmi.to_string() == id)?;
        Some(json!({
            "uuid": "cGVyc29uYWwvcm9vbS8xMg==", "id": host.pmi, "host_id": host.id,
            "host_email": host.email, "topic": "Test Person's Personal Meeting Room", "type": 4,
            "status": "waiting", "timezone": "Europe/Berlin", "created_at": "2021-05-10T12:13:14Z",
            "join_url": format!("{}/j/{}?pwd=personal", self.base, host.pmi),
        }))
    }

    /// The time at Zoom.
    pub(super) fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + self.ahead
    }

    fn secret(&mut self, prefix: &str) -> String {
        let secret = format!("{prefix}{}", hex(&random::<20>()));
        self.secrets.push(secret.clone());
        secret
    }
}

/// Zoom's ids of users and accounts: twenty-two characters of base64.
fn short_id() -> String {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random::<16>())
}

/// A time as Zoom writes it, to the second.
pub(super) fn written(time: OffsetDateTime) -> String {
    let time = time.replace_nanosecond(0).unwrap_or(time);
    time.format(&Rfc3339).unwrap_or_default()
}
