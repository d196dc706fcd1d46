//! What rust-libp2p asks of a `Transport` and of a `StreamMuxer`, over real sockets on the loopback.
//!
//! Written as the [conformance suite](../conformance/main.rs) is: each story once, played on every runtime, in
//! a time of its own. It stands on `libp2p-core` only; swarms and their behaviours are played in `tests/libp2p`, a
//! workspace of its own.

mod closing;
mod dialing;
mod listening;
mod node;
mod opening;
mod sockets;
mod stage;

/// Runs each story on each stage, as a test of its own.
macro_rules! play {
    ($($module:ident :: { $($story:ident),+ $(,)? })+) => {
        play!(on tokio Tokio; $($module { $($story)+ })+);
        play!(on smol Smol; $($module { $($story)+ })+);
        play!(on async_std AsyncStd; $($module { $($story)+ })+);
    };
    (on $runtime:ident $stage:ident; $($module:ident { $($story:ident)+ })+) => {
        mod $runtime {
            $(mod $module {
                $(#[test]
                fn $story() {
                    use crate::stage::{$stage, Stage};
                    $stage::run(crate::$module::$story::<$stage>());
                })+
            })+
        }
    };
}

play! {
    listening::{
        one_address, a_wildcard, both_families, what_an_arrival_says, who_waits_is_woken, several_at_once,
        what_was_told, a_port_that_is_taken, removal, the_runtime_is_gone,
    }
    dialing::{
        without_a_listener, without_a_peer_id, the_wrong_peer, nobody_there, what_is_not_ours,
        what_is_wrong, beside_another_transport, in_the_role_of_a_listener, given_up,
    }
    sockets::{
        reused, shared, of_their_own, twice_the_same, crossing, connections_outlive_their_listener,
        connections_outlive_their_transport,
    }
    opening::{
        in_both_directions, many_at_once, as_many_as_may_be, turns_that_are_given_up,
        the_peer_waits_to_be_accepted,
    }
    closing::{
        half_of_a_substream, a_substream_that_is_dropped, a_substream_that_is_stopped,
        a_connection_delivers, a_connection_that_is_dropped_delivers,
        a_substream_that_outlives_its_connection, the_end_is_told_again_and_again,
        a_peer_that_takes_nothing,
    }
}
