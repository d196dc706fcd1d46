//! The runtimes beside each other: throughput, CPU, context switches and dials over UDP on loopback.
//!
//! ```sh
//! cargo bench -p floe-tests --bench runtimes
//! ```
//!
//! Each node is a process of its own, as it would be, so no runtime inherits anything of another; for the
//! column `together` both are in one. The rows take turns, and ratios are to the best one of the setting.
//! `as is` is what the examples do: the application in `block_on`, the driver where `bind` spawns it, as
//! many threads as the runtime starts by itself (tokio and async-std one for each core, smol one). In the
//! other settings the application is a task of the executor too, and that has one thread or two;
//! `async-io` keeps a thread of its own besides. CPU and switches are those of both nodes, one way, from `/proc`, so for Linux only.

mod measure;

use std::future::Future;
use std::io::{BufRead, BufReader, Lines};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Instant;
use std::{env, fs};

use floe_core::api::identity::Keypair;
use floe_core::api::{Certificate, Config, DirectAddr, Endpoint, Stream};
use futures::{AsyncReadExt, AsyncWriteExt, join};
use measure::{Sample, mib_per_second};

fn main() {
    let args: Vec<_> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["node", runtime, setting, work, ref address @ ..] => {
            let work = WORKS.into_iter().find(|it| *it == work).expect("a known work");
            let address = address.first().map(|it| it.parse().expect("an address"));
            run(name_of(runtime), setting, node(name_of(runtime), work, address));
        }
        _ => compare(),
    }
}

// ── the table ──

fn compare() {
    println!(
        "medians of {RUNS} runs of {} MiB in writes of 16 KiB, and of {DIALS} dials each;",
        TOTAL >> 20
    );
    println!("± half the range between quartiles; rates in MiB/s, with their ratio to the best");
    println!(
        "{:<7} {:<9} {:>18} {:>18} {:>18} {:>12} {:>10} {:>13} {:>13}",
        "threads",
        "runtime",
        "one way",
        "both ways",
        "together",
        "CPU ms/MiB",
        "switch/MiB",
        "dial ms",
        "p99 ms",
    );
    for setting in SETTINGS {
        let mut rows: [[Vec<f64>; 7]; RUNTIMES.len()] = Default::default();
        for _ in 0..RUNS {
            for (row, runtime) in rows.iter_mut().zip(RUNTIMES) {
                let [one_way, cpu, switches] = figures(runtime, setting, "one-way");
                let [both_ways, ..] = figures(runtime, setting, "both-ways");
                let [together, ..] = figures(runtime, setting, "together");
                let [dial, worst, _] = figures(runtime, setting, "dials");
                let figures = [one_way, both_ways, together, cpu, switches, dial, worst];
                for (runs, figure) in row.iter_mut().zip(figures) {
                    runs.push(figure);
                }
            }
        }
        let rows = rows.map(|row| row.map(Sample::of));
        let best = |at: usize| rows.iter().map(|row| row[at].median).fold(0.0, f64::max);
        for (runtime, row) in RUNTIMES.into_iter().zip(&rows) {
            let rate = |at: usize| format!("{} {:.2}", row[at], row[at].median / best(at));
            let [.., cpu, switches, dial, worst] = row;
            println!(
                "{setting:<7} {runtime:<9} {:>18} {:>18} {:>18} {:>12} {:>10.0} {:>13} {:>13}",
                rate(0),
                rate(1),
                rate(2),
                cpu.to_string(),
                switches.median,
                dial.to_string(),
                worst.to_string(),
            );
        }
    }
}

/// What two nodes say of one run.
fn figures(runtime: &str, setting: &str, work: &str) -> [f64; 3] {
    let mut listener = Node::start(&["node", runtime, setting, work]);
    let address = listener.line();
    if work == "together" {
        return listener.figures();
    }
    let mut dialer = Node::start(&["node", runtime, setting, work, &address]);
    let [figure, cpu, switches] = dialer.figures();
    if work == "dials" {
        return [figure, cpu, switches];
    }
    let [_, listener_cpu, listener_switches] = listener.figures();
    let mib = (TOTAL >> 20) as f64;
    [figure, (cpu + listener_cpu) / mib, (switches + listener_switches) / mib]
}

/// A process; killed when dropped.
struct Node {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Node {
    fn start(args: &[&str]) -> Self {
        let threads = if args[2] == "2" { "2" } else { "1" };
        let mut command = Command::new(env::current_exe().expect("we are somewhere"));
        command
            .args(args)
            .stdout(Stdio::piped())
            .env_remove("ASYNC_STD_THREAD_COUNT")
            .env_remove("SMOL_THREADS");
        if args[2] != "as is" {
            command.env("ASYNC_STD_THREAD_COUNT", threads).env("SMOL_THREADS", threads);
        }
        let mut child = command.spawn().expect("we can be run again");
        let stdout = child.stdout.take().expect("stdout is piped");
        Self { child, lines: BufReader::new(stdout).lines() }
    }

    fn line(&mut self) -> String {
        self.lines.next().expect("a node says what it is asked").expect("it speaks UTF-8")
    }

