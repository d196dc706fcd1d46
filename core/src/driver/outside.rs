//! All that the driver knows of the world: a socket and a clock.
//!
//! A runtime brings these two and nothing else: no spawning, no timer objects, no poll functions. The
//! driver is itself a future, so whoever binds decides where it runs. Futures returned from here must
//! be cancel-safe: the driver drops `recv` and `sleep_until` on every turn, and a datagram that was
//! taken from the kernel must not be lost with them; it drops `send` when there is no room for too long.

use core::future::Future;
use core::net::{IpAddr, SocketAddr};
use std::io;
use std::vec::Vec;

use crate::rtc::Epoch;
use crate::rtc::output::{Datagram, Port, Transmit};
use crate::time::Timestamp;

/// A UDP socket, bound and not connected.
pub trait Socket: Sized + Send + Sync + 'static {
    /// The address that the socket is bound to; its port is the real one, its IP address may be a
    /// wildcard. It is of the family, IPv4 or IPv6, of all peers that the socket can reach.
    fn local_addr(&self) -> io::Result<SocketAddr>;

    /// The addresses that peers can reach this socket at, as far as this host can tell: one for each
    /// interface address of a wildcard, else the bound address. Asked whenever someone wants to know,
    /// so it should look at the interfaces afresh.
    ///
    /// # Errors
    ///
    /// What the system says. For the driver the addresses are then as they were.
    fn local_addrs(&self) -> io::Result<Vec<SocketAddr>>;

    /// Opens another socket on the same IP address, at a port that the kernel chooses: the one of
    /// [`Port::Fallback`]. The driver asks when a dial first needs it, from within its own future.
    ///
    /// # Errors
    ///
    /// What the kernel says. For the driver what was to be sent is lost.
    fn sibling(&self) -> io::Result<Self>;

    /// Buffers that suit what one [`recv`](Self::recv) can bring.
    fn batch(&self) -> Batch;

    /// Waits for datagrams and takes as many as `batch`, which comes empty, has room for and the
    /// kernel has ready. One is enough; none is allowed.
    ///
    /// # Errors
    ///
    /// What the kernel says. The driver tells errors that pass from those that stay.
    fn recv(&self, batch: &mut Batch) -> impl Future<Output = io::Result<()>> + Send;

    /// Sends datagrams, waiting while the kernel's buffer is full; the driver waits a second at most, and
    /// takes them for lost then. They are meant for this socket, whatever port they name.
    ///
    /// # Errors
    ///
    /// What the kernel says. For the driver the datagrams are lost, as datagrams may be.
    fn send(&self, transmit: Transmit<'_>) -> impl Future<Output = io::Result<()>> + Send;
}

/// A clock that never goes back.
pub trait Clock: Send + Sync + 'static {
    /// What [`Timestamp::ZERO`] is in the terms of `std::time::Instant`. Does not change.
    fn epoch(&self) -> Epoch;

    /// The time.
    fn now(&self) -> Timestamp;

    /// Waits until `at`; not a nanosecond less, or the driver spins.
    fn sleep_until(&self, at: Timestamp) -> impl Future<Output = ()> + Send;
}

/// Datagrams that arrived together, in buffers that are used again and again.
#[derive(Debug)]
pub struct Batch {
    bytes: Vec<u8>,
    buffer_len: usize,
    received: Vec<Received>,
}

/// What a filled buffer of a [`Batch`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// Where it came from.
    pub remote: SocketAddr,
    /// The local address that it was sent to, where the socket can tell.
    pub local: Option<IpAddr>,
    /// Bytes in the buffer.
    pub len: usize,
    /// Length of each datagram in the buffer: less than `len` if the kernel has put several from one
    /// peer together (GRO). The last may be shorter.
    pub stride: usize,
}

impl Received {
    /// One datagram of `len` bytes, come to a local address that is not known.
    pub const fn new(remote: SocketAddr, len: usize) -> Self {
        Self { remote, local: None, len, stride: len }
    }

    /// The same bytes as datagrams of `stride` bytes each.
    #[must_use]
    pub const fn with_stride(mut self, stride: usize) -> Self {
        self.stride = stride;
        self
    }

    /// The same, sent to this local address.
    #[must_use]
    pub const fn with_local(mut self, local: Option<IpAddr>) -> Self {
        self.local = local;
        self
    }
}

impl Batch {
    /// Room for `buffers` buffers of `buffer_len` bytes. A datagram that is longer is cut off, which
    /// its receiver takes for a broken one.
    ///
    /// # Panics
    ///
    /// If one of them is zero: nothing could ever be received. If their product is no length.
    pub fn new(buffers: usize, buffer_len: usize) -> Self {
        assert!(buffers > 0 && buffer_len > 0, "a batch without room receives nothing");
        let len = buffers.checked_mul(buffer_len).expect("a batch fits into memory");
        Self { bytes: std::vec![0; len], buffer_len, received: Vec::with_capacity(buffers) }
    }

    /// The buffers, to be filled from the first on.
    pub fn buffers(&mut self) -> impl ExactSizeIterator<Item = &mut [u8]> {
        self.bytes.chunks_exact_mut(self.buffer_len)
    }

    /// Says what the next buffer holds: the first call is about the first one.
    ///
    /// # Panics
    ///
    /// If there are not so many buffers, or `len` is more than a buffer has room for.
    pub fn push(&mut self, received: Received) {
        assert!(
            (self.received.len() + 1) * self.buffer_len <= self.bytes.len()
                && received.len <= self.buffer_len,
            "more was received than there is room for"
        );
        self.received.push(received);
    }

    /// How many buffers are filled.
    pub fn len(&self) -> usize {
        self.received.len()
    }

    /// Whether nothing was received.
    pub fn is_empty(&self) -> bool {
        self.received.is_empty()
    }

    /// Forgets what was received.
    pub fn clear(&mut self) {
        self.received.clear();
    }

    /// The datagrams, in their order, as they came to `port`.
    pub fn datagrams(&self, port: Port) -> impl Iterator<Item = Datagram<'_>> {
        self.bytes.chunks_exact(self.buffer_len).zip(&self.received).flat_map(
            move |(buffer, received)| {
                buffer[..received.len].chunks(received.stride.max(1)).map(move |payload| Datagram {
                    port,
                    remote: received.remote,
                    local: received.local,
                    payload,
                })
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_datagrams_come_apart_again() {
        let remote = SocketAddr::from(([192, 0, 2, 1], 7));
        let mut batch = Batch::new(3, 8);
        for (buffer, fill) in batch.buffers().zip([b"aabbc---", b"dddd----"]) {
            buffer.copy_from_slice(fill);
        }
        batch.push(Received { remote, local: None, len: 5, stride: 2 });
        batch.push(Received { remote, local: None, len: 4, stride: 4 });
        let payloads: Vec<_> =
            batch.datagrams(Port::Main).map(|datagram| datagram.payload).collect();
        assert_eq!(payloads, [&b"aa"[..], b"bb", b"c", b"dddd"]);
        batch.clear();
        assert!(batch.is_empty() && batch.datagrams(Port::Main).next().is_none());
    }

    #[test]
    fn an_empty_datagram_is_none() {
        let remote = SocketAddr::from(([192, 0, 2, 1], 7));
        let mut batch = Batch::new(1, 8);
        batch.push(Received { remote, local: None, len: 0, stride: 0 });
        assert_eq!(batch.len(), 1);
        assert!(batch.datagrams(Port::Main).next().is_none());
    }
}
