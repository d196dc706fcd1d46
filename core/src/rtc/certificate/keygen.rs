//! From a secret to a serial number and a P-256 key, without dice.
//!
//! The way go-libp2p takes: HKDF-SHA256 spreads the secret over 8 bytes of serial number and a
//! 24-byte seed, and C2SP det-keygen grows the key from the seed: HMAC_DRBG (NIST SP 800-90A §10.1.2,
//! SHA-256) yields candidates until one is a scalar (FIPS 186-5 §A.2.2).

use p256::SecretKey;
use ring::{hkdf, hmac};

/// The serial number, at least 1, and the key that belong to `secret` and `info`.
pub(super) fn serial_and_key(secret: &[u8], info: &[u8]) -> (u64, SecretKey) {
    let mut material = [0; 32];
    hkdf::Salt::new(hkdf::HKDF_SHA256, &[])
        .extract(secret)
        .expand(&[info], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut material))
        .expect("32 bytes are within what HKDF can give");
    let (serial, seed) = material.split_first_chunk::<8>().expect("32 bytes hold 8");
    // RFC 5280 §4.1.2.2: "The serial number MUST be a positive integer".
    (u64::from_be_bytes(*serial).max(1), p256_key(seed))
}

/// C2SP det-keygen, ECDSA on P-256.
fn p256_key(seed: &[u8]) -> SecretKey {
    let seed = [seed, PERSONALIZATION].concat();
    let mut drbg = HmacDrbg::new(&seed);
    loop {
        // A candidate is refused once in 2^32: if it is zero or not below the order of the curve.
        if let Ok(key) = SecretKey::from_slice(&drbg.next_block()) {
            return key;
        }
    }
}

/// HMAC_DRBG with SHA-256, asked for 32 bytes at a time.
struct HmacDrbg<'a> {
    key: [u8; 32],
    value: [u8; 32],
    /// Mixed in a second time before the first block: the DRBG's own second step of seeding.
    seed: &'a [u8],
    seeded: bool,
}

impl<'a> HmacDrbg<'a> {
    fn new(seed: &'a [u8]) -> Self {
        let mut drbg = Self { key: [0; 32], value: [1; 32], seed, seeded: false };
        drbg.update(0, seed);
        drbg
    }

    fn next_block(&mut self) -> [u8; 32] {
        if self.seeded {
            self.update(0, &[]);
        } else {
            self.update(1, self.seed);
            self.seeded = true;
        }
        self.value = hmac(&self.key, &[&self.value]);
        self.value
    }

    /// Half of HMAC_DRBG_Update: the round with `counter`.
    fn update(&mut self, counter: u8, data: &[u8]) {
        self.key = hmac(&self.key, &[&self.value, &[counter], data]);
        self.value = hmac(&self.key, &[&self.value]);
    }
}

fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    parts.iter().for_each(|part| context.update(part));
    context.sign().as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// C2SP det-keygen: the name of the curve keeps keys of different curves apart.
const PERSONALIZATION: &[u8] = b"det ECDSA key gen P-256";

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;

    /// The seed is from filippo.io/keygen's own test, where it is the one that loops; the key was
    /// computed with it.
    #[test]
    fn a_candidate_beyond_the_order_is_passed_over() {
        let seed = HEXLOWER.decode(b"b432f9be30890480298218510559aed7").unwrap();
        assert_eq!(
            HEXLOWER.encode(&p256_key(&seed).to_bytes()),
            "8e33078565bd7d1f9f81011fa8b788632af840074ab0eb31f8022b77547d61f3"
        );
        let seed = [&seed, PERSONALIZATION].concat();
        assert!(SecretKey::from_slice(&HmacDrbg::new(&seed).next_block()).is_err());
    }
}
