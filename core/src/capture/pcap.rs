//! A pcapng file of what an endpoint sends and receives, with the keys in it.

use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::sync::atomic::{AtomicBool, Ordering};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::string::ToString;
use std::sync::Arc;
use std::vec::Vec;

use tracing::warn;

use super::{WallClock, headers, pcapng};
use crate::driver::{Flow, Observed, Observer};
use crate::owner_only::owner_only;
use crate::rtc::{KeyLogLine, telemetry};

/// Writes datagrams and keys to a pcapng file, which Wireshark opens and decrypts as it is.
///
/// A reader needs the keys before the first datagram that they decrypt, but an endpoint derives them
/// from that datagram or from one that came with it. So datagrams are kept until the endpoint has
/// [drained](Observer::drained) what they led to, and keys overtake them.
///
/// If a write fails, nothing more is written; that is logged, and no harm to the endpoint.
///
/// Each flush is one call of `write_all`: behind a cheap handle such as `Arc<File>` one file may have
/// several writers, each a [`Clone`] of the first, for several endpoints.
pub struct PcapWriter<W: Write> {
    out: W,
    clock: WallClock,
    /// Blocks of datagrams, to be written behind the keys that may still come.
    kept: Vec<u8>,
    /// The addresses at which peers have reached us: what is sent from a wildcard address to one of them
    /// leaves from there.
    reached_at: HashMap<SocketAddr, IpAddr>,
    /// Shared by the writers of a file: behind half a block nothing can be read.
    failed: Arc<AtomicBool>,
}

impl PcapWriter<Arc<File>> {
    /// Makes a file, or empties the one there is. A new one is readable by its owner only.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn create(path: &Path, clock: WallClock) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = owner_only(options.write(true).create(true).truncate(true)).open(path)?;
        Self::new(Arc::new(file), clock)
    }
}

impl<W: Write> PcapWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    ///
    /// If its beginning cannot be written.
    pub fn new(mut out: W, clock: WallClock) -> io::Result<Self> {
        let mut start = Vec::new();
        pcapng::write_start(&mut start);
        out.write_all(&start)?;
        Ok(Self::behind(out, clock, Arc::default()))
    }

    /// A writer to a file that is begun.
    fn behind(out: W, clock: WallClock, failed: Arc<AtomicBool>) -> Self {
        Self { out, clock, kept: Vec::new(), reached_at: HashMap::new(), failed }
    }

    fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Writes what is kept.
    pub fn flush(&mut self) {
        if !self.has_failed() {
            let result = self.out.write_all(&self.kept).and_then(|()| self.out.flush());
            self.note(result);
        }
        self.kept.clear();
    }

    /// Our address, and not a wildcard, if that can be known.
    fn local(&mut self, datagram: &Observed<'_>) -> SocketAddr {
        let Observed { flow, mut local, remote, .. } = *datagram;
        if !local.ip().is_unspecified() {
            if flow == Flow::Received {
                if self.reached_at.len() >= REACHED_AT_MAX {
                    self.reached_at.clear();
                }
                self.reached_at.insert(remote, local.ip());
            }
        } else if let Some(&ip) = self.reached_at.get(&remote) {
            local.set_ip(ip);
        }
        local
    }

    fn note(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            warn!(target: telemetry::DRIVER, %error, "the capture cannot be written, it ends here");
            self.failed.store(true, Ordering::Relaxed);
        }
    }
}

impl<W: Write + Send + 'static> Observer for PcapWriter<W> {
    fn datagram(&mut self, datagram: Observed<'_>) {
        if self.has_failed() {
            return;
        }
        let Observed { at, flow, remote, payload, .. } = datagram;
        let local = self.local(&datagram);
        let (source, destination) = match flow {
            Flow::Sent => (local, remote),
            Flow::Received => (remote, local),
        };
        pcapng::write_packet(&mut self.kept, self.clock.unix(at), flow == Flow::Sent, |out| {
            headers::write_packet(out, source, destination, payload);
        });
        if self.kept.len() >= KEPT_MAX {
            self.flush();
        }
    }

    fn key(&mut self, line: &KeyLogLine) {
        if self.has_failed() {
            return;
        }
        let mut block = Vec::new();
        pcapng::write_secrets(&mut block, &(line.to_string() + "\n"));
        let result = self.out.write_all(&block);
        self.note(result);
    }

    fn drained(&mut self) {
        if !self.kept.is_empty() {
            self.flush();
        }
    }
}

/// Another writer to the same file.
impl<W: Write + Clone> Clone for PcapWriter<W> {
    fn clone(&self) -> Self {
        Self::behind(self.out.clone(), self.clock, self.failed.clone())
    }
}

