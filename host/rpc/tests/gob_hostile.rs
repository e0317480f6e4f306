//! Malformed and hostile streams: the decoder quickly returns an error or a value, and continues.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that goes wrong should stop right there"
)]

mod gob_support;

use std::collections::BTreeMap;

use gob_support::{
    array_type, counted, int, list_in_pieces, lone_string, map_type, marshaler_type, message,
    named_struct, slice_type, struct_type, uint,
};
use mattermost_plugin_rpc::gob::{Bytes, DecodeError, Decoder, Empty, Encoder, Limits, Url};
use mattermost_plugin_rpc::gob_struct;
use mattermost_plugin_rpc::mattermost::Any;

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Outer = "Outer" {
        text: String = "Text",
        inner: Inner = "Inner",
        any: Any = "Any",
    }
}

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Inner = "Inner" {
        number: i64 = "Number",
    }
}

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Unsigned = "Unsigned" {
        number: u32 = "Number",
    }
}

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Numbers = "Numbers" {
        number: i32 = "Number",
    }
}

fn joined(parts: &[Vec<u8>]) -> Vec<u8> {
    parts.concat()
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
fn a_value_in_thousands_of_messages_that_arrive_byte_by_byte_is_decoded() {
    let mut bytes = list_in_pieces(4_000, 65);
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
    assert_eq!(values[3_999], Any::Dropped("unknown.T4000".to_owned()));
    assert_eq!(after.as_deref(), Some("next"));
}

#[test]
fn a_value_in_several_messages_with_the_wrong_type_is_skipped_to_its_end() {
    // A list of interfaces instead of a string, in two messages.
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
fn a_count_larger_than_the_message_is_an_error_at_once() {
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
fn a_value_that_needs_far_more_memory_than_bytes_is_an_error() {
    const COUNT: usize = 1 << 20;
    let list = |elem: i64, one: &[u8]| {
        let head = joined(&[int(65), vec![0], uint(COUNT as u64)]);
        let body = joined(&[head, one.repeat(COUNT)]);
        joined(&[message(&slice_type(65, elem)), message(&body)])
    };
    let mut short = decoder(&list(6, b"\x02ab"));
    let short: Vec<String> = short.next().unwrap().unwrap();
    assert_eq!(short.len(), COUNT);
    // A million empty strings take one megabyte as gob and twenty-four in memory,
    let mut empty = decoder(&list(6, &[0]));
    assert!(empty.next::<Vec<String>>().is_err());
    // and nil interfaces take as much.
    let mut nothing = decoder(&list(8, &[0]));
    assert!(nothing.next::<Vec<Any>>().is_err());
    nothing.feed(&lone_string(b"next"));
    assert_eq!(nothing.next::<String>(), Ok(Some("next".to_owned())));
}

#[test]
fn a_value_nested_too_deeply_is_dropped_and_the_values_around_it_are_kept() {
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

/// Go defines a type where it first occurs, possibly in the middle of a value, and never again. The definition
/// must be kept even if the value is dropped.
#[test]
fn a_type_definition_deep_in_a_dropped_value_is_kept() {
    const LEVELS: usize = 300;
    const LIST: &[u8] = b"[]interface {}";
    let mut bytes = message(&slice_type(65, 8));
    // Nested lists; the innermost contains a value of a new type.
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
fn types_that_double_with_every_level_are_cheap() {
    let mut bytes = message(&struct_type(64, &[2]));
    for id in 65..1_000 {
        bytes.extend(message(&struct_type(id, &[id - 1, id - 1])));
    }
    bytes.extend(message(&joined(&[int(999), vec![0]])));
    assert_eq!(decoder(&bytes).next::<Empty>(), Ok(Some(Empty)));
}

#[test]
fn a_recursive_type_is_skipped_without_recursion() {
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
fn defining_a_type_twice_or_a_predeclared_type_is_an_error() {
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

/// The smallest message limit with which the parts of such values can be read.
const SHORT: Limits = Limits {
    message_bytes: 200,
    depth: 64,
    types: 4096,
    fields: 4096,
};

/// A value that is longer than the limit, in one or several messages, and another value after it.
fn is_passed_over(bytes: &[u8]) {
    let bytes = joined(&[bytes.to_vec(), lone_string(b"next")]);
    for step in [bytes.len(), 64, 7, 1] {
        let mut decoder = Decoder::new(SHORT);
        let mut outcomes = Vec::new();
        for piece in bytes.chunks(step) {
            decoder.feed(piece);
            while let Some(outcome) = decoder.next::<String>().transpose() {
                outcomes.push(outcome);
            }
        }
        let too_long = Err(DecodeError::TooLarge("a value is too long"));
        let next = Ok("next".to_owned());
        assert_eq!(outcomes, [too_long, next], "{step} bytes at once");
        assert!(decoder.is_idle());
    }
}

#[test]
fn only_a_value_that_is_too_long_is_lost() {
    let type_of_list = message(&slice_type(65, 6));
    let list = joined(&[int(65), vec![0], uint(100), counted(b"fifty").repeat(100)]);
    is_passed_over(&joined(&[type_of_list, message(&list)]));
    // In short messages.
    is_passed_over(&list_in_pieces(100, 65));
    // A long message before and after a short one.
    let new = joined(&[counted(b"T"), struct_type(66, &[6])]);
    let struct_of = |text: &[u8]| joined(&[uint(9), vec![1], counted(text), vec![0]]);
    let known = joined(&[counted(b"string"), int(6), vec![9, 0], counted(b"seven")]);
    let many = known.repeat(30);
    let types = message(&slice_type(65, 8));
    let begin = joined(&[int(65), vec![0], uint(61), many.clone(), new]);
    let end = joined(&[int(66), struct_of(b"x"), many]);
    is_passed_over(&joined(&[types, message(&begin), message(&end)]));
}

#[test]
fn a_type_definition_deep_in_a_value_that_is_too_long_is_kept() {
    // Many interfaces in interfaces, with type definitions in the middle of the message.
    let inner = joined(&[counted(b"T"), struct_type(67, &[6]), uint(9), int(67)]);
    let value = joined(&[inner, uint(9), vec![1], counted(b"x"), vec![0]]);
    let outer = joined(&[counted(b"L"), int(66), uint(9), vec![0, 1], value]);
    let again = joined(&[
        counted(b"T"),
        int(67),
        uint(9),
        vec![1],
        counted(b"x"),
        vec![0],
    ]);
    let more = joined(&[counted(b"L"), int(66), uint(9), vec![0, 1], again]).repeat(30);
    let list = joined(&[int(65), vec![0], uint(31), outer, more]);
    let types = [slice_type(65, 8), slice_type(66, 8)].map(|one| message(&one));
    let bytes = joined(&[types.concat(), message(&list)]);
    is_passed_over(&bytes);
    let mut decoder = Decoder::new(SHORT);
    decoder.feed(&bytes);
    assert!(decoder.skip().is_err());
    decoder.feed(&message(&joined(&[
        int(67),
        vec![1],
        counted(b"y"),
        vec![0],
    ])));
    assert_eq!(decoder.skip(), Ok(Some(())), "its type is known");
}

#[test]
fn a_value_that_is_too_long_and_cannot_be_skipped_ends_the_stream() {
    let long_text = lone_string(&[b'x'; 500]);
    let long_definition = message(&named_struct(65, &[(&"N".repeat(300), 6)]));
    let no_type = joined(&[uint(1_000), vec![0xf7; 300]]);
    let beyond_go = uint((8 << 30) + 1);
    let list = joined(&[int(65), vec![0], uint(99), counted(b"fifty").repeat(100)]);
    let left_over = joined(&[message(&slice_type(65, 6)), message(&list)]);
    for bytes in [long_text, long_definition, no_type, beyond_go, left_over] {
        for step in [100, 1] {
            let mut decoder = Decoder::new(SHORT);
            let mut outcome = Ok(None);
            for piece in bytes.chunks(step) {
                decoder.feed(piece);
                outcome = decoder.skip();
            }
            assert!(outcome.unwrap_err().is_fatal());
            decoder.feed(&lone_string(b"next"));
            assert!(decoder.skip().unwrap_err().is_fatal());
        }
    }
}

#[test]
fn an_endless_message_needs_no_memory() {
    let mut decoder = Decoder::new(SHORT);
    decoder.feed(&message(&slice_type(65, 6)));
    decoder.feed(&joined(&[uint(1 << 32), int(65), vec![0], uint(1 << 40)]));
    for _ in 0..10_000 {
        decoder.feed(&counted(b"fifty"));
        assert_eq!(decoder.skip(), Ok(None));
    }
    assert!(!decoder.is_idle(), "its end has not come");
}

#[test]
fn types_of_fields_are_compared_before_data_is_read() {
    // A field of the wrong type is an error even if it is not sent.
    let mut bytes = message(&named_struct(65, &[("Number", 2)]));
    bytes.extend(message(&joined(&[int(65), vec![0]])));
    bytes.extend(message(&joined(&[int(65), vec![0]])));
    let mut decoder = decoder(&bytes);
    assert!(decoder.next::<Unsigned>().is_err());
    assert_eq!(decoder.next::<Inner>(), Ok(Some(Inner { number: 0 })));
}

#[test]
fn every_kind_differs_from_every_other_kind() {
    fn accepted<T: mattermost_plugin_rpc::gob::Decode>(bytes: &[u8]) -> bool {
        let mut decoder = decoder(bytes);
        matches!(decoder.next::<T>(), Ok(Some(_)))
    }
    let lone = |id: i64, value: &[u8]| message(&joined(&[int(id), vec![0], value.to_vec()]));
    let list = joined(&[message(&slice_type(65, 6)), lone(65, &[0])]);
    let array = joined(&[message(&array_type(65, 6, 0)), lone(65, &[0])]);
    let map = joined(&[message(&map_type(65, 6, 6)), lone(65, &[0])]);
    let map_of_numbers = joined(&[message(&map_type(65, 6, 2)), lone(65, &[1, 1, b'x', 2])]);
    let kinds = [5, 6, 7].map(|way| joined(&[message(&marshaler_type(65, way)), lone(65, &[0])]));
    let [gob, binary, text] = &kinds;
    let kinds: Vec<(&str, &[u8])> = vec![
        ("list", &list),
        ("array", &array),
        ("map", &map),
        ("map of numbers", &map_of_numbers),
        ("gob", gob),
        ("binary", binary),
        ("text", text),
    ];
    let scalars: Vec<_> = [
        ("bool", 1),
        ("int", 2),
        ("uint", 3),
        ("float", 4),
        ("bytes", 5),
        ("string", 6),
        ("any", 8),
    ]
    .map(|(name, id)| (name, lone(id, &[0])))
    .into();
    let scalars = scalars
        .iter()
        .map(|(name, bytes)| (*name, bytes.as_slice()));
    for (name, bytes) in kinds.into_iter().chain(scalars) {
        assert_eq!(accepted::<bool>(bytes), name == "bool", "{name} as bool");
        assert_eq!(accepted::<i64>(bytes), name == "int", "{name} as int");
        assert_eq!(accepted::<u64>(bytes), name == "uint", "{name} as uint");
        assert_eq!(accepted::<f64>(bytes), name == "float", "{name} as float");
        assert_eq!(accepted::<Bytes>(bytes), name == "bytes", "{name} as bytes");
        assert_eq!(
            accepted::<String>(bytes),
            name == "string",
            "{name} as string"
        );
        assert_eq!(accepted::<Any>(bytes), name == "any", "{name} as interface");
        assert_eq!(accepted::<Url>(bytes), name == "binary", "{name} as URL");
        assert_eq!(
            accepted::<Vec<String>>(bytes),
            name == "list",
            "{name} as list"
        );
        let strings = accepted::<BTreeMap<String, String>>(bytes);
        assert_eq!(strings, name == "map", "{name} as map");
        assert!(!accepted::<Empty>(bytes), "{name} as struct");
        assert!(!accepted::<Inner>(bytes), "{name} as struct");
    }
}

#[test]
fn a_struct_without_a_common_field_is_an_error_where_it_is_one_in_go() {
    // At the top,
    let mut bytes = message(&named_struct(65, &[("Other", 6)]));
    bytes.extend(message(&joined(&[int(65), vec![0]])));
    assert!(decoder(&bytes).next::<Inner>().is_err());
    assert_eq!(decoder(&bytes).next::<Empty>(), Ok(Some(Empty)));
    // and as what an interface holds,
    let mut bytes = message(&named_struct(65, &[("Other", 6)]));
    let error = joined(&[counted(b"*plugin.ErrorString"), int(65), uint(1), vec![0]]);
    bytes.extend(message(&joined(&[int(8), vec![0], error])));
    assert!(decoder(&bytes).next::<Any>().is_err());
    // but not inside another struct: servers of different versions may have no field in common there.
    let mut bytes = message(&named_struct(65, &[("Other", 6)]));
    bytes.extend(message(&named_struct(66, &[("Text", 6), ("Inner", 65)])));
    bytes.extend(message(&joined(&[
        int(66),
        vec![1],
        counted(b"t"),
        vec![1, 1, 1, b'o', 0, 0],
    ])));
    let outer = Outer {
        text: "t".to_owned(),
        ..Outer::default()
    };
    assert_eq!(decoder(&bytes).next::<Outer>(), Ok(Some(outer)));
}

#[test]
fn a_struct_without_fields_matches_every_struct() {
    let mut bytes = message(&struct_type(65, &[]));
    bytes.extend(message(&joined(&[int(65), vec![0]])));
    assert_eq!(decoder(&bytes).next::<Outer>(), Ok(Some(Outer::default())));
}

#[test]
fn a_number_out_of_range_is_an_error() {
    let number = |value: i64| {
        let definition = message(&named_struct(65, &[("Number", 2)]));
        joined(&[
            definition,
            message(&joined(&[int(65), vec![1], int(value), vec![0]])),
        ])
    };
    let most = i64::from(i32::MAX);
    assert!(decoder(&number(most)).next::<Numbers>().is_ok());
    assert!(decoder(&number(most + 1)).next::<Numbers>().is_err());
}

#[test]
fn type_definitions_are_read_inside_an_interface_in_an_interface() {
    // []any{ []any{ T{"x"} } } as Go encodes it: T is new, so the outer value has one length before the definition
    // of T and another one after it.
    let mut bytes = message(&slice_type(65, 8));
    let rest = joined(&[int(66), uint(4), vec![1, 1, b'x', 0]]);
    let head = joined(&[vec![0], uint(1), counted(b"T"), struct_type(66, &[6])]);
    let inner = joined(&[
        counted(b"[]interface {}"),
        int(65),
        counted(&head),
        counted(&rest),
    ]);
    bytes.extend(message(&joined(&[int(65), vec![0], uint(1), inner])));
    bytes.extend(lone_string(b"next"));
    let mut decoder = decoder(&bytes);
    let inner = Any::List(vec![Any::Dropped("T".to_owned())]);
    assert_eq!(decoder.next::<Vec<Any>>(), Ok(Some(vec![inner])));
    assert_eq!(decoder.next::<String>(), Ok(Some("next".to_owned())));
}

#[test]
fn types_and_fields_have_a_limit() {
    let limits = Limits {
        types: 10,
        fields: 5,
        ..Limits::default()
    };
    let mut wide = Decoder::new(limits);
    wide.feed(&message(&struct_type(64, &[6; 6])));
    wide.feed(&lone_string(b"lost"));
    assert!(wide.next::<String>().is_err());
    let mut many = Decoder::new(limits);
    for id in 64..74 {
        many.feed(&message(&struct_type(id, &[])));
    }
    many.feed(&lone_string(b"as many as there may be"));
    assert!(many.next::<String>().unwrap().is_some());
    many.feed(&message(&struct_type(74, &[])));
    assert!(many.next::<String>().is_err());
}

#[test]
fn the_largest_possible_limits_work() {
    let mut decoder = Decoder::new(Limits {
        message_bytes: usize::MAX,
        ..Limits::default()
    });
    decoder.feed(&uint(u64::MAX));
    assert!(decoder.skip().unwrap_err().is_fatal());
}

/// Streams that fail because the start of the next value is unknown.
fn ends_the_stream(bytes: &[u8]) {
    for step in [bytes.len(), 1] {
        let mut decoder = Decoder::new(Limits::default());
        let mut errors = 0;
        for piece in bytes.chunks(step) {
            decoder.feed(piece);
            match decoder.next::<String>() {
                Ok(None) => assert_eq!(errors, 0),
                Ok(Some(value)) => panic!("{value:?} is of the damaged value"),
                Err(error) => {
                    assert!(error.is_fatal(), "{error}");
                    errors += 1;
                }
            }
        }
        assert!(errors > 0, "the damage went unseen");
    }
}

#[test]
fn a_malformed_type_definition_ends_the_stream() {
    let definition = message(&struct_type(64, &[]));
    let after = |bad: Vec<u8>| joined(&[bad, lone_string(b"of the bad type")]);
    ends_the_stream(&after(joined(&[definition.clone(), definition])));
    ends_the_stream(&after(message(&joined(&[struct_type(64, &[]), vec![0]]))));
    ends_the_stream(&after(message(&joined(&[int(-64), vec![9, 9, 9]]))));
    ends_the_stream(&after(message(&struct_type(22, &[]))));
    let name = "N".repeat(100_000);
    ends_the_stream(&after(message(&named_struct(65, &[(&name, 6)]))));
}

#[test]
fn a_value_in_several_messages_that_cannot_be_skipped_ends_the_stream() {
    let head = joined(&[int(65), vec![0], uint(2)]);
    let cut = |first: Vec<u8>, second: Vec<u8>| {
        let new = joined(&[counted(b"T"), struct_type(67, &[6])]);
        let types = [slice_type(65, 8), array_type(66, 6, 3)].map(|one| message(&one));
        joined(&[
            types.concat(),
            message(&joined(&[head.clone(), first, new])),
            message(&second),
            lone_string(b"next"),
        ])
    };
    let tail = joined(&[int(67), uint(4), vec![1, 1, b'x', 0]]);
    // A second message with an undefined type; a marker that is not zero; a type that is defined twice; an array
    // that is too short.
    let fine = joined(&[counted(b"string"), int(6), vec![2, 0, 0]]);
    ends_the_stream(&cut(fine, joined(&[int(99), uint(4), vec![1, 1, b'x', 0]])));
    let marker = joined(&[counted(b"string"), int(6), vec![2, 7, 0]]);
    ends_the_stream(&cut(marker, tail.clone()));
    let again = joined(&[
        counted(b"S"),
        slice_type(65, 8),
        uint(4),
        int(6),
        vec![2, 0, 0],
    ]);
    ends_the_stream(&cut(again, tail.clone()));
    let short = joined(&[counted(b"A"), int(66), vec![3, 0, 1, 0]]);
    ends_the_stream(&cut(short, tail));
}

#[test]
fn a_value_in_several_messages_has_the_limit_of_one_message() {
    let limits = Limits {
        message_bytes: 1_000,
        ..Limits::default()
    };
    let read = |pieces: i64| {
        let mut decoder = Decoder::new(limits);
        decoder.feed(&list_in_pieces(pieces, 65));
        decoder.next::<Vec<Any>>()
    };
    assert_eq!(read(20).unwrap().unwrap().len(), 20);
    assert!(!read(500).unwrap_err().is_fatal());
}

#[test]
fn json_with_the_maximum_depth_of_go_is_dropped_and_the_values_around_it_are_kept() {
    // The maximum depth of Go's JSON decoder; the server sends such values.
    const LEVELS: usize = 10_000;
    let list = joined(&[counted(b"[]interface {}"), int(65), vec![1, 0, 1]]);
    let map = joined(&[
        counted(b"map[string]interface {}"),
        int(66),
        vec![1, 0, 1],
        counted(b"k"),
    ]);
    for level in [list, map] {
        let mut bytes = message(&slice_type(65, 8));
        bytes.extend(message(&map_type(66, 6, 8)));
        let head = joined(&[int(65), vec![0], uint(2)]);
        let deep = joined(&[level.repeat(LEVELS), vec![0]]);
        let seven = joined(&[counted(b"int64"), int(2), vec![2, 0, 14]]);
        bytes.extend(message(&joined(&[head, deep, seven])));
        bytes.extend(lone_string(b"next"));
        let mut read = decoder(&bytes);
        let values: Vec<Any> = read.next().unwrap().unwrap();
        assert_eq!(values[1], Any::Int(7));
        assert_eq!(read.next::<String>(), Ok(Some("next".to_owned())));
        let mut skipped = decoder(&bytes);
        assert_eq!(skipped.skip(), Ok(Some(())));
        assert_eq!(skipped.next::<String>(), Ok(Some("next".to_owned())));
    }
}
