//! Opens the peer's records once the handshake is done: those with data, which are nearly all of them.
//!
//! The library opens records too, but moves some hundred kilobytes for each, which was two thirds of what a
//! receiver had to do. So data is opened here, with the keys that [`Secrets`](super::secrets::Secrets) has
//! heard of; all else is left to the library, which stays the only one that sends. What this can not open it
//! does not judge, until it has opened something: then its keys are right, and what they do not fit is forged.
//!
//! It opens the records of AES-128-GCM, which all known peers choose, in the first epoch with data: of other
//! suites, and after a change of keys, the library opens all of them.
//!
//! Obeys: RFC 6347 §4.1, RFC 5288 §3 (DTLS 1.2); RFC 9147 §4 (DTLS 1.3); §4.1.2.6 and §4.5.1 on replays.

use core::ops::Range;
use std::boxed::Box;

use bytes::Bytes;
use ring::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};

use super::keys::{IV_LEN, Keys, SALT_LEN};
use super::replay::Replay;

/// Opens records with data.
pub(super) struct Opener {
    key: LessSafeKey,
    version: Version,
    replay: Replay,
    /// Something was opened, so the keys are right.
    is_proven: bool,
    /// Records that were opened.
    opened: u64,
}

enum Version {
    V12 { salt: [u8; SALT_LEN] },
    V13 { iv: [u8; IV_LEN], number_key: Box<aead::quic::HeaderProtectionKey> },
}

/// What a record is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opened {
    /// Data, authentic and new.
    Data(Bytes),
    /// A forgery, or a repetition.
    Nothing,
    /// The library's. If that finds data in it, it knows keys that are not ours.
    Foreign,
    /// Data that the library is to open as well, lest it loses count of the sequence numbers: there is only
    /// the end of them in the header.
    Counted,
}

/// Where the parts of a record are, and what they are sealed with.
struct Layout {
    number: u64,
    nonce: [u8; IV_LEN],
    /// Additional data, and how much of it there is.
    aad: [u8; AAD_LEN],
    aad_len: usize,
    sealed: Range<usize>,
}

impl Opener {
    pub(super) fn new(keys: &Keys) -> Self {
        let (key, version) = match keys {
            Keys::V12 { key, salt } => (key, Version::V12 { salt: *salt }),
            Keys::V13 { key, iv, number_key } => {
                let number_key =
                    aead::quic::HeaderProtectionKey::new(&aead::quic::AES_128, number_key)
                        .expect("the key is as long as the algorithm wants it");
                (key, Version::V13 { iv: *iv, number_key: Box::new(number_key) })
            }
        };
        let key = UnboundKey::new(&aead::AES_128_GCM, key);
        let key = LessSafeKey::new(key.expect("the key is as long as the algorithm wants it"));
        Self { key, version, replay: Replay::default(), is_proven: false, opened: 0 }
    }

    /// Opens a record, if it is one with data.
    pub(super) fn open(&mut self, record: &[u8]) -> Opened {
        let Some(layout) = self.layout(record) else { return Opened::Foreign };
        if !self.replay.is_new(layout.number) {
            return Opened::Nothing;
        }
        let mut bytes = record[layout.sealed].to_vec();
        let nonce = Nonce::assume_unique_for_key(layout.nonce);
        let aad = Aad::from(&layout.aad[..layout.aad_len]);
        let Ok(content) = self.key.open_in_place(nonce, aad, &mut bytes) else {
            return if self.is_proven { Opened::Nothing } else { Opened::Foreign };
        };
        let Some(len) = self.data_len(content) else { return Opened::Foreign };
        self.is_proven = true;
        self.replay.note(layout.number);
        self.opened += 1;
        if matches!(self.version, Version::V13 { .. }) && self.opened.is_multiple_of(COUNTED_EVERY)
        {
            return Opened::Counted;
        }
        bytes.truncate(len);
        Opened::Data(Bytes::from(bytes))
    }

    fn layout(&self, record: &[u8]) -> Option<Layout> {
        match &self.version {
            Version::V12 { salt } => layout_12(record, salt),
            Version::V13 { iv, number_key } => {
                layout_13(record, iv, number_key, self.replay.next())
            }
        }
    }

