//! Sessions with the other side of this implementation, and with a hand-written peer that sends and checks single
//! frames.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::io::ErrorKind;
use std::time::Duration;

use mattermost_plugin_rpc::yamux::frame::{Flags, Header, Kind};
use mattermost_plugin_rpc::yamux::{
    Accept, CloseReason, Config, OpenError, Session, Stream, Violation, WINDOW,
};
use proptest::prelude::*;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinSet;

const NONE: Flags = Flags::NONE;

/// A hand-written peer that sends and receives single frames.
struct Peer(DuplexStream);

impl Peer {
    async fn send(&mut self, kind: Kind, flags: Flags, stream: u32, length: u32) {
        let header = Header {
            kind,
            flags,
            stream,
            length,
        };
        self.0.write_all(&header.encode()).await.unwrap();
    }

    async fn update(&mut self, flags: Flags, stream: u32, length: u32) {
        self.send(Kind::WindowUpdate, flags, stream, length).await;
    }

    async fn data(&mut self, stream: u32, bytes: &[u8]) {
        let length = u32::try_from(bytes.len()).unwrap();
        self.send(Kind::Data, NONE, stream, length).await;
        self.0.write_all(bytes).await.unwrap();
    }

    /// Reads the next header.
    async fn header(&mut self) -> Header {
        let mut bytes = [0; 12];
        self.0.read_exact(&mut bytes).await.unwrap();
        Header::decode(&bytes).unwrap()
    }

    async fn payload(&mut self, length: u32) -> Vec<u8> {
        let mut bytes = vec![0; length as usize];
        self.0.read_exact(&mut bytes).await.unwrap();
        bytes
    }

    async fn expect(&mut self, kind: Kind, flags: Flags, stream: u32, length: u32) {
        let header = Header {
            kind,
            flags,
            stream,
            length,
        };
        assert_eq!(self.header().await, header);
    }

    async fn expect_update(&mut self, flags: Flags, stream: u32, length: u32) {
        self.expect(Kind::WindowUpdate, flags, stream, length).await;
    }

    /// Checks that nothing was sent: the reply to a ping is the next frame.
    async fn expect_silence(&mut self, opaque: u32) {
        self.send(Kind::Ping, Flags::SYN, 0, opaque).await;
        self.expect(Kind::Ping, Flags::ACK, 0, opaque).await;
    }

    /// Opens a stream and waits until it is accepted.
    async fn open(&mut self, accept: &mut Accept, id: u32) -> Stream {
        self.update(Flags::SYN, id, 0).await;
        let stream = accept.next().await.unwrap();
        assert_eq!(stream.id(), id);
        self.expect_update(Flags::ACK, id, 0).await;
        stream
    }
}

fn with_peer() -> (Session, Accept, Peer) {
    let (near, far) = duplex(1 << 20);
    let (session, accept) = Session::server(near, Config::default());
    (session, accept, Peer(far))
}

fn pair(buffer: usize) -> (Session, Accept, Session, Accept) {
    let (near, far) = duplex(buffer);
    let (server, server_accept) = Session::server(near, Config::default());
    let (client, client_accept) = Session::client(far, Config::default());
    (server, server_accept, client, client_accept)
}

/// Waits until other tasks make the condition true.
async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}

fn pattern(seed: u32, length: usize) -> Vec<u8> {
    (0..length as u32)
        .map(|i| (i.wrapping_mul(31) ^ seed ^ (i >> 9)) as u8)
        .collect()
}

async fn read_all(mut stream: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    bytes
}

/// Sends a pattern in both directions at once and compares the received bytes.
async fn exchange(stream: Stream, send: u32, receive: u32, length: usize) {
    let (reader, mut writer) = stream.into_split();
    let sending = async move {
        writer.write_all(&pattern(send, length)).await.unwrap();
        writer.shutdown().await.unwrap();
    };
    let ((), received) = tokio::join!(sending, read_all(reader));
    assert!(received == pattern(receive, length));
}

