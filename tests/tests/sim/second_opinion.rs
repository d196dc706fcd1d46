//! floe against `str0m`: floe's listener and its dialer with a peer that was not written with floe in
//! mind.

use floe_core::ice::Version;
use floe_core::rtc::error::{ConnectionEnd, Step, StreamEnd, WriteError};
use floe_core::rtc::{Event, Read, StreamId};
use floe_tests::floe::Floe;
use floe_tests::net::Weather;
use floe_tests::rng::Rng;
use floe_tests::str0m_peer::{Cut, DtlsVersion, Flag, Manner, SilentAfter, Str0mPeer};
use floe_tests::world::{Handle, World};

use crate::{CLIENT, SERVER, secs};

/// floe listens, str0m dials.
fn inbound(
    seed: u64,
    weather: Weather,
    version: Version,
    manner: Manner,
) -> (World, Handle<Floe>, Handle<Str0mPeer>) {
    let mut world = World::new(seed, weather);
    let server =
        world.add(Floe::new(seed, SERVER, world.epoch, |it| it.handshake_timeout = secs(30)));
    let target = world[server].address();
    let client = world.add(Str0mPeer::dialer(seed, CLIENT, world.epoch, target, version));
    world[client].manner = manner;
    (world, server, client)
}

/// floe dials, str0m listens.
fn outbound(
    seed: u64,
    weather: Weather,
    version: Option<Version>,
    manner: Manner,
) -> (World, Handle<Floe>, Handle<Str0mPeer>) {
    let mut world = World::new(seed, weather);
    let server = world.add(Str0mPeer::listener(seed, SERVER, world.epoch));
    world[server].manner = manner;
    let client =
        world.add(Floe::new(seed, CLIENT, world.epoch, |it| it.handshake_timeout = secs(30)));
    let mut target = floe_core::rtc::Target::new(&world[server].address()).unwrap();
    target.version = version;
    world[client].endpoint.dial(floe_core::time::Timestamp::ZERO, target).unwrap();
    (world, client, server)
}

#[test]
fn it_dials_floe() {
    for version in [Version::V1, Version::V2] {
        for dtls in [DtlsVersion::Dtls12, DtlsVersion::Dtls13, DtlsVersion::Auto] {
            let manner = Manner { dtls, ..Manner::default() };
            let (mut world, floe, other) = inbound(1, Weather::FAIR, version, manner);
            let (id, established) =
                world.until(secs(5), |world| world[floe].established()).expect("it connects");
            assert_eq!(established.version, Some(version));
            assert_eq!(established.peer, world[other].peer_id());
            let peer = world.until(secs(5), |world| world[other].authenticated());
            assert_eq!(peer, Some(world[floe].peer_id()));
            // It asks, floe answers.
            let channel = world[other].session().unwrap().open();
            world[other].session().unwrap().channel(channel).send(b"are you there?");
            let stream = world.until(secs(5), |world| world[floe].opened()).expect("a stream");
            world.run(secs(1));
            assert_eq!(world[floe].read(stream, 100).0, b"are you there?");
            world[floe].endpoint.stream(stream).unwrap().write(b"yes").unwrap();
            world.run(secs(1));
            assert_eq!(world[other].session().unwrap().channel(channel).received, b"yes");
            assert!(world[floe].endpoint.stats(id).is_some());
        }
    }
}

#[test]
fn floe_dials_it() {
    for version in [Some(Version::V1), Some(Version::V2), None] {
        for dtls in [DtlsVersion::Dtls12, DtlsVersion::Dtls13, DtlsVersion::Auto] {
            for full_ice in [false, true] {
                let manner = Manner { dtls, full_ice, ..Manner::default() };
                let (mut world, floe, other) = outbound(2, Weather::FAIR, version, manner);
                let (_, established) =
                    world.until(secs(5), |world| world[floe].established()).expect("it connects");
                assert_eq!(established.peer, world[other].peer_id());
                let peer = world.until(secs(5), |world| world[other].authenticated());
                assert_eq!(peer, Some(world[floe].peer_id()));
            }
        }
    }
}

