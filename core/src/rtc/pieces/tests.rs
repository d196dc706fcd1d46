use std::vec;
use std::vec::Vec;

use super::*;
use crate::rtc::entropy::Entropy;

fn pieces(of: &[&'static [u8]]) -> Pieces {
    let mut pieces = Pieces::default();
    of.iter().for_each(|piece| pieces.push(Bytes::from_static(piece)));
    pieces
}

fn below(entropy: &mut Entropy, n: u64) -> usize {
    (entropy.next_u64() % n) as usize
}

fn all(mut pieces: Pieces) -> Vec<u8> {
    let mut out = vec![0; pieces.len()];
    assert_eq!(pieces.read(&mut out), out.len());
    assert_eq!((pieces.cost(), pieces.len()), (0, 0));
    assert_eq!(pieces.pieces.capacity(), 0, "without pieces there is no buffer");
    out
}

#[test]
fn what_is_read_in_any_lengths_is_what_came() {
    for seed in 0..100 {
        let mut entropy = Entropy::new([seed; 32]);
        let (mut came, mut read) = (Vec::new(), Vec::new());
        let (mut here, mut there) = (Pieces::default(), Pieces::default());
        while came.len() < 20_000 || read.len() < came.len() {
            if came.len() < 20_000 {
                let mut piece = vec![0; 1 + below(&mut entropy, 2000)];
                entropy.fill(&mut piece);
                came.extend_from_slice(&piece);
                here.push(piece.into());
            }
            let cost_max = below(&mut entropy, 5000);
            here.hand_over(&mut there, cost_max);
            assert!(!there.is_empty(), "seed {seed}: where nothing was, something comes");
            let mut out = vec![0; 1 + below(&mut entropy, 3000)];
            let len = there.read(&mut out);
            read.extend_from_slice(&out[..len]);
            assert_eq!(here.len() + there.len() + read.len(), came.len(), "seed {seed}");
        }
        assert_eq!(read, came, "seed {seed}");
        assert_eq!((here.cost(), there.cost()), (0, 0), "seed {seed}");
    }
}

#[test]
fn no_more_is_handed_over_than_may_be_kept() {
    let mut tiny = Pieces::default();
    (0..1000).for_each(|_| tiny.push(Bytes::from_static(b"x")));
    let mut to = Pieces::default();
    tiny.hand_over(&mut to, 10 * (1 + PIECE_OVERHEAD) + 1);
    assert_eq!((to.len(), tiny.len()), (10, 990), "handles count");
    tiny.hand_over(&mut to, 10 * (1 + PIECE_OVERHEAD) + 1);
    assert_eq!(to.len(), 10, "it is full");
    assert_eq!(to.cost(), 10 * (1 + PIECE_OVERHEAD));
}

#[test]
fn a_piece_that_is_too_long_is_cut() {
    let mut long = pieces(&[b"0123456789", b"ab"]);
    let (mut first, mut second) = (Pieces::default(), Pieces::default());
    long.hand_over(&mut first, PIECE_OVERHEAD + 4);
    assert_eq!((first.len(), first.cost()), (4, PIECE_OVERHEAD + 4));
    long.hand_over(&mut second, 0);
    assert_eq!(all(first), b"0123");
    assert_eq!(all(second), b"4", "never nothing");
    let mut rest = Pieces::default();
    long.hand_over(&mut rest, usize::MAX);
    assert_eq!(all(rest), b"56789ab");
    assert_eq!(long.cost(), 0);
}
