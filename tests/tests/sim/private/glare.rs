//! Both sides offer at once.

use std::time::Duration;

use floe_core::rtc::error::{ConnectionEnd, DialRefused};
use floe_core::rtc::private::{Heard, Meeting};
use floe_core::rtc::{ConnectionId, Event};
use floe_tests::floe::Floe;
use floe_tests::net::Weather;
use floe_tests::world::{Handle, World};

use super::meeting::Relay;
use crate::pair::two;
use crate::{millis, secs};

/// An offer of one node to the other, and what became of it.
struct Offer {
    from: usize,
    at: Duration,
    is_made: bool,
    offering: Option<ConnectionId>,
    answering: Option<Result<ConnectionId, DialRefused>>,
    relay: Relay,
}

/// Two nodes of which each offers at its time, on a stream of its own that takes `delay`. Says how often each came to
/// a connection, and how many are left in the end.
fn glare(seed: u64, times: [u64; 2], delay: u64) -> ([usize; 2], [usize; 2]) {
    let (mut world, one, other) = two(seed, Weather { delay: millis(20), ..Weather::FAIR }, |_| {});
    let nodes = [one, other];
    for node in nodes {
        let (now, addr) = (world.now, world[node].addr);
        world[node].endpoint.set_host_addrs(now, &[addr]);
    }
    let mut offers = [0, 1].map(|from| Offer {
        from,
        at: millis(times[from]),
        is_made: false,
        offering: None,
        answering: None,
        relay: Relay::new(millis(delay)),
    });
    while world.now.since_epoch() < secs(25) {
        for offer in &mut offers {
            step(&mut world, nodes, offer);
        }
        world.run(millis(5));
    }
    let count = |world: &mut World, node: Handle<Floe>| {
        core::iter::from_fn(|| world[node].connected()).count()
    };
    let connected = nodes.map(|node| count(&mut world, node));
    let left = nodes.map(|node| world[node].endpoint.counters().connections);
    for node in nodes {
        // Whoever was withdrawn says so; nothing else ended.
        for event in &world[node].events {
            if let Event::Closed { end, .. } = event {
                assert!(
                    matches!(end, ConnectionEnd::Replaced(_)) || end.step().is_some(),
                    "{end:?}"
                );
            }
        }
    }
    (connected, left)
}

fn step(world: &mut World, nodes: [Handle<Floe>; 2], offer: &mut Offer) {
    let (from, to) = (nodes[offer.from], nodes[1 - offer.from]);
    let now = world.now;
    if !offer.is_made && now.since_epoch() >= offer.at {
        offer.is_made = true;
        let peer = world[to].peer_id();
        offer.offering = world[from].endpoint.meet(now, Meeting::offering(peer)).ok();
    }
    // The stream gets to the other side a while later. There is none if the peer's offer was there first.
    if offer.offering.is_some()
        && offer.answering.is_none()
        && now.since_epoch() >= offer.at + offer.relay.delays[0]
    {
        let peer = world[from].peer_id();
        offer.answering = Some(world[to].endpoint.meet(now, Meeting::answering(peer)));
        if let (Some(Err(_)), Some(id)) = (&offer.answering, offer.offering) {
            world[from].endpoint.handle_signaling(now, id, Heard::Reset);
        }
    }
    if let (Some(ours), Some(Ok(theirs))) = (offer.offering, &offer.answering) {
        offer.relay.carry(world, [from, to], [ours, *theirs]);
    }
}

#[test]
fn both_offers_come_to_one_connection_whenever_they_are_made() {
    for (seed, times) in
        [[0, 0], [0, 10], [10, 0], [0, 60], [60, 0], [0, 120], [120, 0], [0, 200], [200, 0]]
            .into_iter()
            .enumerate()
    {
        for delay in [1, 50, 150] {
            let (connected, left) = glare(70 + seed as u64, times, delay);
            assert_eq!(left, [1, 1], "{times:?}, {delay} ms: {connected:?}");
        }
    }
}
