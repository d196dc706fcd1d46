//! How things end and what can be asked for in vain. Ends are nouns for what happened and who did it;
//! errors are a caller's mistakes, returned by the call that made them.

use core::error::Error;
use core::fmt;
use core::str::FromStr;
use std::borrow::Cow;

use super::output::ConnectionId;
use crate::fingerprint::Fingerprint;
use crate::peer_id::PeerId;

/// The steps of a connection's set-up, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Step {
    /// Of a private connection: the peer has described itself, through a relay.
    Signaling,
    /// ICE: a STUN check was answered.
    Stun,
    /// DTLS: the handshake is complete.
    Dtls,
    /// The server's certificate is the one that its address promised.
    Certhash,
    /// SCTP: the association is up.
    Sctp,
    /// Noise: the handshake is complete and the peer proved an identity.
    Noise,
    /// The identity is the one that was dialed.
    PeerId,
}

impl Step {
    /// All steps, in their order.
    pub const ALL: &'static [Self] = &[
        Self::Signaling,
        Self::Stun,
        Self::Dtls,
        Self::Certhash,
        Self::Sctp,
        Self::Noise,
        Self::PeerId,
    ];

    /// The steps of webrtc-direct, in their order. A private connection has [`Signaling`](Self::Signaling) before
    /// them and no [`Noise`](Self::Noise).
    pub const DIRECT: &'static [Self] =
        &[Self::Stun, Self::Dtls, Self::Certhash, Self::Sctp, Self::Noise, Self::PeerId];

    /// A short name, stable for machines: `signaling`, `stun`, `dtls`, `certhash`, `sctp`, `noise`, `peer-id`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signaling => "signaling",
            Self::Stun => "stun",
            Self::Dtls => "dtls",
            Self::Certhash => "certhash",
            Self::Sctp => "sctp",
            Self::Noise => "noise",
            Self::PeerId => "peer-id",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Step {
    type Err = UnknownStep;

    /// Reads a [name](Self::name).
    fn from_str(name: &str) -> Result<Self, UnknownStep> {
        Self::ALL.iter().copied().find(|step| step.name() == name).ok_or(UnknownStep)
    }
}

/// The text is not the name of a [`Step`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownStep;

impl fmt::Display for UnknownStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "not a step of a connection's set-up: signaling, stun, dtls, certhash, sctp, noise or peer-id",
        )
    }
}

impl Error for UnknownStep {}

/// What ended a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionEnd {
    /// We closed it.
    ClosedLocally,
    /// The peer closed it.
    ClosedByPeer,
    /// Nothing valid came from the peer for the configured time.
    IdleTimeout,
    /// The set-up was not done by its deadline; the step is the one that was waited for.
    HandshakeTimeout(Step),
    /// The server's certificate is not the one that its address promised.
    WrongCerthash {
        /// What the address said.
        expected: Fingerprint,
        /// What the server presented.
        actual: Fingerprint,
    },
    /// The peer proved another identity than the one that was dialed.
    WrongPeer {
        /// Who was dialed.
        expected: PeerId,
        /// Who answered.
        actual: PeerId,
    },
    /// The peer broke a protocol, or the set-up failed for good.
    Failed {
        /// Where.
        step: Step,
        /// What, in words.
        cause: Cow<'static, str>,
    },
    /// The same peer address came back with a new connection, which has taken this one's place.
    Replaced(ConnectionId),
    /// The endpoint's socket failed for good, so the peer could not be told. Only the
    /// driver's connections end so: without it, sockets are the caller's.
    SocketFailed {
        /// What the system said of it, in words.
        cause: Cow<'static, str>,
    },
    /// The endpoint's driver was dropped before the endpoint was closed, as happens to tasks when
    /// their runtime is shut down. The peer was not told.
    DriverDropped,
}

impl ConnectionEnd {
    /// The step that failed, if the end is a failure of the set-up.
    pub const fn step(&self) -> Option<Step> {
        match self {
            Self::HandshakeTimeout(step) | Self::Failed { step, .. } => Some(*step),
            Self::WrongCerthash { .. } => Some(Step::Certhash),
            Self::WrongPeer { .. } => Some(Step::PeerId),
            _ => None,
        }
    }
}

