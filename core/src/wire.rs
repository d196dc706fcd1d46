//! Bytes on a caller's slice: what every codec of this floor reads and writes with.
//!
//! The room holds a cursor that writes, a cursor that reads, and the one definition of a valid
//! *unsigned-varint* (multiformats unsigned-varint; the same little-endian base 128 as in Protocol
//! Buffers). It must never allocate and never trust a length before the bytes are there.
//!
//! A varint is decoded here byte by byte rather than by the crate that encodes it: the frame
//! [`Decoder`](crate::frame::Decoder) must be able to stop after any byte, and bits beyond the 64th
//! must be an error and not vanish.

use core::error::Error;
use core::fmt;

/// The slice given by the caller is too short for what should be written into it.
///
/// What the slice holds after this error is unspecified. Each codec documents how long its slice
/// must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Overflow;

impl fmt::Display for Overflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the output slice is too short for the encoded bytes")
    }
}

impl Error for Overflow {}

/// A varint that is longer than it need be, or larger than 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadVarint;

/// A varint under way: takes one byte at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Varint {
    value: u64,
    shift: u8,
}

impl Varint {
    /// A varint of which no byte has come.
    pub(crate) const START: Self = Self { value: 0, shift: 0 };

    /// Takes the next byte; the value once it is the last one.
    pub(crate) fn push(&mut self, byte: u8) -> Result<Option<u64>, BadVarint> {
        // The tenth byte has room for bit 63 only, and nothing may follow it.
        if self.shift == 63 && byte > 1 {
            return Err(BadVarint);
        }
        self.value |= u64::from(byte & 0x7f) << self.shift;
        if byte & 0x80 != 0 {
            self.shift += 7;
            return Ok(None);
        }
        // unsigned-varint wants the shortest form. A last byte of zero adds nothing.
        if byte == 0 && self.shift > 0 {
            return Err(BadVarint);
        }
        Ok(Some(self.value))
    }
}

/// How many bytes `value` takes as a varint.
pub(crate) const fn varint_len(value: u64) -> usize {
    let bits = 64 - (value | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

/// Writes onto the front of a slice, piece by piece.
pub(crate) struct Writer<'b> {
    out: &'b mut [u8],
    filled: usize,
}

impl<'b> Writer<'b> {
    pub(crate) fn new(out: &'b mut [u8]) -> Self {
        Self { out, filled: 0 }
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<(), Overflow> {
        let end = self.filled.checked_add(bytes.len()).ok_or(Overflow)?;
        self.out.get_mut(self.filled..end).ok_or(Overflow)?.copy_from_slice(bytes);
        self.filled = end;
        Ok(())
    }

    pub(crate) fn varint(&mut self, value: u64) -> Result<(), Overflow> {
        self.put(unsigned_varint::encode::u64(value, &mut unsigned_varint::encode::u64_buffer()))
    }

    /// The length of `bytes` as a varint, then `bytes`.
    pub(crate) fn length_prefixed(&mut self, bytes: &[u8]) -> Result<(), Overflow> {
        self.varint(bytes.len() as u64)?;
        self.put(bytes)
    }

    /// What has been written so far.
    pub(crate) fn written(&mut self) -> &mut [u8] {
        &mut self.out[..self.filled]
    }

    pub(crate) fn finish(self) -> &'b [u8] {
        &self.out[..self.filled]
    }
}

/// Reads from the front of a slice, piece by piece.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

/// Why a [`Reader`] cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadError {
    /// The slice ends within what was asked for.
    Truncated,
    /// A varint is longer than it need be, or larger than 64 bits.
    BadVarint,
    /// A Protocol Buffers field is of a wire type that cannot be skipped.
    WireType,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn take(&mut self, len: u64) -> Result<&'a [u8], ReadError> {
        let len = usize::try_from(len).map_err(|_| ReadError::Truncated)?;
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(ReadError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(ReadError::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn varint(&mut self) -> Result<u64, ReadError> {
        let mut varint = Varint::START;
        loop {
            let [byte] = self.array()?;
            if let Some(value) = varint.push(byte).map_err(|BadVarint| ReadError::BadVarint)? {
                return Ok(value);
            }
        }
    }

    /// Passes over the value of a Protocol Buffers field that is of no interest.
    ///
    /// Groups are refused: nobody sends them, and they would have to be followed inwards.
    pub(crate) fn skip_field(&mut self, tag: u64) -> Result<(), ReadError> {
        match tag & 7 {
            0 => self.varint().map(drop),
            1 => self.take(8).map(drop),
            2 => self.length_prefixed().map(drop),
            5 => self.take(4).map(drop),
            _ => Err(ReadError::WireType),
        }
    }

    /// A varint and as many bytes as it says.
    pub(crate) fn length_prefixed(&mut self) -> Result<&'a [u8], ReadError> {
        let len = self.varint()?;
        self.take(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{bytes, vectors};

    #[test]
    fn varints_agree_with_the_vectors() {
        let vectors = vectors();
        for (number, encoded) in vectors["uvarint"].as_object().unwrap() {
            let number: u64 = number.parse().unwrap();
            let encoded = bytes(encoded);
            let mut out = [0; 10];
            let mut writer = Writer::new(&mut out);
            writer.varint(number).unwrap();
            assert_eq!(writer.finish(), encoded);
            assert_eq!(varint_len(number), encoded.len());
            let mut reader = Reader::new(&encoded);
            assert_eq!(reader.varint(), Ok(number));
            assert!(reader.is_empty());
        }
    }

    #[test]
    fn the_largest_varint_has_ten_bytes() {
        let mut out = [0; 10];
        let mut writer = Writer::new(&mut out);
        writer.varint(u64::MAX).unwrap();
        assert_eq!(Reader::new(writer.finish()).varint(), Ok(u64::MAX));
        assert_eq!(varint_len(u64::MAX), 10);
        // Bits beyond the 64th are not silently lost.
        out[9] = 2;
        assert_eq!(Reader::new(&out).varint(), Err(ReadError::BadVarint));
        assert_eq!(Reader::new(&[0xff; 11]).varint(), Err(ReadError::BadVarint));
    }

    #[test]
    fn overlong_and_truncated_varints_are_refused() {
        for overlong in [&[0x80, 0][..], &[0xff, 0], &[0x81, 0x80, 0]] {
            assert_eq!(Reader::new(overlong).varint(), Err(ReadError::BadVarint));
        }
        assert_eq!(Reader::new(&[0x80]).varint(), Err(ReadError::Truncated));
        assert_eq!(Reader::new(&[]).varint(), Err(ReadError::Truncated));
        assert_eq!(Reader::new(&[3, 1, 2]).length_prefixed(), Err(ReadError::Truncated));
        assert_eq!(Reader::new(&[2, 1, 2]).length_prefixed(), Ok(&[1, 2][..]));
    }

    #[test]
    fn a_full_slice_is_an_error() {
        let mut out = [0; 3];
        let mut writer = Writer::new(&mut out);
        writer.put(&[1, 2]).unwrap();
        assert_eq!(writer.put(&[3, 4]), Err(Overflow));
        writer.put(&[3]).unwrap();
        assert_eq!(writer.finish(), [1, 2, 3]);
    }
}
