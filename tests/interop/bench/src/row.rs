//! What is measured: a piece of work, and the figures that it is worth.

use std::time::Duration;

use crate::{
    measure::{LIMIT, Measured},
    statistics::{jain, percentile},
};

/// One kind of measurement.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) group: &'static str,
    pub(crate) what: &'static str,
    work: fn(&Amounts) -> String,
    pub(crate) figures: &'static [Figure],
    /// Dialed by a crowd, see [`Contender::crowd_of`](crate::contender::Contender::crowd_of).
    pub(crate) crowd: bool,
    /// Both are watched when the work is done.
    pub(crate) idle: bool,
    /// Also of the raw path.
    pub(crate) raw: bool,
}

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Figure {
    /// With its unit.
    pub(crate) label: &'static str,
    pub(crate) of: fn(&Measured) -> Option<f64>,
}

/// How much of everything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amounts {
    /// How long works go on that have no amount of their own.
    pub(crate) seconds: f64,
    pub(crate) dials: u32,
    pub(crate) dial_seconds: f64,
    /// How many processes dial where a crowd does, each so many connections, for so long at most.
    pub(crate) dialers: u32,
    pub(crate) connections: u32,
    pub(crate) connecting_seconds: u64,
    pub(crate) streams: u32,
    pub(crate) idle_seconds: u64,
    /// Of each connection among many.
    pub(crate) crowd_bytes: u64,
}

impl Amounts {
    pub(crate) const USUAL: Self = Self {
        seconds: 1.0,
        dials: 100,
        dial_seconds: 4.0,
        dialers: 1,
        connections: 1_000,
        connecting_seconds: 30,
        streams: 250,
        idle_seconds: 5,
        crowd_bytes: 4 << 20,
    };
    /// To see that everything works, and the order of magnitude.
    pub(crate) const FAST: Self = Self {
        seconds: 0.25,
        dials: 16,
        dial_seconds: 1.0,
        connections: 100,
        streams: 25,
        idle_seconds: 1,
        crowd_bytes: 1 << 20,
        ..Self::USUAL
    };
    /// As many connections as no process could dial that may open twenty thousand files, and time for the slowest
    /// listener, which accepts nine a second.
    pub(crate) const LARGE: Self = Self { dialers: 10, connecting_seconds: 150, ..Self::USUAL };
}

impl Row {
    /// The dialer's arguments.
    pub(crate) fn work(&self, amounts: &Amounts) -> Vec<String> {
        (self.work)(amounts).split(' ').map(String::from).collect()
    }

    /// What each dialer's part may take.
    pub(crate) fn limit(&self, amounts: &Amounts) -> Duration {
        let connecting = if self.crowd { amounts.connecting_seconds } else { 0 };
        LIMIT.max(Duration::from_secs(connecting) + LIMIT / 2)
    }

    const fn new(
        group: &'static str,
        name: &'static str,
        what: &'static str,
        work: fn(&Amounts) -> String,
        figures: &'static [Figure],
    ) -> Self {
        Self { name, group, what, work, figures, crowd: false, idle: false, raw: false }
    }
}

const BULK: &str = "Bulk";
const LATENCY: &str = "Requests, pings and streams";
const DIALS: &str = "Dials";
const IDLE: &str = "What is kept";
const CROWD: &str = "Many at once";

