//! What is sent to an address that has proven nothing: less than three times what came from it, always.
//!
//! RFC 9000 §8.1 is the model. Everything counts: answers to checks, our own checks, flights of DTLS and
//! each of their repetitions, alerts; from the first forged check until nothing is left of it.

use std::time::Duration;

use floe_core::rtc::config::DtlsVersions;
use floe_tests::entropy::seeded;
use floe_tests::rude_peer::Step;
use floe_tests::stun;

use crate::stage::Stage;
use crate::{millis, secs, stranger};

const ALL: [DtlsVersions; 3] = [DtlsVersions::V12, DtlsVersions::V13, DtlsVersions::Auto];

/// Bytes from and to the victim, which never says a word itself.
struct Ledger {
    stage: Stage,
    from: usize,
    to: usize,
    worst: f64,
}

impl Ledger {
    fn new(dtls: DtlsVersions, cookie: bool) -> Self {
        let stage = Stage::new(|config| {
            config.dtls = dtls;
            // Of two, the second is asked for a cookie.
            config.limits.handshaking = if cookie { 2 } else { 256 };
        });
        let mut ledger = Self { stage, from: 0, to: 0, worst: 0.0 };
        if cookie {
            let mut first = ledger.stage.rude(1, |rude| rude.until = Step::Hello);
            ledger.stage.play(&mut first);
        }
        ledger
    }

    /// A forged datagram arrives.
    fn forge(&mut self, payload: &[u8]) {
        let victim = stranger(0);
        self.from += payload.len();
        let datagram = floe_core::rtc::Datagram::new(victim, payload);
        self.stage.endpoint.handle_datagram(self.stage.now, datagram);
        let mut to = 0;
        self.stage.drain(|remote, sent| to += if remote == victim { sent.len() } else { 0 });
        self.note(to);
    }

    fn pass(&mut self, time: Duration) {
        let mut to = 0;
        self.stage.pass(time, |remote, sent| {
            to += if remote == stranger(0) { sent.len() } else { 0 };
        });
        self.note(to);
    }

    fn note(&mut self, to: usize) {
        self.to += to;
        if self.from > 0 {
            self.worst = self.worst.max(self.to as f64 / self.from as f64);
        }
        assert!(self.to < 3 * self.from, "{} bytes for {}", self.to, self.from);
    }

    fn end(mut self, what: &str) {
        self.pass(secs(60));
        let counters = self.stage.endpoint.counters();
        assert_eq!((counters.connections, counters.handshaking), (0, 0), "{what}");
        println!("{what}: {} bytes for {}, at worst {:.2}", self.to, self.from, self.worst);
    }
}

/// A check, and a ClientHello in datagrams of so many bytes.
fn forged(stage: &Stage, version: &str, dtls: DtlsVersions, mtu: usize) -> Forged {
    let mut peer = stage.rude(0, |rude| (rude.dtls, rude.mtu) = (dtls, mtu));
    peer.take_outbox();
    Forged { check: check(version, 0), hello: peer.hello(stage.now) }
}

struct Forged {
    check: Vec<u8>,
    hello: Vec<Vec<u8>>,
}

/// As short as a check may be.
fn check(version: &str, n: u32) -> Vec<u8> {
    let ufrag = format!("libp2p+webrtc+{version}/aVictimsPassword{n:06}");
    match version {
        "v1" => stun::check([3; 12], &format!("{ufrag}:{ufrag}"), &ufrag),
        _ => stun::check([3; 12], &format!("{ufrag}:wxYZ"), &ufrag),
    }
}

/// Every way of dialing, as the forger of a source address has it.
fn each(attack: impl Fn(Ledger, Forged, &str) + Sync) {
    for version in ["v1", "v2"] {
        for dtls in ALL {
            for mtu in [1_200, 200] {
                for cookie in [false, true] {
                    seeded(1, || {
                        let ledger = Ledger::new(dtls, cookie);
                        let forged = forged(&ledger.stage, version, dtls, mtu);
                        let what = format!("{version}, DTLS {dtls:?}, {mtu}, cookie {cookie}");
                        attack(ledger, forged, &what);
                    });
                }
            }
        }
    }
}

#[test]
fn a_forged_check() {
    each(|mut ledger, forged, what| {
        ledger.forge(&forged.check);
        ledger.end(what);
    });
}