    fn figures(&mut self) -> [f64; 3] {
        let line = self.line();
        let mut figures = line.split(' ').map(|it| it.parse().expect("a number"));
        std::array::from_fn(|_| figures.next().expect("there are three"))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

// ── one node ──

fn run(runtime: &str, setting: &str, node: impl Future<Output = ()> + Send + 'static) {
    let is_task = setting != "as is";
    match runtime {
        "tokio" => {
            let mut builder = match setting {
                "1" => tokio::runtime::Builder::new_current_thread(),
                _ => tokio::runtime::Builder::new_multi_thread(),
            };
            if setting == "2" {
                builder.worker_threads(2);
            }
            let runtime = builder.enable_all().build().expect("a runtime can be made");
            match is_task {
                true => runtime.block_on(runtime.spawn(node)).expect("a node does not panic"),
                false => runtime.block_on(node),
            }
        }
        "smol" if is_task => smol::block_on(smol::spawn(node)),
        "smol" => smol::block_on(node),
        "async-std" if is_task => async_std::task::block_on(async_std::task::spawn(node)),
        "async-std" => async_std::task::block_on(node),
        _ => unreachable!(),
    }
}

async fn bind(runtime: &str, seed: u8) -> Endpoint {
    let keypair = Keypair::ed25519_from_seed([seed; 32]);
    let certificate = Certificate::derive(&keypair);
    let config = Config::new(keypair, certificate);
    let bound = match runtime {
        "tokio" => floe_tokio::bind(LOOPBACK, config).await,
        "smol" => floe_smol::bind(LOOPBACK, config).await,
        _ => floe_async_std::bind(LOOPBACK, config).await,
    };
    bound.expect("loopback can be bound")
}

/// Listens and says where, or dials, or both; says its figures in the end.
async fn node(runtime: &'static str, work: &'static str, address: Option<DirectAddr>) {
    let [up, down] = if work == "both-ways" { [TOTAL / 2; 2] } else { [TOTAL, 0] };
    if let Some(address) = address {
        return dial(runtime, work, address, up, down).await;
    }
    let endpoint = bind(runtime, 1).await;
    let address = endpoint.listen_addrs()[0];
    println!("{address}");
    let listening = async {
        while let Some(connection) = endpoint.accept().await {
            if let Some(stream) = connection.accept().await {
                exchange(stream, down, up).await;
            }
        }
    };
    match work {
        "together" => join!(listening, dial(runtime, work, address, up, down)).0,
        _ => listening.await,
    }
}

async fn dial(runtime: &str, work: &str, address: DirectAddr, up: usize, down: usize) {
    let endpoint = bind(runtime, 2).await;
    if work == "dials" {
        return dials(&endpoint, &address).await;
    }
    let connection = endpoint.dial(&address).await.expect("the listener answers");
    let stream = connection.open().await.expect("the connection is open");
    exchange(stream, up, down).await;
}

/// Writes and reads so many bytes; says how fast, and what it cost this process.
async fn exchange(stream: Stream, write: usize, read: usize) {
    let (mut reader, mut writer) = stream.split();
    let (before, start) = (cost(), Instant::now());
    let writing = async {
        let bytes = vec![7; 16 * 1024];
        for _ in 0..write / bytes.len() {
            writer.write_all(&bytes).await.expect("the stream is open");
        }
        writer.close().await.expect("the peer acknowledges");
    };
    let reading = async {
        let (mut buffer, mut left) = (vec![0; 64 * 1024], read);
        loop {
            match reader.read(&mut buffer).await.expect("the stream is open") {
                0 => break,
                n => left -= n,
            }
        }
        assert_eq!(left, 0, "all that was written is read");
    };
    join!(writing, reading);
    let (after, rate) = (cost(), mib_per_second(write + read, start.elapsed()));
    println!("{rate} {} {}", after[0] - before[0], after[1] - before[1]);
}

/// Says the median and the worst but one in a hundred, in milliseconds.
async fn dials(endpoint: &Endpoint, address: &DirectAddr) {
    let mut times = Vec::new();
    for _ in 0..DIALS {
        let start = Instant::now();
        let connection = endpoint.dial(address).await.expect("the listener answers");
        times.push(start.elapsed().as_secs_f64() * 1e3);
        connection.close().await;
    }
    times.sort_by(f64::total_cmp);
    println!("{} {} 0", times[DIALS / 2], times[DIALS * 99 / 100]);
}

/// Milliseconds of CPU and context switches of all threads of this process.
fn cost() -> [f64; 2] {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let costs = tasks.filter_map(|task| {
        let spent = fs::read_to_string(task.path().join("schedstat")).ok()?;
        let nanos: f64 = spent.split(' ').next()?.parse().ok()?;
        let status = fs::read_to_string(task.path().join("status")).ok()?;
        let switches = status.lines().filter(|line| line.contains("ctxt_switches"));
        let switches =
            switches.filter_map(|line| line.split_whitespace().last()?.parse::<f64>().ok());
        Some([nanos / 1e6, switches.sum()])
    });
    costs.fold([0.0; 2], |sum, cost| [sum[0] + cost[0], sum[1] + cost[1]])
}

fn name_of(runtime: &str) -> &'static str {
    RUNTIMES.into_iter().find(|it| *it == runtime).expect("a known runtime")
}

const RUNTIMES: [&str; 3] = ["tokio", "smol", "async-std"];
const SETTINGS: [&str; 3] = ["as is", "1", "2"];
const WORKS: [&str; 4] = ["one-way", "both-ways", "together", "dials"];
const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
const RUNS: usize = 5;
const DIALS: usize = 100;
const TOTAL: usize = 64 << 20;
