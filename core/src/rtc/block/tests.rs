use std::vec;

use super::*;
use crate::frame::Message;
use crate::rtc::entropy::Entropy;
use crate::rtc::framed::encode;

fn blocks(bytes: &[u8]) -> Blocks {
    let mut blocks = Blocks::default();
    blocks.write(bytes);
    blocks
}

fn random(entropy: &mut Entropy, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    entropy.fill(&mut bytes);
    bytes
}

/// The payload of all frames, which must be encoded as frames are, and the length of each.
fn sent(mut blocks: Blocks) -> (Vec<u8>, Vec<usize>) {
    let (mut payload, mut lens) = (Vec::new(), Vec::new());
    while let Some(len) = blocks.blocks.front().map(Block::len) {
        let frame = blocks.next_frame().expect("there is a block");
        let bytes = &frame[frame.len() - len..];
        assert_eq!(frame, encode(Message { flag: None, payload: bytes }));
        payload.extend_from_slice(bytes);
        lens.push(len);
    }
    assert_eq!(
        (blocks.len(), blocks.blocks.capacity()),
        (0, 0),
        "without bytes it keeps no buffer"
    );
    (payload, lens)
}

fn memory(blocks: &Blocks) -> usize {
    let handles = blocks.blocks.capacity() * size_of::<Block>();
    handles + blocks.blocks.iter().map(|block| block.bytes.capacity()).sum::<usize>()
}

#[test]
fn a_header_of_any_length_is_right_before_its_payload() {
    let mut entropy = Entropy::new([1; 32]);
    for len in [1, 124, 125, 126, 127, 128, 129, PAYLOAD_LEN - 1, PAYLOAD_LEN] {
        let payload = random(&mut entropy, len);
        assert_eq!(sent(blocks(&payload)), (payload, vec![len]));
    }
    assert_eq!(sent(blocks(&[7; PAYLOAD_LEN + 1])).1, [PAYLOAD_LEN, 1]);
}

#[test]
fn small_writes_become_full_frames() {
    for len in [1, 64, 1000, PAYLOAD_LEN - 1] {
        let mut entropy = Entropy::new([2; 32]);
        let (mut row, mut written) = (Blocks::default(), Vec::new());
        while written.len() < 10 * PAYLOAD_LEN {
            let bytes = random(&mut entropy, len);
            row.write(&bytes);
            written.extend_from_slice(&bytes);
        }
        let (payload, lens) = sent(row);
        assert_eq!(payload, written);
        assert!(lens[..10].iter().all(|it| *it == PAYLOAD_LEN), "writes of {len}: {lens:?}");
    }
}

#[test]
fn what_waits_is_filled_up_by_what_is_handed_over() {
    let mut waiting = Blocks::default();
    for _ in 0..1000 {
        waiting.take_from(&mut blocks(&[7; 64]), usize::MAX);
    }
    let lens = sent(waiting).1;
    assert!(lens[..lens.len() - 1].iter().all(|len| *len == PAYLOAD_LEN), "{lens:?}");
}

#[test]
fn what_is_moved_in_any_lengths_is_what_was_written() {
    for seed in 0..100 {
        let mut entropy = Entropy::new([seed; 32]);
        let max = 1 + (entropy.next_u64() % 20_000) as usize;
        let (mut written, mut payload) = (Vec::new(), Vec::new());
        let (mut here, mut under_way, mut there) =
            (Blocks::default(), Blocks::default(), Blocks::default());
        while written.len() < 100_000 || payload.len() < written.len() {
            if written.len() < 100_000 {
                let len = (entropy.next_u64() % 9000) as usize;
                let bytes = random(&mut entropy, len);
                here.write(&bytes);
                written.extend_from_slice(&bytes);
            }
            if under_way.is_empty() {
                let spare = (max / 2).checked_sub(there.len());
                under_way = here.take_urgent(spare);
            }
            there.take_from(&mut under_way, max);
            assert!(there.len() <= max, "seed {seed}");
            assert!(
                !there.is_empty() || under_way.is_empty(),
                "seed {seed}: something always goes"
            );
            if entropy.next_u64().is_multiple_of(2)
                && let Some(len) = there.blocks.front().map(Block::len)
            {
                let frame = there.next_frame().expect("there is a block");
                payload.extend_from_slice(&frame[frame.len() - len..]);
            }
            let all = here.len() + under_way.len() + there.len() + payload.len();
            assert_eq!(all, written.len(), "seed {seed}");
        }
        assert_eq!(payload, written, "seed {seed}");
    }
}

#[test]
fn what_fills_no_frame_is_kept_while_it_is_not_urgent() {
    let bytes = [7; 2 * PAYLOAD_LEN + 10];
    for (spare, taken) in [
        (None, 2 * PAYLOAD_LEN),
        (Some(2 * PAYLOAD_LEN - 1), 2 * PAYLOAD_LEN),
        (Some(2 * PAYLOAD_LEN), 2 * PAYLOAD_LEN + 10),
    ] {
        let mut row = blocks(&bytes);
        assert_eq!(row.take_urgent(spare).len(), taken);
        assert_eq!(row.len(), bytes.len() - taken);
    }
    let mut row = blocks(b"x");
    assert!(row.take_urgent(None).is_empty());
    assert_eq!(row.take_urgent(Some(0)).len(), 1, "nobody waits before it");
    assert_eq!(row.blocks.capacity(), 0, "without bytes it keeps no buffer");
}

#[test]
fn little_takes_little() {
    assert!(memory(&blocks(b"x")) < 128, "one byte takes {}", memory(&blocks(b"x")));
    for len in [1, 10, 100, 400, 1000, 3000, 10_000] {
        let (at_once, mut by_and_by) = (blocks(&vec![7; len]), Blocks::default());
        (0..len).for_each(|_| by_and_by.write(b"x"));
        assert!(memory(&at_once) <= 4 * len + 128, "{len} take {}", memory(&at_once));
        assert!(memory(&by_and_by) <= 8 * len + 600, "{len} take {}", memory(&by_and_by));
    }
}
