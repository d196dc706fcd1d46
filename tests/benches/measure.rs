//! Medians, and what a machine can do at best.

#![allow(dead_code, reason = "each benchmark uses what it needs of it")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use ring::aead;

/// The median of some runs, and half the range between their quartiles.
pub(crate) struct Sample {
    pub(crate) median: f64,
    pub(crate) spread: f64,
}

impl Sample {
    pub(crate) fn of(mut runs: Vec<f64>) -> Self {
        runs.sort_by(f64::total_cmp);
        let at = |quarters: usize| runs[(runs.len() - 1) * quarters / 4];
        Self { median: at(2), spread: (at(3) - at(1)) / 2.0 }
    }
}

impl std::fmt::Display for Sample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { median, spread } = self;
        write!(f, "{:>10}", format!("{median:.1} ±{spread:.1}"))
    }
}

/// MiB per second of copying `total` bytes in pieces of `piece`.
pub(crate) fn memcpy(total: usize, piece: usize, runs: usize) -> Sample {
    let (from, mut to) = (vec![0x5a; total], vec![0; total]);
    rate(total, runs, || {
        for (to, from) in to.chunks_mut(piece).zip(from.chunks(piece)) {
            black_box(to).copy_from_slice(black_box(from));
        }
    })
}

/// MiB per second of sealing records of 1200 bytes as DTLS does, with AES-128-GCM.
pub(crate) fn seal(runs: usize) -> Sample {
    let key = aead::UnboundKey::new(&aead::AES_128_GCM, &[7; 16]).expect("16 bytes are a key");
    let key = aead::LessSafeKey::new(key);
    let mut record = [0; 1200];
    rate(RECORDS * record.len(), runs, || {
        for number in 0..RECORDS {
            let mut nonce = [0; 12];
            nonce[..8].copy_from_slice(&(number as u64).to_be_bytes());
            let nonce = aead::Nonce::assume_unique_for_key(nonce);
            let tag = key.seal_in_place_separate_tag(nonce, aead::Aad::from([0; 13]), &mut record);
            let _ = black_box(tag.expect("a record can be sealed"));
        }
    })
}

fn rate(bytes: usize, runs: usize, mut run: impl FnMut()) -> Sample {
    run();
    Sample::of((0..runs).map(|_| mib_per_second(bytes, time(&mut run))).collect())
}

fn time(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

pub(crate) fn mib_per_second(bytes: usize, time: Duration) -> f64 {
    bytes as f64 / f64::from(1 << 20) / time.as_secs_f64()
}

const RECORDS: usize = 10_000;
