//! Shared by the codec's tests: recorded streams, hand-written streams, and an independent reader.
//!
//! The independent reader does not use the crate. It implements the specification of gob, reads values by the
//! definitions on the stream, and renders them as JSON like the recordings.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that goes wrong should stop right there, and each uses its share of this"
)]

pub mod oracle;

use std::path::PathBuf;

use serde_json::Value;

/// A recorded stream: its name, its bytes, and its values in order.
pub struct Fixture {
    pub name: String,
    pub bytes: Vec<u8>,
    pub values: Vec<Value>,
}

/// All recordings.
pub fn fixtures() -> Vec<Fixture> {
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
        let json: Value = serde_json::from_str(&json).unwrap();
        let values = json["values"].as_array().unwrap().iter();
        all.push(Fixture {
            name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
            bytes,
            values: values.map(|value| value["value"].clone()).collect(),
        });
    }
    all.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(all.len() >= 16, "fixtures are missing");
    all
}

/// The recording with this name.
pub fn fixture(name: &str) -> Fixture {
    let mut all = fixtures().into_iter();
    all.find(|fixture| fixture.name == name).unwrap()
}

/// Pseudorandom numbers that are the same in every run.
pub struct Random(u64);

impl Random {
    pub fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    pub fn byte(&mut self) -> u8 {
        self.below(256).to_le_bytes()[0]
    }

    /// Applies up to four mutations: replaces, flips, removes, or inserts bytes.
    pub fn mutate(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            match self.below(4) {
                0 => bytes[at] = self.byte(),
                1 => bytes[at] ^= 1 << self.below(8),
                2 if bytes.len() > 1 => {
                    bytes.remove(at);
                }
                _ => bytes.insert(at, self.byte()),
            }
        }
    }
}

pub fn uint(value: u64) -> Vec<u8> {
    if value <= 0x7f {
        return vec![value.to_le_bytes()[0]];
    }
    let bytes = value.to_be_bytes();
    let digits: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut out = vec![(256 - digits.len()).to_le_bytes()[0]];
    out.extend(digits);
    out
}

pub fn int(value: i64) -> Vec<u8> {
    uint(((value << 1) ^ (value >> 63)).cast_unsigned())
}

/// A length and that many bytes.
pub fn counted(bytes: &[u8]) -> Vec<u8> {
    [uint(bytes.len() as u64), bytes.to_vec()].concat()
}

pub fn message(body: &[u8]) -> Vec<u8> {
    counted(body)
}

/// The definition of a struct with these fields: name and type of each.
pub fn named_struct(id: i64, fields: &[(&str, i64)]) -> Vec<u8> {
    let mut out = [int(-id), vec![3]].concat();
    if !fields.is_empty() {
        out.push(2);
        out.extend(uint(fields.len() as u64));
        for (name, field) in fields {
            out.push(1);
            out.extend(counted(name.as_bytes()));
            out.push(1);
            out.extend(int(*field));
            out.push(0);
        }
    }
    out.extend([0, 0]);
    out
}

/// The definition of a struct with fields of these types, named `F0`, `F1`, and so on.
pub fn struct_type(id: i64, fields: &[i64]) -> Vec<u8> {
    let names: Vec<_> = (0..fields.len())
        .map(|number| format!("F{number}"))
        .collect();
    let fields: Vec<_> = names
        .iter()
        .map(String::as_str)
        .zip(fields.iter().copied())
        .collect();
    named_struct(id, &fields)
}

pub fn slice_type(id: i64, elem: i64) -> Vec<u8> {
    [int(-id), vec![2, 2], int(elem), vec![0, 0]].concat()
}

pub fn array_type(id: i64, elem: i64, len: i64) -> Vec<u8> {
    [
        int(-id),
        vec![1, 2],
        int(elem),
        vec![1],
        int(len),
        vec![0, 0],
    ]
    .concat()
}

pub fn map_type(id: i64, key: i64, elem: i64) -> Vec<u8> {
    [
        int(-id),
        vec![4, 2],
        int(key),
        vec![1],
        int(elem),
        vec![0, 0],
    ]
    .concat()
}

/// The definition of a type that marshals itself: 5 with gob, 6 as binary, 7 as text.
pub fn marshaler_type(id: i64, way: u8) -> Vec<u8> {
    [int(-id), vec![way, 0, 0]].concat()
}

/// A top-level string.
pub fn lone_string(bytes: &[u8]) -> Vec<u8> {
    message(&[int(6), vec![0], counted(bytes)].concat())
}

/// A list of interfaces in one message per element, because each element has its own type: a struct with one
/// string, `x`. The types have the ids from `first` on.
pub fn list_in_pieces(pieces: i64, first: i64) -> Vec<u8> {
    let mut bytes = message(&slice_type(first, 8));
    let mut piece = [int(first), vec![0], uint(pieces.cast_unsigned())].concat();
    for number in 1..=pieces {
        let id = first + number;
        piece.extend(counted(format!("unknown.T{number}").as_bytes()));
        piece.extend(struct_type(id, &[6]));
        bytes.extend(message(&piece));
        piece = [int(id), uint(4), vec![1, 1, b'x', 0]].concat();
    }
    bytes.extend(message(&piece));
    bytes
}
