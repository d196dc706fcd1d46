//! What INIT and INIT-ACK say of their sender, as the other side is to hear it.
//!
//! - *Partial reliability* (RFC 3758): data channels of libp2p have none, and a back end that could use it looks at
//!   all that is under way whenever it is polled. So neither side hears of it.
//! - *The window that a peer begins with* is what our congestion control takes for the end of its first growth
//!   (RFC 9260 §7.2.1 leaves that open): how long it may grow is the engine's to say. It is
//!   told of the true window by the first acknowledgement, and until then it sends four packets. What we tell is what there is, not what it may become.
//!
//! Obeys: RFC 9260 §3.3.2, RFC 5061 §4.2.7 (supported extensions).

use std::vec::Vec;

use super::packet;

/// An INIT or INIT-ACK of the peer's, for us: it has room for `window` bytes at least.
pub(super) fn heard(packet: &[u8], window: u32) -> Option<Vec<u8>> {
    mended(packet, |told| told.max(window))
}

/// One of our own, for the peer: we have room for `window` bytes at most.
pub(super) fn said(packet: &[u8], window: u32) -> Option<Vec<u8>> {
    mended(packet, |told| told.min(window))
}

/// `None` if it is another packet, or cut short.
fn mended(packet: &[u8], window: impl FnOnce(u32) -> u32) -> Option<Vec<u8>> {
    let (packet::INIT | packet::INIT_ACK) = packet::first_chunk(packet)? else { return None };
    let mut packet = packet.to_vec();
    let told: &mut [u8; 4] =
        packet.get_mut(WINDOW..WINDOW + 4)?.try_into().expect("it is four bytes");
    *told = window(u32::from_be_bytes(*told)).to_be_bytes();
    let mut at = PARAMETERS;
    while let Some(&[high, low, len_high, len_low]) = packet.get(at..at + 4) {
        let (kind, len) = ([high, low], usize::from(u16::from_be_bytes([len_high, len_low])));
        if kind == SUPPORTED_EXTENSIONS
            && let Some(kinds) = packet.get_mut(at + 4..at + len)
        {
            // That DATA is supported is no news.
            kinds
                .iter_mut()
                .filter(|kind| **kind == FORWARD_TSN)
                .for_each(|kind| *kind = packet::DATA);
        }
        at += len.max(4).next_multiple_of(4);
    }
    packet::seal(&mut packet);
    Some(packet)
}

/// Where things are in a packet that begins with INIT or INIT-ACK.
const WINDOW: usize = 12 + 8;
const PARAMETERS: usize = 12 + 20;
const SUPPORTED_EXTENSIONS: [u8; 2] = [0x80, 0x08];
/// A chunk type, RFC 3758 §3.2.
const FORWARD_TSN: u8 = 192;

#[cfg(test)]
mod tests {
    use super::*;

    fn init(extensions: &[u8], window: u32) -> Vec<u8> {
        let mut packet = Vec::from([0; 12]);
        packet.extend([packet::INIT, 0, 0, 0, 0, 0, 0, 7]);
        packet.extend(window.to_be_bytes());
        packet.extend([1, 0, 1, 0, 0, 0, 0, 9]);
        // Another parameter, of an odd length, then the extensions.
        packet.extend([0x80, 0x02, 0, 5, FORWARD_TSN, 0, 0, 0]);
        packet.extend(SUPPORTED_EXTENSIONS);
        packet.extend([0, 4 + extensions.len() as u8]);
        packet.extend(extensions);
        packet.resize(packet.len().next_multiple_of(4), 0);
        packet[15] = packet.len() as u8 - 12;
        packet::seal(&mut packet);
        packet
    }

    #[test]
    fn nobody_hears_of_partial_reliability() {
        let before = init(&[packet::RE_CONFIG, FORWARD_TSN, 131], 5);
        let after = init(&[packet::RE_CONFIG, packet::DATA, 131], 5);
        assert_eq!(said(&before, 6).as_deref(), Some(&after[..]));
        assert_eq!(said(&after, 6).as_deref(), Some(&after[..]));
        assert_eq!(heard(&before, 4), Some(after));
    }

    #[test]
    fn a_window_is_at_least_and_at_most() {
        let extensions = [packet::RE_CONFIG];
        assert_eq!(heard(&init(&extensions, 5), 6), Some(init(&extensions, 6)));
        assert_eq!(heard(&init(&extensions, 5), 4), Some(init(&extensions, 5)));
        assert_eq!(said(&init(&extensions, 5), 6), Some(init(&extensions, 5)));
        assert_eq!(said(&init(&extensions, 5), 4), Some(init(&extensions, 4)));
    }

    #[test]
    fn other_packets_and_lengths_that_lie_are_left_alone() {
        let mut data = init(&[FORWARD_TSN], 5);
        data[12] = packet::DATA;
        assert_eq!(said(&data, 5), None);
        for len in 0..44 {
            let short = &init(&[FORWARD_TSN], 5)[..len];
            assert_eq!(said(short, 5).is_some(), len >= 24, "{len}");
            let _ = heard(short, 6);
        }
        for len in [0, 3, 0xffff_u16] {
            let mut lying = init(&[FORWARD_TSN], 5);
            lying[42..44].copy_from_slice(&len.to_be_bytes());
            let mended = said(&lying, 5).unwrap();
            assert_eq!(mended[44], FORWARD_TSN, "{len}");
        }
    }
}
