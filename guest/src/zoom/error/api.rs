//! Maps error responses of the REST API to errors.
//!
//! The first row of the table that fits decides. A row fits if the request and the status fit, and the response has one of
//! the codes or its message contains one of the words. Zoom often answers 400 instead of 401, 403, or 404, and some
//! responses have no code, so neither the status nor the code alone is enough.

use crate::zoom::error::kinds::{Details, Error};
use crate::zoom::error::response::ErrorResponse;

/// The request of the REST API that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `GET /users/{user}`.
    User,
    /// `POST /users/{user}/meetings`.
    NewMeeting,
    /// `GET /meetings/{number}`.
    Meeting,
    /// Anything else.
    Other,
}

struct Row {
    /// Empty for all.
    endpoints: &'static [Endpoint],
    /// Empty for all from 400 to 499.
    statuses: &'static [u16],
    codes: &'static [i64],
    /// In lower case.
    words: &'static [&'static str],
    /// Whether the status alone counts although the answer has a code: the row does not know what the code means.
    any_code: bool,
    error: fn(Details) -> Error,
}

const ANY: Row = Row {
    endpoints: &[],
    statuses: &[],
    codes: &[],
    words: &[],
    any_code: false,
    error: Error::Refused,
};

const API: [Row; 14] = [
    Row {
        codes: &[124],
        error: |_| Error::Unauthorized,
        ..ANY
    },
    Row {
        codes: &[104, 4700, 4711],
        words: &["does not contain scopes"],
        error: |_| Error::MissingScope,
        ..ANY
    },
    Row {
        codes: &[3161],
        words: &["hosting and scheduling capabilities"],
        error: |_| Error::NoLicense,
        ..ANY
    },
    Row {
        codes: &[1000],
        error: |_| Error::Pending,
        ..ANY
    },
    Row {
        codes: &[3000],
        words: &["webinar info"],
        error: |_| Error::Webinar,
        ..ANY
    },
    Row {
        codes: &[3001],
        words: &["meeting does not exist"],
        error: |_| Error::NotFound,
        ..ANY
    },
    // The host of the meeting is unknown to the caller, and so is the meeting.
    Row {
        endpoints: &[Endpoint::Meeting],
        codes: &[300, 1001, 1010],
        error: |_| Error::NotFound,
        ..ANY
    },
    Row {
        codes: &[1001],
        words: &["user does not exist"],
        error: |_| Error::NotFound,
        ..ANY
    },
    Row {
        codes: &[1010],
        words: &["not belong to this account"],
        error: |_| Error::OtherAccount,
        ..ANY
    },
    Row {
        codes: &[200],
        error: |_| Error::Forbidden,
        ..ANY
    },
    Row {
        codes: &[300],
        error: Error::Invalid,
        ..ANY
    },
    Row {
        statuses: &[401],
        any_code: true,
        error: |_| Error::Unauthorized,
        ..ANY
    },
    Row {
        statuses: &[403],
        error: |_| Error::Forbidden,
        ..ANY
    },
    Row {
        statuses: &[404],
        error: |_| Error::NotFound,
        ..ANY
    },
];

impl Row {
    fn fits(&self, endpoint: Endpoint, answer: &ErrorResponse) -> bool {
        // Gateways repeat the status as the code.
        let has_no_code = answer
            .code
            .is_none_or(|code| code == 0 || code == i64::from(answer.status));
        let by_status =
            self.codes.is_empty() && self.words.is_empty() && (has_no_code || self.any_code);
        (self.endpoints.is_empty() || self.endpoints.contains(&endpoint))
            && (self.statuses.is_empty() || self.statuses.contains(&answer.status))
            && (by_status || answer.has(self.codes, self.words))
    }
}

