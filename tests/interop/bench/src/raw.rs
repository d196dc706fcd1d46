//! The limit: datagrams of 1 200 bytes between two processes, each sealed and opened with AES-128-GCM, through
//! the system calls that floe uses (GSO and GRO where the kernel has them), and nothing else. A batch is
//! acknowledged with one datagram, and a few batches are under way, so that both processes can work.
//!
//! It keeps as much of the contract of peers as the measurement needs.

use std::{
    io::{self, BufRead as _},
    net::{SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

use floe_core::{
    rtc::output::{Port, Transmit},
    runtime::udp::Udp,
};
use interop::address;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rustix::event::{PollFd, PollFlags, poll};
use serde_json::json;

/// What stands before the arguments of the contract.
pub(crate) const COMMAND: &str = "raw";

/// Runs as `COMMAND listen …` or `COMMAND bench ADDRESS …`.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    let behind = |option| words.windows(2).find_map(|pair| (pair[0] == option).then_some(pair[1]));
    let told = match words.as_slice() {
        ["listen", ..] => listen(),
        ["bench", address, "bulk", ..] => {
            let seconds = behind("--seconds").and_then(|seconds| seconds.parse().ok());
            send(address::socket(address)?, Duration::from_secs_f64(seconds.unwrap_or(1.0)))
        }
        _ => return Err("the raw path only knows listen and bulk".into()),
    };
    told.map_err(|error| format!("the raw path fails: {error}"))
}

fn listen() -> io::Result<()> {
    let path = Path::open()?;
    let port = path.udp.local_addr().port();
    println!("{}", json!({ "event": "listening", "addr": format!("/ip4/127.0.0.1/udp/{port}") }));
    let (mut batch, mut buffer, mut got) = (path.udp.batch(), [0; DATAGRAM], 0);
    loop {
        batch.clear();
        path.patiently(PollFlags::IN, || path.udp.try_recv(&mut batch))?;
        for datagram in batch.datagrams(Port::Main) {
            buffer.copy_from_slice(datagram.payload);
            path.open_record(&mut buffer)?;
            got += 1;
            if got % BATCH == 0 {
                let done = Transmit::new(datagram.remote, &[1]);
                path.patiently(PollFlags::OUT, || path.udp.try_send(done))?;
            }
        }
    }
}

fn send(listener: SocketAddr, time: Duration) -> io::Result<()> {
    let path = Path::open()?;
    let (mut acks, mut sealed) = (path.udp.batch(), vec![0; BATCH * DATAGRAM]);
    println!("{}", json!({ "event": "begin" }));
    let mut cues = io::stdin().lock().lines();
    cues.next().transpose()?;
    let began = Instant::now();
    let (mut sent, mut acknowledged) = (0_u64, 0_u64);
    while began.elapsed() < time || acknowledged < sent {
        if began.elapsed() < time && sent - acknowledged < WINDOW {
            for (number, datagram) in (sent * BATCH as u64..).zip(sealed.chunks_mut(DATAGRAM)) {
                path.seal_record(number, datagram)?;
            }
            let mut left = &sealed[..];
            while !left.is_empty() {
                let transmit = Transmit::new(listener, left).with_segment(DATAGRAM);
                left = &left[path.patiently(PollFlags::OUT, || path.udp.try_send(transmit))?..];
            }
            sent += 1;
        } else {
            acks.clear();
            path.patiently(PollFlags::IN, || path.udp.try_recv(&mut acks))?;
            acknowledged += acks.datagrams(Port::Main).count() as u64;
        }
    }
    let bytes = sent * (BATCH * PAYLOAD) as u64;
    let ms = began.elapsed().as_secs_f64() * 1e3;
    println!("{}", json!({ "event": "end", "ms": ms, "bytes": bytes }));
    cues.next().transpose()?;
    Ok(())
}

/// A socket, what waits for it, and the key.
struct Path {
    udp: Udp,
    socket: UdpSocket,
    key: LessSafeKey,
}

impl Path {
    fn open() -> io::Result<Self> {
        let udp = Udp::open(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let key = UnboundKey::new(&AES_128_GCM, &[7; 16]).expect("16 bytes are a key");
        Ok(Self { socket: udp.handle()?, udp, key: LessSafeKey::new(key) })
    }

    /// Waits in the kernel, as spinning would count as work.
    fn patiently<T>(
        &self,
        ready: PollFlags,
        mut call: impl FnMut() -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            match call() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    poll(&mut [PollFd::new(&self.socket, ready)], None)?;
                }
                done => return done,
            }
        }
    }

    /// The number, as nonce, and the sealed payload behind it.
    fn seal_record(&self, number: u64, datagram: &mut [u8]) -> io::Result<()> {
        let (nonce, rest) = datagram.split_at_mut(NONCE);
        nonce.copy_from_slice(&number.to_be_bytes());
        let (payload, tag) = rest.split_at_mut(PAYLOAD);
        let sealed = self.key.seal_in_place_separate_tag(whole(number), Aad::empty(), payload);
        tag.copy_from_slice(sealed.map_err(io::Error::other)?.as_ref());
        Ok(())
    }

    fn open_record(&self, datagram: &mut [u8; DATAGRAM]) -> io::Result<()> {
        let (nonce, rest) = datagram.split_first_chunk_mut::<NONCE>().expect("it is longer");
        let number = u64::from_be_bytes(*nonce);
        self.key.open_in_place(whole(number), Aad::empty(), rest).map_err(io::Error::other)?;
        Ok(())
    }
}

fn whole(number: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

const DATAGRAM: usize = 1_200;
const NONCE: usize = 8;
const TAG: usize = 16;
const PAYLOAD: usize = DATAGRAM - NONCE - TAG;
/// What one call can send.
const BATCH: usize = 32;
/// Batches under way: less than any kernel's buffer holds.
const WINDOW: u64 = 3;
