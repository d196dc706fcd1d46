//! Child processes that never outlive their case. Each is the head of a process group of its own, so
//! that whatever it starts (an interpreter, a browser) dies with it; dropping a `Process` kills the
//! group, and so does a signal to the runner.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::process::CommandExt as _,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::peers::Program;

/// A running child.
#[derive(Debug)]
pub struct Process {
    group: Pid,
    input: ChildStdin,
    output: Receiver<Output>,
    complaints: Arc<Mutex<Vec<String>>>,
    exit: Option<ExitStatus>,
}

/// What can be heard of a child.
#[derive(Debug)]
enum Output {
    Line(String),
    Exit(ExitStatus),
}

/// What was heard before a deadline.
#[derive(Debug)]
pub enum Heard {
    /// A line of its standard output.
    Line(String),
    /// Its end.
    Exit(ExitStatus),
    /// Silence.
    Nothing,
}

impl Process {
    /// Starts a program; the error is for people.
    pub fn spawn(program: &Program, arguments: &[String]) -> Result<Self, String> {
        let mut child = Command::new(&program.path)
            .args(&program.prefix)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|error| format!("{} could not be started: {error}", program.path.display()))?;
        let group = Pid::from_child(&child);
        alive().insert(group.as_raw_nonzero().get());
        let complaints = Arc::default();
        note_complaints(&mut child, Arc::clone(&complaints));
        let input = child.stdin.take().expect("stdin was asked for as a pipe");
        Ok(Self { group, input, output: note_output(child), complaints, exit: None })
    }

    /// By which the system knows it.
    pub fn id(&self) -> u32 {
        self.group.as_raw_nonzero().get().unsigned_abs()
    }

    /// Writes a line to its standard input.
    pub fn say(&mut self, line: &str) -> Result<(), String> {
        writeln!(self.input, "{line}").map_err(|error| format!("it does not listen: {error}"))
    }

    /// Waits for the next line or the exit, which comes after the last line.
    pub fn hear(&mut self, deadline: Instant) -> Heard {
        if let Some(status) = self.exit {
            return Heard::Exit(status);
        }
        match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Output::Line(line)) => Heard::Line(line),
            Ok(Output::Exit(status)) => {
                self.exit = Some(status);
                Heard::Exit(status)
            }
            Err(RecvTimeoutError::Timeout) => Heard::Nothing,
            Err(RecvTimeoutError::Disconnected) => {
                unreachable!("the thread of a child sends its exit before it ends")
            }
        }
    }

    /// Asks with SIGTERM and waits; `None` if it has not ended by then.
    pub fn terminate(&mut self, deadline: Instant) -> Option<ExitStatus> {
        // A child that is gone already needs no signal; its exit is still to be heard.
        if self.exit.is_none() {
            let _ = kill_process(self.group, Signal::TERM);
        }
        loop {
            match self.hear(deadline) {
                Heard::Line(_) => {}
                Heard::Exit(status) => return Some(status),
                Heard::Nothing => return None,
            }
        }
    }

    /// The last lines it wrote to its standard error.
    pub fn complaints(&self) -> String {
        self.complaints.lock().unwrap_or_else(PoisonError::into_inner).join(" | ")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Also after an exit: what the child has started may have stayed behind.
        let _ = kill_process_group(self.group, Signal::KILL);
        // Only a grandchild that left the group could keep the pipe, and so this wait, open.
        let deadline = Instant::now() + BURIAL;
        while matches!(self.hear(deadline), Heard::Line(_)) {}
        alive().remove(&self.group.as_raw_nonzero().get());
    }
}

/// Lets SIGINT and SIGTERM end the children before the runner.
pub fn kill_children_on_signal() -> Result<(), String> {
    ctrlc::set_handler(|| {
        for group in alive().iter().filter_map(|group| Pid::from_raw(*group)) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        std::process::exit(INTERRUPTED);
    })
    .map_err(|error| format!("no handler for signals: {error}"))
}

fn alive() -> std::sync::MutexGuard<'static, BTreeSet<i32>> {
    static ALIVE: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());
    ALIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One thread reads the child's lines to their end and then waits for the child.
fn note_output(mut child: Child) -> Receiver<Output> {
    let (sender, receiver) = mpsc::channel();
    let stdout = child.stdout.take().expect("stdout was asked for as a pipe");
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines() {
            // Bytes that are no text end the reading; what matters is text.
            let Ok(line) = line else { break };
            if sender.send(Output::Line(line)).is_err() {
                break;
            }
        }
        let status = child.wait().expect("nobody else waits for this child");
        // Nobody listens any more when the case is over.
        let _ = sender.send(Output::Exit(status));
    });
    receiver
}

fn note_complaints(child: &mut Child, complaints: Arc<Mutex<Vec<String>>>) {
    let stderr = child.stderr.take().expect("stderr was asked for as a pipe");
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let mut complaints = complaints.lock().unwrap_or_else(PoisonError::into_inner);
            if complaints.len() == COMPLAINTS {
                complaints.remove(0);
            }
            complaints.push(line);
        }
    });
}

/// Enough for a panic and its neighbourhood.
const COMPLAINTS: usize = 20;
/// What the kernel needs to end a killed process on a busy machine.
const BURIAL: Duration = Duration::from_secs(5);
/// 128 + SIGINT, as shells count.
const INTERRUPTED: i32 = 130;
