use super::*;

fn tokens(expiry: Option<i64>) -> Tokens {
    Tokens {
        access: "a".into(),
        refresh: "r".into(),
        expiry,
        ..Tokens::default()
    }
}

#[test]
fn zm049_d52_an_unverified_address_is_refused_if_the_server_requires_verification() {
    let address = "ann@example.com";
    let who = Ok(UserRef::Address(address.into()));
    assert_eq!(zoom_user_for(address, true, true), who);
    assert_eq!(zoom_user_for(address, false, false), who);
    let refused = zoom::Error::UnverifiedAddress(address.into());
    assert_eq!(zoom_user_for(address, false, true), Err(refused));
    assert!(zoom_user_for("", true, true).is_err());
}

#[test]
fn the_api_url_and_the_scopes_are_kept_until_zoom_sends_others() {
    let said = |text: &str| Tokens {
        api_url: text.into(),
        scope: text.into(),
        ..tokens(None)
    };
    let kept = |new: &str| {
        let tokens = with_earlier_facts(said(new), &said("old"));
        (tokens.api_url, tokens.scope)
    };
    assert_eq!(kept(""), ("old".into(), "old".into()));
    assert_eq!(kept("new"), ("new".into(), "new".into()));
}