    /// How much of what was opened is data; none if it is something else.
    fn data_len(&self, content: &[u8]) -> Option<usize> {
        match self.version {
            Version::V12 { .. } => Some(content.len()),
            // RFC 8446 §5.4: the type stands behind the content, and any zeros behind the type.
            Version::V13 { .. } => {
                content.iter().rposition(|byte| *byte != 0).filter(|at| content[*at] == DATA)
            }
        }
    }
}

/// Type, version, epoch, number, length; then eight bytes of nonce, and what is sealed.
fn layout_12(record: &[u8], salt: &[u8; SALT_LEN]) -> Option<Layout> {
    let (header, body) = record.split_first_chunk::<13>()?;
    let (explicit, sealed) = body.split_first_chunk::<8>()?;
    let is_whole = usize::from(u16::from_be_bytes([header[11], header[12]])) == body.len();
    let is_data = header[0] == DATA && header[3..5] == [0, 1] && is_whole;
    let plain_len = sealed.len().checked_sub(TAG_LEN).filter(|_| is_data)?;
    let number = u64::from_be_bytes(*header[3..].first_chunk()?);
    let mut nonce = [0; IV_LEN];
    nonce[..SALT_LEN].copy_from_slice(salt);
    nonce[SALT_LEN..].copy_from_slice(explicit);
    let mut aad = [0; AAD_LEN];
    aad[..8].copy_from_slice(&header[3..11]);
    aad[8..11].copy_from_slice(&header[..3]);
    aad[11..].copy_from_slice(&u16::try_from(plain_len).ok()?.to_be_bytes());
    // The epoch is the same in all of them, and no part of the number.
    let number = number & 0xffff_ffff_ffff;
    Some(Layout { number, nonce, aad, aad_len: AAD_LEN, sealed: 21..record.len() })
}

/// Flags, the end of the number, encrypted, and maybe a length; then what is sealed.
fn layout_13(
    record: &[u8],
    iv: &[u8; IV_LEN],
    number_key: &aead::quic::HeaderProtectionKey,
    next: u64,
) -> Option<Layout> {
    let flags = *record.first()?;
    // 0b001CSLEE, without a connection id, in epoch 3.
    if flags & 0b1111_0011 != 0b0010_0011 {
        return None;
    }
    let number_len = if flags & 0b1000 == 0 { 1 } else { 2 };
    let header_len = 1 + number_len + if flags & 0b100 == 0 { 0 } else { 2 };
    let sample = record.get(header_len..header_len + TAG_LEN)?;
    let mask = number_key.new_mask(sample).ok()?;
    let mut aad = [0; AAD_LEN];
    aad[..header_len].copy_from_slice(&record[..header_len]);
    let mut end = 0;
    for (byte, mask) in aad[1..=number_len].iter_mut().zip(mask) {
        *byte ^= mask;
        end = end << 8 | u64::from(*byte);
    }
    let number = nearest(end, 8 * number_len, next);
    let mut nonce = *iv;
    nonce[4..].iter_mut().zip(number.to_be_bytes()).for_each(|(byte, it)| *byte ^= it);
    Some(Layout { number, nonce, aad, aad_len: header_len, sealed: header_len..record.len() })
}

/// The number that ends in these bits and is nearest to the one that comes next (RFC 9147 §4.2.2).
fn nearest(end: u64, bits: usize, next: u64) -> u64 {
    let span = 1 << bits;
    let number = next & !(span - 1) | end;
    if number + span / 2 < next {
        number + span
    } else if number > next + span / 2 {
        number.checked_sub(span).unwrap_or(number)
    } else {
        number
    }
}

const TAG_LEN: usize = 16;
/// In 1.2; in 1.3 it is the header, which is shorter.
const AAD_LEN: usize = 13;
/// The content type of data.
const DATA: u8 = 23;
/// The library finds a number within 32 768 of the last that it has seen, so many more than this may be lost.
const COUNTED_EVERY: u64 = 1_024;

#[cfg(test)]
mod tests;
