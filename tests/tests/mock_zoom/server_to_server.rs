//! Server-to-server apps, and the scopes of tokens.

use plugin_tests::zoom::{ACCOUNT, User};
use serde_json::{Value, json};

use crate::visitor::{VERIFIER, Visitor};

fn sign_in(visitor: &Visitor, account: &str) -> (u16, Value) {
    visitor.token(&format!(
        "grant_type=account_credentials&account_id={account}"
    ))
}

fn server_to_server() -> Visitor {
    let visitor = Visitor::new();
    visitor.zoom.become_server_to_server();
    visitor
}

fn token(answer: &(u16, Value)) -> String {
    assert_eq!(answer.0, 200);
    answer.1["access_token"].as_str().unwrap().to_owned()
}

#[test]
fn a_server_to_server_app_gets_any_number_of_tokens_without_refresh_tokens() {
    let visitor = server_to_server();
    let answers = [(); 2].map(|()| sign_in(&visitor, ACCOUNT));
    for answer in &answers {
        assert_eq!(answer.1["refresh_token"], Value::Null);
        assert_eq!(answer.1["expires_in"], json!(3599));
        let token = token(answer);
        assert_eq!(visitor.get("/users/ada@example.com", &token).0, 200);
        assert_eq!(visitor.get("/users/me", &token).0, 400, "nobody is me");
    }
    visitor.zoom.later(3600);
    let (status, refused) = visitor.get("/users/ada@example.com", &token(&answers[0]));
    assert_eq!((status, &refused["code"]), (401, &json!(124)));
}

#[test]
fn the_token_endpoint_refuses_other_accounts_and_the_grants_of_other_apps() {
    let visitor = server_to_server();
    let (status, refused) = sign_in(&visitor, "another");
    assert_eq!(
        (status, &refused["reason"], &refused["error"]),
        (400, &json!("Bad request"), &json!("invalid_request"))
    );
    let (status, refused) = visitor.exchange(&visitor.code(), VERIFIER);
    assert_eq!(
        (status, &refused["reason"]),
        (400, &json!("unsupported grant type"))
    );
    visitor.zoom.become_general();
    let (status, refused) = sign_in(&visitor, ACCOUNT);
    assert_eq!(
        (status, &refused["reason"]),
        (400, &json!("unsupported grant type"))
    );
}

#[test]
fn a_token_has_the_scopes_that_the_app_had_when_it_was_issued() {
    let visitor = server_to_server();
    visitor.zoom.set_scopes(&["user:read:user"]);
    let answer = sign_in(&visitor, ACCOUNT);
    assert_eq!(answer.1["scope"], "user:read:user");
    let first = token(&answer);
    let (status, refused) = visitor.get("/users/ada@example.com", &first);
    assert_eq!((status, &refused["code"]), (400, &json!(4711)));
    assert_eq!(
        refused["message"],
        "Invalid access token, does not contain scopes:[user:read:user:admin]."
    );
    visitor.zoom.set_scopes(&["user:read:user:admin"]);
    assert_eq!(visitor.get("/users/ada@example.com", &first).0, 400);
    let second = token(&sign_in(&visitor, ACCOUNT));
    assert_eq!(visitor.get("/users/ada@example.com", &second).0, 200);
    // A token of a user may have the scope of either level.
    visitor.zoom.become_general();
    visitor.zoom.set_scopes(&["user:read:user:admin"]);
    let answer = visitor.exchange(&visitor.code(), VERIFIER);
    let of_user = token(&answer);
    assert_eq!(visitor.get("/users/me", &of_user).0, 200);
    assert_eq!(visitor.get("/meetings/1", &of_user).1["code"], json!(4711));
}

#[test]
fn zoom_says_whether_a_user_is_active_and_in_which_account() {
    let visitor = server_to_server();
    let token = token(&sign_in(&visitor, ACCOUNT));
    let shown = |change: fn(&mut User)| {
        let mut user = visitor.zoom.user("ada@example.com").unwrap();
        change(&mut user);
        visitor.zoom.add_user(user);
        let (status, user) = visitor.get("/users/ada@example.com", &token);
        assert_eq!(status, 200);
        (user["status"].clone(), user["account_id"].clone())
    };
    assert_eq!(shown(|_| {}), (json!("active"), json!(ACCOUNT)));
    let changed = shown(|user| {
        user.inactive = true;
        user.account_id = "another".to_owned();
    });
    assert_eq!(changed, (json!("inactive"), json!("another")));
}
