//! Why text is no candidate that can be used.

use core::error::Error;
use core::fmt;

use crate::ice::TextError;

/// Why text is no [`Candidate`](super::Candidate). The text is to be passed over, and nothing ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CandidateError {
    /// Longer than [`LEN_MAX`](super::Candidate::LEN_MAX).
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// It is not of the form `candidate:… typ …`, or has control characters in it.
    Malformed,
    /// Its foundation is none.
    Foundation,
    /// Its component is not a number from 1 to 256.
    Component,
    /// Neither UDP nor TCP.
    Transport,
    /// Its priority is no number of 32 bits.
    Priority,
    /// Its address is neither one of IP nor a name.
    Address,
    /// Its port is not a number from 1 to 65535.
    Port,
    /// A type that is not known.
    Kind,
    /// The user name fragment that it belongs to is none.
    Ufrag(TextError),
}

impl fmt::Display for CandidateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong { len } => {
                let max = super::Candidate::LEN_MAX;
                return write!(f, "the candidate has {len} bytes, the limit is {max}");
            }
            Self::Malformed => "the text is no candidate",
            Self::Foundation => "the candidate's foundation is not 1 to 32 ice-chars",
            Self::Component => "the candidate's component is not 1 to 256",
            Self::Transport => "the candidate's transport is neither UDP nor TCP",
            Self::Priority => "the candidate's priority is no number of 32 bits",
            Self::Address => "the candidate's address is neither one of IP nor a name",
            Self::Port => "the candidate's port is not 1 to 65535",
            Self::Kind => "the candidate's type is not known",
            Self::Ufrag(_) => "the candidate's ufrag is invalid",
        })
    }
}

impl Error for CandidateError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Ufrag(error) => Some(error),
            _ => None,
        }
    }
}