#[test]
fn echoes_come_back_whole_however_they_are_cut() {
    let weathers = [Weather::FAIR, Weather::FOUL];
    for (seed, cut) in
        [Cut::Whole, Cut::LengthApart, Cut::Every(1000), Cut::Every(1)].into_iter().enumerate()
    {
        for weather in weathers {
            let manner = Manner { cut, ..Manner::default() };
            let (mut world, floe, other) = outbound(seed as u64, weather, None, manner);
            let id = world.until(secs(30), |world| world[floe].connected()).expect("it connects");
            let len = if cut == Cut::Every(1) { 500 } else { 100_000 };
            let sent = Rng::new(seed as u64).bytes(len);
            let stream = world[floe].endpoint.open_stream(id).unwrap();
            let (mut written, mut received, mut end) = (0, Vec::new(), None);
            let done = world.until(secs(120), |world| {
                let mut it = world[floe].endpoint.stream(stream).unwrap();
                if written < sent.len() {
                    written += it.write(&sent[written..]).unwrap();
                    if written == sent.len() {
                        it.finish().unwrap();
                    }
                }
                let (bytes, found) = world[floe].read(stream, usize::MAX);
                received.extend(bytes);
                end = (found != Read::Empty).then_some(found);
                end
            });
            assert_eq!(done, Some(Read::Finished), "{cut:?}: {} of {len}", received.len());
            assert!(received == sent, "the echo is what was sent");
            world.run(secs(2));
            let stats = world[floe].endpoint.stats(id).unwrap();
            assert_eq!((stats.send_buffered, stats.receive_buffered), (0, 0));
            // What floe sends, everybody can read: see protocol.md §7.2.
            let channel = world[other].session().unwrap().channel(0);
            assert!(channel.message_len_max <= 4096, "{}", channel.message_len_max);
            assert_eq!(channel.error, None);
            assert_eq!(channel.flags, [Flag::Fin, Flag::FinAck], "each flag once");
        }
    }
}

#[test]
fn its_flags_are_understood() {
    let manner = Manner { echo: false, ..Manner::default() };
    let (mut world, floe, other) = inbound(3, Weather::FAIR, Version::V2, manner);
    world.until(secs(5), |world| world[other].authenticated()).expect("it connects");
    let cases = [
        (Flag::Fin, Read::Finished, None),
        (Flag::StopSending, Read::Empty, Some(WriteError::Stopped)),
        (Flag::Reset, Read::Reset, Some(WriteError::Reset)),
        // Never asked for, and harmless.
        (Flag::FinAck, Read::Empty, None),
    ];
    for (flag, read, write) in cases {
        let (channel, stream) = opened_by_it(&mut world, floe, other);
        world[other].session().unwrap().channel(channel).send_flag(flag);
        world.run(secs(1));
        assert_eq!(world[floe].read(stream, 10), (vec![], read), "{flag:?}");
        let mut it = world[floe].endpoint.stream(stream).unwrap();
        assert_eq!(it.write(b"x").err(), write, "{flag:?}");
        let expected: &[Flag] = match flag {
            Flag::Fin => &[Flag::FinAck],
            // Nothing more comes.
            Flag::StopSending => &[Flag::Fin],
            _ => &[],
        };
        world.run(secs(1));
        assert_eq!(world[other].session().unwrap().channel(channel).flags, expected, "{flag:?}");
    }
}

#[test]
fn floes_flags_are_the_right_ones() {
    let manner = Manner { echo: false, ..Manner::default() };
    let (mut world, floe, other) = inbound(4, Weather::FAIR, Version::V1, manner);
    world.until(secs(5), |world| world[other].authenticated()).expect("it connects");
    let (channel, stream) = opened_by_it(&mut world, floe, other);
    let now = world.now;
    world[floe].endpoint.stream(stream).unwrap().stop_reading(now);
    world.run(secs(1));
    assert_eq!(world[other].session().unwrap().channel(channel).flags, [Flag::StopSending]);
    world[floe].endpoint.stream(stream).unwrap().finish().unwrap();
    world.run(secs(1));
    let flags = &world[other].session().unwrap().channel(channel).flags;
    assert_eq!(flags, &[Flag::StopSending, Flag::Fin]);

    let (channel, stream) = opened_by_it(&mut world, floe, other);
    let now = world.now;
    world[floe].endpoint.stream(stream).unwrap().reset(now);
    world.run(secs(1));
    let channel = world[other].session().unwrap().channel(channel);
    assert_eq!(channel.flags, [Flag::Reset]);
    // Who opened a channel closes it.
    assert!(!channel.is_closed);
    channel.close();
    world.run(secs(1));
    assert!(world[other].session().unwrap().channel(0).error.is_none());
}

#[test]
fn a_fin_that_is_never_acknowledged_is_given_up() {
    let manner = Manner { echo: false, acknowledge: false, ..Manner::default() };
    let (mut world, floe, other) = inbound(5, Weather::FAIR, Version::V2, manner);
    world.until(secs(5), |world| world[other].authenticated()).expect("it connects");
    let (channel, stream) = opened_by_it(&mut world, floe, other);
    world[other].session().unwrap().channel(channel).send_flag(Flag::Fin);
    world[floe].endpoint.stream(stream).unwrap().finish().unwrap();
    let before = world.now;
    let finished = world.until(secs(20), |world| {
        world[floe].take(|event| match event {
            Event::Finished { id, acknowledged } if *id == stream => Some(*acknowledged),
            _ => None,
        })
    });
    assert_eq!(finished, Some(false));
    let after = world.now.saturating_since(before);
    assert!(after >= secs(10) && after <= secs(11), "{after:?}");
    world.run(secs(2));
    let flags = &world[other].session().unwrap().channel(channel).flags;
    assert_eq!(flags, &[Flag::Fin, Flag::FinAck]);
}

