//! How meetings fail.

use floe_core::rtc::error::{ConnectionEnd, DialRefused, Step};
use floe_core::rtc::private::{Heard, Meeting};
use floe_tests::floe::Floe;
use floe_tests::net::Weather;

use super::meeting::Two;
use crate::{CLIENT, OTHER, SERVER, millis, secs};

#[test]
fn a_peer_that_never_answers_is_given_up_at_the_deadline() {
    let mut two = Two::new(60, Weather::FAIR);
    two.relay.is_silent = true;
    let (nodes, ids) = (two.nodes, two.ids);
    for side in [0, 1] {
        let end = two.until(secs(16), |world| world[nodes[side]].closed(ids[side]));
        let (end, _) = end.expect("the deadline passes");
        assert_eq!(end, ConnectionEnd::HandshakeTimeout(Step::Signaling));
        assert!(!two.world[nodes[side]].endpoint.is_signaling(ids[side]));
    }
    assert_eq!(two.world.now.since_epoch(), secs(15));
    assert_eq!(two.world[nodes[0]].endpoint.counters().connections, 0);
}

#[test]
fn a_peer_that_cannot_be_reached_is_given_up_at_the_deadline() {
    let mut two = Two::new(61, Weather::FAIR);
    two.world.net.between(CLIENT, SERVER).cut();
    let (nodes, ids) = (two.nodes, two.ids);
    let end = two.until(secs(16), |world| world[nodes[0]].closed(ids[0]));
    assert_eq!(end.map(|(end, _)| end), Some(ConnectionEnd::HandshakeTimeout(Step::Stun)));
}

#[test]
fn what_is_no_description_ends_the_meeting_and_nothing_else() {
    for bytes in [
        &b"\x04\x08\x00\x12\x00"[..],
        b"\xff\xff\xff\xff\xff\xff",
        b"\x02\x08\x07",
        b"\x02\x08\x02",
    ] {
        let mut two = Two::new(62, Weather::FAIR);
        let (nodes, ids) = (two.nodes, two.ids);
        let now = two.world.now;
        two.world[nodes[1]].endpoint.handle_signaling(now, ids[1], Heard::Bytes(bytes));
        two.world[nodes[1]].endpoint.handle_signaling(now, ids[1], Heard::End);
        let end = two.until(secs(1), |world| world[nodes[1]].closed(ids[1]));
        let step = end.as_ref().and_then(|(end, _)| end.step());
        assert_eq!(step, Some(Step::Signaling), "{bytes:?}: {end:?}");
    }
}

#[test]
fn a_stream_that_ends_before_the_answer_is_a_failure() {
    for heard in [Heard::End, Heard::Reset] {
        let mut two = Two::new(63, Weather::FAIR);
        let (nodes, ids) = (two.nodes, two.ids);
        let now = two.world.now;
        two.world[nodes[0]].endpoint.handle_signaling(now, ids[0], heard);
        let end = two.until(secs(1), |world| world[nodes[0]].closed(ids[0]));
        let step = end.as_ref().and_then(|(end, _)| end.step());
        assert_eq!(step, Some(Step::Signaling), "{heard:?}: {end:?}");
    }
}

#[test]
fn another_certificate_than_was_described_is_refused_by_either_side() {
    for side in [0, 1] {
        let mut two = Two::new(64, Weather::FAIR);
        let (nodes, ids) = (two.nodes, two.ids);
        // What this side writes is told with another fingerprint.
        two.world.settle();
        use floe_core::rtc::signaling::StreamAction;
        let mut ends = [None, None];
        for _ in 0..2_000 {
            for from in [0, 1] {
                let now = two.world.now;
                while let Some(action) = two.world[nodes[from]].endpoint.poll_signaling(ids[from]) {
                    let StreamAction::Write(mut bytes) = action else { continue };
                    if from == side {
                        falsify(&mut bytes);
                    }
                    let endpoint = &mut two.world[nodes[1 - from]].endpoint;
                    endpoint.handle_signaling(now, ids[1 - from], Heard::Bytes(&bytes));
                }
            }
            two.world.run(millis(10));
            for at in [0, 1] {
                let end = two.world[nodes[at]].closed(ids[at]).map(|(end, _)| end);
                ends[at] = ends[at].take().or(end);
            }
        }
        assert!(
            matches!(ends[1 - side], Some(ConnectionEnd::WrongCerthash { .. })),
            "side {side}: {ends:?}"
        );
        assert!(ends[side].is_some(), "the other does not connect either");
    }
}

/// Changes a digit of the fingerprint in a description.
fn falsify(message: &mut [u8]) {
    let word = b"fingerprint:sha-256 ";
    if let Some(at) = message.windows(word.len()).position(|window| window == word) {
        let digit = &mut message[at + word.len()];
        *digit = if *digit == b'0' { b'1' } else { b'0' };
    }
}

#[test]
fn so_many_meetings_and_no_more() {
    let mut two = Two::with(65, Weather::FAIR, |config| config.limits.meetings = 3, |_| {});
    let (nodes, now) = (two.nodes, two.world.now);
    let peer = two.world[nodes[1]].peer_id();
    let endpoint = &mut two.world[nodes[0]].endpoint;
    for _ in 0..2 {
        assert!(endpoint.meet(now, Meeting::offering(peer)).is_ok());
    }
    let refused = endpoint.meet(now, Meeting::offering(peer));
    assert_eq!(refused, Err(DialRefused::TooManyMeetings));
    let stranger = Floe::new(7_777, OTHER, two.world.epoch, |_| {}).peer_id();
    let endpoint = &mut two.world[nodes[0]].endpoint;
    assert_eq!(endpoint.meet(now, Meeting::answering(stranger)), Err(DialRefused::TooManyMeetings));
    // Those that are up count no more.
    two.connect();
    let now = two.world.now;
    let endpoint = &mut two.world[nodes[0]].endpoint;
    assert!(endpoint.meet(now, Meeting::offering(peer)).is_ok());
}

#[test]
fn whoever_gives_up_resets_the_stream_or_has_it_dropped() {
    let mut two = Two::new(66, Weather::FAIR);
    let (nodes, ids) = (two.nodes, two.ids);
    let now = two.world.now;
    two.world[nodes[0]].endpoint.close(now, ids[0]);
    let end = two.until(secs(1), |world| world[nodes[0]].closed(ids[0]));
    assert_eq!(end.map(|(end, _)| end), Some(ConnectionEnd::ClosedLocally));
    assert!(!two.world[nodes[0]].endpoint.is_signaling(ids[0]));
    assert_eq!(two.world[nodes[0]].endpoint.poll_signaling(ids[0]), None);
}
