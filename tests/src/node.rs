//! Somebody on the network: a floe endpoint, or another implementation that can be stepped by hand.

use std::any::Any;
use std::fmt::Debug;
use std::net::SocketAddr;

use floe_core::rtc::KeyLogLine;
use floe_core::time::Timestamp;

use crate::net::Packet;

/// What can stand on the network.
pub trait Node: Any + Debug {
    /// Its address.
    fn addr(&self) -> SocketAddr;
    /// Whether an address is one of its own: datagrams to it are given to this node.
    fn is_at(&self, addr: SocketAddr) -> bool {
        self.addr() == addr
    }
    /// Takes a datagram.
    fn handle_packet(&mut self, now: Timestamp, packet: &Packet);
    /// Takes the time.
    fn handle_timeout(&mut self, now: Timestamp);
    /// The secrets that it has said so far.
    fn keys(&self) -> &[KeyLogLine] {
        &[]
    }
    /// Sends what is to be sent; then says when to be called again.
    fn drain(&mut self, now: Timestamp, send: &mut dyn FnMut(Packet)) -> Option<Timestamp>;
}

/// How far a node's second port number, that of fallbacks, is above its first: the same for bare endpoints
/// and for those behind a driver, so that one network serves both.
pub(crate) const FALLBACK_ABOVE: u16 = 10_000;
