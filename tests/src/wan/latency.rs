//! How long a small message takes beside a stream that fills the path.

use std::time::Duration;

use super::line::Line;
use super::table::Table;
use super::traffic::{self, Traffic};
use crate::duration::{millis, secs};
use crate::entropy::seeded;

pub(super) fn table() -> Table {
    Table::by_round_trip(
        "Small messages beside a bulk transfer",
        "From the write to the read of 100 bytes each 100 ms on a stream of the same connection, 200 of them: \
         the median and the second slowest. The path takes half the RTT by itself.",
        "latency",
        latency,
    )
}

fn latency(line: Line) -> String {
    let mut delays = seeded(super::SEED, || {
        let mut world = traffic::world(line);
        let mut it = Traffic::connect(&mut world, 0);
        it.open_small(&mut world);
        it.begin(&mut world);
        traffic::run(&mut world, secs(5), &mut [&mut it]);
        for _ in 0..MESSAGES {
            it.say(&mut world);
            traffic::run(&mut world, millis(100), &mut [&mut it]);
        }
        traffic::run(&mut world, secs(5), &mut [&mut it]);
        it.delays
    });
    assert_eq!(delays.len(), MESSAGES, "all have come");
    delays.sort_unstable();
    let ms = |delay: Duration| delay.as_secs_f64() * 1e3;
    format!("{:.1} / {:.1} ms", ms(delays[MESSAGES / 2]), ms(delays[MESSAGES - 2]))
}

const MESSAGES: usize = 200;
