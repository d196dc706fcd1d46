//! What a world saw, for Wireshark: `FLOE_PCAP=DIR cargo test …` writes a file for each world there.
//!
//! A file is called by the test and the seed, and a number from the second world on that a test makes
//! with the same seed. It shows every datagram as it is sent, before rules and weather, and has the keys
//! of floe's nodes in it. Time begins in September 2001.

use std::collections::HashMap;
use std::env;
use std::fs::{File, create_dir_all};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use floe_core::capture::{PcapWriter, WallClock};
use floe_core::driver::{Flow, Observed, Observer};
use floe_core::rtc::{Epoch, KeyLogLine};
use floe_core::time::Timestamp;

use crate::net::Packet;

/// Whether worlds are captured, and so keys are wanted.
pub(crate) fn is_wanted() -> bool {
    folder().is_some()
}

/// The file of one world.
#[derive(Debug)]
pub(crate) struct Capture {
    epoch: Epoch,
    writer: PcapWriter<Arc<File>>,
}

impl Capture {
    /// A new file, if it is wanted.
    ///
    /// # Panics
    /// If it cannot be made: whoever wants it should know.
    pub(crate) fn begin(seed: u64, epoch: Epoch) -> Option<Self> {
        let folder = folder()?;
        create_dir_all(&folder).expect("the folder in FLOE_PCAP can be made");
        let path = folder.join(name(seed));
        let clock = WallClock::new(epoch.instant(Timestamp::ZERO), SEPTEMBER_2001);
        let writer = PcapWriter::create(&path, clock).expect("a file in FLOE_PCAP can be made");
        Some(Self { epoch, writer })
    }

    pub(crate) fn packet(&mut self, now: Timestamp, packet: &Packet) {
        let Packet { source: local, destination: remote, .. } = *packet;
        let at = self.epoch.instant(now);
        let payload = &packet.payload;
        self.writer.datagram(Observed { at, flow: Flow::Sent, local, remote, payload });
    }

    pub(crate) fn key(&mut self, line: &KeyLogLine) {
        self.writer.key(line);
    }

    pub(crate) fn drained(&mut self) {
        self.writer.drained();
    }
}

fn folder() -> Option<PathBuf> {
    env::var_os("FLOE_PCAP").filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

fn name(seed: u64) -> String {
    /// How many worlds had a name.
    static WORLDS: Mutex<Option<HashMap<String, u32>>> = Mutex::new(None);
    let thread = thread::current();
    let story = thread.name().unwrap_or("world").replace("::", ".");
    let name = format!("{story}-{seed}");
    let mut worlds = WORLDS.lock().unwrap_or_else(PoisonError::into_inner);
    let count = worlds.get_or_insert_default().entry(name.clone()).or_default();
    *count += 1;
    if *count == 1 { format!("{name}.pcapng") } else { format!("{name}-{count}.pcapng") }
}

/// A moment that is the same in every run.
const SEPTEMBER_2001: Duration = Duration::from_secs(1_000_000_000);
