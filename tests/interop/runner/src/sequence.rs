//! The bytes that every program of the matrix sends, and what the runner knows of them: their SHA-256.
//! The dialers compare byte by byte themselves; this is the second opinion.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// The SHA-256, in hexadecimal, of the first `count` bytes of the sequence.
pub(crate) fn sha256(count: u64) -> String {
    let mut hash = Sha256::new();
    let mut left = count;
    for word in 0.. {
        let bytes = mix(word).to_le_bytes();
        let take = left.min(bytes.len() as u64);
        hash.update(&bytes[..take as usize]);
        left -= take;
        if left == 0 {
            break;
        }
    }
    hash.finalize().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes everything");
        text
    })
}

/// A permutation of the 32-bit words: no two positions of the sequence have the same four bytes.
const fn mix(word: u32) -> u32 {
    let mut h = word.wrapping_add(1).wrapping_mul(0x9e37_79b9);
    h ^= h >> 16;
    h = h.wrapping_mul(0x85eb_ca6b);
    h ^= h >> 13;
    h = h.wrapping_mul(0xc2b2_ae35);
    h ^ (h >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_that_of_the_contract() {
        let start: Vec<_> = (0..4).flat_map(|word| mix(word).to_le_bytes()).collect();
        assert_eq!(start, 0x0e2f_ca92_f3e3_d63c_cc7d_141b_bf1d_084c_u128.to_be_bytes());
        assert_eq!(
            sha256(1024),
            "a22a86d95bc18405f68ed5a0254053fb83df32ac0cf750910e741540c9f0ee96"
        );
        assert_eq!(sha256(1), "4d7b3ef7300acf70c892d8327db8272f54434adbc61a4e130a563cb59a0d0f47");
    }
}
