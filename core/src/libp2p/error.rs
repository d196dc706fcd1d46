//! What goes wrong, as swarms tell it.

use core::error;
use core::fmt;
use std::boxed::Box;
use std::io;
use std::sync::Arc;

use crate::driver::DialError;
use crate::multiaddr::MultiaddrError;
use crate::rtc::ConfigError;
use crate::rtc::error::ConnectionEnd;
use crate::rtc::identity::PublicKeyError;

/// An error of the transport or of a connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// The system gave no socket.
    Bind(Arc<io::Error>),
    /// It is an address for this transport, but something is wrong in it.
    Address(MultiaddrError),
    /// An address to listen on has a certhash or a peer id that is not ours.
    NotOurs,
    /// A dial in the role of a listener, as for punching holes: neither transport knows such a thing.
    HolePunch,
    /// The dial did not lead to a connection.
    Dial(Box<DialError>),
    /// The connection is over.
    Closed(ConnectionEnd),
    /// The listener's endpoint ended by itself: its socket failed for good, as the cause says, or its
    /// runtime was shut down.
    Stopped(Option<Arc<io::Error>>),
    /// There is no relayed connection with the peer to signal over, or it went away.
    Circuit(Arc<io::Error>),
    /// The peer does not speak `/webrtc-signaling/0.0.1`, or listens on no private address.
    NoSignaling,
    /// The relay has made no reservation, or it is over; the cause, if it is known.
    Reservation(Option<Arc<io::Error>>),
    /// The [behaviour](super::private::Behaviour) that belongs to the transport is no part of the swarm.
    NoBehaviour,
    /// A private address was dialed by another transport, which has made something else of it: the
    /// [private](super::private) one must come before the relay's client.
    Swallowed,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bind(_) => "a socket cannot be bound",
            Self::Address(_) => "the address is malformed",
            Self::NotOurs => {
                "the address to listen on has the certhash or the peer id of somebody else"
            }
            Self::HolePunch => "WebRTC cannot be dialed in the role of a listener",
            Self::Dial(error) => return error.fmt(f),
            Self::Closed(end) => return end.fmt(f),
            Self::Stopped(_) => "the listener stopped by itself",
            Self::Circuit(_) => "there is no relayed connection with the peer to signal over",
            Self::NoSignaling => "the peer takes no private connections",
            Self::Reservation(_) => "there is no reservation at the relay",
            Self::NoBehaviour => "the behaviour of private connections is not in the swarm",
            Self::Swallowed => {
                "another transport has dialed a private address: the private one must come before it"
            }
        })
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Bind(error)
            | Self::Stopped(Some(error))
            | Self::Circuit(error)
            | Self::Reservation(Some(error)) => Some(&**error),
            Self::Address(error) => Some(error),
            // Their words are ours: what is beneath them comes next.
            Self::Dial(error) => error.source(),
            Self::Closed(end) => end.source(),
            Self::NotOurs
            | Self::HolePunch
            | Self::Stopped(None)
            | Self::NoSignaling
            | Self::Reservation(None)
            | Self::NoBehaviour
            | Self::Swallowed => None,
        }
    }
}

/// Why a transport cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SetupError {
    /// Peers could not verify what the key signs.
    Key(PublicKeyError),
    /// No certificate is given, and none can be derived from the key: RSA keys do not give what it takes.
    NoCertificate,
    /// The configuration cannot work.
    Config(ConfigError),
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key(_) => "the identity key cannot be used",
            Self::NoCertificate => {
                "no certificate can be derived from a key of this type: it must be given"
            }
            Self::Config(_) => "the configuration of the transport cannot work",
        })
    }
}

impl error::Error for SetupError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Key(error) => Some(error),
            Self::Config(error) => Some(error),
            Self::NoCertificate => None,
        }
    }
}
