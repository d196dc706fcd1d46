//! What `--pcap` and `--keylog` ask for: an observer for each endpoint, and keys in its configuration.

use std::fs::File;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use floe_core::capture::{KeyLogWriter, PcapWriter, WallClock};
use floe_core::rtc::Config;

use crate::args::CaptureFiles;
use crate::failure::Failure;
use crate::secrecy::warn_if_others_may_read;

/// The files that a command writes what it saw to; all its endpoints write to the same ones.
#[derive(Clone, Debug)]
pub(crate) struct Capture {
    pcap: Option<PcapWriter<Arc<File>>>,
    keylog: Option<KeyLogWriter<Arc<File>>>,
}

/// What watches an endpoint.
pub(crate) type Watcher = (Option<PcapWriter<Arc<File>>>, Option<KeyLogWriter<Arc<File>>>);

impl Capture {
    /// Opens the files that are asked for.
    pub(crate) fn open(files: &CaptureFiles) -> Result<Self, Failure> {
        let unix = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let clock = WallClock::new(Instant::now(), unix);
        let pcap = files.pcap.as_deref().map(|path| {
            PcapWriter::create(path, clock).map_err(|error| {
                Failure::new("pcap", format!("cannot write {}: {error}", path.display()))
            })
        });
        // An empty variable is a usual way to say that there is none.
        let keylog = files.keylog.as_deref().filter(|path| !path.as_os_str().is_empty());
        let keylog = keylog.map(|path| {
            KeyLogWriter::open(path).map_err(|error| {
                Failure::new("keylog", format!("cannot write {}: {error}", path.display()))
            })
        });
        let capture = Self { pcap: pcap.transpose()?, keylog: keylog.transpose()? };
        if capture.is_wanted() {
            tracing::warn!("keys are written to a file: whoever has it can read the connections");
            for path in [&files.pcap, &files.keylog].into_iter().flatten() {
                // A file that was there before keeps its permissions.
                if let Ok(file) = File::open(path) {
                    warn_if_others_may_read(path, &file, "file of keys");
                }
            }
        }
        Ok(capture)
    }

    /// Nothing is written.
    pub(crate) const fn none() -> Self {
        Self { pcap: None, keylog: None }
    }

    /// Lets an endpoint say its keys, if they are wanted, and gives what is to watch it.
    pub(crate) fn watch(&self, config: &mut Config) -> Watcher {
        if self.is_wanted() {
            config.log_keys();
        }
        (self.pcap.clone(), self.keylog.clone())
    }

    const fn is_wanted(&self) -> bool {
        self.pcap.is_some() || self.keylog.is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn a_file_that_cannot_be_written_is_said_before_anything_begins() {
        let nowhere = || Some(PathBuf::from("/nowhere/at/all/file"));
        let files = CaptureFiles { pcap: nowhere(), keylog: None };
        assert_eq!(Capture::open(&files).unwrap_err().step, "pcap");
        let files = CaptureFiles { pcap: None, keylog: nowhere() };
        assert_eq!(Capture::open(&files).unwrap_err().step, "keylog");
    }

    #[test]
    fn an_empty_name_is_none() {
        let files = CaptureFiles { pcap: None, keylog: Some(PathBuf::new()) };
        assert!(!Capture::open(&files).unwrap().is_wanted());
    }
}
