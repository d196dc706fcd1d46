//! X.509 (RFC 5280): one template to write, two facts to read.
//!
//! What is written is the certificate of go-libp2p, for all alike: a certificate that looked
//! different would only tell peers apart. What is read are the public key and the end of validity of
//! our own certificates; a peer's certificate is hashed and never parsed here.

use core::time::Duration;
use std::vec::Vec;

use p256::SecretKey;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::EncodePublicKey;
use p256::pkcs8::der::{Decode, Encode};
use x509_cert::Certificate;

use super::CertificateError;

/// The template, filled and signed with `key`. Lasts from 2020 to 2120, whatever the clock says.
pub(super) fn self_signed(serial: u64, key: &SecretKey) -> Vec<u8> {
    let serial = serial.to_be_bytes();
    let leading = serial.iter().take_while(|&&byte| byte == 0).count().min(7);
    // A first byte of 0x80 or more would be a negative number.
    let sign: &[u8] = if serial[leading] >= 0x80 { &[0] } else { &[] };
    let name = tlv(SEQUENCE, &[&tlv(SET, &[&tlv(SEQUENCE, &[COMMON_NAME, &common_name()])])]);
    let public_key =
        key.public_key().to_public_key_der().expect("a P-256 key always has an encoding");
    let to_be_signed = tlv(
        SEQUENCE,
        &[
            VERSION_3,
            &tlv(INTEGER, &[sign, &serial[leading..]]),
            ECDSA_WITH_SHA256,
            &name,
            &tlv(SEQUENCE, &[&tlv(UTC_TIME, &[NOT_BEFORE]), &tlv(GENERALIZED_TIME, &[NOT_AFTER])]),
            &name,
            public_key.as_bytes(),
        ],
    );
    let signature: DerSignature = SigningKey::from(key).sign(&to_be_signed);
    // The byte in front counts the unused bits of the bit string.
    let signature = tlv(BIT_STRING, &[&[0], signature.as_bytes()]);
    tlv(SEQUENCE, &[&to_be_signed, ECDSA_WITH_SHA256, &signature])
}

/// The P-256 key that the certificate is about.
pub(super) fn public_key(der: &[u8]) -> Result<p256::PublicKey, CertificateError> {
    let certificate = parse(der)?;
    let key = certificate.tbs_certificate().subject_public_key_info();
    let key = key.to_der().map_err(|_| CertificateError::MalformedCertificate)?;
    p256::pkcs8::DecodePublicKey::from_public_key_der(&key).map_err(|_| CertificateError::NotP256)
}

/// The end of validity, since 1970-01-01 UTC.
pub(super) fn not_after(der: &[u8]) -> Result<Duration, CertificateError> {
    Ok(parse(der)?.tbs_certificate().validity().not_after.to_unix_duration())
}

fn parse(der: &[u8]) -> Result<Certificate, CertificateError> {
    Certificate::from_der(der).map_err(|_| CertificateError::MalformedCertificate)
}

fn common_name() -> Vec<u8> {
    tlv(PRINTABLE_STRING, &[b"libp2p-webrtc-direct"])
}

/// One DER element: tag, length, and the parts one after another.
fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    let [high, low] = u16::try_from(len).expect("the template is short").to_be_bytes();
    let mut element = Vec::with_capacity(4 + len);
    match len {
        0..0x80 => element.extend([tag, low]),
        0x80..0x100 => element.extend([tag, 0x81, low]),
        _ => element.extend([tag, 0x82, high, low]),
    }
    parts.iter().for_each(|part| element.extend_from_slice(part));
    element
}

// Tags, X.690.
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const PRINTABLE_STRING: u8 = 0x13;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

/// `[0] { INTEGER 2 }`.
const VERSION_3: &[u8] = &[0xa0, 0x03, 0x02, 0x01, 0x02];
/// The algorithm ecdsa-with-SHA256, 1.2.840.10045.4.3.2.
const ECDSA_WITH_SHA256: &[u8] =
    &[0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// The attribute commonName, 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x06, 0x03, 0x55, 0x04, 0x03];
// RFC 5280 §4.1.2.5: dates through 2049 are UTCTime, later ones GeneralizedTime.
const NOT_BEFORE: &[u8] = b"200101000000Z";
const NOT_AFTER: &[u8] = b"21200101000000Z";
