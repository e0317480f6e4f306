//! The headers of calls and replies round-trip, in pieces of any size.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use mattermost_plugin_rpc::gob::{Decode, Decoder, Encode, Encoder, Limits};
use mattermost_plugin_rpc::net_rpc::{Request, Response};
use proptest::prelude::*;

fn request() -> impl Strategy<Value = Request> {
    (any::<String>(), any::<u64>()).prop_map(|(service_method, seq)| Request {
        service_method,
        seq,
    })
}

fn response() -> impl Strategy<Value = Response> {
    let parts = (any::<String>(), any::<u64>(), any::<String>());
    parts.prop_map(|(service_method, seq, error)| Response {
        service_method,
        seq,
        error,
    })
}

/// Headers, each followed by a body, on one stream that arrives in pieces.
fn survive<T: Encode + Decode + PartialEq + std::fmt::Debug>(heads: &[T], piece: usize) {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new();
    for (number, head) in (0_u64..).zip(heads) {
        encoder.encode(head, &mut bytes).unwrap();
        encoder.encode(&number, &mut bytes).unwrap();
    }
    let mut decoder = Decoder::new(Limits::default());
    let (mut read, mut bodies) = (Vec::new(), 0);
    for piece in bytes.chunks(piece) {
        decoder.feed(piece);
        loop {
            if read.len() == bodies {
                match decoder.next::<T>().unwrap() {
                    Some(head) => read.push(head),
                    None => break,
                }
            }
            match decoder.next::<u64>().unwrap() {
                Some(body) => assert_eq!(body, bodies as u64),
                None => break,
            }
            bodies += 1;
        }
    }
    assert!(decoder.is_idle());
    assert_eq!((read.as_slice(), bodies), (heads, heads.len()));
}

proptest! {
    #[test]
    fn requests_survive(heads in prop::collection::vec(request(), 1..8), piece in 1..64_usize) {
        survive(&heads, piece);
    }

    #[test]
    fn responses_survive(heads in prop::collection::vec(response(), 1..8), piece in 1..64_usize) {
        survive(&heads, piece);
    }
}
