//! The workshop: what floe's tests share.
//!
//! A [`World`](world::World) steps bare endpoints by hand over a [`Net`](net::Net) that loses, delays
//! and reorders by a seed, under a clock that is only a number. No test here sleeps, opens a socket or
//! depends on how fast the machine is; a failing one prints the seed that repeats it. Beside floe
//! stands [`str0m`](str0m_peer), an implementation of the same protocols that shares no code with
//! floe's engine room above its parts, as a second opinion.
//!
//! With `FLOE_PCAP=DIR`, what a world saw is written there for Wireshark.
//!
//! ```text
//! let mut world = World::new(seed, Weather::FAIR);
//! let server = world.add(Floe::new(…));        // a handle; `world[server]` is the node
//! let found = world.until(limit, |world| …);   // steps until it says Some
//! ```

pub mod addresses;
mod capture;
pub mod chaos;
pub mod counted;
pub mod duration;
pub mod entropy;
pub mod floe;
pub mod net;
pub mod node;
pub mod relay;
pub mod rng;
pub mod rude_peer;
pub mod start;
pub mod str0m_peer;
pub mod stun;
pub mod wan;
pub mod world;
