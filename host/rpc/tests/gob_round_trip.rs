//! Values are decoded as they were encoded, and an independent reader finds them in the encoded bytes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that goes wrong should stop right there"
)]

mod gob_support;

use std::collections::BTreeMap;

use gob_support::oracle;
use mattermost_plugin_rpc::gob::{
    Bytes, BytesRef, Decode, Decoder, Empty, Encode, EncodeError, Encoder, Limits, Url,
};
use mattermost_plugin_rpc::gob_struct;
use mattermost_plugin_rpc::mattermost::Any;
use mattermost_plugin_rpc::mattermost::{
    AppError, Attachment, AttachmentField, DynamicListArg, ErrorString, ListItem, PostAction,
    PostActionIntegration, PostActionOptions, PqError, StaticListArg, TextArg,
};
use proptest::prelude::*;
use serde_json::{Value, json};

gob_struct! {
    /// A recursive struct with a field of every kind.
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Everything = "Everything" {
        truth: bool = "Truth",
        long: i64 = "Long",
        short: i32 = "Short",
        big: u64 = "Big",
        small: u32 = "Small",
        float: f64 = "Float",
        text: String = "Text",
        bytes: Bytes = "Bytes",
        list: Vec<String> = "List",
        lists: Vec<Vec<i64>> = "Lists",
        header: BTreeMap<String, Vec<String>> = "Header",
        any: Any = "Any",
        payload: BTreeMap<String, Any> = "Payload",
        inner: Option<Box<Everything>> = "Inner",
        children: Vec<Everything> = "Children",
        pointer: Option<String> = "Pointer",
        url: Option<Url> = "URL",
        empty: Empty = "Empty",
    }
}

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Pointers = "Pointers" {
        list: Vec<Option<Box<Everything>>> = "List",
    }
}

fn decoded<T: Decode>(bytes: &[u8]) -> T {
    let mut decoder = Decoder::new(Limits::default());
    decoder.feed(bytes);
    let value = decoder.next().unwrap().unwrap();
    assert!(decoder.is_idle());
    value
}

fn encoded<T: Encode>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    Encoder::new().encode(value, &mut out).unwrap();
    out
}

/// An interface value in the form of the independent reader.
fn seen(value: &Any) -> Value {
    let (name, value) = match value {
        Any::Nil => return Value::Null,
        Any::Bool(value) => ("bool", json!(value)),
        Any::Int(value) => ("int64", json!(value)),
        Any::Uint(value) => ("uint64", json!(value)),
        Any::Float(value) => ("float64", json!(value)),
        Any::String(value) => ("string", json!(value)),
        Any::Bytes(value) => ("[]uint8", json!({"$base64": oracle::base64(value)})),
        Any::List(values) => ("[]interface {}", values.iter().map(seen).collect()),
        Any::Map(values) => {
            let values = values.iter().map(|(key, value)| (key.clone(), seen(value)));
            ("map[string]interface {}", Value::Object(values.collect()))
        }
        other => panic!("{other:?} is not made here"),
    };
    json!({"$type": name, "$value": value})
}

fn interface() -> impl Strategy<Value = Any> {
    let leaf = prop_oneof![
        Just(Any::Nil),
        any::<bool>().prop_map(Any::Bool),
        any::<i64>().prop_map(Any::Int),
        any::<u64>().prop_map(Any::Uint),
        any_float().prop_map(Any::Float),
        ".{0,8}".prop_map(Any::String),
        proptest::collection::vec(any::<u8>(), 0..200).prop_map(Any::Bytes),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Any::List),
            proptest::collection::btree_map(".{0,3}", inner, 0..5).prop_map(Any::Map),
        ]
    })
}

fn any_float() -> impl Strategy<Value = f64> {
    proptest::num::f64::NORMAL | proptest::num::f64::ZERO | proptest::num::f64::SUBNORMAL
}

