//! Who a peer is: the multihash of its public key.
//!
//! A peer id is a fixed-size value here, copied freely and never allocated. It is made from the bytes
//! of an encoded public key, from its binary form in addresses, or from text (libp2p peer-ids). Keys
//! and signatures are not this room's business.

use core::cmp::Ordering;
use core::error::Error;
use core::fmt;
use core::str::FromStr;

use crate::multibase::{self, MultibaseError};
use crate::wire::{ReadError, Reader, Writer};

/// The identity of a libp2p peer.
///
/// Displays in base58btc (`12D3KooW…`, `Qm…`), the form that every implementation reads. Ordered by
/// its multihash bytes.
///
/// ```
/// use floe_core::peer_id::PeerId;
///
/// let base58: PeerId = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N".parse()?;
/// let cid: PeerId = "bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe".parse()?;
/// assert_eq!(base58, cid);
/// assert_eq!(PeerId::from_bytes(base58.as_bytes())?, base58);
/// assert_eq!(cid.to_string(), "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N");
/// # Ok::<(), floe_core::peer_id::PeerIdError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PeerId {
    /// The multihash, then zeros.
    bytes: [u8; Self::LEN_MAX],
    len: u8,
}

impl PeerId {
    /// Longest multihash of a peer id in bytes: an inlined key of 42 bytes with its code and length.
    pub const LEN_MAX: usize = 2 + INLINE_LEN_MAX;

    /// The id of a public key, from the key's Protocol Buffers encoding.
    ///
    /// libp2p peer-ids: keys of up to 42 bytes are inlined, longer ones hashed with sha-256, for which
    /// the caller brings the function.
    pub fn from_public_key(encoded: &[u8], sha256: impl FnOnce(&[u8]) -> [u8; 32]) -> Self {
        if encoded.len() <= INLINE_LEN_MAX {
            Self::from_digest(IDENTITY, encoded)
        } else {
            Self::from_digest(SHA2_256, &sha256(encoded))
        }
    }

    /// Reads the multihash of a peer id, as in binary addresses.
    ///
    /// # Errors
    /// [`PeerIdError::Hash`] and [`PeerIdError::Length`].
    pub fn from_bytes(multihash: &[u8]) -> Result<Self, PeerIdError> {
        let mut reader = Reader::new(multihash);
        let code = reader.varint()?;
        let digest = reader.length_prefixed()?;
        if !reader.is_empty() {
            return Err(PeerIdError::Length);
        }
        match (code, digest.len()) {
            (IDENTITY, ..=INLINE_LEN_MAX) | (SHA2_256, 32) => Ok(Self::from_digest(code, digest)),
            (IDENTITY | SHA2_256, _) => Err(PeerIdError::Length),
            _ => Err(PeerIdError::Hash(code)),
        }
    }

    /// The multihash.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The digest has been checked to fit its hash function.
    fn from_digest(code: u64, digest: &[u8]) -> Self {
        let mut bytes = [0; Self::LEN_MAX];
        let mut writer = Writer::new(&mut bytes);
        let written = writer.varint(code).and_then(|()| writer.length_prefixed(digest));
        written.expect("a digest of at most 42 bytes fits, and both codes take one byte");
        let len = writer.finish().len() as u8;
        Self { bytes, len }
    }
}

impl TryFrom<&[u8]> for PeerId {
    type Error = PeerIdError;

    /// As [`from_bytes`](Self::from_bytes).
    fn try_from(multihash: &[u8]) -> Result<Self, PeerIdError> {
        Self::from_bytes(multihash)
    }
}

impl FromStr for PeerId {
    type Err = PeerIdError;

    /// Reads either text form: base58btc of the multihash, or a CIDv1 (`bafz…`) in any multibase.
    fn from_str(text: &str) -> Result<Self, PeerIdError> {
        let mut out = [0; 64];
        // Bare base58btc is what a multihash of either kind begins with: an inlined key with `1`, a
        // sha-256 hash with `Qm`. No multibase prefix is `1` or `Q`, so anything else is a CID.
        if text.starts_with('1') || text.starts_with("Qm") {
            return Self::from_bytes(multibase::decode_base58btc(text, &mut out)?);
        }
        let mut cid = Reader::new(multibase::decode(text, &mut out)?);
        match (cid.varint()?, cid.varint()?) {
            (CID_V1, LIBP2P_KEY) => Self::from_bytes(cid.rest()),
            (CID_V1, codec) => Err(PeerIdError::CidCodec(codec)),
            (version, _) => Err(PeerIdError::CidVersion(version)),
        }
    }
}

impl PartialOrd for PeerId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PeerId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; BASE58_DIGITS_MAX];
        let len = bs58::encode(self.as_bytes())
            .onto(&mut digits[..])
            .expect("the buffer holds the longest peer id");
        f.write_str(core::str::from_utf8(&digits[..len]).expect("base58 is ASCII"))
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerId({self})")
    }
}

/// Why something is no peer id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeerIdError {
    /// Text is neither base58btc nor multibase.
    Multibase(MultibaseError),
    /// A CID is not of version 1.
    CidVersion(u64),
    /// A CID names something else than a libp2p key (codec 0x72).
    CidCodec(u64),
    /// The multihash is neither an inlined key nor sha-256; its hash code.
    Hash(u64),
    /// The multihash is too long or too short for its hash function, or cut off.
    Length,
}

impl From<MultibaseError> for PeerIdError {
    fn from(error: MultibaseError) -> Self {
        Self::Multibase(error)
    }
}

