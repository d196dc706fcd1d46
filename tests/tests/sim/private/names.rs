//! Candidates that are names of mDNS.

use floe_core::rtc::Event;
use floe_core::rtc::private::Heard;
use floe_core::rtc::signaling::StreamAction;
use floe_core::signaling::{Kind, Message};
use floe_tests::net::Weather;
use floe_tests::world::World;

use super::meeting::Two;
use crate::{SERVER, secs};

/// Two of which the one who answers hides its address, and cannot check by itself: its first words get lost.
fn hiding(seed: u64, resolves: bool) -> (Two, bool) {
    let mut two = Two::with(seed, Weather::FAIR, |config| config.resolve_names = resolves, |_| {});
    let (nodes, ids) = (two.nodes, two.ids);
    let mut is_told = false;
    for _ in 0..40 {
        for side in [0, 1] {
            let now = two.world.now;
            while let Some(action) = two.world[nodes[side]].endpoint.poll_signaling(ids[side]) {
                let StreamAction::Write(bytes) = action else { continue };
                // Nothing of where the one who offers is, so the other one checks nobody.
                let is_candidate = bytes.windows(10).any(|window| window == b"candidate:");
                let bytes = match (side, is_candidate) {
                    (0, true) => continue,
                    (1, true) => hidden(&bytes),
                    _ => bytes,
                };
                let endpoint = &mut two.world[nodes[1 - side]].endpoint;
                endpoint.handle_signaling(now, ids[1 - side], Heard::Bytes(&bytes));
            }
        }
        is_told |= resolve(&mut two.world, &two.nodes, ids[0]);
        two.world.run(secs(1) / 10);
    }
    (two, is_told)
}

/// Says where the name leads, if it is asked.
fn resolve(
    world: &mut World,
    nodes: &[floe_tests::world::Handle<floe_tests::floe::Floe>; 2],
    id: floe_core::rtc::ConnectionId,
) -> bool {
    let now = world.now;
    let hidden = world[nodes[0]].take(|event| match event {
        Event::Hidden { id: at, candidate } if *at == id => Some(candidate.clone()),
        _ => None,
    });
    if let Some(candidate) = &hidden {
        world[nodes[0]].endpoint.resolved(now, id, candidate, SERVER.ip());
    }
    hidden.is_some()
}

/// The same message, with a name for the address.
fn hidden(message: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(message);
    let data = &text[text.find('{').expect("it is JSON")..];
    let name = "f358ccc2-ae0e-4164-90d1-71b49ac820b9.local";
    let data = data.replace(&SERVER.ip().to_string(), name);
    let mut out = [0; 1_024];
    Message::new(Kind::IceCandidate, &data).encode(&mut out).expect("it fits").to_vec()
}

#[test]
fn who_resolves_names_finds_who_hides() {
    let (mut two, is_told) = hiding(110, true);
    assert!(is_told);
    two.connect();
    two.talk();
}

#[test]
fn who_does_not_is_told_nothing_and_meets_nobody_here() {
    let (mut two, is_told) = hiding(111, false);
    assert!(!is_told);
    assert!(two.world[two.nodes[0]].connected().is_none());
    two.run(secs(20));
}
