//! The conformance suite: what every runtime must do, over real sockets on the loopback.
//!
//! Each story is written once and played on every runtime, as a test of its own. It knows its runtime
//! only as a [`Stage`](stage::Stage): something that binds endpoints and runs a future. It asks for no
//! time and sleeps for nothing; one that hangs is ended by its stage, and fails.
//!
//! # A runtime joins
//!
//! Implement [`Stage`](stage::Stage) for it in `stage.rs`, some thirty lines beside those of the others,
//! and name it in the list of `play!` below: one line. It then plays all there is; there is no story that
//! a runtime may leave out.

mod cancel;
mod changes;
mod crowd;
mod dials;
mod endings;
mod faulty;
mod give_up;
mod half_close;
mod node;
mod private;
mod runtime_gone;
mod same_peer;
mod shutdown;
mod socket_errors;
mod stage;
mod streams;
mod threads;
mod writing;

/// Runs each story on each stage, as a test of its own.
macro_rules! play {
    (privately; $($module:ident :: { $($story:ident),+ $(,)? })+) => {
        mod privately {
            play!(on tokio TokioPrivately; $($module { $($story)+ })+);
            play!(on smol SmolPrivately; $($module { $($story)+ })+);
            play!(on async_std AsyncStdPrivately; $($module { $($story)+ })+);
        }
    };
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
        echo, transfer_both_ways, reset, stop_sending, a_hundred_at_once, slow_reader,
        speak_first_to_a_peer_that_accepts_late, close_and_forget, the_opener_says_nothing,
    }
    writing::{a_halt, pending_takes_nothing, many_small_writes, nothing, several_slices}
    half_close::{in_both_orders, at_once, while_closing, relayed}
    dials::{
        versions, fallback, wrong_peer, wrong_certhash, nobody_there, no_certhash,
        peers_that_do_not_accept, wildcards, the_other_family, a_configuration_that_cannot_work,
    }
    same_peer::{
        one_after_the_other, two_dials_at_once, another_certificate, from_two_endpoints,
        dialing_back, crossing, ourselves, ourselves_by_mistake,
    }
    crowd::{connections_and_streams}
    threads::{streams, connections, halves}
    endings::{
        closing_an_endpoint, dropping_an_endpoint, closing_a_connection, dropping_a_connection,
        a_stream_keeps_its_connection, data_before_the_end_of_a_connection_is_read,
        streams_of_a_closed_connection, nothing_works_after_the_end, the_port_is_free_again,
        drops_in_every_order,
    }
    shutdown::{
        an_endpoint_is_closed, an_endpoint_is_dropped, a_connection_is_closed,
        everything_is_dropped,
    }
    socket_errors::{
        receiving_fails_for_a_moment, sending_fails_for_a_moment, nothing_can_be_sent,
        the_socket_is_gone,
    }
    runtime_gone::{under_everything, under_what_is_just_begun, peers_go_on}
    cancel::{
        dial, dial_that_is_done, accept_connection, open, accept_stream, read, read_to_end, write_all,
        close_stream, shutdown, close_connection, close_endpoint, stats, closed,
    }
    changes::{watching_a_wildcard, watching_one_address, counters, a_peer_moves}
    private::{both_ways, given_up, the_relay_goes, the_peer_goes, one_after_the_other}
}

// What streams do is the same on a private connection.
play! {
    privately;
    streams::{
        echo, transfer_both_ways, reset, stop_sending, a_hundred_at_once, slow_reader,
        speak_first_to_a_peer_that_accepts_late, close_and_forget, the_opener_says_nothing,
    }
    writing::{a_halt, pending_takes_nothing, many_small_writes, nothing, several_slices}
    half_close::{in_both_orders, at_once, while_closing}
}
