//! Interface values as JSON and back.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that goes wrong should stop right there"
)]

use std::collections::BTreeMap;

use mattermost_plugin_rpc::mattermost::Any;
use mattermost_plugin_rpc::mattermost::{
    Attachment, AttachmentField, PostAction, PostActionIntegration, PostActionOptions,
};
use serde_json::json;

#[test]
fn whole_numbers_become_integers_and_other_numbers_floats() {
    assert_eq!(Any::from_json(json!(5)), Any::Int(5));
    assert_eq!(Any::from_json(json!(-5)), Any::Int(-5));
    assert_eq!(Any::from_json(json!(1.5)), Any::Float(1.5));
    let beyond = Any::from_json(json!(u64::MAX));
    assert_eq!(beyond, Any::Float(18_446_744_073_709_551_615.0));
}

#[test]
fn json_survives() {
    let value = json!({
        "nothing": null, "truth": true, "number": 7, "float": 0.25, "text": "ä",
        "list": [1, [], {}], "map": {"a": {"b": [null]}},
    });
    assert_eq!(Any::from_json(value.clone()).to_json(), value);
}

#[test]
fn ids_that_are_floats_on_the_server_become_integers() {
    assert_eq!(
        Any::Float(84_312_345_678.0).to_json(),
        json!(84_312_345_678_i64)
    );
    assert_eq!(Any::Float(0.5).to_json(), json!(0.5));
    assert_eq!(Any::Float(f64::NAN).to_json(), json!(null));
}

#[test]
fn attachments_have_the_keys_of_the_server_and_no_empty_members() {
    let text = |text: &str| text.to_owned();
    let button = PostAction {
        id: text("join"),
        kind: text("button"),
        name: text("Join"),
        style: text("primary"),
        options: vec![PostActionOptions {
            text: text("One"),
            value: text("1"),
        }],
        integration: Some(Box::new(PostActionIntegration {
            url: text("/plugins/zoom/join"),
            context: BTreeMap::from([(text("count"), Any::Int(0))]),
        })),
        ..PostAction::default()
    };
    let field = |value: Any| AttachmentField {
        title: text("T"),
        value,
        short: true,
    };
    let attachment = Attachment {
        author_name: text("Zoom"),
        title_link: text("https://mm.example.test"),
        fields: vec![
            field(Any::Int(0)),
            field(Any::Bool(false)),
            field(Any::String(text("x"))),
            field(Any::Nil),
        ],
        timestamp: Any::Int(17),
        actions: vec![button],
        ..Attachment::default()
    };
    assert_eq!(
        Any::Attachments(vec![attachment]).to_json(),
        json!([{
            "author_name": "Zoom",
            "title_link": "https://mm.example.test",
            "fields": [
                {"title": "T", "value": 0, "short": true},
                {"title": "T", "value": false, "short": true},
                {"title": "T", "value": "x", "short": true},
                {"title": "T", "short": true},
            ],
            "ts": 17,
            "actions": [{
                "id": "join", "type": "button", "name": "Join", "style": "primary",
                "options": [{"text": "One", "value": "1"}],
                "integration": {"url": "/plugins/zoom/join", "context": {"count": 0}},
            }],
        }])
    );
}

#[test]
fn values_that_json_cannot_express_are_null() {
    assert_eq!(Any::Nil.to_json(), json!(null));
    assert_eq!(Any::Dropped("*x.T".to_owned()).to_json(), json!(null));
}
