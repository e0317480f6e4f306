//! Tests of reading settings and reporting problems.

use crate::config::*;
use serde_json::json;

/// Settings without a problem.
pub(crate) fn complete() -> String {
    with("zoomurl", Value::Null)
}

/// Settings without a problem, but with this value.
fn with(key: &str, value: impl Into<Value>) -> String {
    let mut settings = json!({
        "oauthclientid": "id",
        "oauthclientsecret": "secret",
        "encryptionkey": "0123456789abcdef0123456789abcdef",
        "webhooksecret": "hook",
        "zoomwebhooksecret": "token",
        "anothersetting": ["of", {"another": "version"}],
    });
    settings[key] = value.into();
    settings.to_string()
}

fn problems(settings: &str) -> Vec<Problem> {
    parse(settings, Some("https://chat.example.com"))
        .err()
        .unwrap_or_default()
}

#[test]
fn zm006_zm007_complete_settings_are_accepted_with_defaults() {
    let config = parse(&complete(), Some("https://chat.example.com/sub/"))
        .ok()
        .unwrap();
    assert_eq!(config.zoom_url, "https://zoom.us");
    assert_eq!(config.zoom_api_url, "https://api.zoom.us/v2");
    assert_eq!(
        config.redirect_uri(),
        "https://chat.example.com/sub/plugins/zoom/oauth2/complete"
    );
    assert!(!config.restrict_meeting_creation);
}

#[test]
fn zm004_every_problem_is_reported_at_once() {
    let settings =
        json!({"zoomurl": "not an address", "zoomapiurl": "ftp://zoom.example.com"}).to_string();
    assert_eq!(
        parse(&settings, None).err().unwrap(),
        [
            Problem::SiteUrl,
            Problem::ZoomUrl,
            Problem::ZoomApiUrl,
            Problem::ClientId,
            Problem::ClientSecret,
            Problem::EncryptionKey,
            Problem::WebhookSecret,
            Problem::ZoomWebhookSecret,
        ]
    );
}

#[test]
fn d50_an_encryption_key_must_have_an_aes_key_length() {
    for length in [15, 17, 31, 33] {
        let key = with("encryptionkey", "k".repeat(length));
        assert_eq!(problems(&key), [Problem::EncryptionKeyLength], "{length}");
    }
    for length in [16, 24, 32] {
        assert_eq!(problems(&with("encryptionkey", "k".repeat(length))), []);
    }
}

#[test]
fn d03_the_signing_secret_is_required() {
    assert_eq!(
        problems(&with("zoomwebhooksecret", "  ")),
        [Problem::ZoomWebhookSecret]
    );
}

#[test]
fn zm007_d50_addresses_are_trimmed_and_checked() {
    let settings = with("zoomurl", " https://zoom.example.com/base// ");
    let config = parse(&settings, Some("https://chat.example.com"))
        .ok()
        .unwrap();
    assert_eq!(config.zoom_url, "https://zoom.example.com/base");
    for bad in [
        "zoom.us",
        "https://",
        "https://u:p@zoom.us",
        "https://zoom.us/?a=b",
        "javascript:1",
    ] {
        assert_eq!(problems(&with("zoomurl", bad)), [Problem::ZoomUrl], "{bad}");
    }
}

#[test]
fn zm008_a_boolean_selects_the_mode_unless_a_mode_is_chosen() {
    for (value, account_level) in [
        (json!(true), true),
        (json!(" True "), true),
        (json!(1), true),
        (json!(false), false),
        (json!("false"), false),
        (json!(0), false),
        (json!(null), false),
        (json!(" "), false),
    ] {
        let settings = with("accountlevelapp", value);
        let config = parse(&settings, Some("https://chat.example.com"));
        let mode = match account_level {
            true => ConnectionMode::AdminManaged,
            false => ConnectionMode::UserManaged,
        };
        assert_eq!(config.ok().unwrap().mode, mode);
    }
    for (value, mode) in [
        ("user-managed", ConnectionMode::UserManaged),
        ("admin-managed", ConnectionMode::AdminManaged),
        ("account-level-app", ConnectionMode::UserManaged),
    ] {
        let config = parse(&with("connectionmode", value), Some("https://a.example"));
        assert_eq!(config.ok().unwrap().mode, mode);
    }
    let odd = with("connectionmode", "everyone");
    assert_eq!(problems(&odd), [Problem::ConnectionMode]);
}

#[test]
fn only_server_to_server_mode_needs_the_account_id() {
    let mut settings: Value = serde_json::from_str(&complete()).unwrap();
    for (mode, id, expected) in [
        ("server-to-server", json!(null), Err(Problem::ZoomAccountId)),
        ("server-to-server", json!("  "), Err(Problem::ZoomAccountId)),
        ("server-to-server", json!(" abc\n"), Ok("abc")),
        ("admin-managed", json!(""), Ok("")),
        ("user-managed", json!("abc"), Ok("abc")),
    ] {
        settings["connectionmode"] = json!(mode);
        settings["zoomaccountid"] = id;
        let config = parse(&settings.to_string(), Some("https://a.example"));
        let id = config.map(|config| config.zoom_account_id);
        let expected = expected.map(str::to_owned).map_err(|problem| vec![problem]);
        assert_eq!(id, expected, "{settings}");
    }
}

