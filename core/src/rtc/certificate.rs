//! The certificate that a peer shows in DTLS: self-signed, ECDSA on P-256, known by its hash.
//!
//! Nobody checks a chain, a name or a date: a dialer compares the SHA-256 of the whole DER with the
//! `certhash` of the address it dials, and Noise binds both certificates to the identities later. So
//! one byte of difference is another certificate, and a listener whose address is to outlive a
//! restart needs the same bytes again: from a file ([`Certificate::from_pem`]) or from its identity
//! key ([`Certificate::derive`], byte for byte what go-libp2p derives).
//!
//! This room rolls no dice: the same seed gives the same certificate, signature included (RFC 6979).
//!
//! Obeys: libp2p webrtc-direct (the hash of the certificate is its name), RFC 8827 §6.5 (P-256).

mod keygen;
mod pem;
mod x509;

use core::error::Error;
use core::fmt;
use core::time::Duration;
use std::string::String;
use std::vec::Vec;

use p256::SecretKey;
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use zeroize::Zeroizing;

use super::identity::{self, Keypair, KeypairError};
use crate::fingerprint::Fingerprint;

/// A DTLS certificate together with its private key.
///
/// The private key is wiped from memory when the last clone is dropped. Certificates are equal when they
/// are the same to peers: byte for byte, whatever the private keys look like.
///
/// ```
/// use floe_core::rtc::Certificate;
/// use floe_core::rtc::identity::Keypair;
///
/// # let seed = [7; 32];
/// // The same identity key always gives the same certificate, so the node's address stays.
/// let certificate = Certificate::derive(&Keypair::ed25519_from_seed(seed));
/// println!("/webrtc-direct/certhash/{}", certificate.fingerprint().certhash());
///
/// // Or it is kept in a file; this one can be shared with rust-libp2p.
/// let again = Certificate::from_pem(&certificate.to_pem())?;
/// assert_eq!(again, certificate);
/// # Ok::<(), floe_core::rtc::certificate::CertificateError>(())
/// ```
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    private_key: Zeroizing<Vec<u8>>,
}

impl Certificate {
    /// A new certificate. `seed` must be secret and random, and used for nothing else; the same
    /// seed gives the same certificate.
    pub fn generate(seed: [u8; 32]) -> Self {
        Self::grown_from(&seed, GENERATE_INFO)
    }

    /// The certificate that belongs to an identity key, the same each time, and the one that go-libp2p
    /// (0.49 and later) derives from this key: moving a node from one to the other keeps its address.
    pub fn derive(keypair: &Keypair) -> Self {
        Self::derive_from_raw(&*keypair.secret())
    }

    /// As [`derive`](Self::derive), from a host key of any type, for those who have it in raw bytes.
    ///
    /// `host_key` is the raw private key as go-libp2p has it: for Ed25519 the seed followed by the
    /// public key, for secp256k1 the 32 bytes of the scalar, for ECDSA and RSA the DER of the key file's
    /// data.
    pub fn derive_from_raw(host_key: &[u8]) -> Self {
        Self::grown_from(host_key, DERIVE_INFO)
    }

    /// As [`derive`](Self::derive), from a key file of any type: libp2p's PrivateKey protobuf
    /// `{ 1: type, 2: data }`, of which the data count.
    ///
    /// For Ed25519 and secp256k1 it is what go-libp2p derives from the same file.
    ///
    /// # Errors
    /// [`KeypairError::Malformed`] if it is no such file.
    pub fn derive_from_protobuf(key_file: &[u8]) -> Result<Self, KeypairError> {
        identity::private_key_data(key_file).map(Self::derive_from_raw)
    }

    /// Takes over an existing X.509 certificate and its private key in PKCS #8, both DER.
    ///
    /// # Errors
    /// A [`CertificateError`] if they are not P-256, or do not belong together.
    pub fn from_der(certificate: &[u8], private_key: &[u8]) -> Result<Self, CertificateError> {
        let key = SecretKey::from_pkcs8_der(private_key)
            .map_err(|_| CertificateError::UnusablePrivateKey)?;
        if x509::public_key(certificate)? != key.public_key() {
            return Err(CertificateError::KeyMismatch);
        }
        Ok(Self { der: certificate.to_vec(), private_key: pkcs8(&key) })
    }

