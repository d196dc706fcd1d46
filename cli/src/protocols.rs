//! The application protocols that the program speaks, over any stream.
//!
//! Each file is one protocol with both of its ends: what the opener of a stream does, and what the
//! acceptor does. None of them knows floe: a stream is whatever reads and writes, so the tests run over
//! pipes in memory. None of them knows a clock but for measuring, and none sets deadlines: that is for
//! the caller, who can drop any of these futures at any time.
//!
//! # Ends
//!
//! Closing a write half waits until the peer has acknowledged the end of the data, and some peers never
//! do (rust-libp2p does not know FIN_ACK; floe then waits ten seconds before it calls it done). So an
//! opener never awaits that alone: it is done when it has read what it came for. An acceptor does await
//! it, because dropping a stream resets it and would discard an answer that is still on its way.

pub(crate) mod echo;
pub(crate) mod identify;
pub(crate) mod negotiate;
pub(crate) mod perf;
pub(crate) mod ping;

#[cfg(test)]
mod duplex;

use std::future::Future;
use std::io;
use std::pin::pin;

use futures::future::{Either, select};

/// The protocols that this program serves, in the order in which identify lists them.
pub(crate) const SERVED: [&str; 4] =
    [ping::PROTOCOL, identify::PROTOCOL, perf::PROTOCOL, echo::PROTOCOL];

/// How many bytes were read or written at a time.
const CHUNK: usize = 64 * 1024;

/// How far a transfer is, in bytes of this side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Bytes handed to the stream.
    pub(crate) sent: u64,
    /// Bytes taken from it.
    pub(crate) received: u64,
}

/// Drives both halves of a stream until `receive` is done or either of them fails.
///
/// A `send` that is not done by then is dropped: all that it can still wait for is an acknowledgement
/// of bytes that the peer has evidently taken.
async fn until_received<T>(
    receive: impl Future<Output = io::Result<T>>,
    send: impl Future<Output = io::Result<()>>,
) -> io::Result<T> {
    let (receive, send) = (pin!(receive), pin!(send));
    match select(receive, send).await {
        Either::Left((received, _)) => received,
        Either::Right((sent, receive)) => {
            sent?;
            receive.await
        }
    }
}
