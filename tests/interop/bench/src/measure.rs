//! One measurement: a fresh listener, a fresh dialer, one piece of work between two lines of the dialer's. Or
//! several dialers, where one cannot do it all.
//! What both have spent is read from outside, so that nobody counts for himself.

use std::{
    thread,
    time::{Duration, Instant},
};

use interop::{
    address,
    peers::Program,
    process::{Heard, Process},
    proxy::{Network, Proxy},
};
use serde_json::Value;

use crate::{dialers::Dialers, usage::Usage};

/// What is done, by whom.
#[derive(Clone, Debug)]
pub(crate) struct Task<'a> {
    pub(crate) dialer: &'a Program,
    /// How many of them; each does the work.
    pub(crate) dialers: u32,
    pub(crate) listener: &'a Program,
    pub(crate) listen: &'a str,
    pub(crate) version: &'a str,
    /// As the dialer's command line has it.
    pub(crate) work: Vec<String>,
    /// How much later each datagram comes, each way.
    pub(crate) delay: Duration,
    /// What preparing the work may take each of them, and so may the work.
    pub(crate) limit: Duration,
    /// How long both are watched when the work is done.
    pub(crate) idle: Duration,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    /// The dialer's own figures.
    pub(crate) told: Value,
    /// What each spent on the work.
    pub(crate) dialer: Usage,
    pub(crate) listener: Usage,
    /// What each spent in a second in which nothing happened.
    pub(crate) idle_dialer_ms: f64,
    pub(crate) idle_listener_ms: f64,
}

impl Measured {
    /// A number that the dialer told.
    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        self.told[name].as_f64()
    }

    /// What each piece of the work took.
    pub(crate) fn each_ms(&self) -> Vec<f64> {
        let all = self.told["each_ms"].as_array();
        all.into_iter().flatten().filter_map(Value::as_f64).collect()
    }

    /// How many dials failed before the work began, and were made again.
    pub(crate) fn dials_failed(&self) -> u64 {
        self.told["dials_failed"].as_u64().unwrap_or_default()
    }

    /// Whether nothing went wrong that the figures do not show.
    pub(crate) fn is_clean(&self) -> bool {
        self.failed().is_none() && self.dials_failed() == 0
    }

    /// How many pieces failed, and why the first did.
    pub(crate) fn failed(&self) -> Option<(u64, &str)> {
        let failed = self.told["failed"].as_u64().filter(|failed| *failed > 0)?;
        Some((failed, self.told["message"].as_str().unwrap_or_default()))
    }
}

/// Measures; the error says in a line why there is nothing.
pub(crate) fn measure(task: &Task<'_>) -> Result<Measured, String> {
    let arguments = ["listen", "--bench", "--json", "--listen", task.listen].map(String::from);
    let mut listener = Process::spawn(task.listener, &arguments)?;
    let measured = wait(&mut listener, "listening", task.limit).and_then(|event| {
        let own = event["addr"].as_str().ok_or("the listener told no address")?;
        let proxy = between(own, task.delay)?;
        let address = match &proxy {
            Some(proxy) => address::at(own, proxy.address())?,
            None => own.into(),
        };
        let mut dialers = Dialers::start(task, &address)?;
        let measured = between_the_lines(task, &mut dialers, &listener)?;
        dialers.end()?;
        Ok(measured)
    });
    measured.map_err(|message| match last_words(&listener) {
        words if words.is_empty() => message,
        words => format!("{message}; the listener: {words}"),
    })
}

fn between(address: &str, delay: Duration) -> Result<Option<Proxy>, String> {
    if delay.is_zero() {
        return Ok(None);
    }
    let network = Network { loss: 0.0, delay };
    let proxy = Proxy::start(address::socket(address)?, network, 0);
    proxy.map(Some).map_err(|error| format!("no proxy: {error}"))
}

fn between_the_lines(
    task: &Task<'_>,
    dialers: &mut Dialers,
    listener: &Process,
) -> Result<Measured, String> {
    let before = spent(dialers, listener)?;
    let told = dialers.work()?;
    let behind = spent(dialers, listener)?;
    thread::sleep(task.idle);
    let later = spent(dialers, listener)?;
    // The work's time ends with it; of its memory, what stays is asked.
    let on_work = |before: Usage, behind: Usage, later: Usage| Usage {
        cpu_ms: behind.cpu_ms - before.cpu_ms,
        resident_kib: later.resident_kib - before.resident_kib,
    };
    Ok(Measured {
        told,
        dialer: on_work(before.0, behind.0, later.0),
        listener: on_work(before.1, behind.1, later.1),
        idle_dialer_ms: (later.0.cpu_ms - behind.0.cpu_ms) / task.idle.as_secs_f64(),
        idle_listener_ms: (later.1.cpu_ms - behind.1.cpu_ms) / task.idle.as_secs_f64(),
    })
}

fn spent(dialers: &Dialers, listener: &Process) -> Result<(Usage, Usage), String> {
    Ok((dialers.spent()?, Usage::of(listener.id())?))
}

/// Hears until an event of this name.
pub(crate) fn wait(process: &mut Process, name: &str, limit: Duration) -> Result<Value, String> {
    let deadline = Instant::now() + limit;
    loop {
        match process.hear(deadline) {
            Heard::Line(line) => {
                let event: Value = serde_json::from_str(&line)
                    .map_err(|_| format!("a line that is no JSON: {line}"))?;
                match event["event"].as_str() {
                    Some(event_name) if event_name == name => return Ok(event),
                    Some("error") => return Err(error(&event)),
                    _ => {}
                }
            }
            Heard::Exit(status) => return Err(format!("it ended before it said {name}: {status}")),
            Heard::Nothing => return Err(format!("no {name} in {} s", limit.as_secs())),
        }
    }
}

pub(crate) fn error(event: &Value) -> String {
    event["message"].as_str().unwrap_or("an error without a message").into()
}

/// The end of what it wrote to standard error, where panics are.
pub(crate) fn last_words(process: &Process) -> String {
    let words = process.complaints();
    let skipped = words.chars().count().saturating_sub(WORDS);
    words.chars().skip(skipped).collect()
}

/// What a piece of work may take that has no other limit: ten times what the slowest need.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
const WORDS: usize = 160;
