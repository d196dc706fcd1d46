//! What streams carry: a header, then bytes that follow from the stream's number and their position.

use super::script::Plan;

/// Bytes of the header, with which the opener's direction begins.
pub(super) const HEADER_LEN: u64 = 24;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From who opened the stream.
    There = 0,
    /// From who accepted it.
    Back = 1,
}

impl Way {
    pub(super) fn opposite(self) -> Self {
        match self {
            Self::There => Self::Back,
            Self::Back => Self::There,
        }
    }
}

/// The number of a flow, and so of what its stream carries.
pub(super) type Number = usize;

/// A header: the flow's number, who opened it, and what is planned.
pub(super) fn header(number: Number, opener: usize, plan: &Plan) -> [u8; HEADER_LEN as usize] {
    let mut header = [0; HEADER_LEN as usize];
    header[..4].copy_from_slice(&(number as u32).to_be_bytes());
    header[4..8].copy_from_slice(&(opener as u32).to_be_bytes());
    header[8..16].copy_from_slice(&plan.there.to_be_bytes());
    header[16..].copy_from_slice(&plan.back.to_be_bytes());
    header
}

/// The flow that a header names.
pub(super) fn number_of(header: &[u8]) -> Option<Number> {
    Some(u32::from_be_bytes(*header.first_chunk()?) as Number)
}

/// Fills `out` with what a flow carries from a position on, behind the header.
pub(super) fn fill(number: Number, way: Way, mut position: u64, out: &mut [u8]) {
    let mut rest = out;
    while !rest.is_empty() {
        let word = word(number, way, position / 8).to_le_bytes();
        let word = &word[(position % 8) as usize..];
        let len = word.len().min(rest.len());
        rest[..len].copy_from_slice(&word[..len]);
        position += len as u64;
        rest = &mut rest[len..];
    }
}

fn word(number: Number, way: Way, at: u64) -> u64 {
    let mut z = (number as u64) << 41 ^ (way as u64) << 40 ^ at;
    z = (z ^ (z >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z ^ (z >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_piece_is_a_piece_of_the_whole() {
        let mut whole = [0; 100];
        fill(7, Way::Back, 1_000, &mut whole);
        for start in 0..20 {
            let mut piece = [0; 50];
            fill(7, Way::Back, 1_000 + start, &mut piece);
            assert_eq!(piece[..], whole[start as usize..][..50]);
        }
        let mut another = [0; 100];
        fill(8, Way::Back, 1_000, &mut another);
        assert_ne!(whole, another);
    }
}
