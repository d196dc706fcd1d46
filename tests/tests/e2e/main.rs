//! End to end: real sockets on the loopback, each story once for every runtime.
//!
//! A story knows its runtime only as a [`Stage`]: something that binds endpoints and runs a future. It
//! asks for no time and sleeps for nothing; one that hangs is ended by its stage, and fails.

mod cancel;
mod dials;
mod endings;
mod node;
mod stage;
mod streams;

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
    streams::{
        echo, transfer_both_ways, half_close, reset, stop_sending, a_hundred_at_once, slow_reader,
        speak_first_to_a_peer_that_accepts_late, close_and_forget, the_opener_says_nothing,
    }
    dials::{
        versions, fallback, wrong_peer, wrong_certhash, nobody_there, no_certhash,
        the_same_peer_twice, many_at_once, peers_that_do_not_accept, wildcards, ourselves,
        the_other_family, a_configuration_that_cannot_work,
    }
    endings::{
        closing_an_endpoint, dropping_an_endpoint, closing_a_connection, dropping_a_connection,
        a_stream_keeps_its_connection, data_before_the_end_of_a_connection_is_read,
        streams_of_a_closed_connection, a_driver_that_vanishes, nothing_works_after_the_end,
        the_port_is_free_again, drops_in_every_order,
    }
    cancel::{dial, accept_connection, open, accept_stream, bytes, close, questions}
}
