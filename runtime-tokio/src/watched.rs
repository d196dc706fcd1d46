//! How tokio watches a socket: for what arrives always, for room only while somebody waits for some.
//!
//! A socket of tokio's own is watched for both. The kernel then says "there is room" whenever datagrams have
//! left its buffer, and wakes a thread to hear that: once for every call that sends, though hardly one ever
//! finds the buffer full.

use std::io;
use std::net::UdpSocket;

use tokio::io::Interest;
#[cfg(unix)]
use tokio::io::unix::AsyncFd;

/// A socket that tokio watches.
#[derive(Debug)]
pub struct Watched {
    #[cfg(unix)]
    arrivals: AsyncFd<UdpSocket>,
    /// Where sockets are no files, tokio has no other way.
    #[cfg(not(unix))]
    both: tokio::net::UdpSocket,
}

#[cfg(unix)]
impl Watched {
    pub(super) fn new(socket: UdpSocket) -> io::Result<Self> {
        Ok(Self { arrivals: watch(socket, Interest::READABLE)? })
    }

    pub(super) async fn read<T>(
        &self,
        mut attempt: impl FnMut() -> io::Result<T>,
    ) -> io::Result<T> {
        self.arrivals.async_io(Interest::READABLE, |_| attempt()).await
    }

    pub(super) async fn write<T>(
        &self,
        mut attempt: impl FnMut() -> io::Result<T>,
    ) -> io::Result<T> {
        match attempt() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            done => return done,
        }
        // A file is watched once, so what waits for room is another handle of it, for as long as that takes.
        let room = watch(self.arrivals.get_ref().try_clone()?, Interest::WRITABLE)?;
        room.async_io(Interest::WRITABLE, |_| attempt()).await
    }
}

#[cfg(unix)]
#[allow(
    deprecated,
    reason = "a socket of std has one file as long as it lives, which is what its successor asks"
)]
fn watch(socket: UdpSocket, interest: Interest) -> io::Result<AsyncFd<UdpSocket>> {
    AsyncFd::with_interest(socket, interest)
}

#[cfg(not(unix))]
impl Watched {
    pub(super) fn new(socket: UdpSocket) -> io::Result<Self> {
        Ok(Self { both: tokio::net::UdpSocket::from_std(socket)? })
    }

    pub(super) async fn read<T>(&self, attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
        self.both.async_io(Interest::READABLE, attempt).await
    }

    pub(super) async fn write<T>(&self, attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
        self.both.async_io(Interest::WRITABLE, attempt).await
    }
}
