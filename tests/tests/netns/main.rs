//! What depends on the hosts' own networks: each story runs in network namespaces of its own, where it may do with
//! interfaces, addresses and routes whatever it likes.

#![cfg(target_os = "linux")]

mod host;
mod interfaces;
mod namespace;
mod nats;
