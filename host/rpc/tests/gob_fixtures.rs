//! Bytes recorded from Go's own encoder, and what must hold for every one of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that goes wrong should stop right there"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use mattermost_plugin_rpc::gob::{Any, Decoder, Encoder, Limits};
use mattermost_plugin_rpc::gob_struct;

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Request = "Request" {
        service_method: String = "ServiceMethod",
        seq: u64 = "Seq",
    }
}

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct PostArgs = "Z_CreatePostArgs" {
        post: Option<Box<Post>> = "A",
    }
}

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Post = "Post" {
        message: String = "Message",
        kind: String = "Type",
        props: BTreeMap<String, Any> = "Props",
    }
}

/// Name, bytes and number of values of every fixture.
fn fixtures() -> Vec<(String, Vec<u8>, usize)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "hex") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let digits: Vec<_> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        let bytes = digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect();
        let json = std::fs::read_to_string(path.with_extension("json")).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let values = json["values"].as_array().unwrap().len();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        all.push((name, bytes, values));
    }
    all.sort();
    assert!(all.len() >= 16, "fixtures are missing");
    all
}

fn fixture(name: &str) -> Vec<u8> {
    let all = fixtures();
    all.into_iter().find(|(one, ..)| one == name).unwrap().1
}

#[test]
fn every_recorded_stream_holds_the_values_it_should() {
    for (name, bytes, values) in fixtures() {
        let mut decoder = Decoder::new(Limits::default());
        decoder.feed(&bytes);
        for number in 0..values {
            let skipped = decoder.skip();
            assert_eq!(skipped, Ok(Some(())), "{name}, value {number}");
        }
        assert_eq!(decoder.skip(), Ok(None), "{name}");
        assert!(decoder.is_idle(), "{name}");
    }
}

#[test]
fn a_post_in_pieces_is_decoded_with_what_is_inside_its_interfaces() {
    let bytes = fixture("create_post_request");
    for step in [bytes.len(), 7, 1] {
        let mut decoder = Decoder::new(Limits::default());
        let mut pieces = bytes.chunks(step);
        let request: Request = loop {
            match decoder.next().unwrap() {
                Some(value) => break value,
                None => decoder.feed(pieces.next().unwrap()),
            }
        };
        assert_eq!(request.service_method, "Plugin.CreatePost");
        let args: PostArgs = loop {
            match decoder.next().unwrap() {
                Some(value) => break value,
                None => decoder.feed(pieces.next().unwrap()),
            }
        };
        let post = *args.post.unwrap();
        assert_eq!(post.message, "I have started a meeting");
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

        // What was read can be sent, and reads the same.
        let mut out = Vec::new();
        let args = PostArgs {
            post: Some(Box::new(post)),
        };
        Encoder::new().encode(&args, &mut out).unwrap();
        let mut decoder = Decoder::new(Limits::default());
        decoder.feed(&out);
        assert_eq!(decoder.next::<PostArgs>().unwrap(), Some(args));
    }
}

fn drain(bytes: &[u8]) {
    let mut decoder = Decoder::new(Limits::default());
    decoder.feed(bytes);
    let mut request = true;
    // Every call ends or uses up a message.
    for _ in 0..=bytes.len() {
        let step = if request {
            decoder.next::<Request>().map(|value| value.is_some())
        } else {
            decoder.next::<PostArgs>().map(|value| value.is_some())
        };
        request = !request;
        match step {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) if error.is_fatal() => return,
            Err(_) => {}
        }
    }
    panic!("the decoder does not get on");
}

#[test]
fn every_prefix_is_survived() {
    for (_, bytes, _) in fixtures() {
        let step = if bytes.len() > 8_000 { 13 } else { 1 };
        for end in (0..bytes.len()).step_by(step) {
            drain(&bytes[..end]);
        }
    }
}

#[test]
fn a_hundred_thousand_mutations_are_survived() {
    let fixtures = fixtures();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap()
    };
    for round in 0..100_000 {
        let (name, bytes, _) = &fixtures[round % fixtures.len()];
        // The one large recording gets its share without taking all the time.
        if name == "get_config_response" && round % 160 >= 16 {
            continue;
        }
        let mut bytes = bytes.clone();
        for _ in 0..=random() % 4 {
            let at = random() % bytes.len();
            match random() % 4 {
                0 => bytes[at] = random().to_le_bytes()[0],
                1 => bytes[at] ^= 1 << (random() % 8),
                2 => {
                    bytes.remove(at);
                }
                _ => bytes.insert(at, random().to_le_bytes()[0]),
            }
        }
        drain(&bytes);
    }
}
