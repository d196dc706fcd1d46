//! A peer that has come in, and does with channels, streams and frames what nobody should.

use std::time::Instant;

use floe_core::rtc::{Event, StreamId};
use floe_tests::counted;
use floe_tests::entropy::seeded;
use floe_tests::rude_peer::{DATA_WHOLE, PPID_BINARY, PPID_DCEP, Step};

use crate::stage::Stage;
use crate::{expect, millis, secs};

mod committed {
    /// Bytes at most, while a peer that nobody knows opens channels until it is sent away.
    pub(super) const EARLY_PEAK: i64 = 990_000;
    /// Bytes at most, while an authenticated peer opens channels until it is sent away: some 4 096 streams,
    /// and 1 024 that are refused and that it does not close.
    pub(super) const STREAMS: i64 = 7_230_000;
    /// Bytes at most for 20 000 OPENs on one channel, for OPENs on channels that are ours to open, and for
    /// data on channels that were never opened.
    pub(super) const DCEP: [i64; 3] = [42_000, 940_000, 940_000];
    /// Bytes for 3 000 channels that are opened and reset at once, one after the other.
    pub(super) const RESETS: i64 = 2_760_000;
}

#[test]
fn channels_of_a_peer_that_nobody_knows() {
    seeded(1, || {
        let mut stage = Stage::new(|_| {});
        let mut peer = stage.rude(1, |rude| rude.until = Step::Associated);
        stage.play_for(&mut peer, millis(300));
        assert_eq!(peer.reached(), Step::Associated);
        assert_eq!(stage.endpoint.counters().handshaking, 1);
        let ((), count) = counted::of(|| {
            for id in (2..8000).step_by(2) {
                let open = peer.sctp.open(id);
                peer.send_all([open]);
                if id % 64 == 0 {
                    stage.play(&mut peer);
                }
            }
            stage.play_for(&mut peer, millis(100));
        });
        expect("bytes for early channels, at most", count.peak, committed::EARLY_PEAK);
        assert_eq!(stage.endpoint.counters().connections, 0, "it went too far");
    });
}

#[test]
fn channels_of_a_peer_that_has_come_in() {
    seeded(2, || {
        let mut stage = Stage::new(|_| {});
        let (mut peer, id) = stage.intruder(1, |_| {});
        let begun = Instant::now();
        let mut open = 0;
        let ((), count) = counted::of(|| {
            for channel in (2..=65_534).step_by(2) {
                let chunk = peer.sctp.open(channel);
                peer.send_all([chunk]);
                if channel % 128 == 0 {
                    stage.play(&mut peer);
                }
                if let Some(stats) = stage.endpoint.stats(id) {
                    open += 1;
                    assert!(stats.streams <= 4096, "{stats:?}");
                }
            }
            stage.play_for(&mut peer, millis(500));
        });
        println!("{open} channels took {:?} at both ends", begun.elapsed());
        expect("bytes for channels, at most", count.peak, committed::STREAMS);
        // Those beyond the limit were refused, and it did not care.
        assert!((4_096 + 1_000..6_000).contains(&open), "{open}");
        let end = stage.ended(id).expect("it went too far");
        assert!(end.contains("too many channels"), "{end}");
    });
}

