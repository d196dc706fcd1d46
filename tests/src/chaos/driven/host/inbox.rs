//! The receive buffer of one socket.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::task::Waker;

use floe_core::driver::Received;

use crate::chaos::driven::manner::Manner;
use crate::net::Packet;
use crate::rng::Rng;

/// The receive buffer of a socket.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    pub(super) datagrams: VecDeque<Packet>,
    /// Errors that are given before anything else.
    pub(super) errors: VecDeque<ErrorKind>,
    /// An error that stays.
    pub(super) broken: Option<ErrorKind>,
    pub(super) receiver: Option<Waker>,
}

impl Inbox {
    /// Fills a buffer with the next datagram, and with those that can be joined to it.
    pub(super) fn fill(
        &mut self,
        buffer: &mut [u8],
        rng: &mut Rng,
        manner: &Manner,
    ) -> Option<Received> {
        let first = self.datagrams.pop_front()?;
        let stride = first.payload.len().min(buffer.len());
        buffer[..stride].copy_from_slice(&first.payload[..stride]);
        let mut len = stride;
        let mut last = stride;
        while last == stride
            && let Some(next) = self.datagrams.front()
            && (next.source, next.destination) == (first.source, first.destination)
            && (1..=stride).contains(&next.payload.len())
            && len + next.payload.len() <= buffer.len()
            && rng.chance(manner.joined)
        {
            last = next.payload.len();
            buffer[len..len + last].copy_from_slice(&next.payload);
            len += last;
            self.datagrams.pop_front();
        }
        let received = Received::new(first.source, len).with_stride(stride);
        Some(received.with_local(Some(first.destination.ip())))
    }
}
