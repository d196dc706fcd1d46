//! Slow lorises: peers that come to a step of their set-up and stop there, more of them than there may be
//! handshakes. Good peers get in none the less, because who stops gives way to who comes.

use floe_tests::entropy::seeded;
use floe_tests::rude_peer::{Rude, RudePeer, Step};

use crate::flood::Party;
use crate::{SERVER, millis, secs, stranger};

/// More than the 256 that may be under way.
const LORISES: u32 = 300;

fn stalled_at(until: Step, proves: bool) {
    seeded(until as u64, || {
        let mut party = Party::new(5, |_| {});
        let certhash = {
            let address = party.world[party.server].address();
            *address.certhashes().next().expect("it has one").as_bytes()
        };
        let mut lorises = Vec::new();
        for n in 0..LORISES {
            let mut rude = Rude::new(n.into(), stranger(n), (SERVER, certhash));
            (rude.until, rude.proves) = (until, proves);
            let peer = RudePeer::new(rude, party.world.now, party.world.epoch);
            lorises.push(party.world.add(peer));
            party.world.run(millis(2));
        }
        party.world.run(millis(300));
        let counters = party.world[party.server].endpoint.counters();
        let arrived = lorises.iter().filter(|it| party.world[**it].reached() == until).count();
        println!("{until:?}, proves {proves}: {arrived} have come so far, {counters:?}");
        assert!(arrived >= 256, "{arrived} of {LORISES} have come so far");
        assert!(counters.handshaking <= 256);
        let begun = party.world.now;
        party.invite(10);
        while !party.pump() {
            party.world.run(millis(1));
            let late = party.world.now.saturating_since(begun);
            assert!(late < secs(2), "{} of ten are in: {:?}", party.connected(), party.world);
        }
        println!("ten good peers took {:?}", party.world.now.saturating_since(begun));
        // Whoever stops is forgotten.
        party.world.run(secs(12));
        assert_eq!(party.world[party.server].endpoint.counters().handshaking, 0);
    });
}

#[test]
fn after_the_check() {
    stalled_at(Step::Checked, false);
}

#[test]
fn after_the_answer_to_our_check() {
    stalled_at(Step::Proven, true);
}

#[test]
fn after_client_hello_from_nowhere() {
    stalled_at(Step::Hello, false);
}

#[test]
fn after_client_hello() {
    stalled_at(Step::Hello, true);
}

#[test]
fn after_dtls() {
    stalled_at(Step::Secured, true);
}

#[test]
fn after_sctp() {
    stalled_at(Step::Associated, true);
}
