//! Slow readers, and many streams.

use floe_core::rtc::error::OpenError;
use floe_tests::net::Weather;
use floe_tests::rng::Rng;

use crate::flow::{self, Flow};
use crate::pair::Pair;
use crate::secs;

#[test]
fn a_slow_reader_stops_its_sender_and_nobody_else() {
    let mut pair = Pair::new(1, Weather::FAIR);
    let mut rng = Rng::new(1);
    let (slow, slow_there) = pair.open();
    let (quick, quick_there) = pair.open();
    let limits = floe_core::rtc::Limits::default();
    let bytes = rng.bytes(12 * MIB);
    let mut slow = Flow::new((pair.client, slow), (pair.server, slow_there), bytes);
    slow.reads = false;
    let (client, server) = (pair.client, pair.server);
    let (at_client, at_server) = (pair.at_client, pair.at_server);

    // While the hoard is within its limit, another stream goes on.
    let mut bytes = rng.bytes(MIB);
    let mut other = Flow::new((client, quick), (server, quick_there), bytes.clone());
    let done = pair.world.until(secs(60), |world| {
        if slow.written() < 3 * MIB {
            slow.pump(world);
        }
        other.pump(world).then_some(())
    });
    done.expect("the other stream is not stopped by the slow one");

    // Then the sender is stopped, and memory stays under its cap.
    let mut unread_max = 0;
    pair.world.until(secs(60), |world| {
        slow.pump(world);
        let here = world[client].endpoint.stats(at_client).expect("the connection lives");
        let there = world[server].endpoint.stats(at_server).expect("the connection lives");
        assert!(here.send_buffered <= limits.stream_send_bytes + 2 * MIB, "{here:?}");
        unread_max = unread_max.max(there.receive_buffered);
        None::<()>
    });
    let window = limits.receive_window as usize;
    println!("written {}, unread at most {unread_max}", slow.written());
    assert!(unread_max <= limits.stream_receive_bytes + window + 64 * 1024, "{unread_max}");
    assert!(unread_max >= limits.stream_receive_bytes / 2, "{unread_max}");
    assert!(slow.written() < 8 * MIB, "the sender was stopped: {}", slow.written());

    // And when reading resumes, everything arrives.
    slow.reads = true;
    flow::run(&mut pair.world, secs(120), &mut [&mut slow]);
    let (back, back_there) = pair.open();
    bytes.truncate(100_000);
    let mut after = Flow::new((client, back), (server, back_there), bytes);
    flow::run(&mut pair.world, secs(60), &mut [&mut after]);
    let stats = pair.world[server].endpoint.stats(at_server).expect("the connection lives");
    assert_eq!(stats.receive_buffered, 0);
}

#[test]
fn a_thousand_streams_at_once() {
    let mut pair = Pair::new(2, Weather::FAIR);
    let mut rng = Rng::new(2);
    let (client, server) = (pair.client, pair.server);
    let world = &mut pair.world;
    let opened: Vec<_> = (0..1000)
        .map(|_| world[client].endpoint.open_stream(pair.at_client).expect("there is room"))
        .collect();
    let mut theirs = Vec::new();
    world
        .until(secs(20), |world| {
            while let Some(stream) = world[server].opened() {
                theirs.push(stream);
            }
            (theirs.len() == opened.len()).then_some(())
        })
        .expect("the server hears of each");
    theirs.sort_by_key(|stream| stream.channel());
    let mut flows = Vec::new();
    for (ours, theirs) in opened.iter().zip(&theirs) {
        assert_eq!(ours.channel(), theirs.channel());
        let (len, back) = (rng.below(3000) as usize, rng.below(3000) as usize);
        let bytes = rng.bytes(len);
        flows.push(Flow::new((client, *ours), (server, *theirs), bytes));
        let bytes = rng.bytes(back);
        flows.push(Flow::new((server, *theirs), (client, *ours), bytes));
    }
    let mut flows: Vec<_> = flows.iter_mut().collect();
    flow::run(world, secs(60), &mut flows);
    for (node, id) in [(client, pair.at_client), (server, pair.at_server)] {
        let now = world.now;
        for stream in opened.iter().chain(&theirs) {
            world[node].endpoint.forget_stream(now, *stream);
        }
        assert_eq!(world[node].endpoint.stats(id).unwrap().streams, 0);
    }
}

#[test]
fn a_thousand_streams_one_after_the_other() {
    let mut pair = Pair::new(3, Weather { delay: crate::millis(1), ..Weather::FAIR });
    let mut highest = 0;
    for n in 0..1000_u32 {
        let (ours, theirs) = pair.open();
        highest = highest.max(ours.channel());
        let (client, server) = (pair.client, pair.server);
        let text = n.to_be_bytes().to_vec();
        let mut there = Flow::new((client, ours), (server, theirs), text.clone());
        let mut back = Flow::new((server, theirs), (client, ours), text);
        let done = pair.world.until(secs(5), |world| {
            let done = (there.pump(world), back.pump(world));
            (done == (true, true)).then_some(())
        });
        done.expect("the echo comes back");
        let now = pair.world.now;
        pair.world[client].endpoint.forget_stream(now, ours);
        pair.world[server].endpoint.forget_stream(now, theirs);
    }
    pair.world.run(secs(12));
    for (node, id) in [(pair.client, pair.at_client), (pair.server, pair.at_server)] {
        assert_eq!(pair.world[node].endpoint.stats(id).unwrap().streams, 0);
    }
    assert!(highest <= 2000, "{highest}");
}

#[test]
fn when_the_ids_are_used_up_it_is_said() {
    let mut pair = Pair::with(4, Weather::FAIR, |config| config.limits.streams = 100_000);
    let world = &mut pair.world;
    let mut opened = 0;
    let error = loop {
        match world[pair.client].endpoint.open_stream(pair.at_client) {
            Ok(_) => opened += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error, OpenError::TooManyStreams);
    assert!((500..=32_767).contains(&opened), "{opened}");
}

const MIB: usize = 1024 * 1024;
