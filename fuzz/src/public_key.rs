//! What a peer says of its identity: public keys, their signatures, and key and certificate files.

use floe_core::rtc::Certificate;
use floe_core::rtc::identity::{KeyType, Keypair, PublicKey};

use crate::input::{Input, flip};
use crate::says_why;

/// Any bytes as a public key, a key pair, and a PEM file; then a key of each type with a signature of
/// these bytes.
pub fn public_key(data: &[u8]) {
    match PublicKey::from_protobuf(data) {
        Ok(key) => {
            reads_alike(&key);
            let refused = key.verify(data, data);
            says_why(&refused.expect_err("nobody can sign what holds the signature"));
        }
        Err(error) => says_why(&error),
    }
    let mut input = Input::new(data);
    let (kind, len) = (input.byte() % 4, usize::from(input.u16()));
    let content = input.take(len);
    if let Ok(key) = PublicKey::from_protobuf(&protobuf(kind, content)) {
        reads_alike(&key);
        let _ = key.verify(b"message", input.rest());
    }
    match Keypair::from_protobuf(data) {
        Ok(keypair) => assert_eq!(
            Keypair::from_protobuf(&keypair.to_protobuf()).map(|it| it.raw()),
            Ok(keypair.raw())
        ),
        Err(error) => says_why(&error),
    }
    if let Ok(text) = core::str::from_utf8(data) {
        match Certificate::from_pem(text) {
            Ok(certificate) => {
                let again = Certificate::from_pem(&certificate.to_pem());
                assert_eq!(again.map(|it| it.fingerprint()), Ok(certificate.fingerprint()));
            }
            Err(error) => says_why(&error),
        }
    }
    signed(Input::new(data));
}

fn reads_alike(key: &PublicKey) {
    assert!(key.to_protobuf().len() <= PublicKey::ENCODED_LEN_MAX);
    assert_eq!(PublicKey::from_protobuf(&key.to_protobuf()).as_ref(), Ok(key));
    assert_eq!(
        PublicKey::from_protobuf(&key.to_protobuf()).map(|key| key.peer_id()),
        Ok(key.peer_id())
    );
}

/// A good signature holds, and no bit of it or of the message may change.
fn signed(mut input: Input<'_>) {
    let (keypair, at) = (Keypair::ed25519_from_seed(input.array()), input.u16());
    let mut message = input.rest().to_vec();
    let mut signature = keypair.sign(&message);
    let key = keypair.public_key();
    assert_eq!(key.key_type(), KeyType::Ed25519);
    assert_eq!(key.verify(&message, &signature), Ok(()));
    flip(&mut signature, at);
    assert!(key.verify(&message, &signature).is_err());
    flip(&mut signature, at);
    if !message.is_empty() {
        flip(&mut message, at);
        assert!(key.verify(&message, &signature).is_err());
    }
}

fn protobuf(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![0x08, kind, 0x12];
    let mut len = content.len();
    while len >= 0x80 {
        out.push(len as u8 | 0x80);
        len >>= 7;
    }
    out.push(len as u8);
    out.extend_from_slice(content);
    out
}
