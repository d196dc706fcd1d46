//! The bytes that are sent: every position is predictable and no word repeats, so that a lost, doubled
//! or exchanged piece is seen at its first byte.

/// Produces the sequence from its start, in pieces of any length.
#[derive(Debug, Default)]
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

fn at(position: u64) -> u8 {
    mix((position / 4) as u32).to_le_bytes()[(position % 4) as usize]
}

/// A permutation of the 32-bit words.
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
    fn it_begins_as_the_contract_says() {
        let mut start = [0; 16];
        Sequence::default().fill(&mut start);
        assert_eq!(u128::from_be_bytes(start), 0x0e2f_ca92_f3e3_d63c_cc7d_141b_bf1d_084c);
    }

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
