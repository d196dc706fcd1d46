//! What attackers can make a node spend, measured and held against numbers that are committed.
//!
//! | file | about |
//! |---|---|
//! | `budget` | bytes and allocations for each thing that a stranger can make us keep |
//! | `amplification` | what is sent to an address that has proven nothing |
//! | `flood` | 100 000 strangers while ten good peers connect and transfer |
//! | `stalled` | peers that stop in the middle of their set-up |
//! | `streams` | streams, frames and resets of a peer that has come in |
//! | `packets` | SCTP by a peer that breaks its rules |
//! | `meetings` | peers who come in through a relay |
//!
//! Everything is under a virtual clock and from a seed, so the numbers are the same in every run. Bytes
//! and allocations are those of one thread: `cargo test -p floe-tests --test attack -- --nocapture`
//! prints them all.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use floe_tests::addresses::SERVER;
use floe_tests::counted::{self, Count, Counting};
use floe_tests::duration::{millis, secs};

mod amplification;
mod budget;
mod flood;
mod meetings;
mod packets;
mod stage;
mod stalled;
mod streams;

#[global_allocator]
static COUNTING: Counting = Counting;

/// The address of the n-th stranger: each has a host of its own.
fn stranger(n: u32) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::from_bits(0x0b00_0000 + n)), 6003)
}

/// A measured number must be the committed one: no more, as that would be a regression, and not much less,
/// as then the committed one says nothing any more. A tenth is left to the allocator's and the tables' sizes.
#[track_caller]
fn expect(what: &str, measured: i64, committed: i64) {
    println!("{what}: {measured}");
    assert!(measured <= committed, "{what}: {measured}, and no more than {committed} may be");
    assert!(
        measured * 10 >= committed * 9,
        "{what}: {measured} is well below {committed}; commit the better number"
    );
}

#[test]
fn what_is_allocated_is_counted() {
    let ((), count) = counted::of(|| drop(std::hint::black_box(vec![0_u8; 1000])));
    assert_eq!(count, Count { allocations: 1, live: 0, peak: 1000 });
    let (kept, count) = counted::of(|| Box::new([0_u8; 64]));
    assert_eq!(count, Count { allocations: 1, live: 64, peak: 64 });
    drop(kept);
}
