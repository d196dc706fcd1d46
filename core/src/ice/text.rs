//! The text that ICE allows in user name fragments and passwords (RFC 8839 §5.4).
//!
//! Both types borrow text that has been checked, so that whoever holds one need not ask again whether
//! it may go into a STUN message or a line of SDP: no colon, no line break, no byte above ASCII.

use core::error::Error;
use core::fmt;

/// A user name fragment: 4 to 256 ice-chars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ufrag<'a>(&'a str);

impl<'a> Ufrag<'a> {
    /// Shortest fragment in bytes (RFC 8839 §5.4).
    pub const LEN_MIN: usize = 4;
    /// Longest fragment in bytes (RFC 8839 §5.4).
    pub const LEN_MAX: usize = 256;

    /// Checks `text`.
    ///
    /// # Errors
    /// A [`TextError`] if it is too short, too long, or has other characters than `A-Z a-z 0-9 + /`.
    pub fn new(text: &'a [u8]) -> Result<Self, TextError> {
        ice_chars(text, Self::LEN_MIN, Self::LEN_MAX).map(Self)
    }

    /// The text.
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

/// A password: 22 to 256 ice-chars. Its `Debug` says how long it is, and nothing else of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Password<'a>(&'a str);

impl<'a> Password<'a> {
    /// Shortest password in bytes (RFC 8839 §5.4).
    pub const LEN_MIN: usize = 22;
    /// Longest password in bytes (RFC 8839 §5.4).
    pub const LEN_MAX: usize = 256;

    /// Checks `text`.
    ///
    /// # Errors
    /// A [`TextError`] if it is too short, too long, or has other characters than `A-Z a-z 0-9 + /`.
    pub fn new(text: &'a [u8]) -> Result<Self, TextError> {
        ice_chars(text, Self::LEN_MIN, Self::LEN_MAX).map(Self)
    }

    /// The text. Its bytes are the key of MESSAGE-INTEGRITY.
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

impl fmt::Debug for Password<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Password({} ice-chars)", self.0.len())
    }
}

/// Why text is no fragment or password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TextError {
    /// It has fewer bytes than allowed.
    TooShort {
        /// Its length.
        len: usize,
        /// The least length.
        min: usize,
    },
    /// It has more bytes than allowed.
    TooLong {
        /// Its length.
        len: usize,
        /// The greatest length.
        max: usize,
    },
    /// It has this byte, which is no ice-char.
    Byte(u8),
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { len, min } => write!(f, "{len} bytes, of at least {min}"),
            Self::TooLong { len, max } => write!(f, "{len} bytes, of at most {max}"),
            Self::Byte(byte) => {
                write!(f, "byte {byte:#04x} is none of `A-Z a-z 0-9 + /`")
            }
        }
    }
}

impl Error for TextError {}

fn ice_chars(text: &[u8], min: usize, max: usize) -> Result<&str, TextError> {
    let len = text.len();
    if len < min {
        return Err(TextError::TooShort { len, min });
    }
    if len > max {
        return Err(TextError::TooLong { len, max });
    }
    match text.iter().find(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))) {
        Some(byte) => Err(TextError::Byte(*byte)),
        None => Ok(core::str::from_utf8(text).expect("ice-chars are ASCII")),
    }
}

/// The ice-char for six random bits.
pub(crate) const fn ice_char(bits: u8) -> u8 {
    ICE_CHARS[(bits & 63) as usize]
}

const ICE_CHARS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_the_rfc() {
        let text = [b'a'; 257];
        for len in 0..=257 {
            assert_eq!(Ufrag::new(&text[..len]).is_ok(), (4..=256).contains(&len), "{len}");
            assert_eq!(Password::new(&text[..len]).is_ok(), (22..=256).contains(&len), "{len}");
        }
        assert_eq!(Ufrag::new(b"abc"), Err(TextError::TooShort { len: 3, min: 4 }));
        assert_eq!(Password::new(&text), Err(TextError::TooLong { len: 257, max: 256 }));
    }

    #[test]
    fn a_password_is_not_printed() {
        let password = Password::new(b"abcdefghijklmnopqrstuvwx").unwrap();
        assert_eq!(std::format!("{password:?}"), "Password(24 ice-chars)");
    }

    #[test]
    fn characters_are_those_of_the_rfc() {
        for byte in 0..=255 {
            let text = [byte; 4];
            let expected =
                if ICE_CHARS.contains(&byte) { Ok(&text[..]) } else { Err(TextError::Byte(byte)) };
            assert_eq!(Ufrag::new(&text).map(|ufrag| ufrag.as_str().as_bytes()), expected);
        }
        assert_eq!((ice_char(0), ice_char(63), ice_char(64)), (b'A', b'/', b'A'));
    }
}
