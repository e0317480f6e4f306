//! A connection that wakes its thread when there is something to read, and for little else.
//!
//! A socket also says that it can be written to, each time the peer has taken something from it. It nearly always
//! could be all along, and a thread that sleeps between a call and its answer would be woken for it: as expensive as
//! the answer itself. So that is asked for only while the socket is full.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};

/// A connection of the system, which does not block.
#[derive(Debug)]
pub(super) struct Quiet<S: AsRawFd> {
    io: AsyncFd<S>,
    /// Says when it can be written to; there while it cannot.
    full: Option<AsyncFd<S>>,
    again: fn(&S) -> io::Result<S>,
    end: fn(&S) -> io::Result<()>,
}

/// Has the runtime tell when a descriptor is ready for this.
#[expect(
    deprecated,
    reason = "what replaces it is unsafe, because a type could change its descriptor; connections do not"
)]
fn watch<S: AsRawFd>(io: S, interest: Interest) -> io::Result<AsyncFd<S>> {
    AsyncFd::with_interest(io, interest)
}

impl<S: AsRawFd> Quiet<S> {
    /// Takes a connection over. `again` is another handle of it, `end` says that nothing more will be written.
    pub(super) fn new(
        io: S,
        again: fn(&S) -> io::Result<S>,
        end: fn(&S) -> io::Result<()>,
    ) -> io::Result<Quiet<S>> {
        Ok(Quiet {
            io: watch(io, Interest::READABLE)?,
            full: None,
            again,
            end,
        })
    }
}

impl<S> AsyncRead for Quiet<S>
where
    S: AsRawFd + Unpin,
    for<'a> &'a S: Read,
{
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let mut readable = ready!(self.io.poll_read_ready(cx))?;
            let room = buffer.initialize_unfilled();
            let most = room.len();
            match self.io.get_ref().read(room) {
                Ok(count) => {
                    // Where there was less than would have had room, that was all.
                    if (1..most).contains(&count) {
                        readable.clear_ready();
                    }
                    buffer.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => readable.clear_ready(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl<S> AsyncWrite for Quiet<S>
where
    S: AsRawFd + Unpin,
    for<'a> &'a S: Write,
{
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        loop {
            let writable = match &this.full {
                Some(full) => Some(ready!(full.poll_write_ready(cx))?),
                None => None,
            };
            match this.io.get_ref().write(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => match writable {
                    Some(mut writable) => writable.clear_ready(),
                    None => {
                        let again = (this.again)(this.io.get_ref())?;
                        this.full = Some(watch(again, Interest::WRITABLE)?);
                    }
                },
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                written => {
                    this.full = None;
                    return Poll::Ready(written);
                }
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready((self.end)(self.io.get_ref()))
    }
}

#[cfg(test)]
mod tests {
    use std::net::Shutdown;
    use std::os::unix::net::UnixStream;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// More than the system keeps for a connection.
    const MUCH: usize = 8 * 1024 * 1024;

    fn pair() -> (Quiet<UnixStream>, tokio::net::UnixStream) {
        let (one, other) = UnixStream::pair().unwrap();
        one.set_nonblocking(true).unwrap();
        other.set_nonblocking(true).unwrap();
        let end = |stream: &UnixStream| stream.shutdown(Shutdown::Write);
        let quiet = Quiet::new(one, UnixStream::try_clone, end).unwrap();
        (quiet, tokio::net::UnixStream::from_std(other).unwrap())
    }

    fn pattern() -> Vec<u8> {
        (0..MUCH).map(|at| (at % 251) as u8).collect()
    }

    #[tokio::test]
    async fn what_is_written_while_the_socket_is_full_arrives_in_order_and_then_the_end() {
        let (mut quiet, mut peer) = pair();
        let writing = async {
            quiet.write_all(&pattern()).await.unwrap();
            assert!(quiet.full.is_none());
            quiet.shutdown().await.unwrap();
            quiet
        };
        let reading = async {
            let mut all = Vec::new();
            peer.read_to_end(&mut all).await.unwrap();
            all
        };
        let (quiet, all) = tokio::join!(writing, reading);
        assert!(all == pattern());
        drop(quiet);
    }

    #[tokio::test]
    async fn a_full_socket_waits_until_the_peer_has_taken_something() {
        let (mut quiet, mut peer) = pair();
        let mut written = 0;
        let mut cx = Context::from_waker(std::task::Waker::noop());
        while let Poll::Ready(count) = Pin::new(&mut quiet).poll_write(&mut cx, &[7; 65_536]) {
            written += count.unwrap();
            assert!(written < MUCH);
        }
        assert!(quiet.full.is_some());
        let mut taken = vec![0; written];
        let (more, read) = tokio::join!(quiet.write(&[8; 10]), peer.read_exact(&mut taken));
        assert_eq!((more.unwrap(), read.unwrap()), (10, written));
        assert!(quiet.full.is_none());
    }

    #[tokio::test]
    async fn all_of_it_is_read_in_pieces_of_any_size_and_then_the_end() {
        let (mut quiet, mut peer) = pair();
        let writing = async {
            for part in pattern().chunks(77_777) {
                peer.write_all(part).await.unwrap();
                tokio::task::yield_now().await;
            }
            drop(peer);
        };
        let reading = async {
            let (mut all, mut size) = (Vec::new(), 1);
            loop {
                let mut part = vec![0; size];
                match quiet.read(&mut part).await.unwrap() {
                    0 => break all,
                    count => all.extend_from_slice(&part[..count]),
                }
                size = size * 3 % 65_537 + 1;
            }
        };
        let ((), all) = tokio::join!(writing, reading);
        assert!(all == pattern());
    }

    #[tokio::test]
    async fn writing_to_who_has_gone_is_an_error() {
        let (mut quiet, peer) = pair();
        drop(peer);
        assert!(quiet.write_all(&pattern()).await.is_err());
    }
}
