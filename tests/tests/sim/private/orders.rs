//! Early and late words, lost datagrams, relays that die: signaling and packets overtake each other.

use floe_tests::net::Weather;

use super::meeting::Two;
use crate::{millis, secs};

#[test]
fn words_come_early_or_late_to_packets_and_to_each_other() {
    for (seed, delays) in
        [[0, 0], [0, 400], [400, 0], [400, 400], [2_000, 1]].into_iter().enumerate()
    {
        let mut two = Two::new(40 + seed as u64, Weather { delay: millis(30), ..Weather::FAIR });
        two.relay.delays = delays.map(millis);
        two.connect();
        two.talk();
    }
}

#[test]
fn datagrams_get_lost_at_every_step() {
    for seed in 0..40 {
        let weather = Weather { delay: millis(20), ..Weather::FOUL };
        let mut two = Two::new(200 + seed, weather);
        two.connect();
        two.talk();
    }
}

#[test]
fn a_relay_that_dies_once_both_are_described_does_no_harm() {
    let mut two = Two::new(50, Weather { delay: millis(200), ..Weather::FAIR });
    two.relay.delays = [millis(10); 2];
    let described = two.until(millis(60), |_| None::<()>);
    assert!(described.is_none());
    let (nodes, ids) = (two.nodes, two.ids);
    two.relay.die(&mut two.world, nodes, ids);
    two.connect();
    two.talk();
    assert!(!two.world[nodes[0]].endpoint.is_signaling(ids[0]));
}

#[test]
fn an_answer_that_was_cut_into_bytes_is_read() {
    let mut two = Two::new(51, Weather::FAIR);
    // Whatever is written is handed over byte by byte.
    let (nodes, ids) = (two.nodes, two.ids);
    two.world.settle();
    for side in [0, 1, 0, 1, 0, 1] {
        let now = two.world.now;
        use floe_core::rtc::private::Heard;
        use floe_core::rtc::signaling::StreamAction;
        while let Some(action) = two.world[nodes[side]].endpoint.poll_signaling(ids[side]) {
            let StreamAction::Write(bytes) = action else { panic!("{action:?}") };
            for byte in bytes {
                let endpoint = &mut two.world[nodes[1 - side]].endpoint;
                endpoint.handle_signaling(now, ids[1 - side], Heard::Bytes(&[byte]));
            }
        }
        two.world.settle();
    }
    two.connect();
}

#[test]
fn the_peer_may_be_silent_for_as_long_as_others_may() {
    let mut two = Two::new(52, Weather::FAIR);
    two.connect();
    two.run(secs(300));
    two.talk();
}
