//! Floor 2: one async loop for every runtime.
//!
//! The loop knows of the world only a [`Socket`] and a [`Clock`]; a runtime brings the two, spawns
//! [`Driver::run`], and is done. This floor spawns nothing, blocks on nothing, and opens no socket but by
//! asking the one it has for a sibling, when a dial falls back to v1.
//!
//! # One owner, no locks
//!
//! ```text
//!  Endpoint ─┐                    ┌─ Socket
//!  Connection├── letters ──→ Driver ── rtc::Endpoint
//!  Stream  ──┴── pipes ←───→      └─ Clock
//! ```
//!
//! The [`Driver`] alone owns the sans-IO endpoint. Handles share small states with it (a hub for the
//! endpoint, a link for each connection, a pipe for each stream), each behind a mutex that is a leaf:
//! nothing is called while it is held. A handle that wishes something writes it there and posts a
//! letter; the driver reads all letters on each turn, and wakes whoever waits for what it changes.
//!
//! The signaling stream of a private connection comes from outside and goes the other way: the driver owns it from
//! the call on, and its waker posts a letter. So signaling ends in order though nobody waits for it any more.
//!
//! # Dropping and closing
//!
//! | what is dropped | what happens |
//! |---|---|
//! | a future | nothing is lost or stuck; a dial, and a meeting, is given up |
//! | a stream | it is reset, unless it was closed |
//! | the last handle of a connection | streams that the peer opens from now on are refused |
//! | … and its last stream | the connection is closed |
//! | the last handle of the endpoint | everything is closed, peers are told |
//! | the driver | everything is over and says so, peers are not told |

mod bell;
mod connection;
mod desk;
mod endpoint;
mod entropy;
mod error;
mod hub;
mod interfaces;
mod link;
mod listen_addrs;
#[cfg(test)]
mod lone_host;
mod mail;
mod meetings;
mod names;
mod observer;
mod outside;
mod pipe;
mod pump;
mod question;
mod run;
mod sockets;
mod stream;
mod talk;
mod trouble;
mod watched;

pub use connection::Connection;
pub use endpoint::Endpoint;
pub use entropy::os_seed;
pub use error::DialError;
pub use listen_addrs::{AddrChange, ListenAddrs};
pub use names::{Lookup, Resolver};
pub use observer::{Flow, Observed, Observer};
pub use outside::{Batch, Clock, Received, Socket};
pub use run::Driver;
pub use stream::Stream;

#[cfg(test)]
mod tests {
    use core::error::Error;

    use super::*;
    use crate::multiaddr::DirectAddr;

    fn is_send<T: Send>(_: T) {}

    /// Compiled, never run: whatever socket and clock a runtime brings, its tasks may move the futures.
    #[allow(dead_code, reason = "that it compiles is the test")]
    fn futures_go_where_the_runtime_wants_them<S: Socket, C: Clock>(
        driver: Driver<S, C>,
        endpoint: &Endpoint,
        connection: &Connection,
        address: &DirectAddr,
    ) {
        is_send(driver.run());
        is_send(endpoint.dial(address));
        is_send(
            endpoint
                .dial_private(futures::io::Cursor::new(std::vec::Vec::new()), endpoint.peer_id()),
        );
        is_send(endpoint.accept());
        is_send(endpoint.close());
        is_send(connection.open());
        is_send(connection.accept());
        is_send(connection.closed());
        is_send(connection.stats());
    }

    #[test]
    fn the_error_of_a_dial_can_be_boxed_and_sent_and_kept() {
        fn is_an_error<T: Error + Send + Sync + 'static>() {}
        is_an_error::<DialError>();
    }

    #[test]
    fn handles_go_wherever_the_application_wants_them() {
        fn send_and_sync<T: Send + Sync + Unpin>() {}
        send_and_sync::<Endpoint>();
        send_and_sync::<Connection>();
        send_and_sync::<Stream>();
        send_and_sync::<ListenAddrs>();
    }
}
