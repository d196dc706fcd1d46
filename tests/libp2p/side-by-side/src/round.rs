//! The rounds: each transport does each piece of work, in turn.

use std::collections::HashMap;
use std::error::Error;
use std::process::Stdio;

use clap::Args;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::contract::{Done, Listening, USAGE, Work};
use crate::swarm::Kind;
use crate::table;
use crate::usage::Usage;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How much to measure.
#[derive(Args)]
pub(crate) struct Plan {
    /// How often; the table has medians, and the lowest and highest
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// MiB each way and round
    #[arg(long, default_value_t = 64)]
    mib: u64,
    /// Requests each round
    #[arg(long, default_value_t = 2_000)]
    requests: u64,
    /// Dials each round
    #[arg(long, default_value_t = 20)]
    dials: u64,
    /// Connections that are kept at once to see what one takes
    #[arg(long, default_value_t = 200)]
    connections: u64,
    /// Only this transport; may be repeated
    #[arg(long = "transport")]
    transports: Vec<Kind>,
}

impl Plan {
    fn amount(&self, work: Work) -> u64 {
        match work {
            Work::Dial => self.dials,
            Work::Requests | Work::RequestsAtOnce => self.requests,
            Work::Upload | Work::Download => self.mib << 20,
            Work::Connections => self.connections,
        }
    }

    fn transports(&self) -> &[Kind] {
        if self.transports.is_empty() { &Kind::ALL } else { &self.transports }
    }
}

/// What a piece of work took.
pub(crate) struct Sample {
    pub(crate) figure: f64,
    /// How much work it was.
    pub(crate) amount: u64,
    pub(crate) failed: u64,
    pub(crate) dialer: Usage,
    pub(crate) listener: Usage,
}

/// What came of a piece of work over a transport.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) samples: Vec<Sample>,
    /// Why others came to nothing.
    pub(crate) failures: Vec<String>,
}

/// Of all transports and pieces of work.
pub(crate) type Outcomes = HashMap<(Kind, Work), Outcome>;

pub(crate) async fn run(plan: &Plan) -> Result<()> {
    let mut outcomes = Outcomes::new();
    for round in 1..=plan.rounds {
        for work in WORKS {
            for &kind in plan.transports() {
                eprintln!("round {round} of {}: {work:?} over {kind:?}", plan.rounds);
                let outcome = outcomes.entry((kind, work)).or_default();
                match sample(kind, work, plan.amount(work)).await {
                    Ok(sample) => outcome.samples.push(sample),
                    Err(error) => {
                        eprintln!("it failed: {error}");
                        outcome.failures.push(error.to_string());
                    }
                }
            }
        }
    }
    table::print(plan.transports(), &outcomes)
}

/// A listener and a dialer of their own.
async fn sample(kind: Kind, work: Work, amount: u64) -> Result<Sample> {
    let mut listener = Process::start(&["listen", &name(&kind)])?;
    let Listening { address } = listener.hear().await?;
    let before = listener.usage().await?;
    let (address, amount_text) = (address.to_string(), amount.to_string());
    let mut dialer = Process::start(&["work", &name(&kind), &address, &name(&work), &amount_text])?;
    let Done { figure, usage, failed } = dialer.hear().await?;
    let spent = listener.usage().await? - before;
    dialer.stop().await?;
    listener.stop().await?;
    Ok(Sample { figure, amount, failed, dialer: usage, listener: spent })
}

fn name(value: &impl clap::ValueEnum) -> String {
    value.to_possible_value().expect("none is hidden").get_name().into()
}

/// A part of the program, in a process of its own.
struct Process {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start(arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let output = BufReader::new(output.expect("it is piped")).lines();
        Ok(Self { child, input: input.expect("it is piped"), output })
    }

    async fn hear<T: DeserializeOwned>(&mut self) -> Result<T> {
        let line =
            tokio::time::timeout(LIMIT, self.output.next_line()).await.or(Err(TOO_LONG))??;
        Ok(serde_json::from_str(&line.ok_or("a process has ended before its time")?)?)
    }

    async fn usage(&mut self) -> Result<Usage> {
        self.input.write_all(format!("{USAGE}\n").as_bytes()).await?;
        self.hear().await
    }

    /// Ends its input, at which it ends.
    async fn stop(self) -> Result<()> {
        let Self { mut child, input, output: _output } = self;
        drop(input);
        let status = tokio::time::timeout(LIMIT, child.wait()).await??;
        if status.success() {
            Ok(())
        } else {
            Err(format!("a process has failed: {status}").into())
        }
    }
}

const WORKS: [Work; 6] = [
    Work::Dial,
    Work::Requests,
    Work::RequestsAtOnce,
    Work::Upload,
    Work::Download,
    Work::Connections,
];
const TOO_LONG: &str = "it took too long";
/// For a piece of work, ten times as long as the slowest takes.
const LIMIT: std::time::Duration = std::time::Duration::from_secs(120);
