//! Every fuzz body over its seeds and over mutations of them, on stable and in moments.
//!
//! `FLOE_MUTATIONS` says how many mutations each seed gets; a tenth, where handshakes take milliseconds. A failure prints what repeats it.

use std::fs;
use std::path::{Path, PathBuf};

use floe_fuzz::{BODIES, Body};
use floe_tests::rng::Rng;

#[test]
fn every_target_has_a_body_and_seeds() {
    let names: Vec<_> = BODIES.iter().map(|(name, _)| String::from(*name)).collect();
    let targets = entries(&fuzz().join("fuzz_targets"));
    let targets: Vec<_> = targets.iter().map(|path| stem(path)).collect();
    assert_eq!(targets, names);
    let corpora = entries(&fuzz().join("corpus"));
    assert_eq!(corpora.iter().map(|path| stem(path)).collect::<Vec<_>>(), names);
    assert!(corpora.iter().all(|corpus| entries(corpus).len() >= 3));
}

#[test]
fn seeds() {
    each_seed(|_, seed, body, bytes| {
        let _says_which = Says { seed, mutation: None, bytes };
        body(bytes);
    });
}

#[test]
fn mutated_seeds() {
    let mutations = std::env::var("FLOE_MUTATIONS").map_or(MUTATIONS, |number| {
        number.parse().expect("FLOE_MUTATIONS is how many mutations each seed gets")
    });
    each_seed(|name, seed, body, bytes| {
        let is_slow = WITH_HANDSHAKES.contains(&name);
        for number in 0..if is_slow { mutations / 10 } else { mutations } {
            let mutated = mutated(bytes, number);
            let _says_which = Says { seed, mutation: Some(number), bytes: &mutated };
            body(&mutated);
        }
    });
}

fn each_seed(mut run: impl FnMut(&str, &Path, Body, &[u8])) {
    for (name, body) in BODIES {
        for seed in entries(&fuzz().join("corpus").join(name)) {
            run(name, &seed, *body, &fs::read(&seed).expect("a seed can be read"));
        }
    }
}

/// A few changes of the kinds that parsers are sensitive to.
fn mutated(bytes: &[u8], seed: u64) -> Vec<u8> {
    let mut rng = Rng::new(seed);
    let mut out = bytes.to_vec();
    for _ in 0..=rng.below(4) {
        let at = rng.below(out.len() as u64 + 1) as usize;
        let len = (rng.below(8) as usize + 1).min(out.len() - at);
        match rng.below(7) {
            0 => out.truncate(at),
            1 => drop(out.drain(at..at + len)),
            2 => out.insert(at, rng.next_u64() as u8),
            3 => {
                let copied = out[at..at + len].to_vec();
                out.splice(at..at, copied);
            }
            4 if at < out.len() => out[at] ^= 1 << rng.below(8),
            5 if at < out.len() => out[at] = [0, 1, 0x7f, 0x80, 0xff][rng.below(5) as usize],
            _ if at < out.len() => out[at] = rng.next_u64() as u8,
            _ => {}
        }
    }
    out
}

/// Prints the input when a body panics.
struct Says<'a> {
    seed: &'a Path,
    mutation: Option<u64>,
    bytes: &'a [u8],
}

impl Drop for Says<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let hex: String = self.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            eprintln!("seed {:?}, mutation {:?}: {hex}", self.seed, self.mutation);
        }
    }
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let read = fs::read_dir(directory).unwrap_or_else(|error| panic!("{directory:?}: {error}"));
    let mut paths: Vec<_> = read.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

fn stem(path: &Path) -> String {
    path.file_stem().expect("a file has a name").to_string_lossy().into_owned()
}

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

const MUTATIONS: u64 = 100;
const WITH_HANDSHAKES: &[&str] = &["dialer", "endpoint", "established", "meeting"];
