//! The engine's words: which side it is, and what it says happened.
//!
//! A leaf, so that the parts can say these words without knowing the engine that is made of them.

use core::net::SocketAddr;
use std::boxed::Box;

use crate::fingerprint::Fingerprint;
use crate::rtc::error::Step;
use crate::rtc::keylog::KeyLogLine;

/// Which side of DTLS, and so which parity of channel ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Dialed. Opens even channels.
    Client,
    /// Was dialed. Opens odd channels.
    Server,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// DTLS is up, and the peer's certificate is one that was expected.
    Secured {
        /// The peer's certificate.
        remote: Fingerprint,
        /// Whether version 1.2 is spoken, not 1.3.
        dtls12: bool,
        /// Whether the peer is webrtc-rs, by the look of its certificate.
        webrtc_rs: bool,
    },
    /// The peer showed another certificate than was promised. It was told nothing more.
    WrongCerthash {
        /// The first that was promised.
        expected: Fingerprint,
        /// What it showed.
        actual: Fingerprint,
    },
    /// SCTP is up, and channel 0 with it.
    ///
    /// If we were its server under DTLS 1.2, what we send at once arrives in one burst with the
    /// COOKIE-ACK, before the peer's application has made channel 0; webrtc-rs then loses it. Let a
    /// round trip pass, and no less than 20 ms.
    Associated {
        /// The association was made by the peer's INIT.
        as_server: bool,
        /// As in `Secured`.
        dtls12: bool,
    },
    /// The peer opened a channel.
    ChannelOpened {
        /// Which.
        channel: u16,
        /// The beginning of its label, mostly empty; `init` marks the channel that /webrtc begins with.
        label: Box<[u8]>,
    },
    /// The peer has closed its side of a channel, and all that it sent was received; our side is being
    /// closed in answer.
    ChannelClosed(u16),
    /// Both sides of a channel are closed: whoever opened it may use its id again.
    ChannelFree(u16),
    /// A secured peer is at another address now.
    Moved(SocketAddr),
    /// The peer closed the connection: close_notify, ABORT or SHUTDOWN.
    Closed,
    /// A secret of the DTLS session, if they are wanted.
    Key(KeyLogLine),
    /// The connection cannot go on.
    Failed {
        /// Where.
        step: Step,
        /// Why.
        cause: &'static str,
    },
}
