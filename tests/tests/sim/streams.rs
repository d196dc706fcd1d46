//! What happens on streams.

use floe_core::rtc::error::{StreamEnd, WriteError};
use floe_core::rtc::{Event, Read, StreamId};
use floe_tests::floe::Floe;
use floe_tests::net::Weather;
use floe_tests::rng::Rng;
use floe_tests::world::{Handle, World};

use crate::flow::{self, Flow};
use crate::pair::Pair;
use crate::{millis, secs};

#[test]
fn either_side_may_finish_first_and_still_read() {
    for server_opens in [false, true] {
        for first_is_opener in [false, true] {
            let mut pair = Pair::new(1, Weather::FAIR);
            let (ours, theirs) = if server_opens { pair.open_from_server() } else { pair.open() };
            let (client, server) = ((pair.client, ours), (pair.server, theirs));
            let opener_is_client = !server_opens;
            let (first, second) = if first_is_opener == opener_is_client {
                (client, server)
            } else {
                (server, client)
            };
            let world = &mut pair.world;
            write(world, first, b"question");
            world[first.0].endpoint.stream(first.1).unwrap().finish().unwrap();
            world.run(secs(1));
            assert_eq!(read(world, second), (b"question".to_vec(), Read::Finished));
            assert_eq!(finished(world, first), Some(true), "FIN was acknowledged at once");
            let error = world[first.0].endpoint.stream(first.1).unwrap().write(b"more");
            assert_eq!(error, Err(WriteError::Finished));
            assert_eq!(read(world, first), (vec![], Read::Empty), "the other half is open");

            world.run(secs(60));
            write(world, second, b"answer");
            world[second.0].endpoint.stream(second.1).unwrap().finish().unwrap();
            world.run(secs(1));
            assert_eq!(read(world, first), (b"answer".to_vec(), Read::Finished));
            assert_eq!(finished(world, second), Some(true));
            for end in [first, second] {
                assert_eq!(closed(world, end), Some(StreamEnd::Finished));
                let now = world.now;
                world[end.0].endpoint.forget_stream(now, end.1);
            }
            world.run(secs(1));
            for (node, id) in [(pair.client, pair.at_client), (pair.server, pair.at_server)] {
                let stats = world[node].endpoint.stats(id).unwrap();
                assert_eq!((stats.streams, stats.receive_buffered, stats.send_buffered), (0, 0, 0));
            }
        }
    }
}

/// Nobody waits for a last word that the peer has no reason to say.
#[test]
fn a_stream_that_is_finished_and_given_up_unread_is_soon_gone() {
    for server_opens in [false, true] {
        for is_answered in [false, true] {
            let mut pair = Pair::new(12, Weather::FAIR);
            let (ours, theirs) = if server_opens { pair.open_from_server() } else { pair.open() };
            let (client, server) = ((pair.client, ours), (pair.server, theirs));
            let (opener, acceptor) = if server_opens { (server, client) } else { (client, server) };
            let world = &mut pair.world;
            write(world, opener, b"take note");
            world[opener.0].endpoint.stream(opener.1).unwrap().finish().unwrap();
            if is_answered {
                // Half of it is under way when the opener says that it does not read.
                write(world, acceptor, &[7; 100_000]);
            }
            let now = world.now;
            world[opener.0].endpoint.forget_stream(now, opener.1);
            world.run(secs(2));
            assert_eq!(read(world, acceptor), (b"take note".to_vec(), Read::Finished));
            let now = world.now;
            world[acceptor.0].endpoint.forget_stream(now, acceptor.1);
            world.run(millis(500));
            for (node, id) in [(pair.client, pair.at_client), (pair.server, pair.at_server)] {
                let stats = world[node].endpoint.stats(id).unwrap();
                let case = format!("server opens: {server_opens}, answered: {is_answered}");
                assert_eq!((stats.streams, stats.send_buffered), (0, 0), "{case}");
            }
        }
    }
}

#[test]
fn what_was_finished_arrives_although_its_handle_is_given_up() {
    let mut pair = Pair::new(2, Weather::FAIR);
    let (ours, theirs) = pair.open();
    let sent = Rng::new(2).bytes(100_000);
    let world = &mut pair.world;
    write(world, (pair.client, ours), &sent);
    world[pair.client].endpoint.stream(ours).unwrap().finish().unwrap();
    let now = world.now;
    world[pair.client].endpoint.forget_stream(now, ours);
    assert!(world[pair.client].endpoint.stream(ours).is_none());
    world.run(secs(2));
    let (received, end) = read(world, (pair.server, theirs));
    assert_eq!(end, Read::Finished);
    assert!(received == sent);
}

