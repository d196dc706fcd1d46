//! Who dials: one process, or several that do the same one after the other and keep what they have, because what
//! one process may keep open is limited. What they spend and tell is spent and told as by one.

use std::time::{Duration, Instant};

use interop::process::{Heard, Process};
use serde_json::Value;

use crate::{
    measure::{Task, error, last_words, wait},
    usage::Usage,
};

/// All dialers of a measurement.
#[derive(Debug)]
pub(crate) struct Dialers {
    all: Vec<Process>,
    limit: Duration,
}

impl Dialers {
    /// Starts them and waits until each has prepared its work.
    pub(crate) fn start(task: &Task<'_>, address: &str) -> Result<Self, String> {
        let options = ["--version", task.version, "--json"].map(String::from);
        let arguments = ["bench".into(), address.into()].into_iter().chain(task.work.clone());
        let arguments: Vec<String> = arguments.chain(options).collect();
        let mut all = Vec::new();
        for _ in 0..task.dialers {
            let mut dialer = Process::spawn(task.dialer, &arguments)?;
            wait(&mut dialer, "begin", task.limit).map_err(|why| explained(&dialer, why))?;
            all.push(dialer);
        }
        Ok(Self { all, limit: task.limit })
    }

    /// Lets one after the other work; says what they have told.
    pub(crate) fn work(&mut self) -> Result<Value, String> {
        let (count, began) = (self.all.len(), Instant::now());
        let mut told = Value::Null;
        for (place, dialer) in self.all.iter_mut().enumerate() {
            dialer.say("")?;
            let end = wait(dialer, "end", self.limit).map_err(|why| explained(dialer, why))?;
            told = joined(told, end);
            if count > 1 {
                let (done, failed) = (&told["done"], &told["failed"]);
                let (place, seconds) = (place + 1, began.elapsed().as_secs());
                eprintln!("  dialer {place} of {count}: {done} done, {failed} failed, {seconds} s");
            }
        }
        Ok(told)
    }

    /// What all together have spent.
    pub(crate) fn spent(&self) -> Result<Usage, String> {
        self.all.iter().map(|dialer| Usage::of(dialer.id())).sum()
    }

    /// Lets them go. What one finds wrong by then, such as a load that broke, spoils the figures.
    pub(crate) fn end(mut self) -> Result<(), String> {
        for dialer in &mut self.all {
            dialer.say("")?;
        }
        let deadline = Instant::now() + FAREWELL;
        self.all.iter_mut().try_for_each(|dialer| match complaint(dialer, deadline) {
            Some(message) => Err(explained(dialer, message)),
            None => Ok(()),
        })
    }
}

/// What a dialer complains of at its end, in as much time as it is given for that.
fn complaint(dialer: &mut Process, deadline: Instant) -> Option<String> {
    loop {
        match dialer.hear(deadline) {
            Heard::Line(line) => {
                let event: Value = serde_json::from_str(&line).unwrap_or_default();
                if event["event"] == "error" {
                    return Some(error(&event));
                }
            }
            Heard::Exit(_) | Heard::Nothing => return None,
        }
    }
}

fn explained(dialer: &Process, message: String) -> String {
    match last_words(dialer) {
        words if words.is_empty() => message,
        words => format!("{message}; the dialer: {words}"),
    }
}

/// Numbers are added, lists stand behind each other, and of words the first count.
fn joined(sum: Value, more: Value) -> Value {
    match (sum, more) {
        (Value::Number(sum), Value::Number(more)) => match (sum.as_u64(), more.as_u64()) {
            (Some(sum), Some(more)) => sum.saturating_add(more).into(),
            _ => (sum.as_f64().unwrap_or_default() + more.as_f64().unwrap_or_default()).into(),
        },
        (Value::Array(sum), Value::Array(more)) => sum.into_iter().chain(more).collect(),
        (Value::String(sum), more) if sum.is_empty() => more,
        (Value::Object(mut sum), Value::Object(more)) => {
            for (name, value) in more {
                let before = sum.remove(&name).unwrap_or_default();
                sum.insert(name, joined(before, value));
            }
            Value::Object(sum)
        }
        (Value::Null, more) => more,
        (sum, _) => sum,
    }
}

/// What saying goodbye may take before a dialer is killed.
const FAREWELL: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use interop::peers::Program;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_several_tell_is_told_as_by_one() {
        let told = [
            json!({ "event": "end", "done": 2, "each_ms": [1.5, 2.0], "failed": 0, "message": "", "ms": 4.0 }),
            json!({ "event": "end", "done": 1, "each_ms": [3.0], "failed": 2, "message": "full", "ms": 5.5 }),
            json!({ "event": "end", "done": 0, "each_ms": [], "failed": 1, "message": "gone", "ms": 1.0 }),
        ];
        let all = json!({
            "event": "end", "done": 3, "each_ms": [1.5, 2.0, 3.0], "failed": 3, "message": "full", "ms": 10.5
        });
        assert_eq!(told.clone().into_iter().fold(Value::Null, joined), all);
        // One alone is told as it is.
        assert_eq!(joined(Value::Null, told[1].clone()), told[1]);
    }

    /// Dialers that are this shell script.
    fn scripted(script: &str, dialers: u32) -> Result<Dialers, String> {
        let prefix = vec!["-c".into(), script.into()];
        let program = Program { path: "sh".into(), prefix };
        Dialers::start(
            &Task {
                dialer: &program,
                dialers,
                listener: &program,
                listen: "",
                version: "v1",
                work: Vec::new(),
                delay: Duration::ZERO,
                limit: Duration::from_secs(60),
                idle: Duration::ZERO,
            },
            "",
        )
    }

    #[test]
    fn several_processes_do_the_work_of_one() {
        let script =
            r#"echo '{"event":"begin"}'; read go; echo '{"event":"end","done":7}'; read go"#;
        let mut dialers = scripted(script, 3).unwrap();
        assert!(dialers.spent().unwrap().resident_kib > 0.0);
        assert_eq!(dialers.work().unwrap()["done"], 21);
        assert_eq!(dialers.end(), Ok(()));
    }

    #[test]
    fn one_that_does_not_get_so_far_says_why() {
        let script = r#"echo oh >&2; echo '{"event":"error","message":"no such luck"}'; read go"#;
        assert!(scripted(script, 2).unwrap_err().starts_with("no such luck"));
        let script = r#"echo '{"event":"begin"}'; read go; exit 3"#;
        let message = scripted(script, 1).unwrap().work().unwrap_err();
        assert!(message.contains("it ended before it said end"), "{message}");
        let script = r#"echo '{"event":"begin"}'; read go; echo '{"event":"end"}'; read go
            echo '{"event":"error","message":"the load broke"}'"#;
        let mut dialers = scripted(script, 1).unwrap();
        dialers.work().unwrap();
        assert_eq!(dialers.end(), Err("the load broke".into()));
    }
}
