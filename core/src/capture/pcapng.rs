//! Blocks of a pcapng file: the few kinds that a capture of ours has.
//!
//! A file is one section with one interface whose packets begin with their IP header. Everything is
//! little-endian, which the section's first bytes say. Blocks are appended to a buffer and never read.
//!
//! Obeys: draft-ietf-opsawg-pcapng §4.1 (section), §4.2 (interface), §4.3 (packet), §4.7 (decryption
//! secrets).

use core::time::Duration;
use std::vec::Vec;

/// What a file begins with.
pub(super) fn write_start(out: &mut Vec<u8>) {
    block(out, SECTION_HEADER, |out| {
        out.extend(0x1a2b_3c4d_u32.to_le_bytes());
        out.extend(1_u16.to_le_bytes());
        out.extend(0_u16.to_le_bytes());
        out.extend((-1_i64).to_le_bytes()); // The section's length, not known.
        option(out, 4, concat!("floe ", env!("CARGO_PKG_VERSION")).as_bytes()); // shb_userappl
        option(out, 0, &[]);
    });
    block(out, INTERFACE, |out| {
        out.extend(LINKTYPE_RAW.to_le_bytes());
        out.extend(0_u16.to_le_bytes());
        out.extend(0_u32.to_le_bytes()); // Packets are not cut off.
        option(out, 9, &[9]); // if_tsresol: nanoseconds.
        option(out, 0, &[]);
    });
}

/// A packet, seen so long after 1970, which `write` appends.
pub(super) fn write_packet(
    out: &mut Vec<u8>,
    unix: Duration,
    outbound: bool,
    write: impl FnOnce(&mut Vec<u8>),
) {
    // Until the year 2554.
    let nanos = u64::try_from(unix.as_nanos()).unwrap_or(u64::MAX);
    block(out, PACKET, |out| {
        out.extend(0_u32.to_le_bytes()); // The only interface.
        out.extend(((nanos >> 32) as u32).to_le_bytes());
        out.extend((nanos as u32).to_le_bytes());
        let lens = out.len();
        out.extend([0; 8]);
        write(out);
        let len = (out.len() - lens - 8) as u32;
        out[lens..lens + 4].copy_from_slice(&len.to_le_bytes());
        out[lens + 4..lens + 8].copy_from_slice(&len.to_le_bytes());
        pad(out, lens);
        let direction: u32 = if outbound { 2 } else { 1 };
        option(out, 2, &direction.to_le_bytes()); // epb_flags
        option(out, 0, &[]);
    });
}

/// Lines of a key log, for the packets that follow.
pub(super) fn write_secrets(out: &mut Vec<u8>, lines: &str) {
    block(out, SECRETS, |out| {
        out.extend(TLS_KEY_LOG.to_le_bytes());
        out.extend((lines.len() as u32).to_le_bytes());
        let start = out.len();
        out.extend(lines.as_bytes());
        pad(out, start);
    });
}

fn block(out: &mut Vec<u8>, kind: u32, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend(kind.to_le_bytes());
    out.extend([0; 4]);
    write(out);
    // The length stands at both ends, so that readers can go back.
    let len = (out.len() + 4 - start) as u32;
    out[start + 4..start + 8].copy_from_slice(&len.to_le_bytes());
    out.extend(len.to_le_bytes());
}

fn option(out: &mut Vec<u8>, code: u16, value: &[u8]) {
    out.extend(code.to_le_bytes());
    out.extend((value.len() as u16).to_le_bytes());
    let start = out.len();
    out.extend(value);
    pad(out, start);
}

/// Fills what was written since `start` up to 32 bits.
fn pad(out: &mut Vec<u8>, start: usize) {
    out.resize(start + (out.len() - start).next_multiple_of(4), 0);
}

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const PACKET: u32 = 6;
const SECRETS: u32 = 10;
/// Packets begin with an IPv4 or IPv6 header.
const LINKTYPE_RAW: u16 = 101;
/// "TLSK".
const TLS_KEY_LOG: u32 = 0x544c_534b;

#[cfg(test)]
mod tests {
    use super::*;

    fn u32_at(bytes: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
    }

    #[test]
    fn blocks_follow_each_other_and_are_whole() {
        let mut out = Vec::new();
        write_start(&mut out);
        for len in 0..9 {
            let unix = Duration::from_nanos(0x0102_0304_0506_0708);
            write_packet(&mut out, unix, len % 2 == 0, |out| out.extend(&[7; 9][..len]));
            write_secrets(&mut out, &"x".repeat(len));
        }
        let (mut at, mut kinds) = (0, Vec::new());
        while at < out.len() {
            let len = u32_at(&out, at + 4) as usize;
            assert_eq!(len % 4, 0);
            assert_eq!(u32_at(&out, at + len - 4) as usize, len);
            kinds.push(u32_at(&out, at));
            at += len;
        }
        assert_eq!(at, out.len());
        assert_eq!(kinds[..4], [SECTION_HEADER, INTERFACE, PACKET, SECRETS]);
        assert_eq!(kinds.len(), 20);
    }

    #[test]
    fn a_packet_has_its_time_its_length_and_its_direction() {
        let mut out = Vec::new();
        let unix = Duration::from_nanos(0x0102_0304_0506_0708);
        write_packet(&mut out, unix, true, |out| out.extend(b"abcde"));
        let expected = [6, 52, 0, 0x0102_0304, 0x0506_0708, 5, 5];
        for (index, word) in expected.into_iter().enumerate() {
            assert_eq!(u32_at(&out, index * 4), word, "word {index}");
        }
        assert_eq!(out[28..36], *b"abcde\0\0\0");
        assert_eq!(out[36..44], [2, 0, 4, 0, 2, 0, 0, 0]);
    }
}
