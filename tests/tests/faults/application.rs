//! What applications do to handles and streams: drop them, read slowly, write in crumbs and in lumps.

use floe_core::rtc::{Limits, Read, StreamId};
use floe_tests::net::Weather;
use floe_tests::rng::Rng;

use crate::exchange::{connect, is_of_use, story};
use crate::flow::{self, Flow};
use crate::{millis, secs};

/// All handles are dropped while bytes are under way. Streams end, the peer is told, nothing is left, and
/// the connection is as good as before.
#[test]
fn all_handles_dropped_in_mid_transfer() {
    for at_server in [false, true] {
        story(0..3, |seed| {
            let (mut pair, _) = connect(seed, secs(10), |_| {});
            let streams: Vec<_> = (0..20).map(|_| pair.open()).collect();
            let (client, server) = (pair.client, pair.server);
            let world = &mut pair.world;
            for (ours, theirs) in &streams {
                for (node, stream) in [(client, ours), (server, theirs)] {
                    let mut stream = world[node].endpoint.stream(*stream).unwrap();
                    let _ = stream.write(&[7; 50_000]).unwrap();
                }
            }
            world.run(millis(15 + 7 * seed));
            let now = world.now;
            for (ours, theirs) in &streams {
                let (node, stream) = if at_server { (server, theirs) } else { (client, ours) };
                world[node].endpoint.forget_stream(now, *stream);
            }
            let (peer, there) = if at_server { (client, 0) } else { (server, 1) };
            let of = |pair: &(StreamId, StreamId)| [pair.0, pair.1][there];
            let reset = world.until(secs(10), |world| {
                let all =
                    streams.iter().all(|it| world[peer].read(of(it), usize::MAX).1 == Read::Reset);
                all.then_some(())
            });
            let took = world.now.saturating_since(now);
            println!("at the server {at_server}, seed {seed}: the peer knows after {took:?}");
            assert!(reset.is_some(), "the peer is told of each");
            let now = world.now;
            for stream in &streams {
                world[peer].endpoint.forget_stream(now, of(stream));
            }
            world.run(secs(15));
            for (node, id) in [(client, pair.at_client), (server, pair.at_server)] {
                let stats = world[node].endpoint.stats(id).unwrap();
                assert_eq!((stats.streams, stats.send_buffered, stats.receive_buffered), (0, 0, 0));
            }
            is_of_use(&mut pair, seed);
        });
    }
}

/// Finished, then dropped before anything was acknowledged: what was written still arrives.
#[test]
fn what_was_finished_arrives_without_its_handle() {
    story(0..3, |seed| {
        let (mut pair, _) = connect(seed, secs(10), |net| net.weather = Weather::FOUL);
        let bytes = Rng::new(seed).bytes(200_000);
        let (ours, theirs) = pair.open();
        let (client, server) = (pair.client, pair.server);
        let now = pair.world.now;
        let endpoint = &mut pair.world[client].endpoint;
        let mut stream = endpoint.stream(ours).unwrap();
        assert_eq!(stream.write(&bytes), Ok(bytes.len()), "a stream takes so much at once");
        stream.finish().unwrap();
        endpoint.forget_stream(now, ours);
        let mut received = Vec::new();
        let done = pair.world.until(secs(20), |world| {
            let (bytes, end) = world[server].read(theirs, usize::MAX);
            received.extend(bytes);
            assert_ne!(end, Read::Reset);
            (end == Read::Finished).then_some(())
        });
        let took = pair.world.now.saturating_since(now);
        println!("seed {seed}: 200 kB in {took:?}");
        assert!(done.is_some() && received == bytes, "{} bytes", received.len());
    });
}

/// 10 kB every 10 ms of what comes as fast as it can: memory stays under its cap, and all of it arrives.
#[test]
fn a_slow_reader() {
    story(0..2, |seed| {
        let (mut pair, _) = connect(seed, secs(10), |_| {});
        let (ours, theirs) = pair.open();
        let (client, server, at_server) = (pair.client, pair.server, pair.at_server);
        let bytes = Rng::new(seed).bytes(8_000_000);
        let (mut written, mut received) = (0, 0);
        let limits = Limits::default();
        let before = pair.world.now;
        while received < bytes.len() {
            if written < bytes.len() {
                let mut stream = pair.world[client].endpoint.stream(ours).unwrap();
                written += stream.write(&bytes[written..]).unwrap();
            }
            pair.world.run(millis(10));
            let (some, _) = pair.world[server].read(theirs, 10_000);
            assert!(bytes[received..].starts_with(&some), "from {received} on");
            received += some.len();
            let stats = pair.world[server].endpoint.stats(at_server).unwrap();
            let cap = limits.stream_receive_bytes + limits.receive_window as usize;
            assert!(stats.receive_buffered <= cap + 64 * 1024, "{stats:?}");
            let took = pair.world.now.saturating_since(before);
            assert!(took < secs(12), "{received} bytes after {took:?}");
        }
        println!("seed {seed}: 8 MB in {:?}, 8 s at best", pair.world.now.saturating_since(before));
        is_of_use(&mut pair, seed);
    });
}

#[test]
fn written_byte_by_byte() {
    story(0..3, |seed| {
        let (mut pair, _) = connect(seed, secs(10), |_| {});
        let (ours, theirs) = pair.open();
        let (client, server) = (pair.client, pair.server);
        let bytes = Rng::new(seed).bytes(5_000);
        let (mut written, mut received) = (0, Vec::new());
        let before = pair.world.now;
        let done = pair.world.until(secs(20), |world| {
            let mut stream = world[client].endpoint.stream(ours).unwrap();
            while written < bytes.len() && stream.write(&bytes[written..][..1]).unwrap() == 1 {
                written += 1;
            }
            received.extend(world[server].read(theirs, usize::MAX).0);
            (received.len() == bytes.len()).then_some(())
        });
        let took = pair.world.now.saturating_since(before);
        println!("seed {seed}: 5 000 writes in {took:?}, {} datagrams", pair.world.net.sent());
        assert!(done.is_some() && received == bytes, "{} bytes after {took:?}", received.len());
    });
}

#[test]
fn written_by_the_mebibyte() {
    story(0..2, |seed| {
        let (mut pair, _) = connect(seed, secs(10), |_| {});
        let mut rng = Rng::new(seed);
        let before = pair.world.now;
        for _ in 0..3 {
            let (ours, theirs) = pair.open();
            let (from, to) = ((pair.client, ours), (pair.server, theirs));
            let mut flow = Flow::new(from, to, rng.bytes(1024 * 1024));
            flow::run(&mut pair.world, secs(10), &mut [&mut flow]);
            assert_eq!(flow.written(), 1024 * 1024);
        }
        // Each is followed by a second for the last acknowledgements.
        let took = pair.world.now.saturating_since(before) - secs(3);
        println!("seed {seed}: 3 MiB in {took:?}");
    });
}
