//! Bytes and allocations for each thing that a stranger can make us keep, or do.

use std::time::Instant;

use floe_core::rtc::config::DtlsVersions;
use floe_tests::counted;
use floe_tests::entropy::seeded;
use floe_tests::rude_peer::Step;
use floe_tests::stun;

use crate::stage::{self, Stage};
use crate::{expect, stranger};
/// What may be spent: a change of these numbers is a change for operators to know of (SECURITY.md).
mod committed {
    /// Bytes for a peer that has checked, in a table that is full of them, the table and all indexes
    /// included.
    pub(super) const HALF_OPEN: i64 = 560;
    /// Allocations for each check of a stranger when the table is full: each takes the oldest's place.
    pub(super) const CHECK_ALLOCATIONS_MILLI: i64 = 1_000;
    /// Bytes for a peer that has said ClientHello, until it goes on: DTLS 1.2, 1.3, both; and where it was
    /// sent a cookie.
    pub(super) const HANDSHAKING: [i64; 4] = [14_250, 17_710, 17_710, 11_220];
    /// Allocations for such a ClientHello.
    pub(super) const HELLO_ALLOCATIONS: [i64; 4] = [62, 164, 165, 41];
    /// Bytes for an authenticated peer without streams: DTLS 1.2 and 1.3.
    pub(super) const IDLE: [i64; 2] = [22_070, 25_520];
}

#[test]
fn refused_checks_cost_no_allocation_and_leave_nothing() {
    seeded(1, || {
        let mut stage = Stage::new(|config| config.limits.checks_burst = 1);
        let v2 = "libp2p+webrtc+v2/clientPassword1234567890";
        let good = stun::check([1; 12], &format!("{v2}:wxYZ"), v2);
        let refused = [
            ("no version that is known", stun::check([1; 12], "libp2p+webrtc+v3/x:wxYZ", v2)),
            ("a username of ICE alone", stun::check([1; 12], "abcdEFGH:abcdEFGH", v2)),
            ("the wrong key", stun::check([1; 12], &format!("{v2}:wxYZ"), "another")),
            ("no key at all", good[..good.len() - 32].to_vec()),
            ("cut off", good[..good.len() - 1].to_vec()),
            ("an answer that nobody waits for", stun::answer(&good, crate::SERVER, v2)),
            ("noise", vec![0x80; 500]),
            ("DTLS of a stranger", vec![22; 500]),
        ];
        // What is set up once, by the first datagram that comes, is set up before.
        stage.put(stranger(0), &stage::check(0));
        for (what, payload) in &refused {
            stage.put(stranger(1), payload);
            let (bytes, count) = counted::of(|| stage.put(stranger(1), payload));
            assert_eq!((count.allocations, count.live, bytes), (0, 0, 0), "{what}");
        }
        // Right in form, but the host brings too many: its bucket is empty.
        stage.put(stranger(2), &stage::check(100));
        let checks: Vec<_> = (101..200).map(stage::check).collect();
        let (bytes, count) = counted::of(|| -> usize {
            checks.iter().map(|check| stage.put(stranger(2), check)).sum()
        });
        assert_eq!((count.allocations, count.live, bytes), (0, 0, 0), "a host without tokens");
        // No listener at all.
        stage.endpoint.set_accept(false);
        let check = stage::check(300);
        let (bytes, count) = counted::of(|| stage.put(stranger(3), &check));
        assert_eq!((count.allocations, count.live, bytes), (0, 0, 0), "nobody is accepted");
        assert_eq!(stage.endpoint.counters().half_open, 2);
    });
}

#[test]
fn a_peer_that_has_checked_is_an_entry_of_a_table_that_is_full_some_day() {
    seeded(2, || {
        let mut stage = Stage::new(|_| {});
        let limit = 4096;
        let ((), count) = counted::of(|| {
            for n in 0..limit {
                stage.put(stranger(n), &stage::check(n));
            }
        });
        assert_eq!(stage.endpoint.counters().half_open, limit as usize);
        expect("bytes for a half-open peer", count.live / i64::from(limit), committed::HALF_OPEN);
        // From now on each takes the place of another, and after a while all indexes have their size.
        for n in limit..4 * limit {
            stage.put(stranger(n), &stage::check(n));
        }
        let checks: Vec<_> = (4 * limit..8 * limit).map(|n| (n, stage::check(n))).collect();
        let ((), count) = counted::of(|| {
            for (n, check) in &checks {
                stage.put(stranger(*n), check);
            }
        });
        assert_eq!(stage.endpoint.counters().half_open, limit as usize);
        assert_eq!(count.live, 0, "nothing is left of them");
        expect(
            "allocations for 1000 checks",
            count.allocations * 1000 / checks.len() as i64,
            committed::CHECK_ALLOCATIONS_MILLI,
        );
    });
}