impl<W: Write> Drop for PcapWriter<W> {
    fn drop(&mut self) {
        self.flush();
    }
}

impl<W: Write> fmt::Debug for PcapWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.kept.len();
        f.debug_struct("PcapWriter")
            .field("kept", &kept)
            .field("failed", &self.has_failed())
            .finish()
    }
}

/// What comes and leaves in one turn is less; whoever never says that it has drained is not to fill the
/// memory.
const KEPT_MAX: usize = 1024 * 1024;
/// Forgotten all at once when there are more: then a datagram or two look as if they were from nowhere.
const REACHED_AT_MAX: usize = 4_096;

#[cfg(test)]
mod tests {
    use core::time::Duration;
    use std::sync::{Mutex, MutexGuard};
    use std::time::Instant;

    use super::*;
    use crate::rtc::keylog::KeyLogLabel;

    /// A file that several may write to, and a test may read.
    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Shared {
        fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
            self.0.lock().unwrap()
        }

        /// The kinds of blocks that were written.
        fn kinds(&self) -> Vec<u32> {
            let bytes = self.bytes();
            let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
            let (mut at, mut kinds) = (0, Vec::new());
            while at < bytes.len() {
                kinds.push(word(at));
                at += word(at + 4) as usize;
            }
            kinds
        }
    }

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.bytes().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn writer(out: &Shared) -> PcapWriter<Shared> {
        let clock = WallClock::new(Instant::now(), Duration::from_secs(1_000_000_000));
        PcapWriter::new(out.clone(), clock).unwrap()
    }

    fn seen(flow: Flow, local: &str, payload: &'static [u8]) -> Observed<'static> {
        let (local, remote) = (local.parse().unwrap(), "192.0.2.1:7".parse().unwrap());
        Observed { at: Instant::now(), flow, local, remote, payload }
    }

    const START: [u32; 2] = [0x0a0d_0d0a, 1];
    const PACKET: u32 = 6;
    const SECRETS: u32 = 10;

    #[test]
    fn keys_come_before_what_they_decrypt() {
        let out = Shared::default();
        let mut writer = writer(&out);
        let line = KeyLogLine::new(KeyLogLabel::ClientRandom, [1; 32], &[2; 48]).unwrap();
        writer.datagram(seen(Flow::Received, "192.0.2.9:9", b"a"));
        writer.key(&line);
        writer.datagram(seen(Flow::Sent, "192.0.2.9:9", b"b"));
        assert_eq!(out.kinds(), [&START[..], &[SECRETS]].concat());
        writer.drained();
        writer.datagram(seen(Flow::Sent, "192.0.2.9:9", b"c"));
        drop(writer);
        assert_eq!(out.kinds(), [&START[..], &[SECRETS, PACKET, PACKET, PACKET]].concat());
    }

    #[test]
    fn one_file_may_have_several_writers() {
        let out = Shared::default();
        let mut first = writer(&out);
        let mut second = first.clone();
        first.datagram(seen(Flow::Sent, "192.0.2.9:9", b"a"));
        second.datagram(seen(Flow::Sent, "192.0.2.9:10", b"b"));
        drop((first, second));
        assert_eq!(out.kinds(), [&START[..], &[PACKET, PACKET]].concat());
    }

    #[test]
    fn who_reached_us_tells_where_we_are() {
        let out = Shared::default();
        let mut writer = writer(&out);
        writer.datagram(seen(Flow::Sent, "0.0.0.0:9", b"a"));
        writer.datagram(seen(Flow::Received, "192.0.2.9:9", b"b"));
        writer.datagram(seen(Flow::Sent, "0.0.0.0:9", b"c"));
        writer.flush();
        let bytes = out.bytes();
        let source = |payload: u8| {
            // IP and UDP headers stand before the payload, which is followed by three bytes of padding.
            let at = bytes.windows(4).position(|window| *window == [payload, 0, 0, 0]).unwrap();
            bytes[at - 16..at - 12].to_vec()
        };
        assert_eq!([source(b'a'), source(b'c')], [[0; 4], [192, 0, 2, 9]]);
    }

    #[test]
    fn a_full_disk_ends_the_capture_and_nothing_else() {
        #[derive(Clone)]
        struct Full(usize);
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let clock = WallClock::new(Instant::now(), Duration::ZERO);
        assert!(PcapWriter::new(Full(10), clock).is_err());
        let mut writer = PcapWriter::new(Full(100), clock).unwrap();
        for _ in 0..3 {
            writer.datagram(seen(Flow::Sent, "192.0.2.9:9", &[7; 100]));
            writer.drained();
        }
        assert!(writer.has_failed() && writer.kept.is_empty());
        assert!(writer.clone().has_failed(), "nobody writes behind half a block");
    }
}
