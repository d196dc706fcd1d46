//! Private connections: two nodes meet over a signaling stream that a relay carries.
//!
//! | story | about |
//! |---|---|
//! | `connect` | how they come up, and what runs on them |
//! | `nats` | which NATs they find a way through |
//! | `orders` | early and late words, lost datagrams, relays that die |
//! | `refused` | how meetings fail |
//! | `glare` | both sides offer |
//! | `moves` | peers that move |
//! | `names` | peers that hide behind names of mDNS |

mod connect;
mod glare;
mod meeting;
mod moves;
mod names;
mod nats;
mod orders;
mod refused;