#[test]
fn storms_of_dcep() {
    type Storm = fn(u32) -> (u16, u32);
    let storms: [(&str, Storm, bool); 3] = [
        ("OPENs on one channel", |_| (2, PPID_DCEP), false),
        ("OPENs on channels of ours", |n| ((n as u16 % 32_000) * 2 + 1, PPID_DCEP), true),
        (
            "data on channels that nobody opened",
            |n| ((n as u16 % 32_000) * 2 + 2, PPID_BINARY),
            true,
        ),
    ];
    for (index, (what, storm, ends)) in storms.into_iter().enumerate() {
        seeded(3, || {
            let mut stage = Stage::new(|_| {});
            let (mut peer, id) = stage.intruder(1, |_| {});
            let begun = Instant::now();
            let ((), count) = counted::of(|| {
                for n in 0..20_000 {
                    let (channel, ppid) = storm(n);
                    let open = [3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
                    let chunk = peer.sctp.data(channel, ppid, DATA_WHOLE, &open);
                    peer.send(&[chunk]);
                    if n % 32 == 0 {
                        stage.play(&mut peer);
                    }
                }
                stage.play_for(&mut peer, secs(2));
            });
            println!("20 000 {what} took {:?} at both ends", begun.elapsed());
            expect(&format!("bytes for {what}, at most"), count.peak, committed::DCEP[index]);
            let end = stage.ended(id);
            assert_eq!(end.is_some(), ends, "{end:?}");
        });
    }
}

#[test]
fn channels_opened_and_reset() {
    seeded(4, || {
        let mut stage = Stage::new(|_| {});
        let (mut peer, id) = stage.intruder(1, |_| {});
        let request = peer.sctp.next_tsn;
        let mut storm = |stage: &mut Stage, from: u32, to: u32| {
            for n in from..to {
                let channel = (n as u16 % 16_000) * 2 + 2;
                let open = peer.sctp.open(channel);
                peer.send(&[open]);
                stage.play(&mut peer);
                let reset = peer.sctp.reset(request.wrapping_add(n), &[channel]);
                peer.send(&[reset]);
                stage.play(&mut peer);
                for stream in opened(stage) {
                    let now = stage.now;
                    stage.endpoint.forget_stream(now, stream);
                }
                stage.drain(|_, _| {});
            }
        };
        storm(&mut stage, 0, 100);
        let ((), count) = counted::of(|| {
            storm(&mut stage, 100, 3_100);
            stage.events.clear();
        });
        expect("bytes for 3 000 resets", count.live, committed::RESETS);
        stage.pass(secs(2), |_, _| {});
        let stats = stage.endpoint.stats(id).expect("this is no reason to end");
        assert_eq!(stats.streams, 0);
    });
}

/// Streams that the peer has opened since this was asked last.
fn opened(stage: &mut Stage) -> Vec<StreamId> {
    let events = std::mem::take(&mut stage.events);
    let opened = events.iter().filter_map(|event| match event {
        Event::Opened { id } => Some(*id),
        _ => None,
    });
    opened.collect()
}

#[test]
fn frames_that_say_they_are_huge() {
    seeded(5, || {
        let mut stage = Stage::new(|_| {});
        let (mut peer, id) = stage.intruder(1, |_| {});
        let varint = |mut value: u64| {
            let mut bytes = Vec::new();
            while value >= 0x80 {
                bytes.push(value as u8 | 0x80);
                value >>= 7;
            }
            bytes.push(value as u8);
            bytes
        };
        let ((), count) = counted::of(|| {
            for (n, bits) in (18..=63).enumerate() {
                let channel = n as u16 * 2 + 2;
                let open = peer.sctp.open(channel);
                let prefix = [varint((1 << bits) + (1 << 16)), vec![0x12, 0xff, 0xff]].concat();
                let data = peer.sctp.data(channel, PPID_BINARY, DATA_WHOLE, &prefix);
                peer.send(&[open, data]);
                stage.play(&mut peer);
            }
            stage.play_for(&mut peer, millis(300));
            for stream in opened(&mut stage) {
                let now = stage.now;
                stage.endpoint.forget_stream(now, stream);
            }
            stage.drain(|_, _| {});
        });
        println!("bytes for 46 frames that say they are huge, at most: {}", count.peak);
        assert!(count.peak < 256 * 1024, "{count:?}");
        assert!(stage.endpoint.stats(id).is_some(), "each cost the peer a stream and nothing more");
    });
}

/// 16 MiB in one message of SCTP: it is given up at the limit, long before.
#[test]
fn a_message_of_sixteen_mebibytes() {
    seeded(6, || {
        let mut stage = Stage::new(|_| {});
        let (mut peer, id) = stage.intruder(1, |_| {});
        let open = peer.sctp.open(2);
        peer.send(&[open]);
        stage.play(&mut peer);
        let piece = vec![0xff; 1_000];
        let mut sent = 0;
        let ((), count) = counted::of(|| {
            while sent < 16 << 20 && stage.ended(id).is_none() {
                let flags = if sent == 0 { 2 } else { 0 };
                let chunk = peer.sctp.data(2, PPID_BINARY, flags, &piece);
                peer.send(&[chunk]);
                stage.play(&mut peer);
                sent += piece.len();
            }
        });
        println!("ended after {sent} bytes: {:?}; at most {} bytes", stage.ended(id), count.peak);
        assert!(sent <= 1 << 20, "{sent}");
        assert!(count.peak <= 3 << 20, "{count:?}");
    });
}

/// Whoever takes nothing is sent nothing, and what the application writes meanwhile is bounded.
#[test]
fn a_window_that_never_opens() {
    for (window, acknowledges) in [(0, true), (1 << 20, false)] {
        seeded(7, || {
            let mut stage = Stage::new(|_| {});
            let (mut peer, id) = stage.intruder(1, |_| {});
            peer.sctp.window = window;
            peer.sctp.acknowledges = acknowledges;
            let stream = stage.endpoint.open_stream(id).expect("it is authenticated");
            let mut written = 0;
            let ((), count) = counted::of(|| {
                for _ in 0..500 {
                    if let Some(mut it) = stage.endpoint.stream(stream) {
                        while let Ok(len @ 1..) = it.write(&[7; 16 * 1024]) {
                            written += len;
                        }
                    }
                    stage.play_for(&mut peer, millis(20));
                }
                stage.events.clear();
            });
            let stats = stage.endpoint.stats(id);
            println!("window {window}, {written} written, at most {} bytes, {stats:?}", count.peak);
            // Its own buffer, what SCTP holds at its slowest, and the copies of both that are under way.
            assert!(written <= 256 * 1024 + 256 * 1024, "{written}");
            assert!(count.peak <= 2 << 20, "{count:?}");
            // It checks no more, so it is forgotten.
            stage.pass(secs(40), |_, _| {});
            assert!(stage.ended(id).is_some());
        });
    }
}
