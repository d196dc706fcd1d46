//! Peers of private connections who have come in through a relay and mean no good.

use std::collections::BTreeMap;

use floe_core::fingerprint::Fingerprint;
use floe_core::ice::{Password, Secrets, Ufrag};
use floe_core::peer_id::PeerId;
use floe_core::rtc::error::DialRefused;
use floe_core::rtc::identity::Keypair;
use floe_core::rtc::private::{Heard, Meeting};
use floe_core::rtc::{ConnectionId, Event};
use floe_core::sdp::{SessionDescription, Setup};
use floe_core::signaling::{Kind, Message};
use floe_tests::counted;
use floe_tests::entropy::seeded;

use crate::stage::Stage;
use crate::{expect, secs, stranger};

/// What may be spent: a change of these numbers is a change for operators to know of (SECURITY.md).
mod committed {
    /// Bytes for a meeting that is under way, its peer having named as many addresses as it may.
    pub(super) const MEETING: i64 = 58_000;
    /// Bytes that are sent to each address that it has named, by the time the meeting is given up.
    pub(super) const CHECKS: i64 = 672;
}

fn peer(seed: u8) -> PeerId {
    Keypair::ed25519_from_seed([seed; 32]).peer_id()
}

fn message(kind: Kind, data: &str) -> Vec<u8> {
    let mut out = [0; 4_096];
    Message::new(kind, data).encode(&mut out).expect("it fits").to_vec()
}

fn offer() -> Vec<u8> {
    let credentials = Secrets {
        ufrag: Ufrag::new(b"wxYZwxYZ").unwrap(),
        password: Password::new(b"clientPassword1234567890").unwrap(),
    };
    let sdp =
        SessionDescription::new(credentials, Fingerprint::from_bytes([7; 32]), Setup::ActPass);
    message(Kind::SdpOffer, &sdp.to_string())
}

/// A candidate at the n-th stranger's.
fn candidate(n: u32) -> Vec<u8> {
    let at = stranger(n);
    let line = format!("candidate:1 1 udp 2130706431 {} {} typ host", at.ip(), at.port());
    message(
        Kind::IceCandidate,
        &format!(r#"{{"candidate":"{line}","sdpMid":"0","sdpMLineIndex":0}}"#),
    )
}

/// Has the stage answer an offer, behind which `count` addresses are named.
fn answer(stage: &mut Stage, meeting: Meeting, count: u32) -> ConnectionId {
    let now = stage.now;
    let id = stage.endpoint.meet(now, meeting).expect("there is room");
    stage.endpoint.handle_signaling(now, id, Heard::Bytes(&offer()));
    for n in 0..count {
        stage.endpoint.handle_signaling(now, id, Heard::Bytes(&candidate(n)));
    }
    while stage.endpoint.poll_signaling(id).is_some() {}
    id
}

#[test]
fn a_peer_that_names_others_has_some_checks_sent_to_them_and_no_more() {
    seeded(40, || {
        let mut stage = Stage::new(|_| {});
        let hosts = [crate::SERVER];
        stage.endpoint.set_host_addrs(stage.now, &hosts);
        // What is set up once is set up before.
        let first = answer(&mut stage, Meeting::answering(peer(9)), 0);
        stage.endpoint.close(stage.now, first);
        stage.drain(|_, _| {});

        let (_, count) = counted::of(|| {
            answer(&mut stage, Meeting::answering(peer(10)), 200);
            stage.drain(|_, _| {});
        });
        expect("bytes for a meeting", count.live, committed::MEETING);
        let mut sent = BTreeMap::new();
        stage.pass(secs(60), |remote, datagram| {
            *sent.entry(remote).or_insert(0) += datagram.len() as i64
        });
        assert!(sent.len() <= 32, "{} addresses", sent.len());
        let most = sent.values().copied().max().expect("checks are sent");
        expect("bytes to an address that was named", most, committed::CHECKS);
        assert_eq!(stage.endpoint.counters().connections, 0);
        let is_told = |event: &Event| matches!(event, Event::Closed { .. });
        assert_eq!(stage.events.iter().filter(|event| is_told(event)).count(), 2);
    });
}

#[test]
fn no_peer_gets_all_the_room_there_is_and_nor_do_all_of_them() {
    let mut stage = Stage::new(|_| {});
    let now = stage.now;
    let refused = Err(DialRefused::TooManyMeetings);
    for _ in 0..4 {
        assert!(stage.endpoint.meet(now, Meeting::answering(peer(20))).is_ok());
    }
    assert_eq!(stage.endpoint.meet(now, Meeting::answering(peer(20))), refused);
    for seed in 21..32 {
        for _ in 0..4 {
            assert!(stage.endpoint.meet(now, Meeting::answering(peer(seed))).is_ok());
        }
    }
    assert_eq!(stage.endpoint.meet(now, Meeting::answering(peer(40))), refused);
    // There is room for those that we offer.
    for seed in 60..76 {
        assert!(stage.endpoint.meet(now, Meeting::offering(peer(seed))).is_ok());
    }
    assert_eq!(stage.endpoint.meet(now, Meeting::offering(peer(80))), refused);
}

#[test]
fn what_is_no_signaling_leaves_nothing() {
    seeded(41, || {
        let mut stage = Stage::new(|_| {});
        for (round, bytes) in
            [vec![0xff; 100_000], offer()[..200].to_vec(), candidate(1)].iter().enumerate()
        {
            let now = stage.now;
            let id = stage.endpoint.meet(now, Meeting::answering(peer(50 + round as u8))).unwrap();
            for _ in 0..1_000 {
                stage.endpoint.handle_signaling(now, id, Heard::Bytes(bytes));
            }
            let kept =
                counted::of(|| stage.endpoint.handle_signaling(now, id, Heard::Bytes(bytes))).1;
            assert!(kept.live <= 4_096, "{kept:?}");
            stage.drain(|_, _| {});
            stage.pass(secs(20), |_, _| {});
            assert_eq!(stage.endpoint.counters().connections, 0);
        }
    });
}
