//! Bulk transfer over UDP on loopback: two endpoints of floe-tokio, each on a thread of its own.
//!
//! ```sh
//! cargo bench -p floe-tests --bench udp
//! ```
//!
//! Each row is interleaved with the raw path beside it, in one run: the same number of bytes in
//! datagrams of 1 200, sent in batches of [`BATCH`] and acknowledged one batch at a time, through the same
//! system calls (GSO and GRO where the kernel has them) and nothing else. Rates are by the wall clock.

mod measure;

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::thread;
use std::time::{Duration, Instant};

use floe_core::rtc::output::{Port, Transmit};
use floe_core::runtime::udp::Udp;
use floe_tokio::identity::Keypair;
use floe_tokio::{Certificate, Config, DirectAddr};
use futures::channel::oneshot;
use futures::{AsyncReadExt, AsyncWriteExt};
use measure::{Sample, mib_per_second};

fn main() {
    println!("medians of {RUNS} runs of {} MiB, ± half the range between quartiles", TOTAL >> 20);
    println!("{:>9} {:>16} {:>16} {:>9}", "write", "floe MiB/s", "raw UDP MiB/s", "ratio");
    for write in [16 * 1024, 1024] {
        let (mut floe, mut raw) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            floe.push(mib_per_second(TOTAL, through_floe(write)));
            raw.push(mib_per_second(TOTAL, through_udp()));
        }
        let (floe, raw) = (Sample::of(floe), Sample::of(raw));
        let ratio = floe.median / raw.median;
        println!("{write:>9} {:>16} {:>16} {ratio:>9.3}", floe.to_string(), raw.to_string());
    }
}

/// How long a transfer takes, from its first byte to the reader's last.
fn through_floe(write: usize) -> Duration {
    let (tell, address) = oneshot::channel::<DirectAddr>();
    let reader = thread::spawn(move || {
        runtime().block_on(async {
            let endpoint =
                floe_tokio::bind(LOOPBACK, config(1)).await.expect("loopback can be bound");
            tell.send(endpoint.listen_addrs()[0]).expect("the writer waits for it");
            let connection = endpoint.accept().await.expect("the endpoint is open");
            let mut stream = connection.accept().await.expect("the connection is open");
            let (mut buffer, mut left) = (vec![0; 64 * 1024], TOTAL);
            while left > 0 {
                left -= stream.read(&mut buffer).await.expect("the stream is open");
            }
            let end = Instant::now();
            stream.close().await.expect("the writer acknowledges");
            end
        })
    });
    let start = runtime().block_on(async {
        let endpoint = floe_tokio::bind(LOOPBACK, config(2)).await.expect("loopback can be bound");
        let address = address.await.expect("the reader listens");
        let connection = endpoint.dial(&address).await.expect("the reader answers");
        let mut stream = connection.open().await.expect("the connection is open");
        let bytes = vec![7; write];
        let start = Instant::now();
        for _ in 0..TOTAL / write {
            stream.write_all(&bytes).await.expect("the stream is open");
        }
        stream.flush().await.expect("the stream is open");
        // The reader closes when it has everything.
        let end = stream.read(&mut [0]).await.expect("the reader finishes");
        assert_eq!(end, 0);
        start
    });
    reader.join().expect("the reader does not panic") - start
}

/// How long the same bytes take as datagrams that nobody looks at.
fn through_udp() -> Duration {
    let sender = Udp::open(LOOPBACK).expect("loopback can be bound");
    let receiver = Udp::open(LOOPBACK).expect("loopback can be bound");
    let target = receiver.local_addr();
    let echo = thread::spawn(move || receive(&receiver));
    let payload = vec![7; BATCH * DATAGRAM];
    let start = Instant::now();
    for _ in 0..TOTAL / payload.len() {
        let mut left = &payload[..];
        while !left.is_empty() {
            let transmit = Transmit::new(target, left).with_segment(DATAGRAM);
            left = &left[patiently(|| sender.try_send(transmit))..];
        }
        let mut batch = sender.batch();
        patiently(|| sender.try_recv(&mut batch));
    }
    let time = start.elapsed();
    echo.join().expect("the receiver does not panic");
    time
}

/// Acknowledges each whole batch with one datagram.
fn receive(udp: &Udp) {
    let (mut batch, mut got) = (udp.batch(), 0);
    for _ in 0..TOTAL / (BATCH * DATAGRAM) {
        let mut remote = None;
        while got < BATCH {
            batch.clear();
            patiently(|| udp.try_recv(&mut batch));
            for datagram in batch.datagrams(Port::Main) {
                remote = Some(datagram.remote);
                got += 1;
            }
        }
        got -= BATCH;
        let remote = remote.expect("a batch has datagrams");
        let done = Transmit::new(remote, &[1]);
        patiently(|| udp.try_send(done));
    }
}

fn patiently<T>(mut call: impl FnMut() -> std::io::Result<T>) -> T {
    loop {
        match call() {
            Ok(done) => return done,
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::yield_now(),
            Err(error) => panic!("loopback fails: {error}"),
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime can be made")
}

fn config(n: u8) -> Config {
    let keypair = Keypair::ed25519_from_seed([n; 32]);
    let certificate = Certificate::derive(&keypair);
    Config::new(keypair, certificate)
}

const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
const RUNS: usize = 7;
const TOTAL: usize = 64 << 20;
const DATAGRAM: usize = 1_200;
const BATCH: usize = 32;
