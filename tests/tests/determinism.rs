//! One seed, the same datagrams, byte for byte: through ICE, DTLS, SCTP and Noise.

use std::collections::HashMap;
use std::time::Duration;

use floe_core::ice::Version;
use floe_core::rtc::Target;
use floe_core::rtc::config::DtlsVersions;
use floe_tests::entropy::seeded;
use floe_tests::floe::Floe;
use floe_tests::net::Weather;
use floe_tests::world::World;

/// Two nodes connect in foul weather and one sends; the hash of all datagrams, and how many there were.
fn story(seed: u64, dtls: DtlsVersions, version: Option<Version>) -> (u64, u64) {
    seeded(seed, || {
        let mut world = World::new(seed, Weather::FOUL);
        let mut node = |seed, addr: &str| {
            let addr = addr.parse().unwrap();
            world.add(Floe::new(seed, addr, world.epoch, |config| config.dtls = dtls))
        };
        let (server, client) = (node(seed, "192.0.2.1:4001"), node(seed + 1, "192.0.2.2:5002"));
        let mut target = Target::new(&world[server].address()).unwrap();
        target.version = version;
        let now = world.now;
        let id = world[client].endpoint.dial(now, target).unwrap();
        let connected = world.until(Duration::from_secs(20), |world| world[client].connected());
        assert_eq!(connected, Some(id), "seed {seed}");
        let streams: Vec<_> =
            (0..5).map(|_| world[client].endpoint.open_stream(id).unwrap()).collect();
        world.until(Duration::from_secs(2), |world| {
            for stream in &streams {
                let mut stream = world[client].endpoint.stream(*stream).unwrap();
                let _ = stream.write(&[7; 10_000]).unwrap();
            }
            None::<()>
        });
        (world.net.trace(), world.net.sent())
    })
}

#[test]
fn a_seed_repeats_every_datagram() {
    for seed in 0..12 {
        let dtls = [DtlsVersions::V12, DtlsVersions::V13, DtlsVersions::Auto][seed as usize % 3];
        let version = [None, Some(Version::V1), Some(Version::V2)][seed as usize / 3 % 3];
        let first = story(seed, dtls, version);
        assert_eq!(first, story(seed, dtls, version), "seed {seed}");
        println!(
            "seed {seed}, DTLS {dtls:?}, {version:?}: {:016x}, {} datagrams",
            first.0, first.1
        );
    }
}

#[test]
fn another_seed_is_another_story() {
    let story = |seed| story(seed, DtlsVersions::V12, Some(Version::V2));
    assert_ne!(story(1).0, story(2).0);
}

#[test]
fn hash_maps_iterate_by_the_seed() {
    let order = |seed| {
        seeded(seed, || {
            (0..100).map(|n| (n, n)).collect::<HashMap<u32, u32>>().into_keys().collect::<Vec<_>>()
        })
    };
    assert_eq!(order(1), order(1));
    assert_ne!(order(1), order(2));
}
