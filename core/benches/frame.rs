//! Frames: what one message costs to encode and to decode.
//!
//! ```sh
//! cargo bench -p floe-core --bench frame
//! ```
//!
//! Medians of [`RUNS`] runs, each of many messages; beside them the same payload copied by `memcpy`,
//! measured in the same run, so that the figures can be compared across machines as ratios.
#![expect(clippy::disallowed_methods, reason = "a benchmark asks the time; the core does not")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use floe_core::frame::{Decoder, Item, Message, PAYLOAD_LEN_MAX};

fn main() {
    println!("medians of {RUNS} runs, ± half the range between quartiles");
    println!(
        "{:>8}  {:<8} {:>9} {:>7} {:>10} {:>9}",
        "payload", "", "ns", "±", "MiB/s", "× memcpy"
    );
    for len in [5, 1024, PAYLOAD_LEN_MAX] {
        let payload = vec![0x5a; len];
        let message = Message { flag: None, payload: &payload };
        let mut frame = vec![0; message.encoded_len()];
        // Apart from the frame by an odd distance: copies between addresses that are equal but for their
        // upper bits are an order of magnitude slower on some processors, by accident of allocation.
        let mut room = vec![0; len + 2048];
        let distance = (frame.as_ptr().addr().wrapping_sub(room.as_ptr().addr()) + 1024) % 2048;
        let copy = &mut room[distance..][..len];

        let memcpy = Sample::of(|| black_box(&mut *copy).copy_from_slice(black_box(&payload)));
        let encode = Sample::of(|| {
            let written = black_box(&message).encode(black_box(&mut frame));
            black_box(written.expect("the length is that of the frame"));
        });
        // As a reader of a stream does: payload is copied to where the application wants it.
        let mut decoder = Decoder::default();
        let decode = Sample::of(|| {
            let mut input = black_box(&frame[..]);
            let mut at = 0;
            while let Some(item) = decoder.decode(&mut input).expect("a frame that was encoded") {
                let Item::Payload(piece) = item else { panic!("no flag was encoded") };
                copy[at..at + piece.len()].copy_from_slice(piece);
                at += piece.len();
            }
            assert_eq!(black_box(&*copy).len(), at);
        });
        for (what, sample) in [("memcpy", &memcpy), ("encode", &encode), ("decode", &decode)] {
            println!(
                "{len:>6} B  {what:<8} {:>9.1} {:>7.1} {:>10.0} {:>9.1}",
                sample.median,
                sample.spread,
                len as f64 / sample.median * 1e9 / f64::from(1 << 20),
                sample.median / memcpy.median,
            );
        }
    }
}

/// Nanoseconds for one call.
struct Sample {
    median: f64,
    spread: f64,
}

impl Sample {
    fn of(mut call: impl FnMut()) -> Self {
        let mut time = |calls: u32| {
            let start = Instant::now();
            (0..calls).for_each(|_| call());
            start.elapsed()
        };
        let mut calls = 16;
        while time(calls) < RUN_LEN {
            calls *= 2;
        }
        let mut runs: Vec<f64> =
            (0..RUNS).map(|_| time(calls).as_nanos() as f64 / f64::from(calls)).collect();
        runs.sort_by(f64::total_cmp);
        Self { median: runs[RUNS / 2], spread: (runs[RUNS * 3 / 4] - runs[RUNS / 4]) / 2.0 }
    }
}

const RUNS: usize = 31;
/// Long enough that the clock and the loop do not count.
const RUN_LEN: Duration = Duration::from_millis(5);
