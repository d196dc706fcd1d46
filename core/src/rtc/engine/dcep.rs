//! RFC 8832, the data channel establishment protocol: OPEN and ACK, as bytes.
//!
//! Channels of libp2p are reliable, ordered and without label or protocol (libp2p webrtc §Multiplexing),
//! so that is all that is ever written, but for the one that private connections begin with. What peers write is taken as it comes: litep2p asks for
//! unordered channels, others fill in labels; how *we* send is our own choice (RFC 8832 §6).

use std::boxed::Box;

/// A message of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Dcep {
    /// DATA_CHANNEL_OPEN, §5.1.
    Open {
        /// The first [`LABEL_MAX`] bytes of its label; usually none.
        label: Box<[u8]>,
    },
    /// DATA_CHANNEL_ACK, §5.2.
    Ack,
}

impl Dcep {
    /// Parses a message; `None` if it is not one, or if its lengths are wrong.
    pub(super) fn parse(message: &[u8]) -> Option<Self> {
        match *message.first()? {
            TYPE_ACK => Some(Self::Ack),
            TYPE_OPEN => {
                let header = message.get(..OPEN.len())?;
                let label_len = usize::from(u16::from_be_bytes([header[8], header[9]]));
                let protocol_len = usize::from(u16::from_be_bytes([header[10], header[11]]));
                let texts = &message[OPEN.len()..];
                if texts.len() != label_len + protocol_len {
                    return None;
                }
                Some(Self::Open { label: texts[..label_len.min(LABEL_MAX)].into() })
            }
            _ => None,
        }
    }
}

/// The longest label that is looked at: longer ones are cut, so that they cost nothing.
pub(super) const LABEL_MAX: usize = 64;
/// The OPEN that we send: reliable and ordered, no priority, no label, no protocol.
pub(super) const OPEN: [u8; 12] = [TYPE_OPEN, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/// The same, labelled `init`.
pub(super) const OPEN_INIT: [u8; 16] =
    [TYPE_OPEN, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, b'i', b'n', b'i', b't'];
/// The ACK that we send.
pub(super) const ACK: [u8; 1] = [TYPE_ACK];

const TYPE_ACK: u8 = 0x02;
const TYPE_OPEN: u8 = 0x03;

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn open(label: &[u8]) -> Option<Dcep> {
        Some(Dcep::Open { label: label.into() })
    }

    fn bytes(hex: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap()
    }

    #[test]
    fn what_peers_write_is_understood() {
        assert_eq!(OPEN.as_slice(), bytes("030000000000000000000000"));
        assert_eq!(ACK.as_slice(), bytes("02"));
        assert_eq!(Dcep::parse(&OPEN), open(b""));
        assert_eq!(Dcep::parse(&OPEN_INIT), open(b"init"));
        assert_eq!(Dcep::parse(&ACK), Some(Dcep::Ack));
        // pion gives a priority, js a label, litep2p a protocol on an unordered channel.
        assert_eq!(Dcep::parse(&bytes("030001000000000000000000")), open(b""));
        assert_eq!(Dcep::parse(&bytes("030000000000000000040000696e6974")), open(b"init"));
        let mut litep2p = bytes("038000000000000000000010");
        litep2p.extend_from_slice(b"/ipfs/ping/1.0.0");
        assert_eq!(Dcep::parse(&litep2p), open(b""));
    }

    #[test]
    fn nonsense_is_not() {
        let mut long = bytes("030000000000000000ff0001");
        long.resize(12 + 0xff + 1, b'x');
        assert_eq!(Dcep::parse(&long), open(&[b'x'; LABEL_MAX]));
        for len in 0..long.len() {
            assert_eq!(Dcep::parse(&long[..len]), None, "{len}");
        }
        long.push(0);
        assert_eq!(Dcep::parse(&long), None);
        assert_eq!(Dcep::parse(&[0x01]), None);
    }
}
