//! Streams that no good sender makes: the decoder answers with an error or a value, soon, and goes on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that goes wrong should stop right there"
)]

use mattermost_plugin_rpc::gob::{Any, Decoder, Empty, Encoder, Limits};

fn uint(value: u64) -> Vec<u8> {
    if value <= 0x7f {
        return vec![value.to_le_bytes()[0]];
    }
    let bytes = value.to_be_bytes();
    let digits: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut out = vec![(256 - digits.len()).to_le_bytes()[0]];
    out.extend(digits);
    out
}

fn int(value: i64) -> Vec<u8> {
    uint(((value << 1) ^ (value >> 63)).cast_unsigned())
}

fn joined(parts: &[Vec<u8>]) -> Vec<u8> {
    parts.concat()
}

fn message(body: &[u8]) -> Vec<u8> {
    joined(&[uint(body.len() as u64), body.to_vec()])
}

/// `-id` and a struct type with fields of these types.
fn struct_type(id: i64, fields: &[i64]) -> Vec<u8> {
    let mut out = joined(&[int(-id), vec![3]]);
    if !fields.is_empty() {
        out.push(2);
        out.extend(uint(fields.len() as u64));
        for (number, field) in fields.iter().enumerate() {
            let name = format!("F{number}");
            out.extend([1, name.len().to_le_bytes()[0]]);
            out.extend(name.bytes());
            out.push(1);
            out.extend(int(*field));
            out.push(0);
        }
    }
    out.extend([0, 0]);
    out
}

fn slice_type(id: i64, elem: i64) -> Vec<u8> {
    joined(&[int(-id), vec![2, 2], int(elem), vec![0, 0]])
}

fn lone_string(bytes: &[u8]) -> Vec<u8> {
    let body = joined(&[int(6), vec![0], uint(bytes.len() as u64), bytes.to_vec()]);
    message(&body)
}

fn decoder(bytes: &[u8]) -> Decoder {
    let mut decoder = Decoder::new(Limits::default());
    decoder.feed(bytes);
    decoder
}

#[test]
fn a_string_that_is_not_utf8_is_decoded() {
    let text: Option<String> = decoder(&lone_string(b"caf\xe9")).next().unwrap();
    assert_eq!(text.as_deref(), Some("caf\u{fffd}"));
}

#[test]
fn a_value_in_thousands_of_pieces_arriving_byte_by_byte_is_decoded() {
    const PIECES: i64 = 4_000;
    let mut bytes = message(&slice_type(65, 8));
    let mut piece = joined(&[int(65), vec![0], uint(PIECES.cast_unsigned())]);
    for number in 0..PIECES {
        let id = 66 + number;
        let name = format!("unknown.T{number}");
        piece.extend(uint(name.len() as u64));
        piece.extend(name.bytes());
        piece.extend(struct_type(id, &[6]));
        bytes.extend(message(&piece));
        // The value of that type: one string.
        piece = joined(&[int(id), uint(4), vec![1, 1, b'x', 0]]);
    }
    bytes.extend(message(&piece));
    bytes.extend(lone_string(b"next"));

    let mut decoder = Decoder::new(Limits::default());
    let mut values: Option<Vec<Any>> = None;
    let mut after: Option<String> = None;
    for byte in &bytes {
        decoder.feed(std::slice::from_ref(byte));
        if values.is_none() {
            values = decoder.next().unwrap();
        } else {
            after = decoder.next().unwrap();
        }
    }
    let values = values.unwrap();
    assert_eq!(values.len(), 4_000);
    assert_eq!(values[3_999], Any::Dropped("unknown.T3999".to_owned()));
    assert_eq!(after.as_deref(), Some("next"));
}

#[test]
fn a_value_in_pieces_that_does_not_fit_is_dropped_to_its_end() {
    // A list of interfaces where a string is expected, cut in two.
    let mut bytes = message(&slice_type(65, 8));
    let mut first = joined(&[int(65), vec![0], uint(1), uint(1), vec![b'T']]);
    first.extend(struct_type(66, &[6]));
    bytes.extend(message(&first));
    let mut decoder = decoder(&bytes);
    assert_eq!(
        decoder.next::<String>(),
        Ok(None),
        "the rest may still come"
    );
    decoder.feed(&message(&joined(&[int(66), uint(4), vec![1, 1, b'x', 0]])));
    assert!(decoder.next::<String>().is_err());
    decoder.feed(&lone_string(b"next"));
    assert_eq!(decoder.next::<String>(), Ok(Some("next".to_owned())));
}

#[test]
fn a_count_that_the_bytes_cannot_make_good_is_refused_at_once() {
    let mut bytes = message(&struct_type(66, &[]));
    bytes.extend(message(&slice_type(65, 66)));
    bytes.extend(message(&joined(&[
        int(65),
        vec![0],
        uint(1 << 40),
        vec![0; 8],
    ])));
    let mut decoder = decoder(&bytes);
    assert!(decoder.next::<Vec<Empty>>().is_err());
}

