//! A socket that asks the runtime for write readiness only while the socket is full.
//!
//! tokio registers sockets for reading and writing. The kernel then reports "writable" each time the peer has read
//! something, and wakes a thread that waits for a reply: this costs as much as the reply itself. A socket is
//! almost always writable, so [`LazyWritable`] registers for reading only, and registers a second descriptor for
//! writing when a write would block.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};

/// A non-blocking socket.
#[derive(Debug)]
pub(super) struct LazyWritable<S: AsRawFd> {
    io: AsyncFd<S>,
    /// The descriptor that is registered for writing. `None` unless the socket is full.
    full: Option<AsyncFd<S>>,
    try_clone: fn(&S) -> io::Result<S>,
    shutdown: fn(&S) -> io::Result<()>,
}

/// Registers a descriptor with the runtime.
#[expect(
    deprecated,
    reason = "its replacement is unsafe, because a type could change its descriptor; sockets do not"
)]
fn register<S: AsRawFd>(io: S, interest: Interest) -> io::Result<AsyncFd<S>> {
    AsyncFd::with_interest(io, interest)
}

impl<S: AsRawFd> LazyWritable<S> {
    /// Wraps a socket. `try_clone` duplicates its descriptor, and `shutdown` shuts down its write direction.
    pub(super) fn new(
        io: S,
        try_clone: fn(&S) -> io::Result<S>,
        shutdown: fn(&S) -> io::Result<()>,
    ) -> io::Result<LazyWritable<S>> {
        Ok(LazyWritable {
            io: register(io, Interest::READABLE)?,
            full: None,
            try_clone,
            shutdown,
        })
    }
}

impl<S> AsyncRead for LazyWritable<S>
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
            let unfilled = buffer.initialize_unfilled();
            let max = unfilled.len();
            match self.io.get_ref().read(unfilled) {
                Ok(count) => {
                    // A short read has emptied the socket.
                    if (1..max).contains(&count) {
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

impl<S> AsyncWrite for LazyWritable<S>
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
                        let clone = (this.try_clone)(this.io.get_ref())?;
                        this.full = Some(register(clone, Interest::WRITABLE)?);
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
        Poll::Ready((self.shutdown)(self.io.get_ref()))
    }
}

#[cfg(test)]
mod tests {
    use std::net::Shutdown;
    use std::os::unix::net::UnixStream;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// More than the kernel buffers for a socket.
    const MORE_THAN_BUFFERED: usize = 8 * 1024 * 1024;

    fn pair() -> (LazyWritable<UnixStream>, tokio::net::UnixStream) {
        let (one, other) = UnixStream::pair().unwrap();
        one.set_nonblocking(true).unwrap();
        other.set_nonblocking(true).unwrap();
        let shutdown = |stream: &UnixStream| stream.shutdown(Shutdown::Write);
        let socket = LazyWritable::new(one, UnixStream::try_clone, shutdown).unwrap();
        (socket, tokio::net::UnixStream::from_std(other).unwrap())
    }

    fn pattern() -> Vec<u8> {
        (0..MORE_THAN_BUFFERED).map(|at| (at % 251) as u8).collect()
    }

    #[tokio::test]
    async fn bytes_written_while_the_socket_is_full_arrive_in_order_before_the_end() {
        let (mut socket, mut peer) = pair();
        let writing = async {
            socket.write_all(&pattern()).await.unwrap();
            assert!(socket.full.is_none());
            socket.shutdown().await.unwrap();
            socket
        };
        let reading = async {
            let mut all = Vec::new();
            peer.read_to_end(&mut all).await.unwrap();
            all
        };
        let (socket, all) = tokio::join!(writing, reading);
        assert!(all == pattern());
        drop(socket);
    }

    #[tokio::test]
    async fn a_write_to_a_full_socket_waits_until_the_peer_reads() {
        let (mut socket, mut peer) = pair();
        let mut written = 0;
        let mut cx = Context::from_waker(std::task::Waker::noop());
        while let Poll::Ready(count) = Pin::new(&mut socket).poll_write(&mut cx, &[7; 65_536]) {
            written += count.unwrap();
            assert!(written < MORE_THAN_BUFFERED);
        }
        assert!(socket.full.is_some());
        let mut taken = vec![0; written];
        let (more, read) = tokio::join!(socket.write(&[8; 10]), peer.read_exact(&mut taken));
        assert_eq!((more.unwrap(), read.unwrap()), (10, written));
        assert!(socket.full.is_none());
    }

    #[tokio::test]
    async fn reads_of_any_size_return_all_bytes_and_then_the_end() {
        let (mut socket, mut peer) = pair();
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
                match socket.read(&mut part).await.unwrap() {
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
    async fn writing_to_a_closed_peer_is_an_error() {
        let (mut socket, peer) = pair();
        drop(peer);
        assert!(socket.write_all(&pattern()).await.is_err());
    }
}
