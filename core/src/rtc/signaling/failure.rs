//! Why signaling comes to nothing.

use core::error::Error;
use core::fmt;

use crate::sdp::{SdpError, Setup};
use crate::signaling::{Kind, SignalingError};

/// Why an attempt to connect is over without a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The stream ended before the peer's description came.
    Ended,
    /// The stream was reset before the peer's description came.
    Reset,
    /// Something else came where the peer's description was to come.
    Unexpected(Kind),
    /// What came where the peer's description was to come is no message.
    Message(SignalingError),
    /// The peer's description is none of data channels.
    Description(SdpError),
    /// The peer's answer leaves nobody, or both, to begin DTLS.
    Setup {
        /// What our offer said.
        offered: Setup,
        /// What the answer says.
        answered: Setup,
    },
    /// The peer's description did not come in time.
    NoDescription,
    /// The descriptions are exchanged, but the connection was not up in time.
    NotConnected,
    /// The caller gave up.
    Abandoned,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended => f.write_str("signaling ended before the peer described itself"),
            Self::Reset => f.write_str("signaling was reset before the peer described itself"),
            Self::Unexpected(kind) => {
                write!(f, "the peer sent {kind:?} where its description was to come")
            }
            Self::Message(_) => f.write_str("the peer's signaling cannot be read"),
            Self::Description(_) => f.write_str("the peer's description cannot be used"),
            Self::Setup { offered, answered } => {
                write!(f, "the peer answered setup:{answered} to setup:{offered}")
            }
            Self::NoDescription => f.write_str("the peer did not describe itself in time"),
            Self::NotConnected => f.write_str("the connection was not up in time"),
            Self::Abandoned => f.write_str("the attempt was given up"),
        }
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Message(error) => Some(error),
            Self::Description(error) => Some(error),
            _ => None,
        }
    }
}