    /// Reads what [`to_pem`](Self::to_pem) writes, what rust-libp2p's WebRTC transport stores, and
    /// the usual pair of `PRIVATE KEY` (PKCS #8) and `CERTIFICATE` in any order.
    ///
    /// The first block of each kind counts; others are ignored.
    ///
    /// # Errors
    /// A [`CertificateError`], which says what is missing or wrong.
    pub fn from_pem(text: &str) -> Result<Self, CertificateError> {
        let (mut certificate, mut private_key) = (None, None);
        for block in pem::blocks(text) {
            let (label, bytes) = block?;
            match label {
                "CERTIFICATE" if certificate.is_none() => certificate = Some(bytes),
                "PRIVATE KEY" | "PRIVATE_KEY" if private_key.is_none() => {
                    private_key = Some(Zeroizing::new(bytes));
                }
                _ => {}
            }
        }
        let certificate = certificate.ok_or(CertificateError::NoCertificate)?;
        let private_key = private_key.ok_or(CertificateError::NoPrivateKey)?;
        Self::from_der(&certificate, &private_key)
    }

    /// The certificate and its private key as text, in the form that rust-libp2p's WebRTC transport
    /// stores: its expiry, its key, itself. Secret.
    pub fn to_pem(&self) -> String {
        let mut text = String::new();
        // webrtc-rs wants this block first, a blank line after it, and little endian seconds in it.
        pem::write(&mut text, "EXPIRES", &self.not_after().as_secs().to_le_bytes());
        text.push('\n');
        pem::write(&mut text, "PRIVATE_KEY", &self.private_key);
        pem::write(&mut text, "CERTIFICATE", &self.der);
        text
    }

    /// The certificate, DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The private key, PKCS #8 in DER. Secret.
    pub fn private_key_der(&self) -> &[u8] {
        &self.private_key
    }

    /// The hash by which peers know this certificate.
    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint_of(&self.der)
    }

    /// When the certificate expires, counted from 1970-01-01 UTC. Peers do not look at it.
    pub fn not_after(&self) -> Duration {
        x509::not_after(&self.der).expect("the certificate was parsed when it came in")
    }

    fn grown_from(secret: &[u8], info: &[u8]) -> Self {
        let (serial, key) = keygen::serial_and_key(secret, info);
        Self { der: x509::self_signed(serial, &key), private_key: pkcs8(&key) }
    }
}

/// The SHA-256 fingerprint of any certificate, from its DER: the peer's, as DTLS presents it.
pub fn fingerprint_of(der: &[u8]) -> Fingerprint {
    let digest = ring::digest::digest(&ring::digest::SHA256, der);
    Fingerprint::from_bytes(digest.as_ref().try_into().expect("SHA-256 has 32 bytes"))
}

fn pkcs8(key: &SecretKey) -> Zeroizing<Vec<u8>> {
    key.to_pkcs8_der().expect("a P-256 key always has an encoding").to_bytes()
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Certificate").field(&self.fingerprint()).finish()
    }
}

/// Why a certificate cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateError {
    /// A PEM block without end, or not base64 inside.
    MalformedPem,
    /// No `CERTIFICATE` block in the PEM.
    NoCertificate,
    /// No `PRIVATE KEY` block in the PEM.
    NoPrivateKey,
    /// Not an X.509 certificate in DER.
    MalformedCertificate,
    /// The certificate's key is not ECDSA on P-256.
    NotP256,
    /// The private key is not a P-256 key in PKCS #8.
    UnusablePrivateKey,
    /// The private key belongs to another certificate.
    KeyMismatch,
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MalformedPem => "the PEM text has a block that does not end or is not base64",
            Self::NoCertificate => "the PEM text has no block labelled CERTIFICATE",
            Self::NoPrivateKey => "the PEM text has no block labelled PRIVATE KEY (PKCS #8)",
            Self::MalformedCertificate => "not an X.509 certificate in DER",
            Self::NotP256 => {
                "the certificate's key is not ECDSA on P-256, the only kind that all peers accept"
            }
            Self::UnusablePrivateKey => "the private key is not a P-256 key in PKCS #8",
            Self::KeyMismatch => "the private key does not belong to the certificate",
        })
    }
}

impl Error for CertificateError {}

/// Sets certificates from [`Certificate::generate`] apart from anything else made of that seed.
const GENERATE_INFO: &[u8] = b"floe webrtc certificate";
/// go-libp2p p2p/transport/webrtc, `deterministicCertHKDFInfo`.
const DERIVE_INFO: &[u8] = b"libp2p webrtc-direct deterministic cert";

#[cfg(test)]
mod tests;