impl fmt::Display for ConnectionEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClosedLocally => f.write_str("the connection was closed by this side"),
            Self::ClosedByPeer => f.write_str("the connection was closed by the peer"),
            Self::IdleTimeout => f.write_str("nothing was heard from the peer for too long"),
            Self::HandshakeTimeout(Step::Signaling) => {
                f.write_str("the peer did not describe itself before the deadline")
            }
            Self::HandshakeTimeout(Step::Stun) => {
                f.write_str("no STUN check was answered before the deadline")
            }
            Self::HandshakeTimeout(step) => {
                write!(f, "the step {step} was not done before the deadline")
            }
            Self::WrongCerthash { expected, actual } => write!(
                f,
                "the server's certificate has the certhash {}, but its address promised {}",
                actual.certhash(),
                expected.certhash()
            ),
            Self::WrongPeer { expected, actual } => {
                write!(f, "the peer is {actual}, but {expected} was dialed")
            }
            Self::Failed { step, cause } => write!(f, "{step}: {cause}"),
            Self::Replaced(_) => f.write_str("the peer came back with a new connection"),
            Self::SocketFailed { cause } => write!(f, "the endpoint's socket failed: {cause}"),
            Self::DriverDropped => f.write_str(
                "the endpoint stopped running before it was closed, perhaps with its runtime",
            ),
        }
    }
}

impl Error for ConnectionEnd {}

/// What ended a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamEnd {
    /// Both halves came to their regular end.
    Finished,
    /// We reset it.
    ResetLocally,
    /// The peer reset it, or closed its channel in mid-stream.
    ResetByPeer,
    /// The peer broke the framing, or hoarded more than its limit; we reset the stream.
    Violation,
    /// Its connection ended.
    ConnectionClosed,
}

impl fmt::Display for StreamEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Finished => "the stream is finished",
            Self::ResetLocally => "the stream was reset by this side",
            Self::ResetByPeer => "the stream was reset by the peer",
            Self::Violation => "the stream was reset because the peer broke its rules",
            Self::ConnectionClosed => "the stream's connection ended",
        })
    }
}

impl Error for StreamEnd {}

/// Why a dial was refused before anything was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DialRefused {
    /// The address has no `/certhash`, so the server's certificate could not be checked.
    NoCerthash,
    /// The address cannot be sent to: port 0, or an unspecified or multicast IP address.
    BadAddress,
    /// The address is of another family (IPv4, IPv6) than the socket, which cannot send there.
    WrongFamily,
    /// A connection from this socket to that address is being dialed, or exists and its peer has shown a
    /// certificate that the target takes: DTLS has nothing to tell two of them apart.
    ///
    /// Whoever has that connection can open more streams on it. Who wants one of their own dials from
    /// another endpoint, or after that one is over. Who knows that the peer was restarted and has kept its
    /// certificate closes that connection and dials anew, and need not wait until its silence is noticed; a
    /// peer with a new certificate is dialed at once.
    AlreadyConnected(ConnectionId),
    /// [`Limits::connections`](super::Limits::connections) is reached.
    TooManyConnections,
    /// [`Limits::meetings`](super::Limits::meetings) is reached.
    TooManyMeetings,
}

impl fmt::Display for DialRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoCerthash => "the address has no /certhash component",
            Self::BadAddress => {
                "the address cannot be dialed: its IP address or port is not a host's"
            }
            Self::WrongFamily => {
                "the address is of another IP version than the socket that would dial it"
            }
            Self::AlreadyConnected(_) => {
                "there is a connection between this endpoint and that address already"
            }
            Self::TooManyConnections => "the limit on connections is reached",
            Self::TooManyMeetings => {
                "the limit on private connections that are being set up is reached"
            }
        })
    }
}

impl Error for DialRefused {}

/// Why a stream cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no such connection, or it is over.
    Closed,
    /// The peer is not authenticated yet.
    NotConnected,
    /// [`Limits::streams`](super::Limits::streams) is reached, or every data-channel id of our parity
    /// is in use.
    TooManyStreams,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the connection is closed",
            Self::NotConnected => "the connection is not authenticated yet",
            Self::TooManyStreams => "the limit on streams is reached",
        })
    }
}

impl Error for OpenError {}

/// Why nothing can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteError {
    /// We have finished the write half ourselves.
    Finished,
    /// The peer asked us to stop (STOP_SENDING).
    Stopped,
    /// The stream was reset, or is gone with its connection.
    Reset,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Finished => "the write half is finished",
            Self::Stopped => "the peer stopped reading",
            Self::Reset => "the stream was reset",
        })
    }
}

impl Error for WriteError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_a_name_and_a_place() {
        for (place, step) in Step::ALL.iter().enumerate() {
            assert_eq!(*step as usize, place, "Timeline relies on it");
            assert_eq!(step.name().parse(), Ok(*step));
        }
        assert_eq!("ice".parse::<Step>(), Err(UnknownStep));
    }
}
