//! SCTP by a peer that breaks its rules: what it can make us keep, and what it can make us do.

use std::time::Instant;

use floe_core::rtc::ConnectionId;
use floe_tests::counted;
use floe_tests::entropy::seeded;
use floe_tests::rude_peer::{Chunk, DATA_BEGIN, DATA_WHOLE, PPID_BINARY, RudePeer, Sctp};

use crate::stage::Stage;
use crate::{expect, millis};

mod committed {
    /// Bytes for as many messages of one byte as a peer likes to send behind a gap.
    pub(super) const GAP: i64 = 2_950_000;
    /// Bytes for a message in pieces of one byte.
    pub(super) const PIECES: i64 = 520_000;
    /// Bytes for every second of so many messages.
    pub(super) const HOLES: i64 = 1_480_000;
    /// Bytes for 10 000 requests to reset.
    pub(super) const RECONFIG: i64 = 4_000;
}

/// A peer with a stream, on channel 2.
fn intruder(stage: &mut Stage) -> (RudePeer, ConnectionId) {
    let (mut peer, id) = stage.intruder(1, |_| {});
    let open = peer.sctp.open(2);
    peer.send(&[open]);
    stage.play(&mut peer);
    (peer, id)
}

/// Sends chunks as they come, and says what that made us keep.
fn keep(
    stage: &mut Stage,
    peer: &mut RudePeer,
    what: &str,
    chunks: impl Iterator<Item = Chunk>,
) -> i64 {
    let begun = Instant::now();
    let chunks: Vec<_> = chunks.collect();
    let number = chunks.len();
    let ((), count) = counted::of(|| {
        for some in chunks.chunks(1_000) {
            peer.send_all(some.iter().cloned());
            stage.play_for(peer, millis(5));
        }
        stage.play_for(peer, millis(500));
    });
    println!("{number} {what}: {:?} at both ends, {count:?}", begun.elapsed());
    count.live
}

#[test]
fn tiny_messages_behind_a_gap() {
    seeded(1, || {
        let mut stage = Stage::new(|_| {});
        let (mut peer, _) = intruder(&mut stage);
        let (first, mut ssn) = (peer.sctp.next_tsn.wrapping_add(1), 1_u16);
        let chunks = (0..60_000).map(|n| {
            ssn = ssn.wrapping_add(1);
            Sctp::data_at(first.wrapping_add(n), 2, ssn, PPID_BINARY, DATA_WHOLE, &[0])
        });
        let live = keep(&mut stage, &mut peer, "messages behind a gap", chunks);
        expect("bytes for tiny messages behind a gap", live, committed::GAP);
    });
}

#[test]
fn a_message_in_tiny_pieces() {
    seeded(2, || {
        let mut stage = Stage::new(|_| {});
        let (mut peer, _) = intruder(&mut stage);
        let first = peer.sctp.next_tsn;
        let chunks = (0..30_000).map(|n| {
            let flags = if n == 0 { DATA_BEGIN } else { 0 };
            Sctp::data_at(first.wrapping_add(n), 2, 1, PPID_BINARY, flags, &[0])
        });
        let live = keep(&mut stage, &mut peer, "pieces of a message", chunks);
        expect("bytes for a message in tiny pieces", live, committed::PIECES);
    });
}

#[test]
fn as_many_holes_as_messages() {
    seeded(3, || {
        let mut stage = Stage::new(|_| {});
        let (mut peer, _) = intruder(&mut stage);
        let (first, mut ssn) = (peer.sctp.next_tsn.wrapping_add(1), 1_u16);
        let chunks = (0..30_000).map(|n| {
            ssn = ssn.wrapping_add(2);
            Sctp::data_at(first.wrapping_add(2 * n), 2, ssn, PPID_BINARY, DATA_WHOLE, &[0])
        });
        let live = keep(&mut stage, &mut peer, "messages with holes between them", chunks);
        expect("bytes for messages with holes between them", live, committed::HOLES);
    });
}

#[test]
fn storms_of_reconfig() {
    seeded(4, || {
        let mut stage = Stage::new(|_| {});
        let (mut peer, id) = intruder(&mut stage);
        let first = peer.sctp.next_tsn;
        let chunks: Vec<_> = (0..10_000)
            .map(|n| {
                let streams: Vec<u16> =
                    (0..20).map(|at| (n as u16).wrapping_mul(20).wrapping_add(at)).collect();
                peer.sctp.reset(first.wrapping_add(n), &streams)
            })
            .collect();
        let live = keep(&mut stage, &mut peer, "requests to reset", chunks.into_iter());
        expect("bytes for requests to reset", live, committed::RECONFIG);
        assert_eq!(stage.ended(id), None);
    });
}

/// Acknowledgements of what was never sent, or was, in every shape: no panic, nothing kept, and nothing
/// sent beyond what a window holds.
#[test]
fn games_with_sack() {
    type Game = fn(&RudePeer, u32) -> Chunk;
    let games: [(&str, Game); 5] = [
        ("of the future", |peer, n| {
            peer.sctp.sack(peer.sctp.received().wrapping_add(n * 1000), &[])
        }),
        ("of the past", |peer, n| peer.sctp.sack(peer.sctp.received().wrapping_sub(n), &[])),
        ("with gaps beyond everything", |peer, n| {
            let gaps: Vec<_> = (0..200).map(|at| (2 + 2 * at, 2 + 2 * at + n as u16)).collect();
            peer.sctp.sack(peer.sctp.received(), &gaps)
        }),
        ("with gaps from end to start", |peer, n| {
            peer.sctp.sack(peer.sctp.received(), &[(u16::MAX, n as u16), (9, 3)])
        }),
        ("one further each time", |peer, n| {
            peer.sctp.sack(peer.sctp.received().wrapping_add(n), &[])
        }),
    ];
    for (what, game) in games {
        seeded(5, || {
            let mut stage = Stage::new(|_| {});
            let (mut peer, id) = stage.intruder(1, |_| {});
            peer.sctp.acknowledges = false;
            let stream = stage.endpoint.open_stream(id).expect("it is authenticated");
            let before = peer.bytes_received;
            let mut written = 0;
            let ((), count) = counted::of(|| {
                for n in 0..2_000 {
                    if let Some(mut it) = stage.endpoint.stream(stream) {
                        written += it.write(&[7; 16 * 1024]).unwrap_or_default();
                    }
                    let sack = game(&peer, n);
                    peer.send(&[sack]);
                    stage.play_for(&mut peer, millis(5));
                }
                stage.events.retain(|event| matches!(event, floe_core::rtc::Event::Closed { .. }));
            });
            let sent = peer.bytes_received - before;
            println!(
                "SACKs {what}: {written} written, {sent} sent, {count:?}, ended {:?}",
                stage.ended(id)
            );
            assert!(count.peak < 4 << 20, "{what}: {count:?}");
        });
    }
}
