//! What the handles' futures and streams say when something is over.
//!
//! A stream speaks `std::io`: the kind says what the application can do about it, the source inside is
//! the typed cause ([`StreamEnd`] or [`WriteError`]), to be had with `io::Error::get_ref` and a
//! downcast.

use core::convert::Infallible;
use core::error::Error;
use core::fmt;
use std::borrow::Cow;
use std::io;
use std::string::ToString;
use std::sync::Arc;

use crate::rtc::error::{self, ConnectionEnd, Step, StreamEnd, WriteError};
use crate::rtc::output::Timeline;

/// Why a dial did not lead to a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DialError {
    /// It could not even be started.
    Refused(error::DialRefused),
    /// It was started and ended.
    Failed {
        /// What ended it; [`ConnectionEnd::step`] says at which step.
        end: ConnectionEnd,
        /// The steps that were done, and when.
        timeline: Timeline,
    },
    /// The endpoint is closed.
    EndpointClosed,
    /// The endpoint's socket failed for good, before or during the dial.
    SocketFailed {
        /// What the system said of it, in words.
        cause: Cow<'static, str>,
    },
    /// The endpoint's driver was dropped, before or during the dial, and the endpoint was not closed:
    /// as happens to tasks when their runtime is shut down.
    DriverDropped,
}

/// Why there is no driver any more.
#[derive(Clone, Debug)]
pub(super) enum Ending {
    /// Handles wished so.
    Closed,
    /// The main socket failed for good.
    SocketFailed(Arc<io::Error>),
    /// It was dropped.
    DriverDropped,
}

impl DialError {
    /// The step that failed, if it was the dial that failed and not its endpoint.
    pub const fn step(&self) -> Option<Step> {
        match self {
            Self::Failed { end, .. } => end.step(),
            _ => None,
        }
    }

    /// The steps that were done, and when, if it was started and its endpoint lived.
    pub const fn timeline(&self) -> Option<&Timeline> {
        match self {
            Self::Failed { timeline, .. } => Some(timeline),
            _ => None,
        }
    }

    /// What ended the connection, if there was one already.
    pub(super) fn connection_end(&self) -> ConnectionEnd {
        match self {
            Self::Failed { end, .. } => end.clone(),
            Self::SocketFailed { cause } => ConnectionEnd::SocketFailed { cause: cause.clone() },
            Self::DriverDropped => ConnectionEnd::DriverDropped,
            Self::Refused(_) | Self::EndpointClosed => ConnectionEnd::ClosedLocally,
        }
    }
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(_) => f.write_str("the dial cannot be started"),
            Self::Failed { .. } => f.write_str("the dial failed"),
            Self::EndpointClosed => f.write_str("the endpoint is closed"),
            Self::SocketFailed { .. } | Self::DriverDropped => self.connection_end().fmt(f),
        }
    }
}

impl Error for DialError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Refused(cause) => Some(cause),
            Self::Failed { end, .. } => Some(end),
            Self::EndpointClosed | Self::SocketFailed { .. } | Self::DriverDropped => None,
        }
    }
}

impl From<error::DialRefused> for DialError {
    fn from(cause: error::DialRefused) -> Self {
        Self::Refused(cause)
    }
}

impl From<&Ending> for DialError {
    fn from(ending: &Ending) -> Self {
        match ending {
            Ending::Closed => Self::EndpointClosed,
            Ending::SocketFailed(error) => Self::SocketFailed { cause: error.to_string().into() },
            Ending::DriverDropped => Self::DriverDropped,
        }
    }
}

/// A [`Target`](crate::rtc::endpoint::Target) can be dialed as it is.
impl From<Infallible> for DialError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// The error of a read from a stream that was reset. Pipes wait until its end is known; a stream without
/// one would have been reset by the peer, as what this side does is known at once.
pub(super) fn read_error(end: Option<StreamEnd>) -> io::Error {
    let end = end.unwrap_or(StreamEnd::ResetByPeer);
    io::Error::new(kind(end), end)
}

/// The error of a write.
pub(super) fn write_error(error: WriteError, end: Option<StreamEnd>) -> io::Error {
    match (error, end) {
        (WriteError::Reset, end) => read_error(end),
        (WriteError::Finished | WriteError::Stopped, _) => {
            io::Error::new(io::ErrorKind::BrokenPipe, error)
        }
    }
}

const fn kind(end: StreamEnd) -> io::ErrorKind {
    match end {
        StreamEnd::ResetByPeer => io::ErrorKind::ConnectionReset,
        StreamEnd::Violation => io::ErrorKind::InvalidData,
        StreamEnd::Finished | StreamEnd::ResetLocally | StreamEnd::ConnectionClosed => {
            io::ErrorKind::ConnectionAborted
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_typed_cause_is_inside() {
        let error = read_error(Some(StreamEnd::ConnectionClosed));
        assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<StreamEnd>());
        assert_eq!(cause, Some(&StreamEnd::ConnectionClosed));

        let error = write_error(WriteError::Stopped, None);
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<WriteError>());
        assert_eq!(cause, Some(&WriteError::Stopped));

        assert_eq!(write_error(WriteError::Reset, None).kind(), io::ErrorKind::ConnectionReset);
    }

    #[test]
    fn the_end_of_an_endpoint_has_the_same_words_for_dials_and_connections() {
        let failed = Ending::SocketFailed(Arc::new(io::ErrorKind::NotConnected.into()));
        for ending in [failed, Ending::DriverDropped] {
            let error = DialError::from(&ending);
            assert_eq!(error.to_string(), error.connection_end().to_string());
            assert_eq!((error.step(), error.timeline()), (None, None));
        }
        let closed = DialError::from(&Ending::Closed);
        assert_eq!(closed, DialError::EndpointClosed);
        assert_eq!(closed.connection_end(), ConnectionEnd::ClosedLocally);
    }

    #[test]
    fn a_failed_dial_says_where() {
        let end = ConnectionEnd::HandshakeTimeout(Step::Dtls);
        let error = DialError::Failed { end: end.clone(), timeline: Timeline::default() };
        assert_eq!(error.step(), Some(Step::Dtls));
        assert_eq!(error.source().unwrap().downcast_ref(), Some(&end));
    }
}
