//! Why text is no description that can be used.

use core::error::Error;
use core::fmt;

use crate::fingerprint::FingerprintError;
use crate::ice::TextError;

/// Why text is no [`SessionDescription`](super::SessionDescription).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SdpError {
    /// Longer than [`LEN_MAX`](super::SessionDescription::LEN_MAX).
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// It does not begin with `v=0`.
    Version,
    /// This line, counted from 1, is not of the form `x=…`, or has control characters in it.
    Line(usize),
    /// It has not one section but none, or several.
    Sections,
    /// Its section is not one of data channels over SCTP over DTLS.
    Media,
    /// Its section is refused: the port is zero (RFC 8829 §5.3.1).
    Rejected,
    /// There is no such attribute, and none can be assumed.
    Missing(Attribute),
    /// The attribute is there twice and says two things.
    Repeated(Attribute),
    /// The attribute's value is none.
    Invalid(Attribute),
    /// The ICE user name fragment is none.
    Ufrag(TextError),
    /// The ICE password is none.
    Password(TextError),
    /// The sha-256 fingerprint is none.
    Fingerprint(FingerprintError),
}

/// The attributes that a description needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Attribute {
    /// `a=ice-ufrag`
    IceUfrag,
    /// `a=ice-pwd`
    IcePwd,
    /// `a=fingerprint:sha-256`
    Fingerprint,
    /// `a=setup`
    Setup,
    /// `a=mid`
    Mid,
    /// `a=sctp-port`
    SctpPort,
    /// `a=max-message-size`
    MaxMessageSize,
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IceUfrag => "a=ice-ufrag",
            Self::IcePwd => "a=ice-pwd",
            Self::Fingerprint => "a=fingerprint:sha-256",
            Self::Setup => "a=setup",
            Self::Mid => "a=mid",
            Self::SctpPort => "a=sctp-port",
            Self::MaxMessageSize => "a=max-message-size",
        })
    }
}

impl fmt::Display for SdpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { len } => {
                let max = super::SessionDescription::LEN_MAX;
                write!(f, "the session description has {len} bytes, the limit is {max}")
            }
            Self::Version => f.write_str("the session description does not begin with v=0"),
            Self::Line(line) => write!(f, "line {line} of the session description is malformed"),
            Self::Sections => f.write_str("the session description has not exactly one section"),
            Self::Media => f.write_str("the session description is not of data channels"),
            Self::Rejected => f.write_str("the session description refuses its data channels"),
            Self::Missing(attribute) => write!(f, "the session description lacks {attribute}"),
            Self::Repeated(attribute) => {
                write!(f, "the session description says two things in {attribute}")
            }
            Self::Invalid(attribute) => write!(f, "the value of {attribute} is invalid"),
            Self::Ufrag(_) => write!(f, "the value of {} is invalid", Attribute::IceUfrag),
            Self::Password(_) => write!(f, "the value of {} is invalid", Attribute::IcePwd),
            Self::Fingerprint(_) => {
                write!(f, "the value of {} is invalid", Attribute::Fingerprint)
            }
        }
    }
}

impl Error for SdpError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Ufrag(error) | Self::Password(error) => Some(error),
            Self::Fingerprint(error) => Some(error),
            _ => None,
        }
    }
}