fn everything() -> impl Strategy<Value = Everything> {
    let numbers = (
        any::<bool>(),
        any::<i64>(),
        any::<i32>(),
        any::<u64>(),
        any::<u32>(),
        any_float(),
    );
    let texts = (
        ".{0,20}",
        proptest::collection::vec(any::<u8>(), 0..20).prop_map(Bytes),
        proptest::collection::vec(".{0,3}", 0..4),
        proptest::collection::vec(proptest::collection::vec(any::<i64>(), 0..3), 0..3),
        proptest::collection::btree_map(
            "[A-Z]{1,3}",
            proptest::collection::vec(".{0,3}", 0..3),
            0..3,
        ),
        // Nil pointers and pointers to zero values are not sent.
        proptest::option::of(".{1,3}"),
        proptest::option::of(".{0,9}".prop_map(Url)),
    );
    let interfaces = (
        interface(),
        proptest::collection::btree_map(".{0,3}", interface(), 0..3),
    );
    let leaf = (numbers, texts, interfaces).prop_map(|(numbers, texts, interfaces)| {
        let (truth, long, short, big, small, float) = numbers;
        let (text, bytes, list, lists, header, pointer, url) = texts;
        let (any, payload) = interfaces;
        Everything {
            truth,
            long,
            short,
            big,
            small,
            float,
            text,
            bytes,
            list,
            lists,
            header,
            any,
            payload,
            pointer,
            url,
            ..Everything::default()
        }
    });
    leaf.prop_recursive(3, 6, 2, |inner| {
        let children = proptest::collection::vec(inner.clone(), 0..3);
        (inner.clone(), proptest::option::of(inner), children).prop_map(
            |(outer, inner, children)| Everything {
                inner: inner.map(Box::new),
                children,
                ..outer
            },
        )
    })
}

proptest! {
    #[test]
    fn sent_values_are_received(values in proptest::collection::vec(everything(), 1..4), step in 1_usize..300) {
        let mut encoder = Encoder::new();
        let mut bytes = Vec::new();
        for value in &values {
            encoder.encode(value, &mut bytes).unwrap();
        }
        let mut decoder = Decoder::new(Limits::default());
        let mut arrived = Vec::new();
        for piece in bytes.chunks(step) {
            decoder.feed(piece);
            while let Some(value) = decoder.next::<Everything>().unwrap() {
                arrived.push(value);
            }
        }
        prop_assert!(decoder.is_idle());
        prop_assert_eq!(arrived, values);
    }

    #[test]
    fn an_independent_reader_finds_the_sent_values(value in interface()) {
        let bytes = encoded(&vec![value.clone()]);
        prop_assert_eq!(oracle::read(&bytes), vec![json!([seen(&value)])]);
        prop_assert_eq!(decoded::<Vec<Any>>(&bytes), vec![value]);
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut decoder = Decoder::new(Limits::default());
        decoder.feed(&bytes);
        for _ in 0..=bytes.len() {
            match decoder.next::<Everything>() {
                Ok(None) => return Ok(()),
                Err(error) if error.is_fatal() => return Ok(()),
                Ok(Some(_)) | Err(_) => {}
            }
        }
        prop_assert!(false, "the decoder does not get on");
    }
}

/// A value of every registered struct, without empty fields.
fn registered() -> Vec<Any> {
    let text = |text: &str| text.to_owned();
    let context = BTreeMap::from([(text("meeting"), Any::Int(1))]);
    let action = PostAction {
        id: text("a"),
        kind: text("select"),
        name: text("b"),
        disabled: true,
        style: text("c"),
        data_source: text("d"),
        options: vec![PostActionOptions {
            text: text("e"),
            value: text("f"),
        }],
        default_option: text("g"),
        integration: Some(Box::new(PostActionIntegration {
            url: text("h"),
            context,
        })),
        cookie: text("i"),
    };
    let field = AttachmentField {
        title: text("t"),
        value: Any::Bool(false),
        short: true,
    };
    let attachment = Attachment {
        id: 1,
        fallback: text("a"),
        color: text("b"),
        pretext: text("c"),
        author_name: text("d"),
        author_link: text("e"),
        author_icon: text("f"),
        title: text("g"),
        title_link: text("h"),
        text: text("i"),
        fields: vec![field],
        image_url: text("j"),
        thumb_url: text("k"),
        footer: text("l"),
        footer_icon: text("m"),
        timestamp: Any::Float(17.0),
        actions: vec![action],
    };
    let app_error = AppError {
        id: text("a"),
        message: text("b"),
        detailed_error: text("c"),
        request_id: text("d"),
        status_code: 404,
        where_: text("e"),
    };
    let pq_error = PqError {
        severity: text("ERROR"),
        code: text("23505"),
        message: text("duplicate"),
    };
    let list = StaticListArg {
        possible_arguments: vec![ListItem {
            item: text("on"),
            hint: text("h"),
            help_text: text("t"),
        }],
    };
    vec![
        Any::Attachments(vec![attachment, Attachment::default()]),
        Any::AppError(Box::new(app_error)),
        Any::ErrorString(Box::new(ErrorString {
            code: 1,
            err: text("EOF"),
        })),
        Any::PqError(Box::new(pq_error)),
        Any::TextArg(Box::new(TextArg {
            hint: text("h"),
            pattern: text("p"),
        })),
        Any::StaticListArg(Box::new(list)),
        Any::DynamicListArg(Box::new(DynamicListArg {
            fetch_url: text("u"),
        })),
    ]
}

