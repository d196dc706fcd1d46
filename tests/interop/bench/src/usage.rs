//! What a process has spent, as the kernel counts it. Linux only.

use std::{fs, io, iter::Sum};

/// Of one process, all its threads together, without its children.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    pub(crate) cpu_ms: f64,
    pub(crate) resident_kib: f64,
}

impl Sum for Usage {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            cpu_ms: sum.cpu_ms + one.cpu_ms,
            resident_kib: sum.resident_kib + one.resident_kib,
        })
    }
}

impl Usage {
    pub(crate) fn of(process: u32) -> Result<Self, String> {
        let read = |file: &str| fs::read_to_string(format!("/proc/{process}/{file}"));
        let ticks = cpu_ticks(&read("stat").map_err(gone)?).ok_or("no times in stat")?;
        // Both are too low: ticks are cut to 10 ms, and a thread that has ended is in none of the others.
        let cpu_ms = (ticks * TICK_MS).max(threads_ms(process).map_err(gone)?);
        let status = read("status").map_err(gone)?;
        Ok(Self { cpu_ms, resident_kib: resident_kib(&status).ok_or("no VmRSS in status")? })
    }
}

fn gone(error: io::Error) -> String {
    format!("a process that was to be measured: {error}")
}

/// `utime` and `stime`, which stand behind the name in parentheses.
fn cpu_ticks(stat: &str) -> Option<f64> {
    let mut behind = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    let user: f64 = behind.next()?.parse().ok()?;
    let system: f64 = behind.next()?.parse().ok()?;
    Some(user + system)
}

/// Of all threads that there are.
fn threads_ms(process: u32) -> io::Result<f64> {
    let mut ns = 0.0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        // It may have ended meanwhile.
        let told = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
        ns += told.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0.0);
    }
    Ok(ns / 1e6)
}

fn resident_kib(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// USER_HZ, which is 100 on every Linux that programs are built for.
const TICK_MS: f64 = 10.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_lines_are_understood() {
        let stat = "7 (a ) name) S 1 7 7 0 -1 4194560 100 0 0 0 25 5 0 0 20 0 3 0 1 2 3";
        assert_eq!(cpu_ticks(stat), Some(30.0));
        assert_eq!(resident_kib("VmSize:\t 9 kB\nVmRSS:\t    1234 kB\n"), Some(1234.0));
        assert_eq!(cpu_ticks("7 (name) S 1"), None);
    }

    #[test]
    fn this_process_has_spent_something() {
        let usage = Usage::of(std::process::id()).unwrap();
        assert!(usage.resident_kib > 0.0);
        assert!(Usage::of(std::process::id()).unwrap().cpu_ms >= usage.cpu_ms);
    }
}
