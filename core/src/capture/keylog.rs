//! A key log: the secrets alone, as `SSLKEYLOGFILE` has them.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::string::ToString;
use std::sync::Arc;

use tracing::warn;

use crate::driver::{Observed, Observer};
use crate::owner_only::owner_only;
use crate::rtc::{KeyLogLine, telemetry};

/// Writes the secrets of DTLS sessions to a key log, a line each.
///
/// If a write fails, nothing more is written; that is logged, and no harm to the endpoint. Each line is
/// one call of `write_all`: a file may have several writers.
#[derive(Clone, Debug)]
pub struct KeyLogWriter<W> {
    out: W,
    failed: bool,
}

impl KeyLogWriter<Arc<File>> {
    /// Continues a file, or makes it, readable by its owner only. By convention the environment variable
    /// `SSLKEYLOGFILE` says where; nothing here looks at it.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = owner_only(options.append(true).create(true)).open(path)?;
        Ok(Self::new(Arc::new(file)))
    }
}

impl<W: Write> KeyLogWriter<W> {
    /// A writer of lines to `out`.
    pub const fn new(out: W) -> Self {
        Self { out, failed: false }
    }
}

impl<W: Write + Send + 'static> Observer for KeyLogWriter<W> {
    fn datagram(&mut self, _: Observed<'_>) {}

    fn key(&mut self, line: &KeyLogLine) {
        if self.failed {
            return;
        }
        let line = line.to_string() + "\n";
        let written = self.out.write_all(line.as_bytes()).and_then(|()| self.out.flush());
        if let Err(error) = written {
            warn!(target: telemetry::DRIVER, %error, "the key log cannot be written, it ends here");
            self.failed = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::rtc::keylog::KeyLogLabel;

    #[test]
    fn each_secret_is_a_line() {
        let mut writer = KeyLogWriter::new(Vec::new());
        for secret in [&[1; 32][..], &[2; 48]] {
            let label = KeyLogLabel::ClientTrafficSecret0;
            writer.key(&KeyLogLine::new(label, [3; 32], secret).unwrap());
        }
        let text = std::string::String::from_utf8(writer.out).unwrap();
        let fields: Vec<Vec<&str>> = text.lines().map(|line| line.split(' ').collect()).collect();
        assert!(text.ends_with('\n'));
        assert_eq!(fields.len(), 2);
        for (fields, len) in fields.iter().zip([64, 96]) {
            assert_eq!((fields[0], fields[1].len()), ("CLIENT_TRAFFIC_SECRET_0", 64));
            assert_eq!(fields[2].len(), len);
        }
    }
}
