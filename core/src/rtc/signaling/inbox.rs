//! Bytes of the stream on their way to messages.

use std::vec::Vec;

use crate::sdp::SessionDescription;
use crate::signaling::{Message, SignalingError};

/// What has come and was not read yet: less than one message, between calls.
#[derive(Clone, Debug, Default)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
    /// How many of them were read already.
    read: usize,
}

impl Inbox {
    /// The longest message, in bytes, without its length. A description of the greatest length, the few bytes
    /// around it, and room for members that are not known: of known peers, none sends a tenth of that.
    pub(super) const BODY_LEN_MAX: usize = SessionDescription::LEN_MAX + 1024;

    /// Takes as many of `bytes` as there is room for, and returns the rest.
    pub(super) fn fill<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let room = Self::LEN_MAX - self.bytes.len();
        let (taken, rest) = bytes.split_at(room.min(bytes.len()));
        self.bytes.extend_from_slice(taken);
        rest
    }

    /// The next message, once it is there as a whole.
    pub(super) fn next(&mut self) -> Result<Option<Message<'_>>, SignalingError> {
        match Message::read(&self.bytes[self.read..], Self::BODY_LEN_MAX)? {
            Some((message, len)) => {
                self.read += len;
                Ok(Some(message))
            }
            None => Ok(None),
        }
    }

    /// Makes room: what was read is kept no longer.
    pub(super) fn forget_read(&mut self) {
        self.bytes.drain(..self.read);
        self.read = 0;
    }

    /// One message of the greatest length, whose length takes three bytes: a full inbox has a message in it.
    const LEN_MAX: usize = Self::BODY_LEN_MAX + 3;
}

#[cfg(test)]
mod tests {
    use std::{string::String, vec};

    use super::*;
    use crate::signaling::Kind;
    use crate::wire::varint_len;

    #[test]
    fn the_longest_message_fits_and_a_longer_one_is_refused() {
        assert_eq!(varint_len(Inbox::BODY_LEN_MAX as u64), 3);
        // Two bytes of kind, four of tag and length.
        for (data_len, fits) in [(Inbox::BODY_LEN_MAX - 6, true), (Inbox::BODY_LEN_MAX - 5, false)]
        {
            let data = "x".repeat(data_len);
            let message = Message::new(Kind::SdpOffer, &data);
            let mut wire = vec![0; message.encoded_len()];
            message.encode(&mut wire).unwrap();
            let mut inbox = Inbox::default();
            assert!(inbox.fill(&wire).is_empty() == fits);
            assert_eq!(inbox.next().is_ok_and(|read| read == Some(message)), fits);
        }
    }

    #[test]
    fn a_crowd_is_read_in_rounds() {
        let wire = b"\x05\x08\x02\x12\x01x".repeat(10_000);
        let (mut inbox, mut rest, mut read) = (Inbox::default(), &wire[..], String::new());
        while !rest.is_empty() {
            rest = inbox.fill(rest);
            while let Some(message) = inbox.next().unwrap() {
                read.push_str(message.data);
            }
            inbox.forget_read();
            assert!(inbox.bytes.len() < 6, "less than a message");
        }
        assert_eq!(read, "x".repeat(10_000));
    }
}
