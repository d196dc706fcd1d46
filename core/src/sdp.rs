//! Session descriptions of private `/webrtc`: what two nodes tell each other of a connection of data channels.
//!
//! Both sides send one as text in a [signaling](crate::signaling) message, an offer and its answer, and their
//! ICE candidates after it, each in a message of its own. An SDP has room for anything; a connection of data
//! channels needs seven values, and they are what a [`SessionDescription`] holds. Its [`credentials`] are those
//! that webrtc-direct infers from a first check instead.
//!
//! The text is a stranger's. It may be long or crooked, but nothing is kept of it that was not checked, so that
//! what is written again, or handed to ICE and DTLS, can smuggle no line and no attribute. What is not needed is
//! passed over: browsers differ in it. A description with anything else than one section of data channels is
//! refused, as an answer to it would have to speak of sections that floe does not know.
//!
//! Obeys RFC 8866 (lines), RFC 8839 (ICE), RFC 8841 (SCTP), RFC 8842 and 8122 (DTLS), RFC 8829 (JSEP).
//!
//! ```
//! use floe_core::fingerprint::Fingerprint;
//! use floe_core::ice::{Password, Secrets, Ufrag};
//! use floe_core::sdp::{SessionDescription, Setup};
//!
//! let credentials = Secrets {
//!     ufrag: Ufrag::new(b"wxYZ")?,
//!     password: Password::new(b"clientPassword1234567890")?,
//! };
//! let fingerprint = Fingerprint::from_bytes([7; 32]);
//! let offer = SessionDescription::new(credentials, fingerprint, Setup::ActPass);
//! let text = offer.to_string();
//! assert!(text.starts_with("v=0\r\n"));
//! assert_eq!(SessionDescription::parse(&text)?, offer);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`credentials`]: SessionDescription::credentials

mod candidate;
mod candidates;
mod error;
mod parse;

use core::fmt;

pub use candidate::{
    Address, Candidate, CandidateError, CandidateKind, Foundation, HostName, TcpType, Transport,
};
pub use candidates::Candidates;
pub use error::{Attribute, SdpError};

use crate::fingerprint::Fingerprint;
use crate::ice::Secrets;

/// What an offer or an answer says of its sender.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionDescription<'a> {
    /// ICE user name fragment and password.
    pub credentials: Secrets<'a>,
    /// The sender's DTLS certificate. Nothing else proves who a peer of `/webrtc` is, so DTLS must insist on it.
    pub fingerprint: Fingerprint,
    /// Who begins DTLS.
    pub setup: Setup,
    /// The name of the section, which an answer repeats.
    pub mid: Option<Mid<'a>>,
    /// SCTP port, not zero.
    pub sctp_port: u16,
    /// The longest message that the sender takes, in bytes; zero if any.
    pub max_message_size: u64,
    /// Whether the sender's ICE only answers checks.
    pub is_ice_lite: bool,
    /// The candidates that stand in the description. With trickle ICE, mostly none.
    pub candidates: Candidates<'a>,
    /// No candidates follow those that stand here.
    pub is_end_of_candidates: bool,
}

impl<'a> SessionDescription<'a> {
    /// The longest text that is read, in bytes. Chromium writes some 500, and 130 for each candidate.
    pub const LEN_MAX: usize = 16 * 1024;
    /// What a description without `sctp-port` means: 5000, as everybody writes.
    pub const SCTP_PORT: u16 = 5000;
    /// What a description without `max-message-size` means, in bytes (RFC 8841 §6).
    pub const MAX_MESSAGE_SIZE_DEFAULT: u64 = 64 * 1024;
    /// The `max-message-size` of nodes of libp2p, in bytes (libp2p webrtc-direct).
    pub const MAX_MESSAGE_SIZE: u64 = 16 * 1024;

    /// A description with libp2p's values for all that is not asked for, and no candidates yet.
    pub const fn new(credentials: Secrets<'a>, fingerprint: Fingerprint, setup: Setup) -> Self {
        Self {
            credentials,
            fingerprint,
            setup,
            mid: Some(Mid("0")),
            sctp_port: Self::SCTP_PORT,
            max_message_size: Self::MAX_MESSAGE_SIZE,
            is_ice_lite: false,
            candidates: Candidates::NONE,
            is_end_of_candidates: false,
        }
    }
}

/// The text, each line ended by CR and LF.
impl fmt::Display for SessionDescription<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without renegotiation nobody looks at the numbers and the address in `o=`.
        f.write_str("v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n")?;
        if let Some(mid) = self.mid {
            write!(f, "a=group:BUNDLE {}\r\n", mid.as_str())?;
        }
        if self.is_ice_lite {
            f.write_str("a=ice-lite\r\n")?;
        }
        // Port 9 and no address: where the peer is, the candidates say (RFC 8840 §4.1.1).
        f.write_str("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n")?;
        if let Some(mid) = self.mid {
            write!(f, "a=mid:{}\r\n", mid.as_str())?;
        }
        f.write_str("a=ice-options:trickle\r\n")?;
        write!(f, "a=ice-ufrag:{}\r\n", self.credentials.ufrag.as_str())?;
        write!(f, "a=ice-pwd:{}\r\n", self.credentials.password.as_str())?;
        write!(f, "a=fingerprint:sha-256 {}\r\n", self.fingerprint.sdp())?;
        write!(f, "a=setup:{}\r\n", self.setup)?;
        write!(f, "a=sctp-port:{}\r\n", self.sctp_port)?;
        write!(f, "a=max-message-size:{}\r\n", self.max_message_size)?;
        for candidate in self.candidates.iter() {
            write!(f, "a={candidate}\r\n")?;
        }
        if self.is_end_of_candidates {
            f.write_str("a=end-of-candidates\r\n")?;
        }
        Ok(())
    }
}

/// Who begins DTLS (RFC 4145 §4, RFC 8842 §5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Setup {
    /// Either: the answer decides. What an offer says, and no answer may.
    ActPass,
    /// The sender begins: it is the DTLS client.
    Active,
    /// The sender waits: it is the DTLS server.
    Passive,
}

impl Setup {
    /// What an answer to an offer with this value says. The answerer begins if it may, as it is ready
    /// first (RFC 8842 §5.3).
    pub const fn answer(self) -> Self {
        match self {
            Self::ActPass | Self::Passive => Self::Active,
            Self::Active => Self::Passive,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::ActPass => "actpass",
            Self::Active => "active",
            Self::Passive => "passive",
        }
    }
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name of a section (RFC 5888 §4): a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mid<'a>(&'a str);

impl<'a> Mid<'a> {
    /// Longest name in bytes. Browsers count from 0; RFC 8843 §16.2 wants three at most.
    pub const LEN_MAX: usize = 64;

    /// Checks `text`; `None` if it is no token of 1 to [`LEN_MAX`](Self::LEN_MAX) bytes.
    pub fn new(text: &'a str) -> Option<Self> {
        // RFC 8866 §9, token-char.
        let is_token = |byte: u8| byte.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]".contains(&byte);
        let fits = (1..=Self::LEN_MAX).contains(&text.len());
        (fits && text.bytes().all(is_token)).then_some(Self(text))
    }

    /// The text.
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

#[cfg(test)]
mod tests;