impl Error {
    /// The error for an unsuccessful response of the REST API. `now` is in milliseconds.
    pub fn from_api(
        endpoint: Endpoint,
        status: u16,
        headers: &[(String, String)],
        body: &[u8],
        now: i64,
    ) -> Error {
        match status {
            400..=499 if status != 429 => {}
            _ => return Error::from_status(status, headers, now),
        }
        let answer = ErrorResponse::read(status, body);
        match API.iter().find(|row| row.fits(endpoint, &answer)) {
            Some(row) => (row.error)(answer.details()),
            None if answer.code.is_some() => Error::Refused(answer.details()),
            None => Error::Unexpected(format!("status {status}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn details(status: u16, code: i64, message: &str) -> Details {
        Details {
            status,
            code,
            message: message.to_owned(),
        }
    }

    fn api(endpoint: Endpoint, status: u16, body: &str) -> Error {
        Error::from_api(endpoint, status, &[], body.as_bytes(), 0)
    }

    #[test]
    fn zm109_zm110_f13_answers_of_the_api_become_errors() {
        use Endpoint::{Meeting, NewMeeting, Other, User};
        let license = r#"{"code":3161,"message":"Meeting hosting and scheduling capabilities are not allowed for your user account."}"#;
        let scopes = r#"{"code":4711,"message":"Invalid access token, does not contain scopes:[meeting:write]."}"#;
        for (endpoint, status, body, expected) in [
            (
                User,
                401,
                r#"{"code":124,"message":"Invalid access token."}"#,
                Error::Unauthorized,
            ),
            (
                User,
                400,
                r#"{"code":124,"message":"Invalid access token."}"#,
                Error::Unauthorized,
            ),
            (User, 401, "", Error::Unauthorized),
            (NewMeeting, 400, scopes, Error::MissingScope),
            (NewMeeting, 401, r#"{"code":104}"#, Error::MissingScope),
            (NewMeeting, 403, r#"{"code":4700}"#, Error::MissingScope),
            (NewMeeting, 400, license, Error::NoLicense),
            (NewMeeting, 404, r#"{"code":"3161"}"#, Error::NoLicense),
            (
                NewMeeting,
                400,
                r#"{"message":"Meeting hosting and scheduling capabilities are not allowed."}"#,
                Error::NoLicense,
            ),
            (User, 400, r#"{"code":1000,"message":"x"}"#, Error::Pending),
            (
                NewMeeting,
                400,
                r#"{"code":1010,"message":"x"}"#,
                Error::OtherAccount,
            ),
            (User, 400, r#"{"code":1010}"#, Error::OtherAccount),
            (User, 400, r#"{"code":1001}"#, Error::NotFound),
            (User, 404, r#"{"code":1001}"#, Error::NotFound),
            (User, 404, "<html>", Error::NotFound),
            (NewMeeting, 403, r#"{"code":403}"#, Error::Forbidden),
            (
                NewMeeting,
                403,
                r#"{"code":9999,"message":"x"}"#,
                Error::Refused(details(403, 9999, "x")),
            ),
            (
                Meeting,
                404,
                r#"{"code":9999,"message":"x"}"#,
                Error::Refused(details(404, 9999, "x")),
            ),
            (User, 401, r#"{"code":9999}"#, Error::Unauthorized),
            (Meeting, 400, r#"{"code":1010}"#, Error::NotFound),
            (Meeting, 400, r#"{"code":1001}"#, Error::NotFound),
            (Meeting, 400, r#"{"code":3001}"#, Error::NotFound),
            (Meeting, 404, r#"{"code":3001}"#, Error::NotFound),
            (
                Meeting,
                400,
                r#"{"code":3000,"message":"Cannot access webinar info."}"#,
                Error::Webinar,
            ),
            (
                NewMeeting,
                400,
                r#"{"code":200,"message":"No permission."}"#,
                Error::Forbidden,
            ),
            (NewMeeting, 403, "", Error::Forbidden),
            (
                NewMeeting,
                400,
                r#"{"code":300,"message":"Validation Failed."}"#,
                Error::Invalid(details(400, 300, "Validation Failed.")),
            ),
            (
                Other,
                400,
                r#"{"code":4242,"message":"New."}"#,
                Error::Refused(details(400, 4242, "New.")),
            ),
            (
                Other,
                418,
                r#"{"code":1,"message":"a\nb"}"#,
                Error::Refused(details(418, 1, "a b")),
            ),
            (
                Other,
                409,
                r#"{"errorCode":77,"errorMessage":"New."}"#,
                Error::Refused(details(409, 77, "New.")),
            ),
            (
                Other,
                400,
                "raw <b>words</b>",
                Error::Unexpected("status 400".into()),
            ),
            (Other, 302, "", Error::Unexpected("status 302".into())),
            (
                Other,
                503,
                r#"{"code":124}"#,
                Error::Unavailable("status 503".into()),
            ),
        ] {
            assert_eq!(
                api(endpoint, status, body),
                expected,
                "{endpoint:?} {status} {body}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_body_makes_the_table_panic(status in 100_u16..600, body: Vec<u8>, code: i64, text in ".*") {
            let json = serde_json::json!({"code": code, "message": text}).to_string();
            for body in [&body[..], json.as_bytes()] {
                let _ = Error::from_api(Endpoint::Meeting, status, &[], body, 0);
            }
        }
    }
}
