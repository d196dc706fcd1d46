//! What a process has spent.

use std::fs;
use std::ops::Sub;

use serde::{Deserialize, Serialize};

/// Of the whole process, since it began.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Usage {
    pub(crate) cpu_ms: f64,
    pub(crate) resident_kib: f64,
}

impl Usage {
    /// By now. Linux only; elsewhere, zero.
    pub(crate) fn now() -> Self {
        Self { cpu_ms: cpu_ns() as f64 / 1e6, resident_kib: resident_kib().unwrap_or(0.0) }
    }
}

impl Sub for Usage {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            cpu_ms: self.cpu_ms - before.cpu_ms,
            resident_kib: self.resident_kib - before.resident_kib,
        }
    }
}

/// Of all threads there are: the runtime's live as long as the process.
fn cpu_ns() -> u64 {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return 0 };
    let of = |path: std::path::PathBuf| -> Option<u64> {
        fs::read_to_string(path.join("schedstat")).ok()?.split(' ').next()?.parse().ok()
    };
    tasks.filter_map(|task| of(task.ok()?.path())).sum()
}

fn resident_kib() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