#[test]
fn every_registered_type_arrives_under_its_name() {
    let values = registered();
    let bytes = encoded(&values);
    let read = oracle::read(&bytes);
    let names: Vec<_> = read[0]
        .as_array()
        .unwrap()
        .iter()
        .map(|value| value["$type"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "[]*model.SlackAttachment",
            "*model.AppError",
            "*plugin.ErrorString",
            "*pq.Error",
            "*model.AutocompleteTextArg",
            "*model.AutocompleteStaticListArg",
            "*model.AutocompleteDynamicListArg",
        ]
    );
    assert_eq!(decoded::<Vec<Any>>(&bytes), values);
}

#[test]
fn definitions_are_sent_once_per_stream() {
    let value = registered();
    let mut encoder = Encoder::new();
    let mut out = Vec::new();
    encoder.encode(&value, &mut out).unwrap();
    let first = out.len();
    encoder.encode(&value, &mut out).unwrap();
    let second = out[first..].to_vec();
    assert!(
        second.len() * 2 < first,
        "{first} bytes, then {}",
        second.len()
    );
    // The second value is a single message,
    let mut decoder = Decoder::new(Limits::default());
    decoder.feed(&out[..first]);
    assert_eq!(decoder.next::<Vec<Any>>(), Ok(Some(value.clone())));
    decoder.feed(&second);
    assert_eq!(decoder.next::<Vec<Any>>(), Ok(Some(value)));
    assert!(decoder.is_idle());
    // which cannot be decoded without the definitions.
    let mut other = Decoder::new(Limits::default());
    other.feed(&second);
    assert!(other.next::<Vec<Any>>().is_err());
}

#[test]
fn a_value_that_cannot_be_encoded_does_not_change_the_stream() {
    let dropped = Everything {
        any: Any::List(vec![
            Any::Attachments(Vec::new()),
            Any::Dropped("*x.T".to_owned()),
        ]),
        ..Everything::default()
    };
    let absent = Pointers {
        list: vec![Some(Box::default()), None],
    };
    let mut encoder = Encoder::new();
    let mut out = b"before".to_vec();
    assert_eq!(
        encoder.encode(&dropped, &mut out),
        Err(EncodeError::Dropped("*x.T".to_owned()))
    );
    assert_eq!(
        encoder.encode(&absent, &mut out),
        Err(EncodeError::NilElement)
    );
    assert_eq!(out, b"before");
    // The definitions of the failed value were not sent, so they are sent now.
    out.clear();
    let value = Everything {
        any: Any::Attachments(vec![Attachment::default()]),
        ..Everything::default()
    };
    encoder.encode(&value, &mut out).unwrap();
    assert_eq!(out, encoded(&value));
    assert_eq!(decoded::<Everything>(&out), value);
}

#[test]
fn zero_values_are_not_sent() {
    let value = Everything {
        pointer: Some(String::new()),
        inner: Some(Box::default()),
        ..Everything::default()
    };
    // A struct is always sent, also behind a pointer.
    let sent = json!({"Inner": {"Empty": {}}, "Empty": {}});
    assert_eq!(oracle::read(&encoded(&value)), [sent]);
    // Elements are always sent.
    let list = vec![0_i64, 0];
    assert_eq!(oracle::read(&encoded(&list)), [json!([0, 0])]);
}

#[test]
fn top_level_values_can_be_other_than_structs() {
    assert_eq!(encoded(&true), [3, 2, 0, 1]);
    assert_eq!(encoded(&201_i64), [5, 4, 0, 0xfe, 1, 0x92]);
    assert_eq!(encoded(&"hooks"), b"\x08\x0c\x00\x05hooks");
    assert_eq!(encoded(&1_u32), [3, 6, 0, 1]);
    assert_eq!(encoded(&BytesRef(b"ab")), encoded(&Bytes(b"ab".to_vec())));
    assert_eq!(decoded::<Url>(&encoded(&Url("/a?b".to_owned()))).0, "/a?b");
}
