//! rust-libp2p's own behaviours, unmodified, on swarms with floe below them.
//!
//! Each story between nodes of floe is played on each runtime; those with libp2p-webrtc, which knows only
//! tokio, there. None asks for the time: one that hangs is ended by its stage, and fails.

mod basics;
mod crowd;
mod keys;
mod limits;
mod meeting;
mod private;
mod relayed;
mod stubborn;
mod transfer;
mod webrtc;

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
                    use floe_libp2p::{$stage, Stage};
                    $stage::run(crate::$module::$story::<$stage>());
                })+
            })+
        }
    };
}

play! {
    basics::{ping, identify}
    transfer::{large_messages, many_requests}
    crowd::{gossip, kademlia}
    limits::{one_too_many}
    relayed::{a_circuit}
    meeting::{at_a_rendezvous}
    keys::{of_each_type}
    private::{
        a_direct_connection, what_is_sent_over_it, without_its_relay, both_at_once, two_dials_at_once,
        an_idle_circuit, no_relay, no_listener, no_protocol, no_answer, a_flood,
        a_reservation_ends, a_listener_is_removed, a_reservation_that_is_there, the_wrong_order,
    }
}
