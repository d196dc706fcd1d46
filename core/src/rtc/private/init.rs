//! The channel `init`, with which a private connection begins.
//!
//! Without a channel an offer would have no section that ICE and DTLS could be set up for, so the offerer opens one
//! before all others, closes it when it is there, and takes its closing by the peer for the end of the set-up. It is
//! no stream: nothing is read from it, and the application never hears of it.
//!
//! Obeys: libp2p webrtc, "Signaling Protocol" step 2.

/// Where the channel is in its short life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::rtc) enum Init {
    /// There was none yet.
    #[default]
    Awaited,
    /// It is there, or being closed.
    Open(u16),
    /// It is closed by the peer, and so by both.
    Closed,
}

/// Its label.
pub(in crate::rtc) const INIT_LABEL: &[u8] = b"init";

impl Init {
    /// The peer has opened a channel; says whether it is this one. There is no second one, and none of that label is
    /// a stream of libp2p's before.
    pub(in crate::rtc) fn on_opened(&mut self, channel: u16, label: &[u8]) -> bool {
        let is_init = *self == Self::Awaited && label == INIT_LABEL;
        if is_init {
            *self = Self::Open(channel);
        }
        is_init
    }

    /// The peer has closed it.
    pub(in crate::rtc) fn on_closed(&mut self) {
        *self = Self::Closed;
    }

    /// Whether a channel is this one.
    pub(in crate::rtc) fn is(self, channel: u16) -> bool {
        self == Self::Open(channel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one() {
        let mut init = Init::default();
        assert!(!init.on_opened(3, b""));
        assert!(init.on_opened(1, b"init"));
        assert!(init.is(1) && !init.is(3));
        assert!(!init.on_opened(5, b"init"), "a second one is a stream");
        assert!(init.is(1));
        init.on_closed();
        assert!(!init.is(1) && !init.on_opened(7, b"init"));
    }
}
