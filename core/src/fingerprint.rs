//! The fingerprint of a DTLS certificate, in the four ways in which it is written.
//!
//! A fingerprint is the SHA-256 of a certificate's DER bytes. As a *multihash* it goes into binary
//! addresses and the Noise prologue, as a *certhash* (multibase of the multihash) into text
//! addresses, and as colon hex into SDP (libp2p webrtc-direct, "Addressing"; RFC 8122 §5). Hashing is
//! not done here: whoever has the certificate has a hash function.
//!
//! Only sha-256 is known: every implementation writes its code into the prologue, so no other hash
//! has ever worked between two of them.

use core::error::Error;
use core::fmt;

use data_encoding::HEXLOWER_PERMISSIVE;

use crate::multibase::{self, MultibaseError};

/// SHA-256 of a certificate's DER bytes.
///
/// ```
/// use floe_core::fingerprint::Fingerprint;
///
/// let fingerprint =
///     Fingerprint::parse_certhash("uEiDikp5KVUgkLta1EjUN-IKbHk-dUBg8VzKgf5nXxLK46w")?;
/// let sdp = fingerprint.sdp().to_string(); // E2:92:9E:4A:…, after `a=fingerprint:sha-256 `
/// assert_eq!(Fingerprint::parse_sdp(&sdp)?, fingerprint);
/// assert_eq!(Fingerprint::from_multihash(&fingerprint.multihash())?, fingerprint);
/// # Ok::<(), floe_core::fingerprint::FingerprintError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Length of the multihash form in bytes: hash code, digest length, digest.
    pub const MULTIHASH_LEN: usize = 2 + 32;

    /// The fingerprint with these digest bytes.
    pub const fn from_bytes(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The digest bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The multihash: `12 20` and the digest.
    pub fn multihash(&self) -> [u8; Self::MULTIHASH_LEN] {
        let mut out = [0; Self::MULTIHASH_LEN];
        out[..2].copy_from_slice(&MULTIHASH_PREFIX);
        out[2..].copy_from_slice(&self.0);
        out
    }

    /// Reads a multihash.
    ///
    /// # Errors
    /// [`FingerprintError::Hash`] if it is not of sha-256, [`FingerprintError::Length`] if it has not
    /// 34 bytes.
    pub fn from_multihash(multihash: &[u8]) -> Result<Self, FingerprintError> {
        match multihash.first() {
            Some(&code) if code != MULTIHASH_PREFIX[0] => return Err(FingerprintError::Hash(code)),
            _ => {}
        }
        let digest = multihash.strip_prefix(&MULTIHASH_PREFIX).ok_or(FingerprintError::Length)?;
        digest.try_into().map(Self).map_err(|_| FingerprintError::Length)
    }

    /// The certhash text of an address; displays as base64url without padding, `uEi…`.
    pub const fn certhash(&self) -> Certhash {
        Certhash(*self)
    }

    /// Reads a certhash in any common base (see [`multibase::decode`]).
    ///
    /// # Errors
    /// As [`from_multihash`](Self::from_multihash), and [`FingerprintError::Multibase`].
    pub fn parse_certhash(text: &str) -> Result<Self, FingerprintError> {
        // Room for the longest hash that could be meant, so that it can be named in the error.
        let mut out = [0; 80];
        Self::from_multihash(multibase::decode(text, &mut out)?)
    }

    /// The form used in SDP; displays as `AA:BB:…`, without the hash's name in front.
    pub const fn sdp(&self) -> Sdp {
        Sdp(*self)
    }

    /// Reads colon hex in either case, as it follows `sha-256` in an SDP attribute.
    ///
    /// # Errors
    /// [`FingerprintError::Sdp`] if the text is not 32 pairs of hex digits with colons between.
    pub fn parse_sdp(text: &str) -> Result<Self, FingerprintError> {
        let mut digest = [0; 32];
        let mut pairs = text.split(':');
        for byte in &mut digest {
            let pair = pairs.next().ok_or(FingerprintError::Sdp)?.as_bytes();
            if pair.len() != 2 {
                return Err(FingerprintError::Sdp);
            }
            HEXLOWER_PERMISSIVE
                .decode_mut(pair, core::slice::from_mut(byte))
                .map_err(|_| FingerprintError::Sdp)?;
        }
        if pairs.next().is_some() { Err(FingerprintError::Sdp) } else { Ok(Self(digest)) }
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({})", self.certhash())
    }
}

/// Displays a [`Fingerprint`] as a certhash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certhash(Fingerprint);

impl fmt::Display for Certhash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The specification asks for support of base64url; it is also what everybody writes.
        let mut text = [0; CERTHASH_DIGITS];
        let digits = data_encoding::BASE64URL_NOPAD.encode_mut_str(&self.0.multihash(), &mut text);
        write!(f, "u{digits}")
    }
}

/// Displays a [`Fingerprint`] as in SDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sdp(Fingerprint);

impl fmt::Display for Sdp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.0.iter().enumerate() {
            let colon = if at == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}

/// Why something is no fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FingerprintError {
    /// A certhash is no multibase text.
    Multibase(MultibaseError),
    /// A multihash is of another hash function than sha-256; its code's first byte.
    Hash(u8),
    /// A multihash of sha-256 has not 34 bytes.
    Length,
    /// Text from SDP is not 32 pairs of hex digits with colons between.
    Sdp,
}

impl From<MultibaseError> for FingerprintError {
    fn from(error: MultibaseError) -> Self {
        Self::Multibase(error)
    }
}