#[test]
fn a_client_hello_costs_what_it_costs() {
    let kinds = [
        ("1.2", DtlsVersions::V12, false),
        ("1.3", DtlsVersions::V13, false),
        ("1.2 or 1.3", DtlsVersions::Auto, false),
        ("1.2, asked for a cookie", DtlsVersions::V12, true),
    ];
    for (kind, (what, dtls, cookie)) in kinds.into_iter().enumerate() {
        seeded(3, || {
            let mut stage = Stage::new(|config| {
                config.dtls = dtls;
                config.limits.handshaking = if cookie { 2 } else { 1000 };
            });
            let hellos: Vec<_> = (0..20)
                .map(|n| {
                    let mut peer = stage.rude(n, |rude| rude.dtls = dtls);
                    let check = peer.take_outbox().remove(0);
                    (n, check, peer.hello(stage.now))
                })
                .collect();
            let mut costs = Vec::new();
            for (n, check, hello) in &hellos {
                stage.put(stranger(*n), check);
                let ((), count) = counted::of(|| {
                    for datagram in hello {
                        stage.put(stranger(*n), datagram);
                    }
                });
                costs.push(count);
            }
            // The first ones make room in tables; with a limit of two, each replaces another from the third
            // on, and its cost is seen in the second.
            let count = if cookie { costs[1] } else { costs[15] };
            expect(
                &format!("bytes for a ClientHello, DTLS {what}"),
                count.live,
                committed::HANDSHAKING[kind],
            );
            expect(
                &format!("allocations for a ClientHello, DTLS {what}"),
                count.allocations,
                committed::HELLO_ALLOCATIONS[kind],
            );
            if cookie {
                let live: i64 = costs[2..].iter().map(|count| count.live).sum();
                assert!(live <= 1000, "each takes the place of another: {live} more");
            }
            // Nothing is left of them in the end.
            stage.pass(crate::secs(30), |_, _| {});
            let counters = stage.endpoint.counters();
            assert_eq!((counters.handshaking, counters.connections, counters.half_open), (0, 0, 0));
        });
    }
}

#[test]
fn a_client_hello_that_finds_no_room_leaves_nothing() {
    seeded(4, || {
        let mut stage = Stage::new(|config| config.limits.handshaking = 2);
        // Two that are where they say, and stop there.
        for n in 0..2 {
            let mut peer = stage.rude(n, |rude| rude.until = Step::Hello);
            stage.play(&mut peer);
        }
        let mut spoofed = |n| {
            let mut peer = stage.rude(n, |_| {});
            let check = peer.take_outbox().remove(0);
            let hello = peer.hello(stage.now).remove(0);
            stage.put(stranger(n), &check);
            (stranger(n), hello)
        };
        let (first, second) = (spoofed(10), spoofed(11));
        stage.put(first.0, &first.1);
        let (bytes, count) = counted::of(|| stage.put(second.0, &second.1));
        assert_eq!((count.allocations, count.live, bytes), (0, 0, 0));
        assert_eq!(stage.endpoint.counters().handshaking, 2);
    });
}

#[test]
fn an_authenticated_peer_without_streams_costs_what_it_costs() {
    for (kind, dtls) in [DtlsVersions::V12, DtlsVersions::V13].into_iter().enumerate() {
        seeded(5, || {
            let mut stage = Stage::new(|config| config.dtls = dtls);
            let mut costs = Vec::new();
            for n in 0..10 {
                let before = counted::count().live;
                let mut peer = stage.rude(n, |rude| rude.dtls = dtls);
                stage.play_for(&mut peer, crate::millis(500));
                assert_eq!(peer.reached(), Step::Open, "{dtls:?}");
                drop(peer);
                costs.push(counted::count().live - before);
            }
            assert_eq!(stage.endpoint.counters().connections, 10);
            let mean = costs[2..].iter().sum::<i64>() / 8;
            expect(&format!("bytes for an idle peer, DTLS {dtls:?}"), mean, committed::IDLE[kind]);
        });
    }
}

/// Reported and not held: it says more of the machine than of the code.
#[test]
fn what_a_forged_packet_costs_in_time() {
    seeded(6, || {
        let mut stage = Stage::new(|config| config.limits.handshaking = 1 << 20);
        let hellos: Vec<_> = (0..200)
            .map(|n| {
                (stranger(n), stage::check(n), stage.rude(n, |_| {}).hello(stage.now).remove(0))
            })
            .collect();
        let v2 = "libp2p+webrtc+v2/clientPassword1234567890";
        let wrong = stun::check([1; 12], &format!("{v2}:wxYZ"), "another");
        let report = |what: &str, begun: Instant| {
            println!("{what}: {} us each", begun.elapsed().as_micros() / hellos.len() as u128);
        };
        let begun = Instant::now();
        hellos.iter().for_each(|(source, ..)| assert_eq!(stage.put(*source, &wrong), 0));
        report("a check with the wrong key", begun);
        let begun = Instant::now();
        hellos.iter().for_each(|(source, check, _)| assert!(stage.put(*source, check) > 0));
        report("a check that is answered and returned", begun);
        let begun = Instant::now();
        hellos.iter().for_each(|(source, _, hello)| _ = stage.put(*source, hello));
        report("a ClientHello, up to the server's flight", begun);
        assert_eq!(stage.endpoint.counters().handshaking, hellos.len());
    });
}
