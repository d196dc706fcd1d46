//! Text that says itself in which base its bytes are written (multiformats multibase).
//!
//! Certificate hashes and peer ids come as multibase text in addresses. Writers use one base each;
//! readers should take any, so only decoding lives here. It must never need more room than the
//! caller's slice, nor work longer than the text is long times the slice.

use core::error::Error;
use core::fmt;

use data_encoding::Encoding;

/// Decodes multibase text onto the front of `out` and returns the bytes.
///
/// Knows base16, base32 and base32hex (each in either case, padded or not), base36, base58btc,
/// base58flickr, and base64 and base64url (padded or not). `out` should have two bytes more than are
/// expected, which padding takes for a moment.
///
/// # Errors
/// See [`MultibaseError`].
pub fn decode<'b>(text: &str, out: &'b mut [u8]) -> Result<&'b [u8], MultibaseError> {
    let mut chars = text.chars();
    let base = chars.next().ok_or(MultibaseError::Empty)?;
    let digits = chars.as_str().as_bytes();
    let mut upper = [0; UPPER_LEN_MAX];
    let mut decode_any_case = |encoding: &Encoding, out: &'b mut [u8]| {
        let upper = upper.get_mut(..digits.len()).ok_or(MultibaseError::TooLong)?;
        upper.copy_from_slice(digits);
        upper.make_ascii_uppercase();
        decode_bits(encoding, upper, out)
    };
    match base {
        'f' | 'F' => decode_any_case(&data_encoding::HEXUPPER, out),
        'b' | 'B' => decode_any_case(&data_encoding::BASE32_NOPAD, out),
        'c' | 'C' => decode_any_case(&data_encoding::BASE32, out),
        'v' | 'V' => decode_any_case(&data_encoding::BASE32HEX_NOPAD, out),
        't' | 'T' => decode_any_case(&data_encoding::BASE32HEX, out),
        'm' => decode_bits(&data_encoding::BASE64_NOPAD, digits, out),
        'M' => decode_bits(&data_encoding::BASE64, digits, out),
        'u' => decode_bits(&data_encoding::BASE64URL_NOPAD, digits, out),
        'U' => decode_bits(&data_encoding::BASE64URL, digits, out),
        'k' | 'K' => decode_base36(digits, out),
        'z' => decode_base58(digits, bs58::Alphabet::BITCOIN, out),
        'Z' => decode_base58(digits, bs58::Alphabet::FLICKR, out),
        base => Err(MultibaseError::UnknownBase(base)),
    }
}

/// Decodes base58btc digits without a multibase prefix, as peer ids are mostly written.
pub(crate) fn decode_base58btc<'b>(
    digits: &str,
    out: &'b mut [u8],
) -> Result<&'b [u8], MultibaseError> {
    decode_base58(digits.as_bytes(), bs58::Alphabet::BITCOIN, out)
}

fn decode_base58<'b>(
    digits: &[u8],
    alphabet: &bs58::Alphabet,
    out: &'b mut [u8],
) -> Result<&'b [u8], MultibaseError> {
    match bs58::decode(digits).with_alphabet(alphabet).onto(&mut *out) {
        Ok(len) => Ok(&out[..len]),
        Err(bs58::decode::Error::BufferTooSmall) => Err(MultibaseError::TooLong),
        Err(_) => Err(MultibaseError::Digit),
    }
}

/// Bases whose digits stand for whole bits.
fn decode_bits<'b>(
    encoding: &Encoding,
    digits: &[u8],
    out: &'b mut [u8],
) -> Result<&'b [u8], MultibaseError> {
    let room = encoding.decode_len(digits.len()).map_err(|_| MultibaseError::Digit)?;
    let out = out.get_mut(..room).ok_or(MultibaseError::TooLong)?;
    let len = encoding.decode_mut(digits, out).map_err(|_| MultibaseError::Digit)?;
    Ok(&out[..len])
}

