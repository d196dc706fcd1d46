//! What the peer's data is sealed with, from the secrets of a session, if that is AES-128-GCM.
//!
//! Obeys: RFC 5246 §5, §6.3 (DTLS 1.2); RFC 8446 §7.1, §7.3, RFC 9147 §4.2.3, §5.9 (DTLS 1.3).

use core::fmt;

use ring::hmac;
use zeroize::Zeroize;

use crate::rtc::engine::Role;

/// The keys of one direction.
pub(super) enum Keys {
    /// Of DTLS 1.2.
    V12 { key: [u8; KEY_LEN], salt: [u8; SALT_LEN] },
    /// Of DTLS 1.3; the last encrypts the numbers of records.
    V13 { key: [u8; KEY_LEN], iv: [u8; IV_LEN], number_key: [u8; KEY_LEN] },
}

impl Keys {
    /// From the master secret and the randoms of both, the server's first: what `sender` seals with.
    pub(super) fn v12(master_secret: &[u8], randoms: &[u8], sender: Role) -> Self {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, master_secret);
        let seed = [KEY_EXPANSION, randoms].concat();
        // P_hash: A(1) is of the seed, A(2) of A(1), and each makes a block together with the seed.
        let first = hmac::sign(&secret, &seed);
        let second = hmac::sign(&secret, first.as_ref());
        let block = |a: &hmac::Tag| hmac::sign(&secret, &[a.as_ref(), &seed].concat());
        let mut material = [block(&first).as_ref(), block(&second).as_ref()].concat();
        // The keys of client and server, then their salts.
        let at = |start, len| {
            let start = if sender == Role::Client { start } else { start + len };
            &material[start..start + len]
        };
        let keys = Self::V12 {
            key: at(0, KEY_LEN).try_into().expect("it was cut so long"),
            salt: at(2 * KEY_LEN, SALT_LEN).try_into().expect("it was cut so long"),
        };
        material.zeroize();
        keys
    }

    /// From the traffic secret of the one who seals with them.
    pub(super) fn v13(secret: &[u8]) -> Self {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
        Self::V13 {
            key: expand_label(&secret, b"key"),
            iv: expand_label(&secret, b"iv"),
            number_key: expand_label(&secret, b"sn"),
        }
    }
}

/// HKDF-Expand-Label without a context, of no more than one block.
fn expand_label<const LEN: usize>(secret: &hmac::Key, label: &[u8]) -> [u8; LEN] {
    let mut context = hmac::Context::with_key(secret);
    context.update(&(LEN as u16).to_be_bytes());
    context.update(&[(LABEL_PREFIX.len() + label.len()) as u8]);
    context.update(LABEL_PREFIX);
    context.update(label);
    context.update(&[0, 1]);
    *context.sign().as_ref().first_chunk().expect("a block is longer than any key")
}

impl Drop for Keys {
    fn drop(&mut self) {
        match self {
            Self::V12 { key, salt } => {
                key.zeroize();
                salt.zeroize();
            }
            Self::V13 { key, iv, number_key } => {
                key.zeroize();
                iv.zeroize();
                number_key.zeroize();
            }
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(…)")
    }
}

pub(super) const KEY_EXPANSION: &[u8] = b"key expansion";
const LABEL_PREFIX: &[u8] = b"dtls13";
pub(super) const KEY_LEN: usize = 16;
pub(super) const IV_LEN: usize = 12;
pub(super) const SALT_LEN: usize = 4;

#[cfg(test)]
mod tests {
    use std::string::String;

    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| std::format!("{byte:02x}")).collect()
    }

    /// What another implementation of HMAC, in another language, made of the formulas of RFC 5246 §5 and RFC
    /// 8446 §7.1.
    #[test]
    fn keys_are_the_ones_of_the_specifications() {
        let randoms = [[0x22; 32], [0x33; 32]].concat();
        let keys = |sender| match &Keys::v12(&[0x11; 48], &randoms, sender) {
            Keys::V12 { key, salt } => [hex(key), hex(salt)],
            Keys::V13 { .. } => panic!("they are of 1.2"),
        };
        assert_eq!(keys(Role::Client), ["2901e58c4c0b28c76b9040ea751bde83", "b6332bca"]);
        assert_eq!(keys(Role::Server), ["9edb2cf7c43ebe00b98b55c8223523b4", "8052c624"]);
        let Keys::V13 { key, iv, number_key } = &Keys::v13(&[0x44; 32]) else {
            panic!("they are of 1.3");
        };
        assert_eq!(hex(key), "45b3dfb499bf9bcea9fcf1e992628d78");
        assert_eq!(hex(iv), "1ec3944e6e3f9fba1b438a4e");
        assert_eq!(hex(number_key), "0d0b8be3f5bf0050e8fce879cd33d184");
    }
}
