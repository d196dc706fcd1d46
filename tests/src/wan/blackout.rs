//! How long it takes until a path that was gone is full again.

use std::time::Duration;

use super::goodput::{mib, rate};
use super::line::{CLIENTS, Line, SERVERS};
use super::table::Table;
use super::traffic::{self, Traffic};
use crate::duration::{millis, secs};
use crate::entropy::seeded;

pub(super) fn table() -> Table {
    Table::by_round_trip(
        "After a blackout of 1 s",
        "From its end until two intervals in a row, of 100 ms or two round trips, have 80 % of the rate of the \
         2 s before it, which is given in MiB/s.",
        "blackout",
        blackout,
    )
}

fn blackout(line: Line) -> String {
    let (before, recovered) = seeded(super::SEED, || {
        let mut world = traffic::world(line);
        let mut it = Traffic::connect(&mut world, 0);
        it.begin(&mut world);
        traffic::run(&mut world, secs(8), &mut [&mut it]);
        let mut measure = |world: &mut _, span| {
            let before = it.received;
            traffic::run(world, span, &mut [&mut it]);
            rate(it.received - before, span)
        };
        let before = measure(&mut world, secs(2));
        world.net.between(CLIENTS, SERVERS).cut();
        measure(&mut world, secs(1));
        world.net.between(CLIENTS, SERVERS).heal();
        let interval = INTERVAL.max(line.rtt * 2);
        let (mut waited, mut full) = (Duration::ZERO, 0);
        while full < 2 && waited < PATIENCE {
            waited += interval;
            full = if measure(&mut world, interval) >= before * 0.8 { full + 1 } else { 0 };
        }
        (before, (full == 2).then(|| waited - interval))
    });
    let recovered = recovered.map_or("> 30 s".into(), |it| format!("{:.1} s", it.as_secs_f64()));
    format!("{recovered} ({:.2})", mib(before))
}

const INTERVAL: Duration = millis(100);
const PATIENCE: Duration = secs(30);