impl fmt::Display for FingerprintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Multibase(_) => f.write_str("the text is no certhash"),
            Self::Hash(code) => {
                write!(f, "hash function {code:#04x} is not supported, only sha-256 (0x12)")
            }
            Self::Length => f.write_str("a sha-256 multihash has 34 bytes and begins with 12 20"),
            Self::Sdp => f.write_str("an SDP fingerprint is 32 pairs of hex digits joined by ':'"),
        }
    }
}

impl Error for FingerprintError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Multibase(error) => Some(error),
            _ => None,
        }
    }
}

/// multihash: code of sha2-256 and length of its digest, each one byte as a varint.
const MULTIHASH_PREFIX: [u8; 2] = [0x12, 0x20];

/// 34 bytes at six bits a digit.
const CERTHASH_DIGITS: usize = (Fingerprint::MULTIHASH_LEN * 8).div_ceil(6);

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;
    use crate::testing::{bytes, text, vectors};

    #[test]
    fn all_forms_agree_with_the_vectors() {
        let vectors = vectors();
        let certhash = &vectors["certhash"];
        let fingerprint = Fingerprint(bytes(&certhash["fingerprint"]).try_into().unwrap());
        assert_eq!(fingerprint.multihash()[..], bytes(&certhash["multihash"]));
        assert_eq!(fingerprint.certhash().to_string(), text(&certhash["certhash"]));
        assert_eq!(certhash["certhash_chars"], fingerprint.certhash().to_string().len());
        assert_eq!(fingerprint.sdp().to_string(), text(&certhash["sdp"]));
        assert_eq!(Fingerprint::parse_sdp(text(&certhash["sdp"])), Ok(fingerprint));
        let lower = text(&certhash["sdp"]).to_lowercase();
        assert_eq!(Fingerprint::parse_sdp(&lower), Ok(fingerprint));
        assert_eq!(Fingerprint::from_multihash(&fingerprint.multihash()), Ok(fingerprint));

        for (fp, hash) in [
            (
                &vectors["certhash_spec_server"]["fingerprint"],
                &vectors["certhash_spec_server"]["certhash"],
            ),
            (&vectors["cert_der"]["sha256"], &vectors["cert_der"]["certhash"]),
            (
                &vectors["go_deterministic_cert"]["sha256_fingerprint"],
                &vectors["go_deterministic_cert"]["certhash"],
            ),
        ] {
            let fingerprint = Fingerprint::parse_certhash(text(hash)).unwrap();
            assert_eq!(fingerprint.as_bytes()[..], bytes(fp));
            assert_eq!(fingerprint.certhash().to_string(), text(hash));
        }
        let sdp = text(&vectors["cert_der"]["sdp"]);
        assert_eq!(
            Fingerprint::parse_sdp(sdp).unwrap().as_bytes()[..],
            bytes(&vectors["cert_der"]["sha256"])
        );
    }

    #[test]
    fn certhashes_in_other_bases() {
        let fingerprint = Fingerprint([0xab; 32]);
        let hash = fingerprint.multihash();
        use data_encoding::*;
        for (prefix, encoding) in [
            ('f', &HEXLOWER),
            ('F', &HEXUPPER),
            ('b', &BASE32_NOPAD),
            ('C', &BASE32),
            ('v', &BASE32HEX_NOPAD),
            ('T', &BASE32HEX),
            ('m', &BASE64_NOPAD),
            ('M', &BASE64),
            ('u', &BASE64URL_NOPAD),
            ('U', &BASE64URL),
        ] {
            let mut digits = std::vec![0; encoding.encode_len(hash.len())];
            let text = std::format!("{prefix}{}", encoding.encode_mut_str(&hash, &mut digits));
            assert_eq!(Fingerprint::parse_certhash(&text), Ok(fingerprint), "{text}");
        }
        let mut digits = [0; 80];
        let len = bs58::encode(hash).onto(&mut digits[..]).unwrap();
        let text = std::format!("z{}", core::str::from_utf8(&digits[..len]).unwrap());
        assert_eq!(Fingerprint::parse_certhash(&text), Ok(fingerprint));
    }

    #[test]
    fn what_is_no_fingerprint_is_refused() {
        use FingerprintError::*;
        assert_eq!(Fingerprint::from_multihash(&[]), Err(Length));
        assert_eq!(Fingerprint::from_multihash(&[0x12]), Err(Length));
        assert_eq!(Fingerprint::from_multihash(&[0x13, 0x40, 1]), Err(Hash(0x13)));
        let mut multihash = Fingerprint([7; 32]).multihash();
        assert_eq!(Fingerprint::from_multihash(&multihash[..33]), Err(Length));
        multihash[1] = 0x1f;
        assert_eq!(Fingerprint::from_multihash(&multihash), Err(Length));
        // A sha-512 certhash is understood well enough to be named.
        let sha512 = std::format!("f1340{}", "00".repeat(64));
        assert_eq!(Fingerprint::parse_certhash(&sha512), Err(Hash(0x13)));
        let not_base64 = Fingerprint::parse_certhash("uEi!").unwrap_err();
        assert_eq!(not_base64, Multibase(MultibaseError::Digit));
        assert_eq!(not_base64.to_string(), "the text is no certhash");
        assert_eq!(
            not_base64.source().unwrap().to_string(),
            "the text does not decode in the base that it names"
        );
        let sdp = Fingerprint([7; 32]).sdp().to_string();
        for bad in [
            "",
            "07",
            &sdp[1..],
            &sdp[3..],
            &std::format!("{sdp}:07"),
            &sdp.replace(':', ""),
            &sdp.replace("07", "0g"),
        ] {
            assert_eq!(Fingerprint::parse_sdp(bad), Err(Sdp), "{bad}");
        }
    }
}
