//! How programs around implementations of libp2p are built, started, heard and ended, and the path between
//! them: what the interop runner and the benchmark share. What is played and how it is judged is theirs.

pub mod address;
mod cargo;
mod npm;
pub mod peers;
mod pip;
pub mod process;
pub mod proxy;
pub mod relays;
mod step;
pub mod story;
