//! Failures for tests, with Zoom's documented messages.

use serde_json::json;

/// How a request fails.
#[derive(Clone, Debug)]
pub enum Fault {
    /// With this status, these headers, and this body. The body is JSON unless a header says otherwise.
    Status(u16, Vec<(&'static str, String)>, String),
    /// With silence, until [`super::Zoom::release`].
    Silence,
    /// With a closed connection.
    HangUp,
    /// The request is done, and the connection ends in the middle of the answer.
    Half,
    /// With a meaningless body of this many bytes.
    Flood(u64),
}

/// An error of Zoom's REST API: its usual HTTP status, its code, and its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 200: the user lacks a permission.
    NoPermission,
    /// 300: a field of the request is not valid.
    Invalid,
    /// 1000: the user has not activated the account.
    Pending,
    /// 1001: no user has this address or ID.
    NoUser,
    /// 1010: the user is in another Zoom account.
    OtherAccount,
    /// 3000: the number belongs to a webinar.
    Webinar,
    /// 3001: no meeting has this number.
    NoMeeting,
    /// 3161: the user has no license to host.
    NoLicense,
    /// 104: the token lacks scopes, as older APIs say it.
    NoScopes104,
    /// 4700: the token lacks scopes.
    NoScopes4700,
    /// 4711: the token lacks scopes.
    NoScopes4711,
    /// 124: the access token is invalid or expired.
    InvalidToken,
}

impl Refusal {
    /// All of them.
    pub const ALL: [Refusal; 12] = [
        Refusal::NoPermission,
        Refusal::Invalid,
        Refusal::Pending,
        Refusal::NoUser,
        Refusal::OtherAccount,
        Refusal::Webinar,
        Refusal::NoMeeting,
        Refusal::NoLicense,
        Refusal::NoScopes104,
        Refusal::NoScopes4700,
        Refusal::NoScopes4711,
        Refusal::InvalidToken,
    ];

    /// The HTTP status that Zoom usually sends.
    pub fn status(self) -> u16 {
        match self {
            Refusal::InvalidToken => 401,
            Refusal::NoMeeting => 404,
            _ => 400,
        }
    }

    /// Zoom's code.
    pub fn code(self) -> u32 {
        match self {
            Refusal::NoPermission => 200,
            Refusal::Invalid => 300,
            Refusal::Pending => 1000,
            Refusal::NoUser => 1001,
            Refusal::OtherAccount => 1010,
            Refusal::Webinar => 3000,
            Refusal::NoMeeting => 3001,
            Refusal::NoLicense => 3161,
            Refusal::NoScopes104 => 104,
            Refusal::NoScopes4700 => 4700,
            Refusal::NoScopes4711 => 4711,
            Refusal::InvalidToken => 124,
        }
    }

    /// Zoom's message about `subject`, the name or number in the request.
    pub fn message(self, subject: &str) -> String {
        let scopes = "Invalid access token, does not contain scopes:[meeting:write:meeting].";
        match self {
            Refusal::NoPermission => "No permission.".to_owned(),
            Refusal::Invalid => "Validation Failed.".to_owned(),
            Refusal::Pending => "User has not activated the account.".to_owned(),
            Refusal::NoUser => format!("User does not exist: {subject}."),
            Refusal::OtherAccount => format!("User does not belong to this account: {subject}."),
            Refusal::Webinar => "Cannot access webinar info.".to_owned(),
            Refusal::NoMeeting => format!("Meeting does not exist: {subject}."),
            Refusal::NoLicense => {
                "Meeting hosting and scheduling capabilities are not allowed for your user account."
                    .to_owned()
            }
            Refusal::NoScopes104 | Refusal::NoScopes4700 | Refusal::NoScopes4711 => {
                scopes.to_owned()
            }
            Refusal::InvalidToken => "Invalid access token.".to_owned(),
        }
    }

    /// The body of the answer.
    pub fn body(self, subject: &str) -> String {
        json!({"code": self.code(), "message": self.message(subject)}).to_string()
    }
}

/// The reason why the token endpoint rejects a grant, with the code and message of Zoom's list of OAuth errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadGrant {
    /// The refresh token is unknown or was used.
    Unknown,
    /// 4709: the redirect address is not that of the authorization.
    RedirectMismatch,
    /// 4711: the scopes of the app have changed.
    ScopesChanged,
    /// 4717: Zoom or the developer disabled the app.
    AppDisabled,
    /// 4733: the code is older than five minutes.
    CodeExpired,
    /// 4735: the user was deleted.
    OwnerGone,
    /// 4737: Zoom has no record of the authorization.
    NotFound,
    /// 4738: an administrator removed the approval of the app.
    DisabledByAdmin,
    /// 4740: the refresh token was used too often.
    OutOfRange,
    /// 4741: a later authorization replaced it.
    Revoked,
}