#[test]
fn forged_checks_again_and_again() {
    each(|mut ledger, forged, what| {
        for _ in 0..200 {
            ledger.forge(&forged.check);
            ledger.pass(millis(100));
        }
        ledger.end(what);
    });
}

#[test]
fn a_forged_check_and_client_hello() {
    each(|mut ledger, forged, what| {
        ledger.forge(&forged.check);
        forged.hello.iter().for_each(|datagram| ledger.forge(datagram));
        assert!(ledger.to > 0);
        ledger.end(what);
    });
}

#[test]
fn the_first_fragment_of_a_client_hello_alone() {
    each(|mut ledger, forged, what| {
        ledger.forge(&forged.check);
        ledger.forge(&forged.hello[0]);
        ledger.end(what);
    });
}

#[test]
fn a_client_hello_again_and_again() {
    each(|mut ledger, forged, what| {
        ledger.forge(&forged.check);
        for _ in 0..20 {
            forged.hello.iter().for_each(|datagram| ledger.forge(datagram));
            ledger.pass(millis(170));
        }
        ledger.end(what);
    });
}

#[test]
fn checks_while_a_handshake_waits() {
    each(|mut ledger, forged, what| {
        ledger.forge(&forged.check);
        forged.hello.iter().for_each(|datagram| ledger.forge(datagram));
        for _ in 0..100 {
            ledger.pass(millis(90));
            ledger.forge(&forged.check);
        }
        ledger.end(what);
    });
}

/// Each time with another ufrag, so that nothing is remembered of the last.
#[test]
fn one_dial_after_the_other() {
    for version in ["v1", "v2"] {
        for dtls in ALL {
            seeded(1, || {
                let mut ledger = Ledger::new(dtls, false);
                for n in 0..50 {
                    let forged = forged(&ledger.stage, version, dtls, 1_200);
                    ledger.forge(&check(version, n));
                    forged.hello.iter().for_each(|datagram| ledger.forge(datagram));
                    ledger.pass(millis(30));
                }
                ledger.end(&format!("{version}, DTLS {dtls:?}"));
            });
        }
    }
}

/// The peer has the keys and forges its own address: an idle one, then in mid-transfer.
#[test]
fn a_peer_that_says_that_it_has_moved() {
    for dtls in ALL {
        seeded(2, || {
            let mut ledger = Ledger::new(dtls, false);
            let (mut peer, id) = ledger.stage.intruder(1, |rude| rude.dtls = dtls);
            // Its check, from the victim's address.
            peer.check();
            let check = peer.take_outbox().remove(0);
            ledger.forge(&check);
            // A transfer to it begins, and it acknowledges what it does not see, from there.
            let stream = ledger.stage.endpoint.open_stream(id).expect("it is authenticated");
            let mut it = ledger.stage.endpoint.stream(stream).expect("it was just opened");
            assert!(it.write(&[7; 200_000]).is_ok());
            let acknowledged = peer.sctp.received();
            for n in 0..100 {
                let sack = peer.sctp.sack(acknowledged.wrapping_add(n), &[]);
                peer.send(&[sack]);
                for datagram in peer.take_outbox() {
                    ledger.forge(&datagram);
                }
                ledger.pass(millis(20));
            }
            assert!(ledger.to > 0, "it is the address in use");
            let (to, from, worst) = (ledger.to, ledger.from, ledger.worst);
            println!("DTLS {dtls:?}: {to} bytes for {from}, at worst {worst:.2}");
        });
    }
}

/// Who answers is where it says, and is sent what it takes from then on, in whatever order.
#[test]
fn whoever_answers_is_sent_everything() {
    for dtls in ALL {
        for (mtu, proves) in [(1_200, true), (1_200, false), (200, true), (200, false)] {
            seeded(3, || {
                let mut stage = Stage::new(|config| config.dtls = dtls);
                let mut peer =
                    stage.rude(0, |rude| (rude.dtls, rude.mtu, rude.proves) = (dtls, mtu, proves));
                let begun = stage.now;
                stage.play_for(&mut peer, secs(3));
                assert_eq!(peer.reached(), Step::Open, "{dtls:?}, {mtu}, {proves}");
                assert!(stage.now > begun);
            });
        }
    }
}