#[test]
fn a_handle_given_up_before_the_end_is_a_reset() {
    let mut pair = Pair::new(3, Weather::FAIR);
    let (ours, theirs) = pair.open();
    let world = &mut pair.world;
    write(world, (pair.client, ours), b"half a sen");
    let now = world.now;
    world[pair.client].endpoint.forget_stream(now, ours);
    world.run(secs(1));
    assert_eq!(read(world, (pair.server, theirs)).1, Read::Reset);
    assert_eq!(closed(world, (pair.server, theirs)), Some(StreamEnd::ResetByPeer));
    nothing_is_left(&mut pair, &[theirs]);
}

#[test]
fn a_reset_ends_both_halves_at_both_ends() {
    for by_opener in [false, true] {
        let mut pair = Pair::new(4, Weather::FAIR);
        let (ours, theirs) = pair.open();
        let world = &mut pair.world;
        let (first, second) = if by_opener {
            ((pair.client, ours), (pair.server, theirs))
        } else {
            ((pair.server, theirs), (pair.client, ours))
        };
        write(world, second, b"never read");
        world.run(secs(1));
        let now = world.now;
        world[first.0].endpoint.stream(first.1).unwrap().reset(now);
        assert_eq!(read(world, first).1, Read::Reset);
        let error = world[first.0].endpoint.stream(first.1).unwrap().write(b"x");
        assert_eq!(error, Err(WriteError::Reset));
        world.run(secs(1));
        assert_eq!(closed(world, first), Some(StreamEnd::ResetLocally));
        assert_eq!(closed(world, second), Some(StreamEnd::ResetByPeer));
        assert_eq!(read(world, second).1, Read::Reset);
        let error = world[second.0].endpoint.stream(second.1).unwrap().write(b"x");
        assert_eq!(error, Err(WriteError::Reset));
        nothing_is_left(&mut pair, &[ours, theirs]);
    }
}

#[test]
fn who_stops_reading_may_still_write() {
    let mut pair = Pair::new(5, Weather::FAIR);
    let (ours, theirs) = pair.open();
    let (client, server) = ((pair.client, ours), (pair.server, theirs));
    let world = &mut pair.world;
    write(world, client, b"nobody reads this");
    world.run(secs(1));
    let now = world.now;
    world[server.0].endpoint.stream(theirs).unwrap().stop_reading(now);
    world.run(secs(1));
    let error = world[client.0].endpoint.stream(ours).unwrap().write(b"x");
    assert_eq!(error, Err(WriteError::Stopped));
    write(world, server, b"but this is read");
    world[server.0].endpoint.stream(theirs).unwrap().finish().unwrap();
    world.run(secs(1));
    assert_eq!(read(world, client), (b"but this is read".to_vec(), Read::Finished));
    // Both halves are done: nobody has to wait for anything but the deadline of FIN_ACK.
    pair.world.run(secs(15));
    nothing_is_left(&mut pair, &[ours, theirs]);
}

#[test]
fn a_stream_is_heard_of_before_anything_is_written() {
    let mut pair = Pair::new(6, Weather::FAIR);
    let before = pair.world.now;
    let (_, theirs) = pair.open();
    assert_eq!(pair.world.now.saturating_since(before), Weather::FAIR.delay);
    assert_eq!(read(&mut pair.world, (pair.server, theirs)), (vec![], Read::Empty));
}

/// RFC 8832 allows data before the ACK: half a round trip, not one and a half.
#[test]
fn data_follows_the_opening_at_once() {
    let mut pair = Pair::new(7, Weather::FAIR);
    let before = pair.world.now;
    let ours = pair.world[pair.client].endpoint.open_stream(pair.at_client).unwrap();
    write(&mut pair.world, (pair.client, ours), b"hello");
    let theirs = pair.world.until(secs(1), |world| world[pair.server].opened()).unwrap();
    assert_eq!(pair.world.now.saturating_since(before), Weather::FAIR.delay);
    assert_eq!(read(&mut pair.world, (pair.server, theirs)).0, b"hello");
}

#[test]
fn ids_have_the_parity_of_their_opener_and_are_never_zero() {
    let mut pair = Pair::new(8, Weather::FAIR);
    for _ in 0..20 {
        let (ours, theirs) = pair.open();
        assert_eq!(ours.channel(), theirs.channel());
        assert!(ours.channel() > 0 && ours.channel().is_multiple_of(2));
        let (ours, theirs) = pair.open_from_server();
        assert_eq!(ours.channel(), theirs.channel());
        assert!(!ours.channel().is_multiple_of(2));
    }
}