impl From<ReadError> for PeerIdError {
    fn from(_: ReadError) -> Self {
        Self::Length
    }
}

impl fmt::Display for PeerIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Multibase(_) => f.write_str("the text is no peer id"),
            Self::CidVersion(version) => {
                write!(f, "a peer id as CID has version 1, this one has {version}")
            }
            Self::CidCodec(codec) => {
                write!(f, "the CID is of codec {codec:#x}, not of a libp2p key (0x72)")
            }
            Self::Hash(code) => {
                write!(f, "a peer id is an inlined key or a sha-256 hash, not hash {code:#x}")
            }
            Self::Length => f.write_str("the peer id's multihash has the wrong length"),
        }
    }
}

impl Error for PeerIdError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Multibase(error) => Some(error),
            _ => None,
        }
    }
}

/// multicodec: the "hash" that is the data itself.
const IDENTITY: u64 = 0x00;
/// multicodec: sha2-256.
const SHA2_256: u64 = 0x12;
/// multicodec: a CID of version 1.
const CID_V1: u64 = 0x01;
/// multicodec: libp2p-key.
const LIBP2P_KEY: u64 = 0x72;
/// libp2p peer-ids: longest key that is inlined; that of Ed25519 has 36 bytes.
const INLINE_LEN_MAX: usize = 42;
/// A base58 digit holds log2(58) > 5.85 bits: 44 bytes take at most 61 digits.
const BASE58_DIGITS_MAX: usize = 61;

const _: () = assert!(BASE58_DIGITS_MAX * 585 >= PeerId::LEN_MAX * 800);

#[cfg(test)]
mod tests {
    use std::{format, string::ToString, vec};

    use super::*;
    use crate::testing::{bytes, hex, text, vectors};

    fn no_hash(_: &[u8]) -> [u8; 32] {
        panic!("an inlined key needs no hash")
    }

    #[test]
    fn ids_of_the_vectors() {
        let noise = &vectors()["noise"];
        for side in ["A", "B"] {
            let key = bytes(&noise[&*format!("{side}_identity_key_protobuf")]);
            let id = PeerId::from_public_key(&key, no_hash);
            let shown = text(&noise[&*format!("{side}_peer_id")]);
            assert_eq!(id.to_string(), shown);
            assert_eq!(shown.parse(), Ok(id));
            assert_eq!(id.as_bytes(), [&[0, 36][..], &key].concat());
            assert_eq!(PeerId::from_bytes(id.as_bytes()), Ok(id));
            assert_eq!(PeerId::try_from(id.as_bytes()), Ok(id));
            assert_eq!(format!("{id:?}"), format!("PeerId({shown})"));
        }
    }

    #[test]
    fn forms_of_the_specification() {
        // From the examples of libp2p peer-ids: the same id as base58btc and as a CID.
        let base58: PeerId = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N".parse().unwrap();
        let cid = "bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe";
        assert_eq!(cid.parse(), Ok(base58));
        assert_eq!(cid.to_uppercase().parse(), Ok(base58));
        assert_eq!(base58.as_bytes()[..2], [0x12, 0x20]);
        // A hashed key.
        let id = PeerId::from_public_key(&[7; 43], |key| [key.len() as u8; 32]);
        assert_eq!(id.as_bytes(), [&[0x12, 0x20][..], &[43; 32]].concat());
        assert!(id.to_string().starts_with("Qm"));
    }

    #[test]
    fn the_longest_and_shortest_ids_display_and_parse() {
        for key in [vec![0xff; 42], vec![0; 42], vec![1], vec![]] {
            let id = PeerId::from_public_key(&key, no_hash);
            assert_eq!(id.to_string().parse(), Ok(id));
        }
    }

    #[test]
    fn order_is_that_of_the_bytes() {
        let id = |key: &[u8]| PeerId::from_public_key(key, no_hash);
        assert!(id(&[9]) < id(&[1, 1]), "the multihash has the length in front");
        assert!(id(&[1, 2]) < id(&[1, 3]));
        assert_eq!(id(&[1]).cmp(&id(&[1])), Ordering::Equal);
        assert_ne!(id(&[1]), id(&[1, 0]), "zeros behind the id are not the id");
    }

    #[test]
    fn what_is_no_peer_id_is_refused() {
        use PeerIdError::*;
        for (bytes, error) in [
            ("", Length),
            ("00", Length),
            ("0001", Length),
            ("00010203", Length),
            ("122001", Length),
            ("1303010203", Hash(0x13)),
            ("8000", Length),
        ] {
            assert_eq!(PeerId::from_bytes(&hex(bytes)), Err(error), "{bytes}");
        }
        let too_long = [&[0, 43][..], &[7; 43]].concat();
        assert_eq!(PeerId::from_bytes(&too_long), Err(Length));
        let short_hash = [&[0x12, 31][..], &[7; 31]].concat();
        assert_eq!(PeerId::from_bytes(&short_hash), Err(Length));
        let a_digit_short = "12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeS";
        assert!(a_digit_short.parse::<PeerId>().is_err());
        for (text, error) in [
            ("", Multibase(MultibaseError::Empty)),
            ("Qm0", Multibase(MultibaseError::Digit)),
            ("f01701203", CidCodec(0x70)),
            ("f02721203", CidVersion(2)),
            ("f017200", Length),
        ] {
            assert_eq!(text.parse::<PeerId>(), Err(error), "{text}");
        }
    }
}