#[test]
fn floe_closes_the_channels_that_it_opened() {
    let manner = Manner { echo: false, ..Manner::default() };
    let (mut world, floe, other) = outbound(12, Weather::FAIR, None, manner);
    let id = world.until(secs(5), |world| world[floe].connected()).expect("it connects");
    world.run(secs(1));
    let streams: Vec<_> = (0..3)
        .map(|_| {
            let stream = world[floe].endpoint.open_stream(id).unwrap();
            world[floe].endpoint.stream(stream).unwrap().write(b"hello").unwrap();
            stream
        })
        .collect();
    world.run(secs(1));
    // One ends well, one is reset by floe, one by the peer.
    world[floe].endpoint.stream(streams[0]).unwrap().finish().unwrap();
    let now = world.now;
    world[floe].endpoint.stream(streams[1]).unwrap().reset(now);
    let session = world[other].session().unwrap();
    session.channel(0).send_flag(Flag::Fin);
    session.channel(2).send_flag(Flag::Reset);
    world.run(secs(5));
    for channel in 0..3 {
        let channel = world[other].session().unwrap().channel(channel);
        assert!(channel.is_closed, "{channel:?}");
        assert_eq!(channel.received, b"hello");
    }
    let now = world.now;
    for stream in streams {
        world[floe].endpoint.forget_stream(now, stream);
    }
    assert_eq!(world[floe].endpoint.stats(id).unwrap().streams, 0);
}

#[test]
fn bad_frames_end_their_stream_and_no_other() {
    let manner = Manner { echo: false, ..Manner::default() };
    let (mut world, floe, other) = inbound(6, Weather::FAIR, Version::V2, manner);
    world.until(secs(5), |world| world[other].authenticated()).expect("it connects");
    let (good, good_stream) = opened_by_it(&mut world, floe, other);
    let too_long = [0xff, 0xff, 0xff, 0x7f];
    let overlong = [0x80, 0x00];
    let no_protobuf = [0x03, 0x12, 0x7f, 0x00];
    for bad in [&too_long[..], &overlong, &no_protobuf] {
        let (channel, stream) = opened_by_it(&mut world, floe, other);
        world[other].session().unwrap().channel(channel).send_raw(bad);
        world.run(secs(1));
        assert_eq!(world[floe].read(stream, 10).1, Read::Reset, "{bad:x?}");
        let end = world[floe].take(|event| match event {
            Event::StreamClosed { id, end } if *id == stream => Some(*end),
            _ => None,
        });
        assert_eq!(end, Some(StreamEnd::Violation), "{bad:x?}");
        let flags = &world[other].session().unwrap().channel(channel).flags;
        assert_eq!(flags, &[Flag::Reset], "{bad:x?}");
    }
    // Strange, but allowed: empty frames, unknown fields and flags, payload and flag in one.
    let (_, stream) = {
        let (channel, stream) = opened_by_it(&mut world, floe, other);
        let channel_ref = world[other].session().unwrap().channel(channel);
        for odd in [&[0x00][..], &[0x00, 0x00, 0x02, 0x08, 0x09], &[0x04, 0x18, 0x07, 0x12, 0x00]] {
            channel_ref.send_raw(odd);
        }
        channel_ref.send_raw(&[0x09, 0x08, 0x00, 0x12, 0x05, b'h', b'e', b'l', b'l', b'o']);
        (channel, stream)
    };
    world.run(secs(1));
    assert_eq!(world[floe].read(stream, 10), (b"hello".to_vec(), Read::Finished));
    world[other].session().unwrap().channel(good).send(b"still good");
    world.run(secs(1));
    assert_eq!(world[floe].read(good_stream, 100).0, b"still good");
}

#[test]
fn a_closed_channel_without_a_word_is_a_reset() {
    let manner = Manner { echo: false, ..Manner::default() };
    let (mut world, floe, other) = inbound(7, Weather::FAIR, Version::V2, manner);
    world.until(secs(5), |world| world[other].authenticated()).expect("it connects");
    let (channel, stream) = opened_by_it(&mut world, floe, other);
    world[other].session().unwrap().channel(channel).close();
    world.run(secs(1));
    assert_eq!(world[floe].read(stream, 10).1, Read::Reset);
}