impl DeadGrant {
    /// The reasons that a refresh token may have.
    pub const AT_REFRESH: [DeadGrant; 9] = [
        DeadGrant::Unknown,
        DeadGrant::RedirectMismatch,
        DeadGrant::ScopesChanged,
        DeadGrant::AppDisabled,
        DeadGrant::OwnerGone,
        DeadGrant::NotFound,
        DeadGrant::DisabledByAdmin,
        DeadGrant::OutOfRange,
        DeadGrant::Revoked,
    ];

    /// Zoom's message.
    pub fn reason(self) -> &'static str {
        match self {
            DeadGrant::Unknown => "Invalid Token!",
            DeadGrant::RedirectMismatch => "Redirect URI mismatch.",
            DeadGrant::ScopesChanged => "Refresh token invalid.",
            DeadGrant::AppDisabled => "The app has been disabled",
            DeadGrant::CodeExpired => "Code is expired",
            DeadGrant::OwnerGone => "The owner of the token does not exist.",
            DeadGrant::NotFound => "Can not find the authentication for the access token.",
            DeadGrant::DisabledByAdmin => "The token is disabled by admin.",
            DeadGrant::OutOfRange => "The token ID is out of the token tolerance range.",
            DeadGrant::Revoked => "The token has been revoked.",
        }
    }

    /// The generic OAuth error.
    pub fn error(self) -> &'static str {
        match self {
            DeadGrant::Unknown => "invalid_grant",
            _ => "invalid_request",
        }
    }

    /// The body of the answer, which always has status 400.
    pub fn body(self) -> String {
        json!({"reason": self.reason(), "error": self.error()}).to_string()
    }
}

impl Fault {
    /// Zoom is broken.
    pub fn server_error() -> Fault {
        let body = r#"{"code":500,"message":"Internal server error trace-5c1d."}"#;
        Fault::Status(500, Vec::new(), body.to_owned())
    }

    /// The REST API refuses the request in its usual way.
    pub fn refusal(refusal: Refusal) -> Fault {
        Fault::refusal_with(refusal.status(), refusal)
    }

    /// The REST API refuses the request with another HTTP status than usual.
    pub fn refusal_with(status: u16, refusal: Refusal) -> Fault {
        Fault::Status(status, Vec::new(), refusal.body("17"))
    }

    /// The token endpoint refuses the code or the refresh token.
    pub fn dead_grant(reason: DeadGrant) -> Fault {
        Fault::Status(400, Vec::new(), reason.body())
    }

    /// Too many requests; try again in this many seconds.
    pub fn rate_limited(seconds: u32) -> Fault {
        Fault::limited("QPS", Some(seconds.to_string()))
    }

    /// Too many requests within a second. Zoom does not say how long to wait.
    pub fn too_fast() -> Fault {
        Fault::limited("QPS", None)
    }

    /// The daily limit is reached until this time, such as `2026-08-07T00:00:00Z`.
    pub fn daily_limit(until: &str) -> Fault {
        Fault::limited("Daily-limit", Some(until.to_owned()))
    }

    fn limited(kind: &'static str, after: Option<String>) -> Fault {
        let message = match kind {
            "QPS" => {
                "You have reached the maximum per-second rate limit for this API. Try again later."
            }
            _ => {
                "You have reached the maximum daily rate limit for this API. Refer to the response header for details on when you can make another request."
            }
        };
        let mut headers = vec![
            ("X-RateLimit-Category", "Light".to_owned()),
            ("X-RateLimit-Type", kind.to_owned()),
            ("X-RateLimit-Limit", "100".to_owned()),
            ("X-RateLimit-Remaining", "0".to_owned()),
        ];
        headers.extend(after.map(|after| ("Retry-After", after)));
        let body = json!({"code": 429, "message": message}).to_string();
        Fault::Status(429, headers, body)
    }

    /// A web page with status 200 where a file or JSON is expected.
    pub fn web_page() -> Fault {
        let headers = vec![("Content-Type", "text/html;charset=utf-8".to_owned())];
        Fault::Status(200, headers, SIGN_IN.to_owned())
    }
}

/// Zoom's page for a browser that may not download a file.
pub(super) const SIGN_IN: &str = "<!DOCTYPE html>\n<html lang=\"en-US\"><head><title>Sign In | Zoom</title></head>\
<body><form id=\"login-form\"><input name=\"email\"></form></body></html>\n";