#[tokio::test]
async fn sixty_four_streams_carry_a_megabyte_each_way_at_once() {
    let (server, mut accept, client, _client_accept) = pair(4096);
    let mut tasks = JoinSet::new();
    for _ in 0..64 {
        let stream = client.open().await.unwrap();
        let id = stream.id();
        tasks.spawn(exchange(stream, id, !id, 1 << 20));
    }
    for _ in 0..64 {
        let stream = accept.next().await.unwrap();
        let id = stream.id();
        tasks.spawn(exchange(stream, !id, id, 1 << 20));
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    until(|| server.stats().streams + client.stats().streams == 0).await;
}

#[tokio::test]
async fn both_sides_open_streams() {
    let (server, mut server_accept, client, mut client_accept) = pair(1024);
    let (from_server, from_client) = (server.open().await.unwrap(), client.open().await.unwrap());
    assert_eq!((from_server.id(), from_client.id()), (2, 1));
    let at_client = client_accept.next().await.unwrap();
    let at_server = server_accept.next().await.unwrap();
    assert_eq!((at_client.id(), at_server.id()), (2, 1));
}

#[tokio::test]
async fn a_window_update_is_sent_after_half_of_the_window() {
    let (_session, mut accept, mut peer) = with_peer();
    let mut stream = peer.open(&mut accept, 1).await;
    peer.data(1, &pattern(1, WINDOW as usize)).await;
    let half = WINDOW / 2;
    let mut bytes = vec![0; half as usize - 1];
    stream.read_exact(&mut bytes).await.unwrap();
    peer.expect_silence(1).await;
    stream.read_u8().await.unwrap();
    peer.expect_update(NONE, 1, half).await;
    peer.expect_silence(2).await;
}

#[tokio::test]
async fn a_writer_stops_at_the_window_and_continues_after_an_update() {
    let (session, mut accept, mut peer) = with_peer();
    let stream = peer.open(&mut accept, 1).await;
    let (_reader, mut writer) = stream.into_split();
    let total = WINDOW as usize + 5000;
    let writing = tokio::spawn(async move {
        writer.write_all(&pattern(3, total)).await.unwrap();
        writer.flush().await.unwrap();
        writer
    });
    let mut received = Vec::new();
    while received.len() < WINDOW as usize {
        let header = peer.header().await;
        assert_eq!((header.kind, header.stream), (Kind::Data, 1));
        received.extend(peer.payload(header.length).await);
    }
    assert_eq!(received.len(), WINDOW as usize);
    until(|| session.stats().unsent == 5000).await;
    peer.expect_silence(1).await;
    assert!(!writing.is_finished());
    peer.update(NONE, 1, 4000).await;
    peer.expect(Kind::Data, NONE, 1, 4000).await;
    received.extend(peer.payload(4000).await);
    peer.expect_silence(2).await;
    peer.update(NONE, 1, WINDOW).await;
    peer.expect(Kind::Data, NONE, 1, 1000).await;
    received.extend(peer.payload(1000).await);
    assert!(received == pattern(3, total));
    writing.await.unwrap();
}

#[tokio::test]
async fn more_than_the_window_is_answered_with_go_away() {
    let (session, mut accept, mut peer) = with_peer();
    let mut stream = peer.open(&mut accept, 1).await;
    peer.data(1, &vec![0; WINDOW as usize]).await;
    peer.data(1, &[0]).await;
    peer.expect(Kind::GoAway, NONE, 0, 1).await;
    assert_eq!(peer.0.read(&mut [0]).await.unwrap(), 0);
    let reason = CloseReason::Violation(Violation::WindowExceeded(1));
    assert_eq!(session.closed().await, reason);
    let mut rest = Vec::new();
    let error = stream.read_to_end(&mut rest).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionAborted);
}

#[tokio::test]
async fn a_window_update_that_overflows_is_a_violation() {
    let (session, mut accept, mut peer) = with_peer();
    let _stream = peer.open(&mut accept, 1).await;
    peer.update(NONE, 1, u32::MAX).await;
    peer.expect(Kind::GoAway, NONE, 0, 1).await;
    let reason = CloseReason::Violation(Violation::WindowOverflow(1));
    assert_eq!(session.closed().await, reason);
}

#[tokio::test]
async fn stream_ids_that_do_not_belong_to_the_peer_are_a_violation() {
    for id in [0, 2] {
        let (session, _accept, mut peer) = with_peer();
        peer.update(Flags::SYN, id, 0).await;
        let reason = CloseReason::Violation(Violation::StreamId(id));
        assert_eq!(session.closed().await, reason);
    }
    let (session, mut accept, mut peer) = with_peer();
    let _stream = peer.open(&mut accept, 1).await;
    peer.update(Flags::SYN, 1, 0).await;
    let reason = CloseReason::Violation(Violation::StreamId(1));
    assert_eq!(session.closed().await, reason);
}