#[test]
fn the_limit_on_streams_holds_on_both_sides() {
    let mut pair = Pair::with(9, Weather::FAIR, |config| config.limits.streams = 3);
    let (client, server) = (pair.client, pair.server);
    for _ in 0..3 {
        pair.open();
    }
    let world = &mut pair.world;
    assert!(world[client].endpoint.open_stream(pair.at_client).is_err());
    assert!(world[server].endpoint.open_stream(pair.at_server).is_err());

    // A peer that allows itself more is refused the rest, and nothing else happens to it.
    let mut pair = Pair::new(10, Weather::FAIR);
    let world = &mut pair.world;
    let strict = Floe::new(10 * 2, crate::OTHER, world.epoch, |it| it.limits.streams = 3);
    let strict = world.add(strict);
    crate::pair::dial(world, client, strict, |_| {}).unwrap();
    let (id, _) = crate::pair::both_connected(world, client, strict);
    let opened: Vec<_> = (0..5).map(|_| world[client].endpoint.open_stream(id).unwrap()).collect();
    world.run(secs(2));
    let ends: Vec<_> = opened.iter().map(|stream| closed(world, (client, *stream))).collect();
    let reset = Some(StreamEnd::ResetByPeer);
    assert_eq!(ends, [None, None, None, reset, reset]);
    assert!(world[client].endpoint.stats(id).is_some());
}

/// Random commands on both ends of many streams: whatever happens, what is read is what was written,
/// and at the end nothing is left over.
#[test]
fn whatever_both_ends_do_nothing_is_left_over() {
    for seed in 0..6 {
        let mut rng = Rng::new(seed);
        let weather = if seed % 2 == 0 { Weather::FAIR } else { Weather::FOUL };
        let mut pair = Pair::new(seed, weather);
        let mut streams = Vec::new();
        for _ in 0..40 {
            let (ours, theirs) =
                if rng.chance(500_000) { pair.open() } else { pair.open_from_server() };
            streams.extend([(pair.client, ours), (pair.server, theirs)]);
        }
        let world = &mut pair.world;
        for _ in 0..600 {
            let (node, stream) = streams[rng.below(streams.len() as u64) as usize];
            let now = world.now;
            let Some(mut it) = world[node].endpoint.stream(stream) else { continue };
            match rng.below(100) {
                0..50 => drop(it.write(&vec![7; rng.below(3000) as usize])),
                50..85 => {
                    let (bytes, _) = world[node].read(stream, 2000);
                    assert!(bytes.iter().all(|byte| *byte == 7));
                }
                85..90 => drop(it.finish()),
                90..93 => it.stop_reading(now),
                93..96 => it.reset(now),
                _ => world[node].endpoint.forget_stream(now, stream),
            }
            if rng.chance(300_000) {
                world.run(crate::millis(rng.below(30)));
            }
        }
        let now = world.now;
        for (node, stream) in &streams {
            world[*node].endpoint.forget_stream(now, *stream);
        }
        world.run(secs(60));
        for (node, id) in [(pair.client, pair.at_client), (pair.server, pair.at_server)] {
            let stats = world[node].endpoint.stats(id).expect("the connection lives");
            let left = (stats.streams, stats.receive_buffered, stats.send_buffered);
            assert_eq!(left, (0, 0, 0), "seed {seed}, {node:?}");
        }
        // And the connection is as good as ever.
        let (ours, theirs) = pair.open();
        let bytes = rng.bytes(50_000);
        let mut flow = Flow::new((pair.client, ours), (pair.server, theirs), bytes);
        flow::run(&mut pair.world, secs(60), &mut [&mut flow]);
    }
}

type End = (Handle<Floe>, StreamId);

fn write(world: &mut World, (node, stream): End, bytes: &[u8]) {
    let mut stream = world[node].endpoint.stream(stream).expect("the stream is there");
    assert_eq!(stream.write(bytes), Ok(bytes.len()));
}

fn read(world: &mut World, (node, stream): End) -> (Vec<u8>, Read) {
    world[node].read(stream, usize::MAX)
}

fn finished(world: &mut World, (node, stream): End) -> Option<bool> {
    world[node].take(|event| match event {
        Event::Finished { id, acknowledged } if *id == stream => Some(*acknowledged),
        _ => None,
    })
}

fn closed(world: &mut World, (node, stream): End) -> Option<StreamEnd> {
    world[node].take(|event| match event {
        Event::StreamClosed { id, end } if *id == stream => Some(*end),
        _ => None,
    })
}

/// When the handles are given up as well, the connection has no stream any more.
fn nothing_is_left(pair: &mut Pair, streams: &[StreamId]) {
    let now = pair.world.now;
    for (node, id) in [(pair.client, pair.at_client), (pair.server, pair.at_server)] {
        for stream in streams {
            pair.world[node].endpoint.forget_stream(now, *stream);
        }
        let stats = pair.world[node].endpoint.stats(id).expect("the connection lives");
        assert_eq!(
            (stats.streams, stats.receive_buffered, stats.send_buffered),
            (0, 0, 0),
            "{node:?}"
        );
    }
}
