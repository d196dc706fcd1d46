//! How private connections come up, and what runs on them.

use floe_core::rtc::error::{ConnectionEnd, Step};
use floe_core::rtc::output::Direction;
use floe_tests::net::Weather;

use super::meeting::Two;
use crate::{CLIENT, SERVER, millis, secs};

#[test]
fn two_meet_and_both_know_with_whom_and_how() {
    let mut two = Two::new(1, Weather::FAIR);
    let peers = two.nodes.map(|node| two.world[node].peer_id());
    let mut up = [None; 2];
    let nodes = two.nodes;
    let both = two.until(secs(5), |world| {
        for side in [0, 1] {
            up[side] = up[side].or_else(|| world[nodes[side]].established());
        }
        Some((up[0]?, up[1]?))
    });
    let ((_, offerer), (_, answerer)) = both.expect("they meet");
    assert_eq!((offerer.peer, answerer.peer), (peers[1], peers[0]));
    assert_eq!(offerer.direction, Direction::Outbound);
    assert_eq!(answerer.direction, Direction::Inbound);
    assert_eq!((offerer.remote, answerer.remote), (SERVER, CLIENT));
    for established in [offerer, answerer] {
        assert_eq!(established.version, None);
        for &step in Step::ALL {
            let is_done = established.timeline.done(step).is_some();
            assert_eq!(is_done, step != Step::Noise, "{step}");
        }
    }
    two.talk();
    // Their first streams: the answerer began DTLS, so its channels are even.
    let [ours, _] = two.say(0, b"x");
    assert_eq!(ours.channel() % 2, 1);
    let [ours, _] = two.say(1, b"x");
    assert_eq!(ours.channel() % 2, 0);
}

#[test]
fn signaling_ends_in_order_and_nobody_hears_of_init() {
    let mut two = Two::new(2, Weather::FAIR);
    two.connect();
    two.run(secs(2));
    assert_eq!(two.relay.is_closed, [true; 2]);
    assert_eq!(two.relay.is_reset, [false; 2]);
    for side in [0, 1] {
        let node = two.nodes[side];
        assert!(!two.world[node].endpoint.is_signaling(two.ids[side]));
        assert_eq!(two.world[node].opened(), None);
        let stats = two.world[node].endpoint.stats(two.ids[side]).unwrap();
        assert_eq!(stats.streams, 0);
    }
    two.talk();
}

#[test]
fn much_goes_over_it_and_it_lives_on_without_the_relay() {
    let mut two = Two::new(3, Weather::FAIR);
    two.connect();
    two.run(secs(1));
    two.relay.is_silent = true;
    let much: Vec<u8> = (0..200_000_u32).map(|it| it as u8).collect();
    two.say(0, &much);
    two.say(1, &much);
    two.run(secs(120));
    two.talk();
}

#[test]
fn either_side_closes_and_the_other_hears_of_it() {
    for side in [0, 1] {
        let mut two = Two::new(4, Weather::FAIR);
        two.connect();
        let (nodes, ids) = (two.nodes, two.ids);
        let now = two.world.now;
        two.world[nodes[side]].endpoint.close(now, ids[side]);
        let end = two.until(secs(5), |world| world[nodes[1 - side]].closed(ids[1 - side]));
        assert_eq!(end.map(|(end, _)| end), Some(ConnectionEnd::ClosedByPeer));
        let end = two.until(secs(5), |world| world[nodes[side]].closed(ids[side]));
        assert_eq!(end.map(|(end, _)| end), Some(ConnectionEnd::ClosedLocally));
    }
}

#[test]
fn hundreds_of_streams_are_opened_and_closed_either_way() {
    let mut two = Two::new(5, Weather::FAIR);
    two.connect();
    for round in 0..300 {
        let side = round % 2;
        let [ours, theirs] = two.say(side, b"one of many");
        for (node, stream) in [(two.nodes[side], ours), (two.nodes[1 - side], theirs)] {
            let now = two.world.now;
            two.world[node].endpoint.forget_stream(now, stream);
        }
    }
    two.run(millis(500));
    two.talk();
}

#[test]
fn it_takes_few_round_trips() {
    // 100 ms there and back by the direct way, and as much by the relay.
    let weather = Weather { delay: millis(50), ..Weather::FAIR };
    let mut two = Two::new(6, weather);
    let nodes = two.nodes;
    let up = two.until(secs(5), |world| {
        let [a, b] = nodes.map(|node| world[node].established());
        a.or(b)
    });
    let (_, established) = up.expect("they meet");
    let tenths = two.world.now.since_epoch().as_millis() / 10;
    // Half a one for the offer, one for a check, one for DTLS, two for SCTP, half a one until the first side knows.
    assert!(tenths <= 50, "{tenths} tenths of a round trip: {:?}", established.timeline);
}
