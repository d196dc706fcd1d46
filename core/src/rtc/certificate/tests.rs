//! Certificates against those of go-libp2p, rust-libp2p and OpenSSL.

use super::*;
use crate::rtc::identity::Keypair;
use crate::testing::{bytes, text, vectors};
use core::array;
use data_encoding::HEXLOWER;
use p256::ecdsa::signature::Verifier;
use p256::pkcs8::der::{Decode, Encode};
use std::format;
use x509_cert::Certificate as X509;

/// Written by libp2p-webrtc 0.10.0-alpha, which said of it [`RUST_LIBP2P_FINGERPRINT`].
const RUST_LIBP2P: &str = include_str!("tests/rust-libp2p.pem");
const RUST_LIBP2P_FINGERPRINT: &str =
    "4f366d340f5b18ea1c709100c207aa77ebf812b14aeb21b22e738098b65b09be";
const OPENSSL: &str = include_str!("tests/openssl.pem");
const OPENSSL_FINGERPRINT: &str =
    "12bcfd5ce17ae47756f3ce14c6db068fee06056c2128a757903ba76c495cf054";
const OPENSSL_P384: &str = include_str!("tests/openssl-p384.pem");

fn hex(fingerprint: Fingerprint) -> String {
    HEXLOWER.encode(fingerprint.as_bytes())
}

/// The value that go-libp2p's own test pins for the Ed25519 seed 00..1f.
#[test]
fn derived_like_go_libp2p() {
    let host = Keypair::ed25519_from_seed(array::from_fn(|i| i as u8));
    let certificate = Certificate::derive(&host);
    assert_eq!(
        hex(certificate.fingerprint()),
        text(&vectors()["go_deterministic_cert"]["sha256_fingerprint"])
    );
}

/// A thousand certificates, made by the same steps in Go from the keys 0, 1, 2, … (four bytes each)
/// and hashed one after another. Among them are serials with leading zeros and short signatures.
#[test]
fn derived_like_go_libp2p_a_thousand_times() {
    let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
    for key in 0..1000_u32 {
        digest.update(Certificate::derive_from_raw(&key.to_be_bytes()).der());
    }
    assert_eq!(
        HEXLOWER.encode(digest.finish().as_ref()),
        "84323f11ee57fdfd74b40a25cffe139189e4859d0beba13b3be073bf0378c60a"
    );
}

#[test]
fn any_der_has_a_fingerprint() {
    let vector = &vectors()["cert_der"];
    assert_eq!(fingerprint_of(&bytes(&vector["der"])).as_bytes()[..], bytes(&vector["sha256"]));
}

#[test]
fn serial_numbers_are_positive_and_minimal() {
    let (_, key) = keygen::serial_and_key(b"secret", b"info");
    for (serial, der) in [
        (1, &[1][..]),
        (0x7f, &[0x7f]),
        (0x80, &[0, 0x80]),
        (0x0100, &[1, 0]),
        (u64::MAX, &[0, 255, 255, 255, 255, 255, 255, 255, 255]),
    ] {
        let certificate = X509::from_der(&x509::self_signed(serial, &key)).unwrap();
        assert_eq!(certificate.tbs_certificate().serial_number().as_bytes(), der, "{serial}");
    }
}

#[test]
fn generated_ones_follow_their_seed_and_sign_themselves() {
    let certificate = Certificate::generate([1; 32]);
    assert_eq!(certificate, Certificate::generate([1; 32]));
    assert_ne!(certificate.fingerprint(), Certificate::generate([2; 32]).fingerprint());
    assert_ne!(certificate.fingerprint(), Certificate::derive_from_raw(&[1; 32]).fingerprint());

    let parsed = X509::from_der(certificate.der()).unwrap();
    let key = x509::public_key(certificate.der()).unwrap();
    let signature = p256::ecdsa::Signature::from_der(parsed.signature().raw_bytes()).unwrap();
    let to_be_signed = parsed.tbs_certificate().to_der().unwrap();
    p256::ecdsa::VerifyingKey::from(key).verify(&to_be_signed, &signature).unwrap();
    assert_eq!(certificate.not_after(), Duration::from_secs(4_733_510_400)); // 2120-01-01
}

