//! A corpus of trouble: for each fault of networks and peers, the stories of what must come of it.
//!
//! Each is told with several seeds, and each of these always in the same way, datagram for datagram. What
//! took how long, in virtual time, is printed (`--nocapture`), so that what becomes slower can be seen
//! before it is so slow that a test fails.
//!
//! | stories | about |
//! |---|---|
//! | `loss` | datagrams that are lost, one by one and in bursts |
//! | `order` | late, out of order, twice |
//! | `damage` | bits changed, ends cut off |
//! | `size` | paths that long datagrams do not pass |
//! | `bandwidth` | narrow lines, and queues too short and too long |
//! | `partition` | paths that are cut, in both directions or in one, and heal |
//! | `idle` | peers that say nothing for long, and strangers who speak for them |
//! | `nat` | translated addresses that change |
//! | `restart` | peers that come back without memory |
//! | `clock` | peers that stall, and clocks that jump |
//! | `application` | what applications do to handles: drop them, read slowly, write in crumbs and lumps |
//! | `streams` | streams that are opened, finished, stopped and reset at random |
//! | `replay` | what was said before, said again |
//! | `spoof` | what nobody said |

use floe_tests::addresses::{CLIENT, OTHER, SERVER};
use floe_tests::duration::{millis, secs};

mod application;
mod bandwidth;
mod clock;
mod damage;
mod exchange;
#[path = "../sim/flow.rs"]
mod flow;
mod idle;
mod loss;
mod nat;
mod order;
#[path = "../sim/pair.rs"]
mod pair;
mod partition;
mod replay;
mod restart;
mod size;
mod spoof;
mod streams;

/// Per million.
const PERCENT: u64 = 10_000;
