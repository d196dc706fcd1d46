//! The real driver loop in the simulated world: on a virtual clock, over a network and a socket that fail
//! as a seed has it.
//!
//! The conformance suite plays drivers on real runtimes; here stand the stories that those cannot show
//! exactly, because time, loss and the order of tasks are not theirs to choose.
//!
//! | story | about |
//! |---|---|
//! | `repeated` | the same seed is the same story |
//! | `cancelled` | futures that are given up |
//! | `dropped` | handles that are dropped, in every order |
//! | `socket` | send buffers that are full, errors that pass and errors that stay, no second socket |
//! | `flow` | slow readers, many streams, data in flight at the end |
//! | `turns` | how often the driver wakes, exactly |
//! | `clock` | a clock that jumps |
//! | `shutdown` | the end in the middle of things |
//! | `same` | a bare endpoint and a driven one come to the same |
//! | `private` | two nodes meet over a relay |
//! | `random` | applications that do anything |

use floe_tests::addresses::{CLIENT, OTHER, SERVER};
use floe_tests::duration::{millis, secs};

mod cancelled;
mod clock;
mod dropped;
mod flow;
mod private;
mod random;
mod repeated;
mod same;
mod shutdown;
mod socket;
mod talk;
mod turns;
mod two;
