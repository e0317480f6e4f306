//! The memory that decoding needs, counted by the allocator.
//!
//! Time is not measured, because the tests must pass on a busy machine. Work that grows faster than its input
//! copies the input repeatedly, which shows in the number of allocated bytes.
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "an allocator cannot be written otherwise, and a test that goes wrong should stop"
)]

mod counting;
mod gob_support;

use std::collections::BTreeMap;

use counting::counted_work;
use gob_support::{
    Random, counted, fixtures, int, list_in_pieces, lone_string, map_type, message, slice_type,
    struct_type, uint,
};
use mattermost_plugin_rpc::gob::{Bytes, Decoder, Empty, Encoder, Limits};
use mattermost_plugin_rpc::mattermost::Any;
use mattermost_plugin_rpc::mattermost::{Attachment, Post};

/// The memory that decoding may need at any time, per byte of input, plus a constant: a buffer that may have
/// doubled, the joined value, and the decoded values, whose maps are half empty.
const MULTIPLE: usize = 32;
const FLOOR: usize = 6 << 20;

fn assert_bounded(what: &str, bytes: &[u8], decode: impl FnOnce(&mut Decoder)) {
    let (count, ()) = counted_work(|| {
        let mut decoder = Decoder::new(Limits::default());
        decoder.feed(bytes);
        decode(&mut decoder);
    });
    let most = FLOOR + MULTIPLE * bytes.len();
    assert!(
        count.peak <= most,
        "{what}: {} bytes for {} of input",
        count.peak,
        bytes.len()
    );
}

fn drain(decoder: &mut Decoder, turn: usize) {
    for step in 0.. {
        let outcome = match (step + turn) % 3 {
            0 => decoder.next::<Post>().map(|value| value.is_some()),
            1 => decoder.next::<Vec<Any>>().map(|value| value.is_some()),
            _ => decoder.skip().map(|value| value.is_some()),
        };
        match outcome {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) if error.is_fatal() => return,
            Err(_) => {}
        }
    }
}

#[test]
fn damaged_recordings_need_no_more_memory_than_intact_ones() {
    let fixtures = fixtures();
    let mut random = Random::new();
    for round in 0..20_000 {
        let fixture = &fixtures[round % fixtures.len()];
        let mut bytes = fixture.bytes.clone();
        random.mutate(&mut bytes);
        assert_bounded(&fixture.name, &bytes, |decoder| drain(decoder, round));
    }
}

#[test]
fn values_made_to_need_much_memory_need_a_multiple_of_their_bytes() {
    const COUNT: usize = 1 << 20;
    let list = |elem: i64, count: u64, rest: &[u8]| {
        let body = [int(65), vec![0], uint(count), rest.to_vec()].concat();
        [message(&slice_type(65, elem)), message(&body)].concat()
    };
    let zeros = vec![0; COUNT];
    let many = COUNT as u64;
    assert_bounded("empty strings", &list(6, many, &zeros), |decoder| {
        decoder.next::<Vec<String>>().unwrap_err();
    });
    assert_bounded("nothing", &list(8, many, &zeros), |decoder| {
        decoder.next::<Vec<Any>>().unwrap_err();
    });
    // Structs of half a kilobyte that take one byte as gob.
    let structs = [message(&struct_type(70, &[])), list(70, many, &zeros)].concat();
    assert_bounded("large structs", &structs, |decoder| {
        decoder.next::<Vec<Attachment>>().unwrap_err();
    });
    assert_bounded("a count alone", &list(6, 1 << 60, &zeros), |decoder| {
        decoder.next::<Vec<String>>().unwrap_err();
    });
    let nothings = [message(&struct_type(70, &[])), list(70, 1 << 40, &zeros)].concat();
    assert_bounded("structs without fields", &nothings, |decoder| {
        decoder.next::<Vec<Empty>>().unwrap_err();
    });
    // Nested lists, each of which claims all remaining bytes.
    let mut claims = [int(65), vec![0]].concat();
    for depth in 0..60 {
        claims.extend(uint((COUNT - 9 * depth) as u64 - 600));
    }
    claims.extend(&zeros);
    let mut lists = message(&slice_type(65, 66));
    lists.extend(message(&slice_type(66, 65)));
    lists.extend(message(&claims));
    assert_bounded("lists in lists", &lists, |decoder| {
        decoder
            .next::<Vec<Vec<Vec<Vec<Vec<String>>>>>>()
            .unwrap_err();
    });
    // A map with all keys of one and two bytes.
    let mut map = [int(65), vec![0], uint(60_000)].concat();
    for key in 0..60_000_u32 {
        map.extend(counted(&key.to_le_bytes()[..3]));
        map.push(0);
    }
    let map = [message(&map_type(65, 6, 8)), message(&map)].concat();
    assert_bounded("a map", &map, |decoder| {
        decoder.next::<BTreeMap<String, Any>>().unwrap();
    });
}

