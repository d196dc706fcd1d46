//! `/echo/1.0.0`: whatever comes is sent back, until the opener finishes.
//!
//! The opener sends a pattern that only a seed is needed to reproduce, and reads while it writes: an
//! acceptor holds no more than a buffer, so whoever writes everything first would wait for ever.

use std::cell::Cell;
use std::io;
use std::time::{Duration, Instant};

use futures::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{CHUNK, Progress, until_received};

/// The name in multistream-select.
pub(crate) const PROTOCOL: &str = "/echo/1.0.0";

/// Opener: sends `len` bytes that grow from `seed`, checks every byte that comes back, and says how long
/// that took.
pub(crate) async fn run<S>(
    stream: S,
    len: u64,
    seed: u64,
    progress: impl Fn(Progress),
) -> io::Result<Duration>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let start = Instant::now();
    let (mut reader, mut writer) = stream.split();
    let (sent, received) = (Cell::new(0), Cell::new(0));
    let report = || progress(Progress { sent: sent.get(), received: received.get() });
    let send = async {
        let mut pattern = Pattern::new(seed);
        let mut buffer = vec![0; CHUNK];
        while sent.get() < len {
            let chunk = chunk(&mut buffer, len - sent.get());
            pattern.fill(chunk);
            writer.write_all(chunk).await?;
            sent.set(sent.get() + chunk.len() as u64);
            report();
        }
        writer.close().await
    };
    let receive = async {
        let mut pattern = Pattern::new(seed);
        let (mut buffer, mut expected) = (vec![0; CHUNK], vec![0; CHUNK]);
        loop {
            let read = reader.read(&mut buffer).await?;
            if read == 0 {
                break;
            }
            if read as u64 > len - received.get() {
                return Err(wrong(format!("the echo is longer than the {len} bytes sent")));
            }
            pattern.fill(&mut expected[..read]);
            if buffer[..read] != expected[..read] {
                let at = buffer.iter().zip(&expected).position(|(got, sent)| got != sent);
                let at = received.get() + at.expect("they differ somewhere") as u64;
                return Err(wrong(format!("byte {at} of the echo is not the one that was sent")));
            }
            received.set(received.get() + read as u64);
            report();
        }
        if received.get() < len {
            let got = received.get();
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("the echo ended after {got} of {len} bytes"),
            ));
        }
        Ok(start.elapsed())
    };
    until_received(receive, send).await
}

/// Acceptor: sends everything back until the peer has finished.
pub(crate) async fn serve<S>(mut stream: S) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return stream.close().await;
        }
        stream.write_all(&buffer[..read]).await?;
        stream.flush().await?;
    }
}

fn wrong(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// The next piece of a transfer of which `left` bytes are left.
pub(super) fn chunk(buffer: &mut [u8], left: u64) -> &mut [u8] {
    let len = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
    &mut buffer[..len]
}

/// An endless sequence of bytes that depends on nothing but a seed (SplitMix64), so that a lost,
/// repeated or swapped piece of it cannot pass for the right one.
struct Pattern {
    state: u64,
    word: [u8; 8],
    used: usize,
}

impl Pattern {
    fn new(seed: u64) -> Self {
        Self { state: seed, word: [0; 8], used: 8 }
    }

    /// Continues the sequence.
    fn fill(&mut self, mut out: &mut [u8]) {
        while !out.is_empty() {
            if self.used == self.word.len() {
                self.word = self.next_word().to_le_bytes();
                self.used = 0;
            }
            let unused = &self.word[self.used..];
            let n = unused.len().min(out.len());
            let (head, tail) = out.split_at_mut(n);
            head.copy_from_slice(&unused[..n]);
            self.used += n;
            out = tail;
        }
    }

    fn next_word(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use futures::future::join;

    use super::*;
    use crate::protocols::duplex::{Unacknowledged, duplex};

    #[test]
    fn an_echo_is_checked_byte_by_byte_under_backpressure() {
        for len in [0, 1, 31, CHUNK as u64, 3 * CHUNK as u64 + 5] {
            let (opener, acceptor) = duplex(1_000);
            let seen = Cell::new(Progress::default());
            let run = run(opener, len, 42, |progress| seen.set(progress));
            let (ran, served) = block_on(join(run, serve(acceptor)));
            ran.unwrap();
            served.unwrap();
            assert_eq!(seen.get(), Progress { sent: len, received: len });
        }
    }

    #[test]
    fn a_missing_acknowledgement_delays_nothing() {
        let (opener, acceptor) = duplex(100);
        let run = run(Unacknowledged(opener), 1_000, 1, |_| {});
        let (ran, served) = block_on(join(run, serve(acceptor)));
        ran.unwrap();
        served.unwrap();
    }

    #[test]
    fn a_flipped_bit_a_short_and_a_long_echo_are_errors() {
        let answers = |answer: fn(Vec<u8>) -> Vec<u8>| {
            let (opener, mut acceptor) = duplex(10_000);
            let serve = async {
                let mut bytes = Vec::new();
                acceptor.read_to_end(&mut bytes).await.unwrap();
                acceptor.write_all(&answer(bytes)).await.unwrap();
                acceptor.close().await.unwrap();
            };
            let (ran, ()) = block_on(join(run(opener, 300, 7, |_| {}), serve));
            ran.unwrap_err().to_string()
        };
        let flipped = answers(|mut bytes| {
            bytes[257] ^= 4;
            bytes
        });
        assert!(flipped.contains("byte 257"), "{flipped}");
        let short = answers(|bytes| bytes[..299].to_vec());
        assert!(short.contains("after 299 of 300"), "{short}");
        let long = answers(|mut bytes| {
            bytes.push(0);
            bytes
        });
        assert!(long.contains("longer than the 300"), "{long}");
    }

    #[test]
    fn the_pattern_does_not_depend_on_how_it_is_cut() {
        let mut whole = [0; 100];
        Pattern::new(5).fill(&mut whole);
        let (mut cut, mut pattern) = ([0; 100], Pattern::new(5));
        for piece in cut.chunks_mut(7) {
            pattern.fill(piece);
        }
        assert_eq!(whole, cut);
        let mut other = [0; 100];
        Pattern::new(6).fill(&mut other);
        assert_ne!(whole, other);
    }
}