#[test]
fn what_takes_far_more_memory_than_bytes_is_refused() {
    let mut bytes = message(&slice_type(65, 6));
    let count = 8 * 1024 * 1024;
    let body = joined(&[int(65), vec![0], uint(count), vec![0; count as usize]]);
    bytes.extend(message(&body));
    // Eight million empty strings in eight megabytes are fine, twenty-four bytes each;
    let mut decoder = decoder(&bytes);
    assert_eq!(
        decoder.next::<Vec<String>>().unwrap().unwrap().len(),
        8 << 20
    );
    // eight million interfaces that hold nothing are more than that.
    let mut bytes = message(&slice_type(65, 8));
    let body = joined(&[int(65), vec![0], uint(count), vec![0; count as usize]]);
    bytes.extend(message(&body));
    let mut decoder = Decoder::new(Limits::default());
    decoder.feed(&bytes);
    let values = decoder.next::<Vec<Any>>();
    let bounded = values.is_err() || size_of::<Any>() <= 48;
    assert!(bounded, "{} bytes each", size_of::<Any>());
}

#[test]
fn what_is_nested_beyond_the_limit_is_dropped_and_what_is_around_it_stays() {
    let nest = |levels| (0..levels).fold(Any::Nil, |inner, _| Any::List(vec![inner]));
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new();
    for levels in [200, 50] {
        let values = vec![nest(levels), Any::Int(7)];
        encoder.encode(&values, &mut bytes).unwrap();
    }
    let mut decoder = decoder(&bytes);
    let values: Vec<Any> = decoder.next().unwrap().unwrap();
    assert_eq!(values[1], Any::Int(7));
    assert!(format!("{:?}", values[0]).contains("nested too deeply"));
    let values: Vec<Any> = decoder.next().unwrap().unwrap();
    assert_eq!(values[0], nest(50));
}

/// Go defines a type in the middle of a value, where it first occurs, and never again. A value that is
/// too deep must not take such a definition with it.
#[test]
fn a_definition_deep_inside_a_value_that_is_dropped_is_kept() {
    const LEVELS: usize = 300;
    const LIST: &[u8] = b"[]interface {}";
    let mut bytes = message(&slice_type(65, 8));
    // A list in a list, and so on; in the innermost, something of a type not seen before.
    let mut piece = joined(&[int(65), vec![0]]);
    for _ in 0..LEVELS {
        piece.extend([1, LIST.len().to_le_bytes()[0]]);
        piece.extend(LIST);
        piece.extend(joined(&[int(65), uint(1), vec![0]]));
    }
    piece.extend([1, 1, b'T']);
    piece.extend(struct_type(66, &[6]));
    bytes.extend(message(&piece));
    bytes.extend(message(&joined(&[int(66), uint(4), vec![1, 1, b'x', 0]])));
    // The next value is of that type.
    bytes.extend(message(&joined(&[int(66), vec![1, 1, b'y', 0]])));
    let mut decoder = decoder(&bytes);
    let values: Vec<Any> = decoder.next().unwrap().unwrap();
    assert!(format!("{values:?}").contains("nested too deeply"));
    assert_eq!(decoder.next::<Empty>(), Ok(Some(Empty)));
}

#[test]
fn types_that_double_with_every_level_cost_nothing() {
    let mut bytes = message(&struct_type(64, &[2]));
    for id in 65..1_000 {
        bytes.extend(message(&struct_type(id, &[id - 1, id - 1])));
    }
    bytes.extend(message(&joined(&[int(999), vec![0]])));
    assert_eq!(decoder(&bytes).next::<Empty>(), Ok(Some(Empty)));
}

#[test]
fn a_type_that_contains_itself_is_walked_without_recursion() {
    let mut bytes = message(&struct_type(64, &[64]));
    bytes.extend(message(&joined(&[
        int(64),
        vec![1; 10_000],
        vec![0; 10_001],
    ])));
    bytes.extend(lone_string(b"next"));
    let mut decoder = decoder(&bytes);
    assert_eq!(decoder.next::<Empty>(), Ok(Some(Empty)));
    assert_eq!(decoder.next::<String>(), Ok(Some("next".to_owned())));
}

#[test]
fn a_definition_that_is_made_twice_or_of_a_predeclared_type_is_refused() {
    for id in [1, 22, 63] {
        assert!(decoder(&message(&struct_type(id, &[]))).skip().is_err());
    }
    let twice = [
        message(&struct_type(64, &[])),
        message(&struct_type(64, &[])),
    ]
    .concat();
    assert!(decoder(&twice).skip().is_err());
}

#[test]
fn a_message_beyond_the_limit_ends_the_stream() {
    let mut decoder = decoder(&uint(1 << 40));
    let error = decoder.skip().unwrap_err();
    assert!(error.is_fatal());
    decoder.feed(&lone_string(b"next"));
    assert!(decoder.skip().unwrap_err().is_fatal());
}
