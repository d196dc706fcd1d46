//! The examples, as their readers run them: each to its end, and each echo with each other one.

use std::convert::Infallible;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const ECHOES: [&str; 3] = [
    env!("CARGO_BIN_EXE_echo-tokio"),
    env!("CARGO_BIN_EXE_echo-smol"),
    env!("CARGO_BIN_EXE_echo-async-std"),
];

#[test]
fn a_runtime_of_ones_own() {
    let said = run(env!("CARGO_BIN_EXE_own-runtime"), &[]);
    assert_eq!(said, "1048576 bytes were said and heard\n");
}

#[test]
fn by_hand() {
    let said = run(env!("CARGO_BIN_EXE_by-hand"), &[]);
    assert!(said.ends_with("hello went there and back\n"), "{said}");
}

#[test]
fn every_echo_understands_every_other() {
    for listener in ECHOES {
        let mut listener = Program::start(listener, &[]);
        let address = listener.line();
        let (_, peer) = address.split_once("/p2p/").expect("the address ends with a peer id");
        for dialer in ECHOES {
            assert_eq!(run(dialer, &[&address]), format!("{peer} says hello\n"));
        }
    }
}

/// What a program says until it ends, which it must do well.
fn run(program: &str, args: &[&str]) -> String {
    let mut program = Program::start(program, args);
    let mut said = String::new();
    program.stdout.read_to_string(&mut said).expect("it speaks UTF-8");
    let status = program.child.lock().unwrap().wait().expect("it is our child");
    assert!(status.success(), "it ends with {status}, having said {said:?}");
    said
}

/// A running program; killed when dropped, or when it takes far longer than any of them does.
struct Program {
    child: Arc<Mutex<Child>>,
    stdout: BufReader<ChildStdout>,
    /// Tells the watchdog, by its end, that it is not needed.
    _alive: Sender<Infallible>,
}

impl Program {
    fn start(program: &str, args: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(args).env_remove("RUST_LOG").stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the example can be run");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let child = Arc::new(Mutex::new(child));
        let (alive, dropped) = mpsc::channel();
        let watched = child.clone();
        thread::spawn(move || {
            if dropped.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                // Whoever reads from it sees its end.
                let _ = watched.lock().unwrap().kill();
            }
        });
        Self { child, stdout, _alive: alive }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("it speaks UTF-8");
        line.trim_end().to_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap();
        // It may have ended already, which is as good.
        let _ = child.kill();
        let _ = child.wait();
    }
}

const PATIENCE: Duration = Duration::from_secs(60);
