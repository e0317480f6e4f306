//! Recordings of Go's encoder.
//!
//! Each recording has its values as JSON. There are two checks: an independent reader (`gob_support/oracle.rs`)
//! finds the values in the recording, and it finds exactly the same values after this crate has decoded and
//! encoded them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that goes wrong should stop right there"
)]

mod gob_support;

use std::collections::BTreeMap;

use gob_support::{Fixture, Random, fixture, fixtures, oracle};
use mattermost_plugin_rpc::gob::{Bytes, Decode, Decoder, Empty, Encode, Encoder, Limits, Url};
use mattermost_plugin_rpc::gob_struct;
use mattermost_plugin_rpc::mattermost::{
    Any, AppError, Broadcast, Command, CommandArgs, CommandResponse, Config, Context, KvSetOptions,
};
use mattermost_plugin_rpc::net_rpc::{Request, Response};
use serde_json::Value;

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct PostArgs = "Z_CreatePostArgs" {
        post: Option<Box<Post>> = "A",
    }
}

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Post = "Post" {
        user_id: String = "UserId",
        channel_id: String = "ChannelId",
        message: String = "Message",
        kind: String = "Type",
        props: BTreeMap<String, Any> = "Props",
    }
}

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct User = "User" {
        id: String = "Id",
        create_at: i64 = "CreateAt",
        update_at: i64 = "UpdateAt",
        username: String = "Username",
        email: String = "Email",
        email_verified: bool = "EmailVerified",
        nickname: String = "Nickname",
        first_name: String = "FirstName",
        last_name: String = "LastName",
        roles: String = "Roles",
        notify_props: BTreeMap<String, String> = "NotifyProps",
        locale: String = "Locale",
        timezone: BTreeMap<String, String> = "Timezone",
    }
}

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct UserReturns = "Z_GetUserReturns" {
        user: Option<Box<User>> = "A",
        error: Option<Box<AppError>> = "B",
    }
}

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct ValueReturns = "Z_KVGetReturns" {
        value: Bytes = "A",
        error: Option<Box<AppError>> = "B",
    }
}

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct CommandCall = "Z_ExecuteCommandArgs" {
        context: Option<Box<Context>> = "A",
        args: Option<Box<CommandArgs>> = "B",
    }
}

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct CommandAnswer = "Z_ExecuteCommandReturns" {
        response: Option<Box<CommandResponse>> = "A",
        error: Option<Box<AppError>> = "B",
    }
}

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct ConfigReturns = "Z_GetConfigReturns" {
        config: Option<Box<Config>> = "A",
    }
}

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct SetArgs = "Z_KVSetWithOptionsArgs" {
        key: String = "A",
        value: Bytes = "B",
        options: KvSetOptions = "C",
    }
}

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct KeyArgs = "Z_KVGetArgs" {
        key: String = "A",
    }
}

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct LogArgs = "Z_LogWarnArgs" {
        message: String = "A",
        pairs: Vec<Any> = "B",
    }
}

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct ActivateArgs = "Z_OnActivateArgs" {
        api: u32 = "APIMuxId",
        driver: u32 = "DriverMuxId",
    }
}

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct ActivateReturns = "Z_OnActivateReturns" {
        error: Any = "A",
    }
}

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct PublishArgs = "Z_PublishWebSocketEventArgs" {
        event: String = "A",
        payload: BTreeMap<String, Any> = "B",
        broadcast: Option<Box<Broadcast>> = "C",
    }
}

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct RegisterArgs = "Z_RegisterCommandArgs" {
        command: Option<Box<Command>> = "A",
    }
}

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct ServeArgs = "Z_ServeHTTPArgs" {
        response: u32 = "ResponseWriterStream",
        request: Option<Box<HttpRequest>> = "Request",
        context: Option<Box<Context>> = "Context",
        body: u32 = "RequestBodyStream",
    }
}

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct HttpRequest = "HTTPRequestSubset" {
        method: String = "Method",
        url: Option<Url> = "URL",
        proto: String = "Proto",
        proto_major: i64 = "ProtoMajor",
        proto_minor: i64 = "ProtoMinor",
        header: BTreeMap<String, Vec<String>> = "Header",
        host: String = "Host",
        remote_addr: String = "RemoteAddr",
        request_uri: String = "RequestURI",
    }
}

