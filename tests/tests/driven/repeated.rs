//! The same seed is the same story, whatever the process.

use std::collections::BTreeSet;
use std::env;
use std::process::Command;

use floe_tests::chaos::driven::Manner;
use floe_tests::entropy::seeded;
use floe_tests::net::Weather;
use futures::future::join_all;

use crate::two::{Two, exchange, pattern};

/// A few streams in foul weather, on hosts of any manner: the hash of all datagrams, how many there were,
/// and the turns of both drivers.
fn story(seed: u64) -> [u64; 4] {
    seeded(seed, || {
        let mut two = Two::new(seed, Weather::FOUL, Manner::any(seed));
        two.serve();
        let place = two.at_client();
        let job = two.client(async move {
            let connection = place.dial().await;
            let exchanges = (0..4).map(async |n| {
                let bytes = pattern(n, 20_000);
                assert!(exchange(&connection, &bytes).await == bytes);
            });
            join_all(exchanges).await;
            connection.close().await;
        });
        two.done(&job);
        let [client, server] = [two.client, two.server].map(|node| two.world[node].turns());
        [two.world.net.trace(), two.world.net.sent(), client, server]
    })
}

#[test]
fn a_seed_repeats_every_datagram_and_every_turn() {
    let stories: BTreeSet<_> = (0..8)
        .map(|seed| {
            let first = story(seed);
            assert_eq!(first, story(seed), "seed {seed}");
            println!("{TOLD}{seed}: {first:x?}");
            first
        })
        .collect();
    assert_eq!(stories.len(), 8, "another seed is another story");
}

#[test]
fn in_another_process_too() {
    let told = || {
        let output = Command::new(env::current_exe().expect("this is a program"))
            .args(["--exact", "--nocapture"])
            .arg("repeated::a_seed_repeats_every_datagram_and_every_turn")
            .output()
            .expect("it can be run again");
        let text = String::from_utf8(output.stdout).expect("it prints text");
        // The harness prints the name of the test on the same line.
        let lines = text.lines().filter_map(|line| line.split_once(TOLD));
        lines.map(|(_, told)| told.to_owned()).collect::<Vec<_>>()
    };
    let first = told();
    assert_eq!(first.len(), 8, "{first:?}");
    assert_eq!(first, told());
}

const TOLD: &str = "the story of seed ";
