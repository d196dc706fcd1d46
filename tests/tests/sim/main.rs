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
//! | `private` | private connections |
//! | `telemetry` | what is told through `tracing` |
//! | `capture` | keys, and what they decrypt |
//! | `second_opinion` | floe against `str0m` |

use floe_tests::addresses::{CLIENT, OTHER, SERVER};
use floe_tests::duration::{millis, secs};

mod capture;
mod connect;
mod end;
mod flow;
mod harness;
mod hostile;
mod pair;
mod pressure;
mod private;
mod second_opinion;
mod streams;
mod telemetry;
mod weather;
