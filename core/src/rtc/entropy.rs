//! Entropy that came in by argument, stretched.
//!
//! An endpoint is given one seed. Everything random it needs (ufrags, tie-breakers, Noise keys, seeds
//! for the engine's parts) is drawn from here, so that the same seed gives the same bytes and a test
//! can be replayed. The generator is SHA-256 in counter mode: with a seed of 256 bits of real entropy
//! its output cannot be told from random, nor rewound to earlier output, by anyone who lacks the seed.

use core::fmt;

use ring::digest::{Context, SHA256};
use zeroize::Zeroize;

/// A deterministic generator of random bytes. Its seed is wiped from memory when it is dropped.
#[derive(Clone)]
pub struct Entropy {
    seed: [u8; 32],
    counter: u64,
}

impl Entropy {
    /// A generator that starts at `seed`: 32 bytes from the operating system, or of a test's choice.
    pub const fn new(seed: [u8; 32]) -> Self {
        Self { seed, counter: 0 }
    }

    /// The next 32 bytes.
    pub fn next_block(&mut self) -> [u8; 32] {
        let mut context = Context::new(&SHA256);
        context.update(&self.seed);
        context.update(&self.counter.to_be_bytes());
        self.counter += 1;
        let digest = context.finish();
        digest.as_ref().try_into().expect("SHA-256 is 32 bytes long")
    }

    /// The next 8 bytes as a number.
    pub fn next_u64(&mut self) -> u64 {
        let block = self.next_block();
        u64::from_be_bytes(block[..8].try_into().expect("8 of 32 bytes"))
    }

    /// Fills `out` with random bytes.
    pub fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let block = self.next_block();
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

impl Drop for Entropy {
    fn drop(&mut self) {
        self.seed.zeroize();
    }
}

/// Says nothing of the seed: whoever has it can compute every key.
impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entropy").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_no_block_twice() {
        let (mut a, mut b) = (Entropy::new([7; 32]), Entropy::new([7; 32]));
        let first = a.next_block();
        assert_eq!(first, b.next_block());
        assert_ne!(first, a.next_block());
        assert_ne!(Entropy::new([8; 32]).next_block(), first);
    }
}
