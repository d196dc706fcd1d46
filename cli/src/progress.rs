//! A bar that shows how far a transfer is: on stderr, if that is a terminal, and nowhere else.

use std::cell::Cell;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::quantity;

/// A bar for one transfer. Wiped when dropped, so that what is printed next stands alone.
pub(crate) struct Bar {
    label: &'static str,
    total: u64,
    start: Instant,
    /// When to draw next; never, where nobody looks.
    next: Cell<Option<Instant>>,
}

impl Bar {
    /// A bar for `total` bytes. `shown` is the caller's wish; a terminal is needed as well.
    pub(crate) fn new(label: &'static str, total: u64, shown: bool) -> Self {
        let start = Instant::now();
        let next = (shown && io::stderr().is_terminal()).then_some(start + INTERVAL);
        Self { label, total, start, next: Cell::new(next) }
    }

    /// Shows that `done` bytes are through; cheap enough to be called for each piece.
    pub(crate) fn update(&self, done: u64) {
        let Some(next) = self.next.get() else { return };
        let now = Instant::now();
        if now >= next {
            self.next.set(Some(now + INTERVAL));
            draw(&line(self.label, done, self.total, now - self.start));
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if self.next.get().is_some() {
            draw("");
        }
    }
}

/// Replaces the line that the cursor is in.
fn draw(line: &str) {
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "\r\x1b[K{line}").and_then(|()| stderr.flush());
}

fn line(label: &str, done: u64, total: u64, elapsed: Duration) -> String {
    let part = if total == 0 { 1.0 } else { (done as f64 / total as f64).min(1.0) };
    let filled = (part * WIDTH as f64) as usize;
    format!(
        "{label:<8} [{}{}] {:>3.0}%  {} of {}  {}",
        "#".repeat(filled),
        "-".repeat(WIDTH - filled),
        part * 100.0,
        quantity::bytes(done),
        quantity::bytes(total),
        quantity::rate(done, elapsed),
    )
}

/// Characters of the bar itself: with everything around it the line fits 80 columns.
const WIDTH: usize = 24;
/// Ten times a second looks smooth and costs nothing.
const INTERVAL: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_shows_part_size_and_rate() {
        let second = Duration::from_secs(1);
        assert_eq!(
            line("upload", 16 << 20, 64 << 20, second),
            "upload   [######------------------]  25%  16 MiB of 64 MiB  16 MiB/s"
        );
        assert!(line("upload", 0, 0, second).contains("100%"));
        let longest = line("download", 1_023 << 20, (1 << 50) - 1, second);
        assert!(longest.len() <= 80, "{longest}");
    }
}