/// Decodes a recording and encodes its values again.
struct Relay {
    decoder: Decoder,
    unread: Vec<Vec<u8>>,
    encoder: Encoder,
    out: Vec<u8>,
}

impl Relay {
    fn new(bytes: &[u8], step: usize) -> Self {
        let mut unread: Vec<_> = bytes.chunks(step).map(<[u8]>::to_vec).collect();
        unread.reverse();
        Self {
            decoder: Decoder::new(Limits::default()),
            unread,
            encoder: Encoder::new(),
            out: Vec::new(),
        }
    }

    fn next<T: Decode>(&mut self) -> T {
        loop {
            match self.decoder.next().unwrap() {
                Some(value) => return value,
                None => self.decoder.feed(&self.unread.pop().expect("more bytes")),
            }
        }
    }

    fn pass<T: Decode + Encode>(&mut self) {
        let value: T = self.next();
        self.encoder.encode(&value, &mut self.out).unwrap();
    }
}

/// Decodes and encodes the values of a recording after the header.
fn pass_on(name: &str, relay: &mut Relay) {
    match name {
        "app_error_response" => relay.pass::<ValueReturns>(),
        "create_post_request" => relay.pass::<PostArgs>(),
        "execute_command_request" => relay.pass::<CommandCall>(),
        "execute_command_response" => relay.pass::<CommandAnswer>(),
        "get_config_response" => relay.pass::<ConfigReturns>(),
        "get_user_response" => relay.pass::<UserReturns>(),
        "implemented_response" => relay.pass::<Vec<String>>(),
        "kv_set_with_options_request" => relay.pass::<SetArgs>(),
        "log_warn_request" => relay.pass::<LogArgs>(),
        "on_activate_error_response" => relay.pass::<ActivateReturns>(),
        "on_activate_request" => relay.pass::<ActivateArgs>(),
        "publish_websocket_event_request" => relay.pass::<PublishArgs>(),
        "register_command_request" => relay.pass::<RegisterArgs>(),
        "rpc_error_response" => relay.pass::<Empty>(),
        "serve_http_request" => relay.pass::<ServeArgs>(),
        "two_calls_one_stream" => {
            relay.pass::<KeyArgs>();
            relay.pass::<Request>();
            relay.pass::<KeyArgs>();
        }
        other => panic!("{other} has no types here"),
    }
}

fn relayed(fixture: &Fixture, step: usize) -> Vec<Value> {
    let mut relay = Relay::new(&fixture.bytes, step);
    if fixture.name.ends_with("_response") {
        relay.pass::<Response>();
    } else {
        relay.pass::<Request>();
    }
    pass_on(&fixture.name, &mut relay);
    assert_eq!(relay.decoder.skip(), Ok(None), "{}", fixture.name);
    assert!(relay.decoder.is_idle(), "{}", fixture.name);
    oracle::read(&relay.out)
}

/// Normalizes a value: an absent map is empty, and a whole float is an integer.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let missing = |value: Option<&Value>| value.is_none_or(|value| value == &empty());
            let keys = one.keys().chain(other.keys());
            keys.into_iter()
                .all(|key| match (one.get(key), other.get(key)) {
                    (Some(one), Some(other)) => same(one, other),
                    (one, other) => missing(one) && missing(other),
                })
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        _ => one == other,
    }
}

fn empty() -> Value {
    Value::Object(serde_json::Map::new())
}

/// Whether everything in `part` is in `whole`.
fn within(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => part
            .iter()
            .all(|(key, part)| whole.get(key).is_some_and(|whole| within(part, whole))),
        _ => same(part, whole),
    }
}

