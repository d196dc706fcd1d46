//! Bulk transfer in memory: what a byte costs both endpoints together.
//!
//! ```sh
//! cargo bench -p floe-tests --bench bulk
//! cargo bench -p floe-tests --bench bulk -- 64x8    # one row: write size and streams
//! ```
//!
//! Both endpoints on one thread and under virtual time, so the figures are MiB per CPU second of
//! sender and receiver together, with DTLS, SCTP, framing and the streams' buffers, without a socket.
//! Beside them what the machine does at best, from the same run: bytes copied once in pieces of the
//! same size, and AES-128-GCM on 1200-byte records (of which a transfer needs two: seal and open).

mod measure;
mod pair;
mod transfer;

use measure::{Sample, memcpy, mib_per_second, seal};
use pair::Pair;

fn main() {
    // `cargo bench` adds a flag of its own.
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    println!("medians of {RUNS} runs, ± half the range between quartiles; MiB per CPU second");
    println!("{:>34} {}", "AES-128-GCM, seal 1200 B", seal(RUNS));
    println!(
        "{:>9} {:>8} {:>7} {:>14} {:>14} {:>14} {:>14} {:>9}",
        "write", "streams", "MiB", "both", "sender", "receiver", "memcpy", "× memcpy"
    );
    for (write, total) in [(16 * 1024, 32 << 20), (1024, 32 << 20), (64, 2 << 20)] {
        let memcpy = memcpy(total, write, RUNS);
        for streams in [1, 8, 64] {
            if only.as_ref().is_some_and(|only| *only != format!("{write}x{streams}")) {
                continue;
            }
            let mut rates = [Vec::new(), Vec::new(), Vec::new()];
            for run in 0..RUNS {
                let mut pair = Pair::new(run as u64);
                let [connection, _] = pair.connect();
                let before = pair.spent();
                transfer::run(&mut pair, connection, streams, write, total);
                let [sender, receiver] = [0, 1].map(|side| pair.spent()[side] - before[side]);
                for (rates, time) in rates.iter_mut().zip([sender + receiver, sender, receiver]) {
                    rates.push(mib_per_second(total, time));
                }
            }
            let [both, sender, receiver] = rates.map(Sample::of);
            println!(
                "{write:>7} B {streams:>8} {:>7} {both:>14} {sender:>14} {receiver:>14} {memcpy:>14} {:>9.0}",
                total >> 20,
                memcpy.median / both.median,
            );
        }
    }
}

const RUNS: usize = 7;
