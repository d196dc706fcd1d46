//! The records of a datagram, one by one.
//!
//! The library takes a datagram for what its first record is: if that is one of a flight that it knows
//! already, it throws the others away, and with them what was missing. Record by record it throws away only
//! what it has. What cannot be told apart goes on as it is, and is the library's to refuse.
//!
//! Obeys: RFC 6347 §4.1, RFC 9147 §4.

/// Takes a datagram apart; all of its bytes come out again, in order. Behind so many records as an honest
/// datagram has, the others stay together: each takes a place in the library's queue.
pub(super) fn records(datagram: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut rest, mut left) = (datagram, RECORDS_MAX);
    core::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        left -= 1;
        let len = record_len(rest).filter(|len| left > 0 && *len <= rest.len());
        let len = len.unwrap_or(rest.len());
        let (record, after) = rest.split_at(len);
        rest = after;
        Some(record)
    })
}

/// Length of the first record with its header.
fn record_len(bytes: &[u8]) -> Option<usize> {
    let first = *bytes.first()?;
    let length_at = match first & UNIFIED_MASK {
        // Without a length the record is the last one of its datagram. A connection id has a length that
        // only its session knows, and we ask for none.
        UNIFIED if first & HAS_LENGTH == 0 || first & HAS_CID != 0 => return None,
        UNIFIED if first & LONG_NUMBER != 0 => 3,
        UNIFIED => 2,
        _ => PLAIN_LENGTH_AT,
    };
    let length = bytes.get(length_at..)?.first_chunk()?;
    Some(length_at + 2 + usize::from(u16::from_be_bytes(*length)))
}

/// A server's flight has six or seven.
const RECORDS_MAX: usize = 16;
/// Of the first byte: a header of DTLS 1.3 that is encrypted.
const UNIFIED_MASK: u8 = 0b1110_0000;
const UNIFIED: u8 = 0b0010_0000;
const HAS_CID: u8 = 0b0001_0000;
const LONG_NUMBER: u8 = 0b0000_1000;
const HAS_LENGTH: u8 = 0b0000_0100;
/// Behind type, version, epoch and sequence number.
const PLAIN_LENGTH_AT: usize = 11;

#[cfg(test)]
mod tests {
    use std::vec;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn a_datagram_comes_apart_at_its_records() {
        let plain = [&[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2][..], b"ab"].concat();
        let long = vec![0x2e, 1, 2, 0, 3, 7, 7, 7];
        let short = vec![0x26, 1, 0, 1, 7];
        let endless = vec![0x2a, 1, 2, 7, 7, 7, 7];
        let all = [&plain[..], &long, &short, &plain, &endless].concat();
        assert_eq!(
            records(&all).collect::<Vec<_>>(),
            [&plain[..], &long, &short, &plain, &endless]
        );
        for len in 0..all.len() {
            assert_eq!(records(&all[..len]).collect::<Vec<_>>().concat(), all[..len]);
        }
        let many = short.repeat(100);
        assert_eq!(records(&many).count(), RECORDS_MAX);
        assert_eq!(records(&many).collect::<Vec<_>>().concat(), many);
    }
}
