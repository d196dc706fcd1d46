//! The cipher suites of DTLS 1.3: the library's, but for how AES-128 encrypts the numbers of records.
//!
//! For each record that is sent the library has its provider expand the same key anew, on the heap. Here it is
//! expanded on the stack, with the processor's instructions where there are any.
//!
//! Obeys: RFC 9147 §4.2.3 (record number encryption).

use std::boxed::Box;

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use dimpl::CryptoError;
use dimpl::crypto::{
    Cipher, Dtls13CipherSuite, HashAlgorithm, SupportedDtls13CipherSuite, aws_lc_rs,
};

/// The suites that the library offers by itself, in its order.
pub(super) static SUITES: &[&dyn SupportedDtls13CipherSuite] = &[
    &Suite(Dtls13CipherSuite::AES_128_GCM_SHA256),
    &Suite(Dtls13CipherSuite::AES_256_GCM_SHA384),
    &Suite(Dtls13CipherSuite::CHACHA20_POLY1305_SHA256),
];

#[derive(Debug)]
struct Suite(Dtls13CipherSuite);

impl Suite {
    /// What the library has under the same name.
    fn usual(&self) -> &'static dyn SupportedDtls13CipherSuite {
        let suites = aws_lc_rs::default_provider().dtls13_cipher_suites;
        let usual = suites.iter().find(|usual| usual.suite() == self.0);
        *usual.expect("there is a test that the library has the same suites")
    }
}

impl SupportedDtls13CipherSuite for Suite {
    fn suite(&self) -> Dtls13CipherSuite {
        self.0
    }

    fn hash_algorithm(&self) -> HashAlgorithm {
        self.usual().hash_algorithm()
    }

    fn key_len(&self) -> usize {
        self.usual().key_len()
    }

    fn iv_len(&self) -> usize {
        self.usual().iv_len()
    }

    fn tag_len(&self) -> usize {
        self.usual().tag_len()
    }

    fn create_cipher(&self, key: &[u8]) -> Result<Box<dyn Cipher>, CryptoError> {
        self.usual().create_cipher(key)
    }

    fn encrypt_sn(&self, sn_key: &[u8], sample: &[u8; 16]) -> [u8; 16] {
        match (self.0, Aes128::new_from_slice(sn_key)) {
            (Dtls13CipherSuite::AES_128_GCM_SHA256, Ok(cipher)) => {
                let mut mask = (*sample).into();
                cipher.encrypt_block(&mut mask);
                mask.into()
            }
            _ => self.usual().encrypt_sn(sn_key, sample),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_the_ones_of_the_library_and_mask_as_it_does() {
        let usual = aws_lc_rs::default_provider().dtls13_cipher_suites;
        assert_eq!(
            SUITES.iter().map(|it| it.suite()).collect::<std::vec::Vec<_>>(),
            usual.iter().map(|it| it.suite()).collect::<std::vec::Vec<_>>(),
        );
        for (ours, usual) in SUITES.iter().zip(usual) {
            let parts = |it: &dyn SupportedDtls13CipherSuite| {
                (it.hash_algorithm(), it.key_len(), it.iv_len(), it.tag_len())
            };
            assert_eq!(parts(*ours), parts(*usual));
            let key: std::vec::Vec<_> = (1..=ours.key_len() as u8).collect();
            for sample in [[0; 16], [0xa5; 16], core::array::from_fn(|at| at as u8)] {
                assert_eq!(ours.encrypt_sn(&key, &sample), usual.encrypt_sn(&key, &sample));
            }
        }
    }
}
