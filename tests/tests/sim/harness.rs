//! The harness itself: `str0m` against `str0m`, with no floe in between. What fails here is not floe's
//! fault.

use std::time::Duration;

use floe_core::ice::Version;
use floe_tests::net::Weather;
use floe_tests::rng::Rng;
use floe_tests::str0m_peer::{Cut, Flag, Manner, Str0mPeer};
use floe_tests::world::{Handle, World};

use crate::{CLIENT, SERVER};

fn two(
    seed: u64,
    weather: Weather,
    version: Version,
) -> (World, Handle<Str0mPeer>, Handle<Str0mPeer>) {
    let mut world = World::new(seed, weather);
    let server = world.add(Str0mPeer::listener(seed, SERVER, world.epoch));
    let target = world[server].address();
    let client = world.add(Str0mPeer::dialer(seed + 1, CLIENT, world.epoch, target, version));
    (world, client, server)
}

#[test]
fn str0m_reaches_itself_in_both_versions() {
    for version in [Version::V1, Version::V2] {
        for full_ice in [false, true] {
            let (mut world, client, server) = two(1, Weather::FAIR, version);
            world[server].manner.full_ice = full_ice;
            let peers = world.until(Duration::from_secs(5), |world| {
                Some((world[client].authenticated()?, world[server].authenticated()?))
            });
            let (to, from) = peers.expect("both sides are authenticated");
            assert_eq!((to, from), (world[server].peer_id(), world[client].peer_id()));
            println!("{version:?}, full ICE {full_ice}: {:?}", world.now);
        }
    }
}

#[test]
fn an_echo_arrives_in_foul_weather_however_it_is_cut() {
    for (seed, cut) in [(1, Cut::Whole), (2, Cut::LengthApart), (3, Cut::Every(1000))] {
        let (mut world, client, _) = two(seed, Weather::FOUL, Version::V2);
        world[client].manner = Manner { cut, ..Manner::default() };
        world
            .until(Duration::from_secs(30), |world| world[client].authenticated())
            .expect("the client is authenticated");
        let sent = Rng::new(seed).bytes(100_000);
        let session = world[client].session().expect("there is a session");
        let channel = session.open();
        session.channel(channel).send(&sent);
        session.channel(channel).send_flag(Flag::Fin);
        world
            .until(Duration::from_secs(60), |world| {
                let channel = world[client].session()?.channel(channel);
                (channel.got(Flag::Fin) && channel.got(Flag::FinAck)).then_some(())
            })
            .expect("the echo comes to its end");
        let session = world[client].session().expect("there is a session");
        assert!(session.channel(channel).received == sent, "the echo is what was sent");
    }
}

#[test]
fn a_world_is_the_same_again_as_far_as_datagrams_go() {
    let run = || {
        let (mut world, client, _) = two(5, Weather::FAIR, Version::V1);
        world.until(Duration::from_secs(5), |world| world[client].authenticated());
        (world.now, world.net.sent())
    };
    assert_eq!(run(), run());
}
