//! How much of a path one stream fills.

use std::time::Duration;

use super::line::Line;
use super::table::{Cell, Row, Table};
use super::traffic::{self, Traffic};
use crate::duration::{millis, secs};
use crate::entropy::seeded;

pub(super) fn table() -> Table {
    let rows = [2, 20, 100, 300].into_iter().flat_map(|rtt| {
        [0, 1_000, 10_000, 30_000].map(|loss| {
            let labels = vec![format!("{rtt} ms"), format!("{} %", loss as f64 / 10_000.0)];
            let cells = WIDTHS.map(|width| {
                let line = Line { rtt: millis(rtt), loss, width };
                Cell::new(format!("goodput {line}"), move || goodput(line))
            });
            Row { labels, cells: cells.into() }
        })
    });
    Table {
        title: "Goodput of one stream",
        note: "MiB/s that are read, and their share of the line. After 10 round trips and 2 s at least, over 10 s, \
               or 30 s from 100 ms on, or until 128 MiB have come.",
        columns: ["RTT", "loss", "10 Mbit/s", "100 Mbit/s", "1,000 Mbit/s"]
            .map(String::from)
            .into(),
        rows: rows.collect(),
    }
}

fn goodput(line: Line) -> String {
    let rate = seeded(super::SEED, || {
        let mut world = traffic::world(line);
        let mut it = Traffic::connect(&mut world, 0);
        it.begin(&mut world);
        traffic::run(&mut world, secs(2).max(line.rtt * 10), &mut [&mut it]);
        let (start, before) = (world.now, it.received);
        let span = if line.rtt < millis(100) { secs(10) } else { secs(30) };
        world.until(span, |world| {
            it.pump(world);
            (it.received - before >= ENOUGH).then_some(())
        });
        rate(it.received - before, world.now.saturating_since(start))
    });
    format!("{:.2} ({:.0} %)", mib(rate), line.share(rate))
}

/// Bytes per second.
pub(super) fn rate(bytes: u64, time: Duration) -> f64 {
    bytes as f64 / time.as_secs_f64()
}

/// So many bytes in MiB.
pub(super) fn mib(bytes: f64) -> f64 {
    bytes / f64::from(1 << 20)
}

const WIDTHS: [u64; 3] = [10, 100, 1_000];
const ENOUGH: u64 = 128 << 20;