/// Long multiplication, as no whole number of bits stands for a digit; leading zeros are bytes.
fn decode_base36<'b>(digits: &[u8], out: &'b mut [u8]) -> Result<&'b [u8], MultibaseError> {
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    let mut len = 0;
    for digit in digits {
        let digit = char::from(*digit).to_digit(36).ok_or(MultibaseError::Digit)?;
        let mut carry = digit;
        for byte in &mut out[..len] {
            carry += u32::from(*byte) * 36;
            *byte = carry as u8;
            carry >>= 8;
        }
        if carry > 0 {
            *out.get_mut(len).ok_or(MultibaseError::TooLong)? = carry as u8;
            len += 1;
        }
    }
    out.get_mut(len..len + zeros).ok_or(MultibaseError::TooLong)?.fill(0);
    let out = &mut out[..len + zeros];
    out.reverse();
    Ok(out)
}

/// Why text is no multibase text, or not one that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MultibaseError {
    /// There is no text.
    Empty,
    /// The first character names no base that is known here.
    UnknownBase(char),
    /// A character is no digit of the base, or the digits do not make whole bytes.
    Digit,
    /// The text stands for more bytes than were expected.
    TooLong,
}

impl fmt::Display for MultibaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("multibase text is empty"),
            Self::UnknownBase(base) => write!(f, "{base:?} is no known multibase prefix"),
            Self::Digit => f.write_str("the text does not decode in the base that it names"),
            Self::TooLong => f.write_str("the text stands for too many bytes"),
        }
    }
}

impl Error for MultibaseError {}

/// Digits that fit for a moment while their case is changed: 66 bytes (a sha-512 multihash) in hex
/// and some more.
const UPPER_LEN_MAX: usize = 160;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_base_says_the_same() {
        // The multiformats test vector "yes mani !" and its relatives with leading zeros.
        for (text, bytes) in [
            ("f796573206d616e692021", &b"yes mani !"[..]),
            ("F796573206D616E692021", b"yes mani !"),
            ("bpfsxgidnmfxgsibb", b"yes mani !"),
            ("BPFSXGIDNMFXGSIBB", b"yes mani !"),
            ("vf5in683dc5n6i811", b"yes mani !"),
            ("VF5IN683DC5N6I811", b"yes mani !"),
            ("tf5in683dc5n6i811", b"yes mani !"),
            ("TF5IN683DC5N6I811", b"yes mani !"),
            ("cpfsxgidnmfxgsibb", b"yes mani !"),
            ("CPFSXGIDNMFXGSIBB", b"yes mani !"),
            ("k2lcpzo5yikidynfl", b"yes mani !"),
            ("K2LCPZO5YIKIDYNFL", b"yes mani !"),
            ("z7paNL19xttacUY", b"yes mani !"),
            ("Z7Pznk19XTTzBtx", b"yes mani !"),
            ("meWVzIG1hbmkgIQ", b"yes mani !"),
            ("MeWVzIG1hbmkgIQ==", b"yes mani !"),
            ("ueWVzIG1hbmkgIQ", b"yes mani !"),
            ("UeWVzIG1hbmkgIQ==", b"yes mani !"),
            ("z17paNL19xttacUY", b"\0yes mani !"),
            ("k02lcpzo5yikidynfl", b"\0yes mani !"),
            ("z", b""),
            ("k", b""),
            ("u", b""),
        ] {
            assert_eq!(decode(text, &mut [0; 24]), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn what_does_not_decode_is_an_error() {
        for (text, error) in [
            ("", MultibaseError::Empty),
            ("y1", MultibaseError::UnknownBase('y')),
            ("é", MultibaseError::UnknownBase('é')),
            ("f7", MultibaseError::Digit),
            ("fgg", MultibaseError::Digit),
            ("ueWV+", MultibaseError::Digit),
            ("meWV_", MultibaseError::Digit),
            ("k-", MultibaseError::Digit),
            ("zl0", MultibaseError::Digit),
            // Bits that stand for nothing must be zero, or one hash had many spellings.
            ("uQf", MultibaseError::Digit),
            ("f000000000000000000", MultibaseError::TooLong),
            ("k000000000", MultibaseError::TooLong),
            ("kzzzzzzzzzzzzzzzzzz", MultibaseError::TooLong),
            ("z111111111", MultibaseError::TooLong),
            ("zzzzzzzzzzzzzzzzzzzz", MultibaseError::TooLong),
        ] {
            assert_eq!(decode(text, &mut [0; 8]), Err(error), "{text}");
        }
        let long = [b'f'; 400];
        let long = core::str::from_utf8(&long).unwrap();
        assert_eq!(decode(long, &mut [0; 400]), Err(MultibaseError::TooLong));
    }
}
