//! A byte sequence in which every position is predictable and no short stretch repeats, so that a
//! lost, doubled or exchanged piece of an echo is seen at its first byte.

/// Produces the sequence from its start, in pieces of any length.
#[derive(Default)]
pub(crate) struct Sequence {
    position: u64,
}

impl Sequence {
    pub(crate) fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            *byte = at(self.position);
            self.position += 1;
        }
    }

    /// Compares the next bytes; the error is the position of the first that differs.
    pub(crate) fn check(&mut self, bytes: &[u8]) -> Result<(), u64> {
        for byte in bytes {
            if *byte != at(self.position) {
                return Err(self.position);
            }
            self.position += 1;
        }
        Ok(())
    }
}

/// splitmix64 of the index of the eight bytes, of which `position` picks one.
fn at(position: u64) -> u8 {
    let mut z = (position / 8 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)).to_le_bytes()[(position % 8) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_any_length_make_the_same_sequence() {
        let mut whole = [0; 1000];
        Sequence::default().fill(&mut whole);
        let mut pieces = Sequence::default();
        for piece in whole.chunks(7) {
            assert_eq!(pieces.check(piece), Ok(()));
        }
    }

    #[test]
    fn a_lost_byte_is_seen_where_it_is_missing() {
        let mut whole = vec![0; 1000];
        Sequence::default().fill(&mut whole);
        whole.remove(500);
        let seen_at = Sequence::default().check(&whole).unwrap_err();
        // The bytes on both sides of the gap may be equal by chance; eight in a row are not.
        assert!((500..508).contains(&seen_at), "{seen_at}");
    }
}