/// All, in the order of the tables.
pub(crate) static ROWS: [Row; 18] = [
    Row {
        raw: true,
        ..Row::new(BULK, "up-16k", "one stream, writes of 16 KiB", |a| up(a, ""), &TRANSFER)
    },
    Row::new(BULK, "up-1k", "writes of 1 KiB", |a| up(a, " --write 1024"), &TRANSFER),
    Row::new(BULK, "up-64b", "writes of 64 B", |a| up(a, " --write 64"), &TRANSFER),
    Row::new(BULK, "up-8-streams", "8 streams", |a| up(a, " --streams 8"), &TRANSFER),
    Row::new(BULK, "up-64-streams", "64 streams", |a| up(a, " --streams 64"), &TRANSFER),
    Row::new(BULK, "both", "both ways at once, an echo, each way", |a| up(a, " --both"), &TRANSFER),
    Row::new(
        LATENCY,
        "requests",
        "requests, one by one",
        |a| format!("requests --seconds {}", a.seconds),
        &[MEDIAN, P99, CPU_EACH_DIALER, CPU_EACH_LISTENER],
    ),
    Row::new(
        LATENCY,
        "requests-load",
        "the same beside an upload",
        |a| format!("requests --load --seconds {}", a.seconds),
        &[MEDIAN, P99],
    ),
    Row::new(
        LATENCY,
        "requests-32",
        "requests, 32 at once",
        |a| format!("requests --at-once 32 --seconds {}", a.seconds),
        &[PER_SECOND, CPU_EACH_DIALER, CPU_EACH_LISTENER],
    ),
    Row::new(
        LATENCY,
        "pings",
        "pings on an open stream",
        |a| format!("pings --seconds {}", a.seconds),
        &[MEDIAN, P99],
    ),
    Row::new(
        LATENCY,
        "pings-load",
        "the same beside an upload",
        |a| format!("pings --load --seconds {}", a.seconds),
        &[MEDIAN, P99],
    ),
    Row::new(
        LATENCY,
        "streams",
        "empty streams, one by one",
        |a| format!("requests --bytes 0 --seconds {}", a.seconds),
        &[PER_SECOND],
    ),
    Row::new(
        LATENCY,
        "streams-32",
        "empty streams, 32 at once",
        |a| format!("requests --bytes 0 --at-once 32 --seconds {}", a.seconds),
        &[PER_SECOND],
    ),
    Row::new(
        DIALS,
        "dials",
        "dial → authenticated",
        |a| format!("dials --count {} --seconds {}", a.dials, a.dial_seconds),
        &[MEDIAN, P99, CPU_EACH_DIALER, CPU_EACH_LISTENER],
    ),
    Row::new(
        DIALS,
        "dials-16",
        "dials, 16 at once",
        |a| format!("dials --at-once 16 --count {} --seconds {}", a.dials, a.dial_seconds),
        &[PER_SECOND],
    ),
    Row {
        crowd: true,
        idle: true,
        ..Row::new(
            IDLE,
            "connections",
            "idle connections",
            |a| {
                let (connections, seconds) = (a.connections, a.connecting_seconds);
                format!("hold --streams 0 --connections {connections} --seconds {seconds}")
            },
            &[HELD, MEMORY_LISTENER, CPU_EACH_LISTENER, CPU_IDLE_LISTENER],
        )
    },
    Row {
        idle: true,
        ..Row::new(
            IDLE,
            "idle-streams",
            "idle streams on 40 connections",
            |a| format!("hold --connections 40 --streams {} --seconds 20", a.streams),
            &[HELD, MEMORY_DIALER, MEMORY_LISTENER, CPU_IDLE_DIALER, CPU_IDLE_LISTENER],
        )
    },
    Row::new(
        CROWD,
        "crowd-16",
        "16 connections upload the same",
        |a| format!("bulk --connections 16 --bytes {}", a.crowd_bytes),
        &[
            RATE,
            Figure {
                label: "fairness (Jain's index of their rates)",
                of: |m| Some(jain(&rates(m)?)),
            },
            Figure { label: "time of the slowest / the fastest", of: slowest_to_fastest },
        ],
    ),
];

fn up(amounts: &Amounts, how: &str) -> String {
    format!("bulk --seconds {}{how}", amounts.seconds)
}

const TRANSFER: [Figure; 3] = [
    RATE,
    Figure { label: "CPU of a MiB, dialer, ms", of: |m| Some(m.dialer.cpu_ms / mib(m)?) },
    Figure { label: "CPU of a MiB, listener, ms", of: |m| Some(m.listener.cpu_ms / mib(m)?) },
];
const RATE: Figure = Figure { label: "MiB/s", of: |m| Some(mib(m)? / m.number("ms")? * 1e3) };
const MEDIAN: Figure = Figure { label: "median, ms", of: |m| percentile(&m.each_ms(), 50.0) };
const P99: Figure = Figure { label: "99th percentile, ms", of: |m| percentile(&m.each_ms(), 99.0) };
const PER_SECOND: Figure =
    Figure { label: "per s", of: |m| Some(done(m)? / m.number("ms")? * 1e3) };
const CPU_EACH_DIALER: Figure =
    Figure { label: "CPU of one, dialer, ms", of: |m| each(m, m.dialer.cpu_ms) };
const CPU_EACH_LISTENER: Figure =
    Figure { label: "CPU of one, listener, ms", of: |m| each(m, m.listener.cpu_ms) };
const HELD: Figure = Figure { label: "held", of: |m| m.number("done") };
const MEMORY_DIALER: Figure =
    Figure { label: "memory of one, dialer, KiB", of: |m| each(m, m.dialer.resident_kib) };
const MEMORY_LISTENER: Figure =
    Figure { label: "memory of one, listener, KiB", of: |m| each(m, m.listener.resident_kib) };
const CPU_IDLE_DIALER: Figure =
    Figure { label: "CPU of an idle second, dialer, ms", of: |m| Some(m.idle_dialer_ms) };
const CPU_IDLE_LISTENER: Figure =
    Figure { label: "CPU of an idle second, listener, ms", of: |m| Some(m.idle_listener_ms) };

/// The pieces that were done, of which there must be one.
fn done(measured: &Measured) -> Option<f64> {
    measured.number("done").filter(|done| *done > 0.0)
}

fn each(measured: &Measured, all: f64) -> Option<f64> {
    Some(all / done(measured)?)
}

fn mib(measured: &Measured) -> Option<f64> {
    Some(measured.number("bytes").filter(|bytes| *bytes > 0.0)? / f64::from(1 << 20))
}

fn rates(measured: &Measured) -> Option<Vec<f64>> {
    let rates: Vec<_> = measured.each_ms().iter().map(|ms| 1.0 / ms).collect();
    (!rates.is_empty()).then_some(rates)
}

fn slowest_to_fastest(measured: &Measured) -> Option<f64> {
    let times = measured.each_ms();
    Some(percentile(&times, 100.0)? / percentile(&times, 0.0)?)
}