#[test]
fn what_comes_early_is_kept_until_the_peer_is_known() {
    for seed in 0..4 {
        let weather = if seed < 2 { Weather::FAIR } else { Weather::FOUL };
        let manner =
            Manner { echo: false, early: vec![b"early bird".to_vec(); 3], ..Manner::default() };
        let (mut world, floe, other) = inbound(seed, weather, Version::V2, manner);
        world.until(secs(30), |world| world[floe].connected()).expect("it connects");
        world.run(secs(3));
        for _ in 0..3 {
            let stream = world[floe].opened().expect("an early stream");
            assert_eq!(world[floe].read(stream, 100).0, b"early bird");
        }
        assert_eq!(world[other].authenticated(), Some(world[floe].peer_id()));
    }
}

#[test]
fn what_comes_early_is_kept_within_limits() {
    let early = vec![vec![7; 30_000]; 40];
    let manner = Manner { echo: false, early, ..Manner::default() };
    let (mut world, floe, other) = inbound(8, Weather::FAIR, Version::V2, manner);
    world.until(secs(30), |world| world[floe].connected()).expect("it connects");
    world.run(secs(5));
    let opened = std::iter::from_fn(|| world[floe].opened()).count();
    println!("{opened} of 40 early streams were taken");
    assert!(opened >= 32, "the limit is for those that come before Noise is done: {opened}");
    assert_eq!(world[other].authenticated(), Some(world[floe].peer_id()));
}

#[test]
fn a_peer_that_never_speaks_noise_is_given_up() {
    let silent = || Manner { silent_after: Some(SilentAfter::Sctp), ..Manner::default() };
    // Early streams of one who is never known are never heard of.
    let manner = Manner { early: vec![b"x".to_vec()], ..silent() };
    let (mut world, floe, _) = inbound(9, Weather::FAIR, Version::V2, manner);
    world.run(secs(40));
    assert!(world[floe].events.is_empty(), "{:?}", world[floe].events);
    assert_eq!(world[floe].endpoint.counters().connections, 0);

    let (mut world, floe, _) = outbound(9, Weather::FAIR, None, silent());
    let end = world.until(secs(40), |world| {
        world[floe].take(|event| match event {
            Event::Closed { end, .. } => Some(end.clone()),
            _ => None,
        })
    });
    assert_eq!(end, Some(ConnectionEnd::HandshakeTimeout(Step::Noise)));
    assert_eq!(world.now.since_epoch(), secs(30));
}

#[test]
fn a_prologue_that_names_another_certificate_ends_it() {
    let lies = || Manner { lies: true, ..Manner::default() };
    let (mut world, floe, other) = outbound(10, Weather::FAIR, None, lies());
    let end = world.until(secs(40), |world| {
        world[floe].take(|event| match event {
            Event::Closed { end, .. } => Some(end.clone()),
            _ => None,
        })
    });
    // XX is not authenticated before the second message, which the listener cannot read.
    let end = end.expect("it fails");
    assert_eq!(end.step(), Some(Step::Noise), "{end}");
    assert_eq!(world[floe].connected(), None);
    assert_eq!(world[other].authenticated(), None);

    let (mut world, floe, _) = inbound(10, Weather::FAIR, Version::V2, lies());
    world.run(secs(40));
    assert!(world[floe].events.is_empty(), "{:?}", world[floe].events);
    assert_eq!(world[floe].endpoint.counters().connections, 0);
}

#[test]
fn a_close_is_seen_on_either_side() {
    let (mut world, floe, other) = inbound(11, Weather::FAIR, Version::V2, Manner::default());
    let id = world.until(secs(5), |world| world[floe].connected()).expect("it connects");
    world.run(secs(1));
    world[other].session().unwrap().close();
    let (end, _) = world.until(secs(2), |world| world[floe].closed(id)).expect("it is seen");
    assert_eq!(end, ConnectionEnd::ClosedByPeer);

    let (mut world, floe, other) = outbound(11, Weather::FAIR, None, Manner::default());
    let id = world.until(secs(5), |world| world[floe].connected()).expect("it connects");
    world.run(secs(1));
    let now = world.now;
    world[floe].endpoint.close(now, id);
    world.run(secs(1));
    assert!(world[other].session().unwrap().end().is_some());
}

/// It opens a channel with a word, and floe reads it.
fn opened_by_it(
    world: &mut World,
    floe: Handle<Floe>,
    other: Handle<Str0mPeer>,
) -> (usize, StreamId) {
    let channel = world[other].session().expect("there is a session").open();
    let stream = world.until(secs(5), |world| world[floe].opened()).expect("floe hears of it");
    world.run(secs(1));
    (channel, stream)
}
