//! What the tests of floor 0 share: the recorded vectors, hex, and dice with a seed.

use std::vec::Vec;

use data_encoding::HEXLOWER_PERMISSIVE;
use serde_json::Value;

/// The vectors that were computed and cross-checked outside this project.
pub(crate) fn vectors() -> Value {
    serde_json::from_str(include_str!("../tests/vectors/vectors.json"))
        .expect("vectors.json is JSON")
}

/// The bytes of a JSON string of hex digits.
pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    hex(text(value))
}

/// A JSON string.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("a string was expected in the vectors, not {value}"))
}

/// The bytes of a string of hex digits.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let mut out = std::vec![0; text.len() / 2];
    HEXLOWER_PERMISSIVE.decode_mut(text.as_bytes(), &mut out).expect("hex in the vectors");
    out
}

/// Dice: splitmix64, so that a printed seed repeats a failure.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.roll() % bound as u64) as usize
    }

    pub(crate) fn fill(&mut self, out: &mut [u8]) {
        out.iter_mut().for_each(|byte| *byte = self.roll() as u8);
    }
}