#[test]
fn pem_survives_the_round() {
    let certificate = Certificate::generate([3; 32]);
    let text = certificate.to_pem();
    assert_eq!(Certificate::from_pem(&text), Ok(certificate));
    // The shape that webrtc-rs insists on: two blank lines would not do, nor another first block.
    let (expires, rest) = text.split_once("\n\n").unwrap();
    assert_eq!(expires, "-----BEGIN EXPIRES-----\nAKMjGgEAAAA=\n-----END EXPIRES-----");
    assert!(rest.starts_with("-----BEGIN PRIVATE_KEY-----\n"));
    assert!(text.lines().all(|line| line.len() <= 64));
}

#[test]
fn pem_of_rust_libp2p_is_read_and_written_alike() {
    let certificate = Certificate::from_pem(RUST_LIBP2P).unwrap();
    assert_eq!(hex(certificate.fingerprint()), RUST_LIBP2P_FINGERPRINT);
    // It ends its lines as Windows does, and puts a blank line between all blocks.
    let as_written = RUST_LIBP2P.replace('\n', "\r\n");
    assert_eq!(Certificate::from_pem(&as_written).as_ref(), Ok(&certificate));
    let without_blanks = |text: &str| text.split_whitespace().collect::<Vec<_>>().join("\n");
    assert_eq!(without_blanks(&certificate.to_pem()), without_blanks(RUST_LIBP2P));
}

#[test]
fn pem_of_openssl_is_read_in_any_order() {
    let certificate = Certificate::from_pem(OPENSSL).unwrap();
    assert_eq!(hex(certificate.fingerprint()), OPENSSL_FINGERPRINT);
    let at = OPENSSL.find("-----BEGIN PRIVATE").unwrap();
    let turned = format!("{}{}", &OPENSSL[at..], &OPENSSL[..at]);
    assert_eq!(Certificate::from_pem(&turned), Ok(certificate));
}

#[test]
fn what_cannot_be_used_is_refused_each_for_its_reason() {
    let key_at = OPENSSL.find("-----BEGIN PRIVATE").unwrap();
    let (certificate, key) = OPENSSL.split_at(key_at);
    let p384_key_at = OPENSSL_P384.find("-----BEGIN PRIVATE").unwrap();
    let other = Certificate::generate([4; 32]);
    for (text, error) in [
        (String::new(), CertificateError::NoCertificate),
        (certificate.into(), CertificateError::NoPrivateKey),
        (key.into(), CertificateError::NoCertificate),
        (OPENSSL[..OPENSSL.len() - 10].into(), CertificateError::MalformedPem),
        (OPENSSL.replace('M', "!"), CertificateError::MalformedPem),
        (OPENSSL_P384.into(), CertificateError::UnusablePrivateKey),
        (format!("{}{key}", &OPENSSL_P384[..p384_key_at]), CertificateError::NotP256),
        (format!("{certificate}{}", other.to_pem()), CertificateError::KeyMismatch),
    ] {
        assert_eq!(Certificate::from_pem(&text), Err(error));
    }
    let malformed = Err(CertificateError::MalformedCertificate);
    for len in 0..other.der().len() {
        let cut = Certificate::from_der(&other.der()[..len], other.private_key_der());
        assert_eq!(cut, malformed, "{len}");
    }
    let longer = [other.der(), &[0]].concat();
    assert_eq!(Certificate::from_der(&longer, other.private_key_der()), malformed);
    let no_key = Certificate::from_der(other.der(), &[0; 100]);
    assert_eq!(no_key, Err(CertificateError::UnusablePrivateKey));
}

#[test]
fn secrets_are_not_printed() {
    let certificate = Certificate::generate([5; 32]);
    let debug = format!("{certificate:?}");
    assert!(debug.contains("Fingerprint") && debug.len() < 250, "{debug}");
}
