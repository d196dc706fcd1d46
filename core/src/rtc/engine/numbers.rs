//! What an engine tells of itself: where the peer is, what went over the wire, how long it takes.

use core::net::SocketAddr;
use core::time::Duration;
use std::vec::Vec;

use super::ice::{Ice, TrickleAgent};
use super::sctp::Sctp;
use super::{Engine, Role};
use crate::rtc::output::Port;
use crate::time::Timestamp;

/// What went over the wire, apart from STUN: datagrams and their payload bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) bytes_sent: u64,
    pub(crate) bytes_received: u64,
    pub(crate) datagrams_sent: u64,
    pub(crate) datagrams_received: u64,
}

impl Engine {
    /// When something authentic last came from the peer: what DTLS has decrypted.
    pub(crate) fn last_heard(&self) -> Timestamp {
        self.liveness.heard()
    }

    /// The port that the peer reaches us at.
    pub(crate) fn port(&self) -> Port {
        self.ice.port()
    }

    /// Where the peer is, once that is known.
    pub(crate) fn remote(&self) -> Option<SocketAddr> {
        self.remote
    }

    /// Every address that the peer was heard from and that is still valid.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        match &self.ice {
            Ice::Lite(lite) => lite.addresses().collect(),
            Ice::Full(_) => self.remote.into_iter().collect(),
            Ice::Trickle(agent) => agent.proven().to_vec(),
        }
    }

    /// The agent of a private connection.
    pub(crate) fn trickle(&self) -> Option<&TrickleAgent> {
        match &self.ice {
            Ice::Trickle(agent) => Some(agent),
            Ice::Lite(_) | Ice::Full(_) => None,
        }
    }

    /// Which side of DTLS we are.
    pub(crate) fn role(&self) -> Role {
        self.channels.role()
    }

    /// Smoothed round trip, once it was measured.
    pub(crate) fn rtt(&self) -> Option<Duration> {
        let ice = match &self.ice {
            Ice::Full(agent) => agent.rtt(),
            Ice::Trickle(agent) => agent.rtt(),
            Ice::Lite(_) => None,
        };
        self.sctp.rtt().or(ice)
    }

    /// The shortest round trip on the present path.
    pub(crate) fn rtt_min(&self) -> Option<Duration> {
        self.sctp.rtt_min()
    }

    /// DATA chunks that were sent again.
    pub(crate) fn retransmits(&self) -> u64 {
        self.sctp.retransmits()
    }

    /// What went over the wire.
    pub(crate) fn counters(&self) -> Counters {
        self.counters
    }

    /// How many channels the peer has room for: ids from there on fail. 0 until SCTP is up.
    pub(crate) fn peer_channels(&self) -> u16 {
        self.sctp.peer_streams()
    }
}
