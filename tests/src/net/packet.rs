//! A datagram on its way.

use std::net::SocketAddr;

/// A datagram on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Packet {
    /// From.
    pub source: SocketAddr,
    /// To.
    pub destination: SocketAddr,
    /// Its content.
    pub payload: Vec<u8>,
}

impl Packet {
    /// The same, as if `source` had sent it.
    #[must_use]
    pub fn from(self, source: SocketAddr) -> Self {
        Self { source, ..self }
    }

    /// The same, to somebody else.
    #[must_use]
    pub fn to(self, destination: SocketAddr) -> Self {
        Self { destination, ..self }
    }
}
