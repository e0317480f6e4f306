//! A reader of whole streams, simple rather than safe.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

enum Type {
    List(i64),
    Struct(Vec<(String, i64)>),
    Map(i64, i64),
    Opaque,
}

struct Stream<'a> {
    /// The bytes after the current message.
    rest: &'a [u8],
    message: &'a [u8],
    types: HashMap<i64, Type>,
}

/// All values of a stream as JSON: an object has the fields that were sent, `$type` and `$value` are an interface
/// value, `$base64` is a byte slice, and `$url` an opaque text.
pub fn read(bytes: &[u8]) -> Vec<Value> {
    let mut stream = Stream {
        rest: bytes,
        message: &[],
        types: HashMap::new(),
    };
    let mut values = Vec::new();
    while !stream.rest.is_empty() {
        let id = stream.type_id();
        values.push(stream.lone(id));
        assert!(stream.message.is_empty(), "a value uses up its message");
    }
    values
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(count);
    *bytes = rest;
    taken
}

fn uint(bytes: &mut &[u8]) -> u64 {
    match take(bytes, 1)[0] {
        small @ 0..=0x7f => small.into(),
        large => take(bytes, 256 - usize::from(large))
            .iter()
            .fold(0, |value, byte| value << 8 | u64::from(*byte)),
    }
}

impl Stream<'_> {
    fn uint(&mut self) -> u64 {
        uint(&mut self.message)
    }

    fn size(&mut self) -> usize {
        usize::try_from(self.uint()).unwrap()
    }

    fn int(&mut self) -> i64 {
        let value = self.uint();
        let half = i64::try_from(value >> 1).unwrap();
        if value & 1 == 0 { half } else { !half }
    }

    fn bytes(&mut self) -> &[u8] {
        let count = self.size();
        take(&mut self.message, count)
    }

    fn text(&mut self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    /// Reads the type of a top-level value or of the value in an interface.
    fn type_id(&mut self) -> i64 {
        loop {
            if self.message.is_empty() {
                let count = usize::try_from(uint(&mut self.rest)).unwrap();
                self.message = take(&mut self.rest, count);
            }
            let id = self.int();
            if id > 0 {
                return id;
            }
            let defined = self.definition();
            assert!(self.types.insert(-id, defined).is_none(), "defined twice");
            if !self.message.is_empty() {
                self.uint();
            }
        }
    }

    /// Calls a function for every field of a struct that describes types.
    fn described(&mut self, mut field: impl FnMut(&mut Self, u64)) {
        let mut number = 0;
        loop {
            match self.uint() {
                0 => return,
                delta => number += delta,
            }
            field(self, number);
        }
    }

    fn named(&mut self) -> (String, i64) {
        let mut named = (String::new(), 0);
        self.described(|stream, number| match number {
            1 => named.0 = stream.text(),
            2 => named.1 = stream.int(),
            _ => panic!("a name and an id"),
        });
        named
    }

    fn definition(&mut self) -> Type {
        let mut read = None;
        self.described(|stream, way| {
            let mut ids = Vec::new();
            let mut fields = Vec::new();
            stream.described(|stream, number| match (way, number) {
                (_, 1) => {
                    stream.named();
                }
                (3, 2) => {
                    for _ in 0..stream.size() {
                        fields.push(stream.named());
                    }
                }
                _ => ids.push(stream.int()),
            });
            read = Some(match way {
                1 | 2 => Type::List(ids[0]),
                3 => Type::Struct(fields),
                4 => Type::Map(ids[0], ids[1]),
                _ => Type::Opaque,
            });
        });
        read.unwrap()
    }

    fn lone(&mut self, id: i64) -> Value {
        if !matches!(self.types.get(&id), Some(Type::Struct(_))) {
            assert_eq!(self.uint(), 0, "a singleton has a leading zero byte");
        }
        self.value(id)
    }

    fn value(&mut self, id: i64) -> Value {
        match id {
            1 => return Value::from(self.uint() != 0),
            2 => return Value::from(self.int()),
            3 => return Value::from(self.uint()),
            4 => return Value::from(f64::from_bits(self.uint().swap_bytes())),
            5 => return json!({"$base64": base64(self.bytes())}),
            6 => return Value::from(self.text()),
            8 => {
                let name = self.text();
                if name.is_empty() {
                    return Value::Null;
                }
                let id = self.type_id();
                self.uint();
                return json!({"$type": name, "$value": self.lone(id)});
            }
            _ => {}
        }
        match &self.types[&id] {
            Type::Opaque => json!({"$url": self.text()}),
            Type::List(elem) => {
                let elem = *elem;
                (0..self.size()).map(|_| self.value(elem)).collect()
            }
            Type::Map(key, elem) => {
                let (key, elem) = (*key, *elem);
                let mut map = Map::new();
                for _ in 0..self.size() {
                    let key = self.value(key).as_str().unwrap().to_owned();
                    map.insert(key, self.value(elem));
                }
                Value::Object(map)
            }
            Type::Struct(fields) => {
                let fields = fields.clone();
                let mut object = Map::new();
                let mut next = 0;
                loop {
                    match self.size() {
                        0 => return Value::Object(object),
                        delta => next += delta,
                    }
                    let (name, id) = &fields[next - 1];
                    object.insert(name.clone(), self.value(*id));
                }
            }
        }
    }
}

/// Encodes bytes in base64.
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        let bits = bits << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            out.push(if digit <= chunk.len() {
                char::from(DIGITS[bits >> (18 - 6 * digit) & 63])
            } else {
                '='
            });
        }
    }
    out
}
