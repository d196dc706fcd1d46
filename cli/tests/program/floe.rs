//! Running the program: once to its end, or as a listener beside the test.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use serde_json::Value;

/// What a run of the program left behind.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `floe` with `args` to its end.
pub(crate) fn floe(args: &[&str]) -> Run {
    let output = command(args).output().expect("the program can be run");
    let text = |bytes| String::from_utf8(bytes).expect("the program prints UTF-8");
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

impl Run {
    /// Its lines of JSON.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.stdout.lines().map(json).collect()
    }

    /// The one event of this kind.
    pub(crate) fn event(&self, kind: &str) -> Value {
        let mut events = self.events();
        events.retain(|event| event["event"] == kind);
        assert_eq!(events.len(), 1, "one {kind} in {self:?}");
        events.remove(0)
    }
}

/// A running `floe listen`; killed when dropped.
pub(crate) struct Listener {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Listener {
    /// Starts one on the loopback interface.
    pub(crate) fn start(args: &[&str]) -> Self {
        let listen = ["listen", "--json", "--listen", "/ip4/127.0.0.1/udp/0/webrtc-direct"];
        let child = command(&[&listen, args].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program can be run");
        Self::of(child)
    }

    /// One that runs already, its stdout piped.
    pub(crate) fn of(mut child: Child) -> Self {
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Self { child, stdout }
    }

    /// Waits for its next event.
    pub(crate) fn event(&mut self) -> Value {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("the program prints UTF-8");
        json(&line)
    }

    /// Waits for its next event, the address that it listens on.
    pub(crate) fn addr(&mut self) -> String {
        let event = self.event();
        assert_eq!(event["event"], "listening");
        event["addr"].as_str().expect("addr is a string").to_owned()
    }

    /// Asks it to end, and waits until it has.
    #[cfg(unix)]
    pub(crate) fn terminate(mut self, signal: &str) -> ExitStatus {
        let pid = self.child.id().to_string();
        let killed = Command::new("kill").args(["-s", signal, &pid]).status().expect("kill exists");
        assert!(killed.success());
        self.child.wait().expect("it is our child")
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder that is removed in the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the folder can be made");
        Self(path)
    }

    /// The path of a file in it.
    pub(crate) fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("the path is UTF-8").to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_floe"));
    command.args(args).env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
}
