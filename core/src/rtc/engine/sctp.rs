//! The seam to SCTP: what the engine needs of an association, and nothing of any library.
//!
//! Every library has a gap today, so the back end must be replaceable: one file per library under
//! `sctp/`, and its types are named there only. A back end asks no clock, must not panic on any
//! packet, and holds back what it was asked to send until [`Sctp::poll_packets`], which the engine
//! calls once per batch: SCTP's bookkeeping is paid per poll.
//!
//! Obeys: RFC 9260 (SCTP), RFC 8261 (over DTLS), RFC 8831 §5–6 (as data channels use it), RFC 6525
//! (stream reset).

mod bundle;
mod delayed;
mod hoard;
mod initiation;
mod outgoing;
pub(super) mod packet;
mod proto;
mod reconfig;
mod resent;
mod rtt;
mod terms;
mod window;

use core::time::Duration;
use std::time::Instant;

use bytes::Bytes;

use super::vocabulary::Role;

pub(crate) use self::proto::CHUNK_LEN;

/// The back end in use.
pub(super) type Association = proto::Association;

/// One association with the peer, and at most one.
pub(super) trait Sctp: Sized {
    /// An association that is not begun, whose receive window begins with so many bytes and has so many at most.
    fn new(role: Role, receive_window: u32, receive_window_max: u32) -> Self;
    /// DTLS is up: begins the association, unless the peer already did.
    fn connect(&mut self, now: Instant);
    /// Takes one packet that came out of DTLS.
    fn handle_packet(&mut self, now: Instant, packet: Bytes);
    /// Takes the time.
    fn handle_timeout(&mut self, now: Instant);
    /// When `handle_timeout` is due.
    fn deadline(&self) -> Option<Instant>;
    /// Hands over packets that may leave now, so many at most. Once per batch: this is the expensive call.
    fn poll_packets(&mut self, now: Instant, max: usize, send: &mut dyn FnMut(&[u8]));
    /// Whether the last poll kept packets back, as they were too many.
    fn has_packets(&self) -> bool;
    /// What happened.
    fn poll_event(&mut self) -> Option<Event>;

    /// Makes a stream usable; false if it is in use, or its last reset is not complete.
    fn open(&mut self, stream: u16) -> bool;
    /// Queues a message; false if the stream cannot be written to (now, or any more).
    fn send(&mut self, stream: u16, kind: Kind, message: Bytes) -> bool;
    /// Takes the next message of a stream. What is not taken shrinks the window that the peer sees.
    fn receive(&mut self, stream: u16) -> Option<Message>;
    /// Bytes given to `send` that the peer has not acknowledged.
    fn unacknowledged(&mut self, stream: u16) -> usize;
    /// Resets the outgoing half once all that was sent on it is acknowledged (RFC 6525). From then on
    /// nothing can be read from the stream either.
    fn reset(&mut self, stream: u16);
    /// The peer sends no more while a small message is unacknowledged: no acknowledgement waits for data.
    fn acknowledge_at_once(&mut self);
    /// Tells the peer of the present window: nothing else does after it was closed.
    fn window_update(&mut self, now: Instant);
    /// A packet that the peer of an association that is up answers at once, whatever its state.
    fn heartbeat(&self) -> [u8; 24];
    /// Ends the association: the next poll hands over an ABORT.
    fn abort(&mut self);
    /// Smoothed round trip, once it was measured.
    fn rtt(&self) -> Option<Duration>;
    /// The shortest round trip that was measured: the path without queues.
    fn rtt_min(&self) -> Option<Duration>;
    /// The path to the peer is another one now: what was measured of it no longer holds.
    fn path_changed(&mut self);
    /// How many DATA chunks were sent again, each as often as it was.
    fn retransmits(&self) -> u64;
    /// How many incoming streams the peer has room for.
    fn peer_streams(&self) -> u16;
}

/// What happened to an association.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// It is up; `as_server` if it is the peer's INIT that made it.
    Up { as_server: bool },
    /// The peer sent on a stream that was not open.
    Opened(u16),
    /// A stream has messages to be received: one, or more if a gap was filled.
    Readable(u16),
    /// The peer has reset its half of a stream and all that it sent has been received; our half is
    /// being reset in answer.
    Reset(u16),
    /// Both halves are reset: the stream may be opened again.
    ResetDone(u16),
    /// The peer ended the association.
    Closed,
    /// It cannot go on.
    Failed(&'static str),
}

/// What a message is, by its payload protocol identifier (RFC 8831 §8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Data channel establishment, 50.
    Dcep,
    /// Data: binary, 53, or the string, 51, that no libp2p peer should send.
    Data,
    /// An empty message, 56 or 57, whose one byte of content means nothing.
    Empty,
}

/// A message that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) kind: Kind,
    pub(super) content: Bytes,
}