#[test]
fn zm006_a_number_is_read_as_text_and_other_types_are_blank() {
    let settings = with("oauthclientid", 123_456);
    let config = parse(&settings, Some("https://chat.example.com"));
    assert_eq!(config.ok().unwrap().client_id, "123456");
    for value in [json!(true), json!(["id"]), json!({"id": 1}), json!(null)] {
        let settings = with("oauthclientid", value);
        assert_eq!(problems(&settings), [Problem::ClientId], "{settings}");
    }
}

#[test]
fn zm006_values_that_are_entered_by_hand_are_trimmed() {
    for key in ["oauthclientid", "oauthclientsecret", "zoomwebhooksecret"] {
        let settings = with(key, " entered\n");
        let config = parse(&settings, Some("https://chat.example.com"))
            .ok()
            .unwrap();
        let all = [
            config.client_id,
            config.client_secret,
            config.zoom_webhook_secret,
        ];
        assert!(all.contains(&"entered".to_owned()), "{key}");
    }
}

/// The mask that Mattermost shows instead of a secret.
const MASK: &str = "********************************";

#[test]
fn f29_a_masked_value_is_refused_in_every_setting() {
    for (setting, key) in [
        (Setting::ZoomUrl, "zoomurl"),
        (Setting::ZoomApiUrl, "zoomapiurl"),
        (Setting::ConnectionMode, "connectionmode"),
        (Setting::ZoomAccountId, "zoomaccountid"),
        (Setting::ClientId, "oauthclientid"),
        (Setting::ClientSecret, "oauthclientsecret"),
        (Setting::EncryptionKey, "encryptionkey"),
        (Setting::WebhookSecret, "webhooksecret"),
        (Setting::ZoomWebhookSecret, "zoomwebhooksecret"),
    ] {
        for mask in [MASK, "*", " ****************\n"] {
            let settings = with(key, mask);
            assert_eq!(problems(&settings), [Problem::Masked(setting)], "{key}");
        }
        let partly = with(key, "*not-only-asterisks-but-32-bytes");
        let found = problems(&partly);
        assert!(!found.contains(&Problem::Masked(setting)), "{key}");
    }
}

#[test]
fn f29_an_unreadable_boolean_is_reported() {
    for (setting, key) in [
        (Setting::AccountLevelApp, "accountlevelapp"),
        (Setting::RestrictMeetingCreation, "restrictmeetingcreation"),
        (
            Setting::PostRecordingPasscodes,
            "enablepostingrecordingpassword",
        ),
    ] {
        for value in [
            json!(MASK),
            json!("*"),
            json!("yes"),
            json!([true]),
            json!({}),
        ] {
            let settings = with(key, value);
            assert_eq!(
                problems(&settings),
                [Problem::NotBoolean(setting)],
                "{settings}"
            );
        }
        for (text, on) in [
            ("true", true),
            ("TRUE", true),
            ("false", false),
            (" False ", false),
        ] {
            let config = parse(&with(key, text), Some("https://chat.example.com"));
            let config = config.ok().unwrap();
            let read = match setting {
                Setting::AccountLevelApp => config.mode.is_account_wide(),
                Setting::RestrictMeetingCreation => config.restrict_meeting_creation,
                _ => config.post_recording_password,
            };
            assert_eq!(read, on, "{key}: {text}");
        }
    }
}

#[test]
fn f29_every_masked_setting_of_a_page_is_reported() {
    let keys = [
        "zoomurl",
        "zoomapiurl",
        "connectionmode",
        "accountlevelapp",
        "zoomaccountid",
        "oauthclientid",
        "oauthclientsecret",
        "encryptionkey",
        "webhooksecret",
        "zoomwebhooksecret",
        "restrictmeetingcreation",
        "enablepostingrecordingpassword",
    ];
    let page: serde_json::Map<_, _> = keys
        .map(|key| (key.to_owned(), json!(MASK)))
        .into_iter()
        .collect();
    let found = problems(&Value::Object(page).to_string());
    assert_eq!(found.len(), keys.len());
    let line = log_line(&found);
    let shown = markdown_list(crate::text::Locale::En, &found);
    for problem in found {
        let label = problem.setting().label();
        assert!(line.contains(&format!("{label} ")), "{label}: {line}");
        assert!(
            shown.contains(&format!("* **{label}** ")),
            "{label}: {shown}"
        );
    }
    assert!(!line.contains('*'), "no value is shown: {line}");
}

#[test]
fn f35_links_have_scheme_and_host_in_lower_case_and_no_double_slash() {
    for (site_url, redirect_uri) in [
        (
            "HTTPS://Chat.Example.COM",
            "https://chat.example.com/plugins/zoom/oauth2/complete",
        ),
        (
            " https://Chat.Example.com:8443// ",
            "https://chat.example.com:8443/plugins/zoom/oauth2/complete",
        ),
        (
            "https://Example.com/Team/Chat/",
            "https://example.com/Team/Chat/plugins/zoom/oauth2/complete",
        ),
        (
            "http://BÜCHER.example/A/b",
            "http://bücher.example/A/b/plugins/zoom/oauth2/complete",
        ),
        (
            "https://[2001:DB8::1]/x///",
            "https://[2001:db8::1]/x/plugins/zoom/oauth2/complete",
        ),
    ] {
        let config = parse(&complete(), Some(site_url)).ok().unwrap();
        assert_eq!(config.redirect_uri(), redirect_uri);
        let connect = redirect_uri.replace("/complete", "/connect");
        assert_eq!(config.route("/oauth2/connect"), connect);
    }
    for blank in [None, Some(""), Some(" / ")] {
        assert_eq!(parse(&complete(), blank).err().unwrap(), [Problem::SiteUrl]);
    }
}