#[test]
fn skipping_a_deep_value_needs_a_multiple_of_its_bytes() {
    // A recursive struct that takes one byte per level.
    let deep = [int(64), vec![1; 4 << 20], vec![0; (4 << 20) + 1]].concat();
    let deep = [message(&struct_type(64, &[64])), message(&deep)].concat();
    assert_bounded("a deep value", &deep, |decoder| {
        decoder.skip().unwrap_err();
    });
    assert_bounded("a deep value that is not looked at", &deep, |decoder| {
        decoder.next::<Empty>().unwrap_err();
    });
}

#[test]
fn invalid_utf8_needs_a_multiple_of_its_bytes() {
    let bytes = lone_string(&vec![0xff; 1 << 20]);
    assert_bounded("Latin-1", &bytes, |decoder| {
        let text: String = decoder.next().unwrap().unwrap();
        assert_eq!(text.chars().count(), 1 << 20);
    });
}

/// The bytes that are allocated while a stream is fed in pieces of `step` bytes and read.
fn total(bytes: &[u8], step: usize, read: impl Fn(&mut Decoder) -> bool) -> usize {
    let (count, values) = counted_work(|| {
        let mut decoder = Decoder::new(Limits::default());
        let mut values = 0;
        for piece in bytes.chunks(step) {
            decoder.feed(piece);
            while read(&mut decoder) {
                values += 1;
            }
        }
        values
    });
    assert!(values > 0, "nothing was read");
    count.total
}

/// Checks for linear work: four times the input takes about four times the work.
fn assert_linear(what: &str, small: usize, large: usize) {
    assert!(large > 3 * small, "{what}: {small} and {large} are no test");
    assert!(large < 6 * small, "{what}: {small} grew to {large}");
}

#[test]
fn a_value_in_several_messages_takes_linear_work() {
    for step in [1, 100, usize::MAX] {
        let read = |decoder: &mut Decoder| decoder.next::<Vec<Any>>().unwrap().is_some();
        let [small, large] =
            [1_000, 4_000].map(|pieces| total(&list_in_pieces(pieces, 65), step, read));
        assert_linear("decoded", small, large);
        let skip = |decoder: &mut Decoder| decoder.skip().unwrap().is_some();
        let [small, large] =
            [1_000, 4_000].map(|pieces| total(&list_in_pieces(pieces, 65), step, skip));
        assert_linear("skipped", small, large);
    }
}

#[test]
fn a_large_value_that_arrives_slowly_is_buffered_once() {
    let stream = |size: usize| {
        let mut bytes = Vec::new();
        let value = Bytes(vec![7; size]);
        Encoder::new().encode(&value, &mut bytes).unwrap();
        bytes
    };
    let read = |decoder: &mut Decoder| decoder.next::<Bytes>().unwrap().is_some();
    let [small, large] = [250_000, 1_000_000].map(|size| total(&stream(size), 1, read));
    assert_linear("slowly", small, large);
}

#[test]
fn encoding_takes_linear_work_for_nested_values() {
    let work = |count: i64| {
        let inner = |number| Any::List(vec![Any::Int(number), Any::List(vec![Any::Bool(true)])]);
        let value: Vec<Any> = (0..count).map(inner).collect();
        let (used, ()) = counted_work(|| {
            Encoder::new().encode(&value, &mut Vec::new()).unwrap();
        });
        used.total
    };
    assert_linear("encoding", work(5_000), work(20_000));
}

#[test]
fn a_long_lived_stream_keeps_no_memory_of_its_values() {
    let mut encoder = Encoder::new();
    let mut decoder = Decoder::new(Limits::default());
    let large = Post {
        message: "x".repeat(5_000_000),
        ..Post::default()
    };
    let props = BTreeMap::from([("p".to_owned(), Any::List(vec![Any::Nil, Any::Float(1.5)]))]);
    let small = Post {
        props,
        ..Post::default()
    };
    exchange(&mut encoder, &mut decoder, &small, &[]);
    let (used, ()) = counted_work(|| {
        exchange(&mut encoder, &mut decoder, &large, &[]);
        for _ in 0..10_000 {
            exchange(&mut encoder, &mut decoder, &small, &[]);
        }
    });
    assert!(used.left < 128 * 1024, "{} bytes are kept", used.left);
    // The same if each value is followed by the beginning of the next one.
    let (used, ()) = counted_work(|| {
        exchange(&mut encoder, &mut decoder, &large, &[100, 1, 2]);
        assert_eq!(decoder.skip(), Ok(None));
        decoder.feed(&[3]);
    });
    assert!(used.left < 128 * 1024, "{} bytes are kept", used.left);
}

/// Sends a post, followed by other bytes.
fn exchange(encoder: &mut Encoder, decoder: &mut Decoder, post: &Post, rest: &[u8]) {
    let mut out = Vec::new();
    encoder.encode(post, &mut out).unwrap();
    out.extend(rest);
    decoder.feed(&out);
    let read = decoder.next::<Post>().unwrap();
    assert_eq!(read.as_ref(), Some(post));
}
