//! Frames round-trip, in pieces of any size.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use mattermost_plugin_rpc::yamux::frame::{Flags, FrameError, Header, Kind, Piece, Splitter};
use proptest::prelude::*;

fn header() -> impl Strategy<Value = Header> {
    let kind = prop_oneof![
        Just(Kind::Data),
        Just(Kind::WindowUpdate),
        Just(Kind::Ping),
        Just(Kind::GoAway),
    ];
    (kind, any::<u16>(), any::<u32>(), 0..300_u32).prop_map(|(kind, flags, stream, length)| {
        let flags = Flags(flags);
        Header {
            kind,
            flags,
            stream,
            length,
        }
    })
}

/// The frames that a splitter finds in bytes that arrive in these pieces, with the payload of each frame joined.
fn split(runs: &[&[u8]]) -> Result<Vec<(Header, Vec<u8>)>, FrameError> {
    let mut splitter = Splitter::default();
    let mut frames: Vec<(Header, Vec<u8>)> = Vec::new();
    for run in runs {
        let mut input = *run;
        while let Some(piece) = splitter.next(&mut input)? {
            match piece {
                Piece::Header(header) => frames.push((header, Vec::new())),
                Piece::Payload { stream, bytes } => {
                    let last = frames.last_mut().unwrap();
                    assert_eq!(last.0.stream, stream);
                    assert!(!bytes.is_empty());
                    last.1.extend_from_slice(bytes);
                }
            }
        }
        assert!(input.is_empty());
    }
    Ok(frames)
}

#[test]
fn a_captured_keepalive_is_decoded() {
    let ping = [0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    let header = Header::decode(&ping).unwrap();
    assert_eq!((header.kind, header.flags), (Kind::Ping, Flags::SYN));
    assert_eq!((header.stream, header.length), (0, 0));
    let answer = Header {
        flags: Flags::ACK,
        ..header
    }
    .encode();
    assert_eq!(answer, [0, 2, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn unknown_versions_and_types_are_errors() {
    let mut bytes = [0; 12];
    bytes[0] = 1;
    assert_eq!(Header::decode(&bytes), Err(FrameError::Version(1)));
    bytes[0] = 0;
    bytes[1] = 4;
    assert_eq!(Header::decode(&bytes), Err(FrameError::Kind(4)));
}

proptest! {
    #[test]
    fn a_header_survives(header in header()) {
        prop_assert_eq!(Header::decode(&header.encode()), Ok(header));
    }

    #[test]
    fn headers_round_trip(
        kind in 0..4_u8,
        rest in any::<[u8; 10]>(),
    ) {
        let bytes: [u8; 12] = [&[0, kind], rest.as_slice()].concat().try_into().unwrap();
        prop_assert_eq!(Header::decode(&bytes).unwrap().encode(), bytes);
    }

    #[test]
    fn frames_can_arrive_in_pieces_of_any_size(
        headers in prop::collection::vec(header(), 1..8),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let mut bytes = Vec::new();
        let mut expected = Vec::new();
        for (number, header) in headers.into_iter().enumerate() {
            let payload = match header.kind {
                Kind::Data => vec![u8::try_from(number).unwrap(); header.length as usize],
                _ => Vec::new(),
            };
            bytes.extend_from_slice(&header.encode());
            bytes.extend_from_slice(&payload);
            expected.push((header, payload));
        }
        let mut at: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        at.extend([0, bytes.len()]);
        at.sort_unstable();
        let runs: Vec<_> = at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        prop_assert_eq!(split(&runs), Ok(expected));
    }

    #[test]
    fn garbage_is_an_error_and_does_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let whole = split(&[&bytes]);
        let single: Vec<_> = bytes.chunks(1).collect();
        prop_assert_eq!(split(&single), whole);
    }
}
