//! Deterministic stories: bare endpoints under a virtual clock, on a network with a seed.
//!
//! | story | about |
//! |---|---|
//! | `harness` | the harness, without floe |
//! | `connect` | how a connection begins |
//! | `end` | how it ends |
//! | `streams` | what happens on streams |
//! | `pressure` | slow readers, many streams |
//! | `weather` | bad networks, peers that move |
//! | `hostile` | bad input |
//! | `telemetry` | what is told through `tracing` |
//! | `capture` | keys, and what they decrypt |
//! | `second_opinion` | floe against `str0m` |

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use floe_tests::rng::Rng;

mod capture;
mod connect;
mod end;
mod flow;
mod harness;
mod hostile;
mod pair;
mod pressure;
mod second_opinion;
mod streams;
mod telemetry;
mod weather;

const SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 4001);
const CLIENT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)), 5002);
const OTHER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 3)), 6003);

fn random_bytes(rng: &mut Rng, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    rng.fill(&mut bytes);
    bytes
}

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