#[test]
fn the_independent_reader_finds_the_recorded_values() {
    for fixture in fixtures() {
        let read = oracle::read(&fixture.bytes);
        assert_eq!(read.len(), fixture.values.len(), "{}", fixture.name);
        for (read, recorded) in read.iter().zip(&fixture.values) {
            assert!(same(read, recorded), "{}: {read:#}", fixture.name);
        }
    }
}

#[test]
fn every_recording_is_decoded_and_encoded_without_loss() {
    for fixture in fixtures() {
        for step in [fixture.bytes.len(), 7, 1] {
            let relayed = relayed(&fixture, step);
            assert_eq!(relayed.len(), fixture.values.len(), "{}", fixture.name);
            for (relayed, recorded) in relayed.iter().zip(&fixture.values) {
                // The configuration has only the fields that plugins need.
                let equal = if fixture.name == "get_config_response" {
                    within(relayed, recorded)
                } else {
                    same(relayed, recorded)
                };
                assert!(equal, "{}: {relayed:#}", fixture.name);
            }
        }
    }
}

#[test]
fn the_configuration_keeps_what_plugins_need() {
    let values = relayed(&fixture("get_config_response"), 4096);
    let config = &values[1]["A"];
    assert_eq!(config["LocalizationSettings"]["DefaultServerLocale"], "en");
}

#[test]
fn every_recorded_stream_has_the_expected_values() {
    for fixture in fixtures() {
        let mut decoder = Decoder::new(Limits::default());
        decoder.feed(&fixture.bytes);
        for number in 0..fixture.values.len() {
            let skipped = decoder.skip();
            assert_eq!(skipped, Ok(Some(())), "{}, value {number}", fixture.name);
        }
        assert_eq!(decoder.skip(), Ok(None), "{}", fixture.name);
        assert!(decoder.is_idle(), "{}", fixture.name);
    }
}

#[test]
fn a_post_in_several_messages_is_decoded_with_its_interface_values() {
    let mut relay = Relay::new(&fixture("create_post_request").bytes, 5);
    assert_eq!(relay.next::<Request>().service_method, "Plugin.CreatePost");
    let post = *relay.next::<PostArgs>().post.unwrap();
    let Some(Any::Attachments(attachments)) = post.props.get("attachments") else {
        panic!("{:?}", post.props);
    };
    let action = &attachments[0].actions[0];
    let context = &action.integration.as_ref().unwrap().context;
    assert_eq!(context["meeting_id"], Any::Int(123_456));
    assert_eq!(
        attachments[0].fields[0].value,
        Any::String("123-456".to_owned())
    );
}

/// Reads all values as each possible type and checks that the decoder makes progress.
fn drain(bytes: &[u8], turn: usize) {
    let mut decoder = Decoder::new(Limits::default());
    decoder.feed(bytes);
    // Every call consumes a message or ends.
    for step in 0..=bytes.len() {
        let outcome = match (step + turn) % 5 {
            0 => decoder.next::<Request>().map(|value| value.is_some()),
            1 => decoder.next::<PostArgs>().map(|value| value.is_some()),
            2 => decoder.next::<RegisterArgs>().map(|value| value.is_some()),
            3 => decoder.next::<ServeArgs>().map(|value| value.is_some()),
            _ => decoder.skip().map(|value| value.is_some()),
        };
        match outcome {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) if error.is_fatal() => return,
            Err(_) => {}
        }
    }
    panic!("the decoder does not get on");
}

#[test]
fn truncated_input_does_not_panic() {
    for fixture in fixtures() {
        for end in 0..fixture.bytes.len() {
            drain(&fixture.bytes[..end], end);
        }
    }
}

#[test]
fn a_hundred_thousand_mutations_do_not_panic() {
    let fixtures = fixtures();
    let mut random = Random::new();
    for round in 0..100_000 {
        let fixture = &fixtures[round % fixtures.len()];
        // Mutate the one large recording less often: it takes long.
        let fixture = if fixture.name == "get_config_response" && round % 160 >= 16 {
            &fixtures[random.below(fixtures.len() / 4)]
        } else {
            fixture
        };
        let mut bytes = fixture.bytes.clone();
        random.mutate(&mut bytes);
        drain(&bytes, round / fixtures.len());
    }
}