#[tokio::test]
async fn a_stream_that_is_not_read_does_not_block_other_streams() {
    let (server, mut accept, client, _client_accept) = pair(4096);
    let mut sleeper = client.open().await.unwrap();
    let asleep = accept.next().await.unwrap();
    let filling = tokio::spawn(async move {
        let sent = sleeper.write_all(&vec![7; 2 * WINDOW as usize]).await;
        (sleeper, sent)
    });
    until(|| server.stats().received == WINDOW as usize).await;
    let busy = client.open().await.unwrap();
    let (id, other) = (busy.id(), accept.next().await.unwrap());
    let near = tokio::spawn(exchange(busy, id, !id, 1 << 20));
    exchange(other, !id, id, 1 << 20).await;
    near.await.unwrap();
    assert_eq!(server.stats().received, WINDOW as usize);
    assert!(!filling.is_finished());
    asleep.reset();
    let (_sleeper, sent) = filling.await.unwrap();
    assert_eq!(sent.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn pings_are_answered_while_the_application_does_nothing() {
    let (_session, _accept, mut peer) = with_peer();
    peer.update(Flags::SYN, 1, 0).await;
    peer.data(1, &[1; 1000]).await;
    for opaque in 0..300 {
        peer.expect_silence(opaque).await;
    }
}

#[tokio::test]
async fn all_pings_of_a_flood_are_answered() {
    let (near, far) = duplex(512);
    let (_session, _accept) = Session::server(near, Config::default());
    let (mut reader, mut writer) = tokio::io::split(far);
    let flood = tokio::spawn(async move {
        for opaque in 0..20_000 {
            let (kind, flags) = (Kind::Ping, Flags::SYN);
            let ping = Header {
                kind,
                flags,
                stream: 0,
                length: opaque,
            };
            writer.write_all(&ping.encode()).await.unwrap();
        }
        writer
    });
    for opaque in 0..20_000 {
        let mut bytes = [0; 12];
        reader.read_exact(&mut bytes).await.unwrap();
        assert_eq!(Header::decode(&bytes).unwrap().length, opaque);
    }
    flood.await.unwrap();
}

#[tokio::test]
async fn one_ack_and_one_fin_are_sent_whatever_the_application_does() {
    let (session, mut accept, mut peer) = with_peer();
    let mut stream = peer.open(&mut accept, 1).await;
    stream.write_all(b"last words").await.unwrap();
    stream.shutdown().await.unwrap();
    stream.shutdown().await.unwrap();
    peer.expect(Kind::Data, NONE, 1, 10).await;
    assert_eq!(peer.payload(10).await, b"last words");
    peer.expect_update(Flags::FIN, 1, 0).await;
    let error = stream.write_all(b"more").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    drop(stream);
    peer.expect_silence(1).await;
    assert_eq!(session.stats().lingering, 1);
    peer.update(Flags::FIN, 1, 0).await;
    peer.expect_silence(2).await;
    assert_eq!(session.stats().streams, 0);
}

#[tokio::test]
async fn a_stream_closed_by_both_sides_is_removed_with_its_handle() {
    let (session, mut accept, mut peer) = with_peer();
    let mut stream = peer.open(&mut accept, 1).await;
    peer.data(1, b"unread").await;
    peer.update(Flags::FIN, 1, 0).await;
    stream.shutdown().await.unwrap();
    peer.expect_update(Flags::FIN, 1, 0).await;
    peer.data(1, b"too late").await;
    peer.expect_silence(1).await;
    assert_eq!(read_all(&mut stream).await, b"unread");
    drop(stream);
    peer.expect_silence(2).await;
    assert_eq!(session.stats().streams, 0);
}

#[tokio::test]
async fn fin_with_the_last_bytes_takes_effect_after_them() {
    let (_session, mut accept, mut peer) = with_peer();
    let mut stream = peer.open(&mut accept, 1).await;
    peer.send(Kind::Data, Flags::FIN, 1, 6).await;
    peer.0.write_all(b"abc").await.unwrap();
    let mut start = [0; 3];
    stream.read_exact(&mut start).await.unwrap();
    peer.0.write_all(b"def").await.unwrap();
    assert_eq!(read_all(stream).await, b"def");
}

#[tokio::test]
async fn dropping_a_stream_with_unread_bytes_resets_it() {
    let (session, mut accept, mut peer) = with_peer();
    let stream = peer.open(&mut accept, 1).await;
    peer.data(1, b"unread").await;
    peer.expect_silence(1).await;
    drop(stream);
    peer.expect_update(Flags::RST, 1, 0).await;
    assert_eq!(session.stats().streams, 0);
}

#[tokio::test]
async fn dropping_a_stream_in_the_middle_of_a_frame_resets_the_stream() {
    let (session, mut accept, mut peer) = with_peer();
    let mut stream = peer.open(&mut accept, 1).await;
    peer.send(Kind::Data, Flags::FIN, 1, 10).await;
    peer.0.write_all(b"half ").await.unwrap();
    stream.read_exact(&mut [0; 5]).await.unwrap();
    drop(stream);
    peer.expect_update(Flags::RST, 1, 0).await;
    peer.0.write_all(b"gone.").await.unwrap();
    peer.expect_silence(1).await;
    assert_eq!(session.stats().streams, 0);
}

#[tokio::test]
async fn bytes_for_a_dropped_stream_reset_it() {
    let (session, mut accept, mut peer) = with_peer();
    let stream = peer.open(&mut accept, 1).await;
    drop(stream);
    peer.expect_update(Flags::FIN, 1, 0).await;
    peer.data(1, b"anybody there?").await;
    peer.expect_update(Flags::RST, 1, 0).await;
    peer.expect_silence(1).await;
    assert_eq!(session.stats().streams, 0);
}

#[tokio::test]
async fn bytes_written_before_the_drop_are_sent() {
    let (_session, mut accept, mut peer) = with_peer();
    let mut stream = peer.open(&mut accept, 1).await;
    stream.write_all(b"hello").await.unwrap();
    drop(stream);
    peer.expect(Kind::Data, NONE, 1, 5).await;
    assert_eq!(peer.payload(5).await, b"hello");
    peer.expect_update(Flags::FIN, 1, 0).await;
}

#[tokio::test]
async fn a_reset_from_the_peer_fails_both_directions_at_once() {
    let (session, mut accept, mut peer) = with_peer();
    let stream = peer.open(&mut accept, 1).await;
    let (mut reader, mut writer) = stream.into_split();
    let reading = tokio::spawn(async move { reader.read_u8().await.unwrap_err().kind() });
    peer.data(1, b"").await;
    peer.update(Flags::RST, 1, 0).await;
    assert_eq!(reading.await.unwrap(), ErrorKind::ConnectionReset);
    let error = writer.write_all(b"x").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    drop(writer);
    peer.expect_silence(1).await;
    assert_eq!(session.stats().streams, 0);
}

#[tokio::test]
async fn a_local_reset_is_sent_once_and_replaces_all_other_frames() {
    let (session, mut accept, mut peer) = with_peer();
    let mut stream = peer.open(&mut accept, 1).await;
    stream.reset();
    stream.reset();
    assert!(stream.shutdown().await.is_err());
    drop(stream);
    peer.expect_update(Flags::RST, 1, 0).await;
    peer.data(1, b"late").await;
    peer.expect_silence(1).await;
    assert_eq!(session.stats().streams, 0);
}

#[tokio::test]
async fn streams_beyond_the_backlog_are_reset() {
    let (session, mut accept, mut peer) = with_peer();
    for number in 0..300 {
        peer.update(Flags::SYN, 2 * number + 1, 0).await;
    }
    for number in 256..300 {
        peer.expect_update(Flags::RST, 2 * number + 1, 0).await;
    }
    assert_eq!(session.stats().backlog, 256);
    let first = accept.next().await.unwrap();
    assert_eq!(first.id(), 1);
    peer.expect_update(Flags::ACK, 1, 0).await;
    peer.update(Flags::SYN, 999, 0).await;
    peer.expect_silence(1).await;
    drop(accept);
    for number in (1..256).map(|n| 2 * n + 1).chain([999]) {
        peer.expect_update(Flags::RST, number, 0).await;
    }
    peer.update(Flags::SYN, 1001, 0).await;
    peer.expect_update(Flags::RST, 1001, 0).await;
    assert_eq!(session.stats().streams, 1);
}

#[tokio::test]
async fn opening_waits_while_too_many_streams_are_unaccepted() {
    let (session, _accept, mut peer) = with_peer();
    let mut streams = Vec::new();
    for number in 1..=200 {
        streams.push(session.open().await.unwrap());
        peer.expect_update(Flags::SYN, 2 * number, 0).await;
    }
    let opening = session.clone();
    let opening = tokio::spawn(async move { opening.open().await.unwrap() });
    peer.expect_silence(1).await;
    assert!(!opening.is_finished());
    peer.update(Flags::ACK, 2, 0).await;
    let next = opening.await.unwrap();
    peer.expect_update(Flags::SYN, next.id(), 0).await;
}

#[tokio::test]
async fn bytes_for_unknown_streams_are_ignored() {
    let (session, mut accept, mut peer) = with_peer();
    peer.data(77, &[9; 5000]).await;
    peer.update(Flags::FIN, 78, 0).await;
    peer.update(NONE, 80, 17).await;
    let mut stream = peer.open(&mut accept, 1).await;
    peer.data(1, b"fine").await;
    let mut bytes = [0; 4];
    stream.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"fine");
    assert_eq!(session.stats().streams, 1);
}

#[tokio::test]
async fn all_streams_end_when_the_connection_ends() {
    let (session, mut accept, mut peer) = with_peer();
    let mut stream = peer.open(&mut accept, 1).await;
    let (mut reader, mut writer) = session.open().await.unwrap().into_split();
    peer.expect_update(Flags::SYN, 2, 0).await;
    peer.data(1, b"cut sh").await;
    let reading = tokio::spawn(async move { reader.read_u8().await.unwrap_err().kind() });
    let blocked = tokio::spawn(async move {
        let sent = writer.write_all(&vec![0; 2 * WINDOW as usize]).await;
        sent.unwrap_err().kind()
    });
    peer.expect_silence_after_payload().await;
    drop(peer);
    let reason = session.closed().await;
    assert!(matches!(reason, CloseReason::Eof | CloseReason::Io(_)));
    assert_eq!(reading.await.unwrap(), ErrorKind::ConnectionAborted);
    assert_eq!(blocked.await.unwrap(), ErrorKind::ConnectionAborted);
    assert!(accept.next().await.is_none());
    assert!(matches!(session.open().await, Err(OpenError::Closed(_))));
    let mut rest = Vec::new();
    let error = stream.read_to_end(&mut rest).await.unwrap_err();
    assert_eq!(
        (error.kind(), &rest[..]),
        (ErrorKind::ConnectionAborted, &b"cut sh"[..])
    );
    drop(stream);
    assert_eq!(session.stats().streams, 0);
}

impl Peer {
    /// Like `expect_silence`, but skips payload.
    async fn expect_silence_after_payload(&mut self) {
        self.send(Kind::Ping, Flags::SYN, 0, 5).await;
        loop {
            let header = self.header().await;
            match header.kind {
                Kind::Data => drop(self.payload(header.length).await),
                Kind::Ping => return,
                _ => panic!("{header:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_session_that_closes_sends_buffered_bytes_first() {
    let (session, mut accept, mut peer) = with_peer();
    let mut stream = peer.open(&mut accept, 1).await;
    stream.write_all(b"bye").await.unwrap();
    session.close();
    assert_eq!(session.open().await.unwrap_err(), OpenError::GoAway);
    peer.expect(Kind::GoAway, NONE, 0, 0).await;
    peer.expect(Kind::Data, NONE, 1, 3).await;
    assert_eq!(peer.payload(3).await, b"bye");
    assert_eq!(peer.0.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(session.closed().await, CloseReason::Local);
}

#[tokio::test]
async fn no_stream_is_opened_after_a_go_away() {
    let (session, mut accept, mut peer) = with_peer();
    let mut stream = peer.open(&mut accept, 1).await;
    peer.send(Kind::GoAway, NONE, 0, 0).await;
    peer.data(1, b"still here").await;
    let mut bytes = [0; 10];
    stream.read_exact(&mut bytes).await.unwrap();
    assert_eq!(session.open().await.unwrap_err(), OpenError::GoAway);
    peer.send(Kind::GoAway, NONE, 0, 2).await;
    assert_eq!(session.closed().await, CloseReason::GoAway(2));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_stream_that_the_peer_never_closes_is_reset_after_the_timeout() {
    let (near, far) = duplex(1 << 20);
    let config = Config {
        ping_interval: None,
        ..Config::default()
    };
    let (session, mut accept) = Session::server(near, config);
    let mut peer = Peer(far);
    let stream = peer.open(&mut accept, 1).await;
    let dropped = tokio::time::Instant::now();
    drop(stream);
    peer.expect_update(Flags::FIN, 1, 0).await;
    peer.expect_update(Flags::RST, 1, 0).await;
    let waited = dropped.elapsed();
    assert!(waited >= Duration::from_secs(300) && waited < Duration::from_secs(360));
    assert_eq!(session.stats().streams, 0);
}

#[tokio::test]
async fn flush_waits_until_the_bytes_are_written() {
    let (near, far) = duplex(16);
    let (_session, mut accept) = Session::server(near, Config::default());
    let mut peer = Peer(far);
    let mut stream = peer.open(&mut accept, 1).await;
    stream.write_all(&[1; 100]).await.unwrap();
    let flushing = tokio::spawn(async move {
        stream.flush().await.unwrap();
        stream
    });
    peer.expect(Kind::Data, NONE, 1, 100).await;
    assert!(!flushing.is_finished());
    peer.payload(90).await;
    flushing.await.unwrap();
    peer.payload(10).await;
}

#[tokio::test]
async fn a_hundred_thousand_streams_leave_nothing_behind() {
    let (server, mut accept, client, _client_accept) = pair(1 << 16);
    let echoing = tokio::spawn(async move {
        while let Some(mut stream) = accept.next().await {
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).await.unwrap();
            stream.write_all(&bytes).await.unwrap();
        }
    });
    for number in 0..100_000_u32 {
        let mut stream = client.open().await.unwrap();
        stream.write_all(&number.to_le_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(read_all(&mut stream).await, number.to_le_bytes());
        assert!(client.stats().streams + server.stats().streams < 64);
    }
    until(|| server.stats().streams + client.stats().streams == 0).await;
    assert_eq!(server.stats(), Default::default());
    client.close();
    server.closed().await;
    echoing.await.unwrap();
}

#[tokio::test]
async fn empty_buffers_release_their_memory() {
    let (server, mut accept, client, _client_accept) = pair(1 << 16);
    let mut near = client.open().await.unwrap();
    let mut far = accept.next().await.unwrap();
    near.write_all(&vec![1; WINDOW as usize]).await.unwrap();
    until(|| server.stats().received == WINDOW as usize).await;
    assert!(server.stats().capacity >= WINDOW as usize);
    far.read_exact(&mut vec![0; WINDOW as usize]).await.unwrap();
    assert!(server.stats().capacity + client.stats().capacity <= 64 * 1024);
}

#[tokio::test]
async fn streams_work_from_other_runtimes() {
    let (_server, mut accept, client, _client_accept) = pair(1 << 16);
    let elsewhere = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let stream = client.open().await.unwrap();
            exchange(stream, 1, 2, 1 << 20).await;
        });
    });
    exchange(accept.next().await.unwrap(), 2, 1, 1 << 20).await;
    // Joining now would block this runtime, which still has bytes to send.
    until(|| elsewhere.is_finished()).await;
    elsewhere.join().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn garbage_ends_the_session_and_nothing_else(
        frames in prop::collection::vec((0_u8..5, any::<u16>(), 0_u32..6, any::<u32>()), 0..40),
        junk in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (near, far) = duplex(1 << 16);
            let (session, mut accept) = Session::server(near, Config::default());
            let (mut reader, mut writer) = tokio::io::split(far);
            let sink = tokio::spawn(async move {
                let mut bytes = Vec::new();
                let _ = reader.read_to_end(&mut bytes).await;
            });
            let taking = tokio::spawn(async move {
                let mut streams = Vec::new();
                while let Some(mut stream) = accept.next().await {
                    let _ = stream.write_all(b"hello").await;
                    streams.push(stream);
                }
            });
            for (kind, flags, stream, length) in frames {
                let length = if kind == 0 { length % 512 } else { length };
                let mut bytes = vec![0, kind];
                bytes.extend(flags.to_be_bytes());
                bytes.extend(stream.to_be_bytes());
                bytes.extend(length.to_be_bytes());
                if kind == 0 {
                    bytes.extend(vec![0; length as usize]);
                }
                if writer.write_all(&bytes).await.is_err() {
                    break;
                }
            }
            let _ = writer.write_all(&junk).await;
            let _ = writer.shutdown().await;
            session.closed().await;
            taking.await.unwrap();
            sink.await.unwrap();
            assert_eq!(session.stats().streams, 0);
        });
    }
}
