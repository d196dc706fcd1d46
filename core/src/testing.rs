//! What the tests of floor 0 share: the recorded vectors, hex, and dice with a seed.

use core::net::SocketAddr;
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

/// The answers to binding requests of RFC 5769 §2.2 and §2.3, and the addresses in them.
pub(crate) fn rfc_5769_answers() -> [(Vec<u8>, SocketAddr); 2] {
    let header = "2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220";
    [
        (
            "0101003c",
            "002000080001a147e112a643000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96",
            "192.0.2.1:32853",
        ),
        (
            "01010048",
            "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275\
             bfe3ed4180280004c8fb0b4c",
            "[2001:db8:1234:5678:11:2233:4455:6677]:32853",
        ),
    ]
    .map(|(len, rest, seen)| {
        (hex(&[len, header, rest].concat()), seen.parse().expect("it is an address"))
    })
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
