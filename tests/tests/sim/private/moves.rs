//! Peers that move, and NATs that forget.

use floe_tests::net::Weather;

use super::meeting::Two;
use crate::{CLIENT, SERVER, secs};

#[test]
fn either_side_gets_another_address_and_nothing_is_lost() {
    for (side, at) in [(0, CLIENT), (1, SERVER)] {
        let mut two = Two::new(80 + side as u64, Weather::FAIR);
        two.connect();
        two.run(secs(1));
        two.world.net.rebind(at, "198.51.100.77:7777".parse().unwrap());
        // Who has moved says something first.
        two.say(side, b"from elsewhere");
        two.talk();
        two.run(secs(60));
        two.talk();
    }
}

#[test]
fn an_idle_peer_that_moves_is_found_again() {
    for (side, at) in [(0, CLIENT), (1, SERVER)] {
        let mut two = Two::new(90 + side as u64, Weather::FAIR);
        two.connect();
        two.run(secs(10));
        two.world.net.rebind(at, "198.51.100.78:7778".parse().unwrap());
        two.run(secs(60));
        two.talk();
    }
}
