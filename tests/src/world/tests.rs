use std::net::SocketAddr;

use super::*;
use crate::duration::millis;

/// Writes down when it was called, by its own clock.
#[derive(Debug)]
struct Diary {
    addr: SocketAddr,
    packets: Vec<Timestamp>,
    timeouts: Vec<Timestamp>,
    /// When it wants to be called.
    alarm: Option<Timestamp>,
    outbox: Vec<Packet>,
}

impl Node for Diary {
    fn addr(&self) -> SocketAddr {
        self.addr
    }

    fn handle_packet(&mut self, now: Timestamp, _: &Packet) {
        self.packets.push(now);
    }

    fn handle_timeout(&mut self, now: Timestamp) {
        self.timeouts.push(now);
        self.alarm = self.alarm.filter(|alarm| *alarm > now);
    }

    fn drain(&mut self, _: Timestamp, send: &mut dyn FnMut(Packet)) -> Option<Timestamp> {
        self.outbox.drain(..).for_each(send);
        self.alarm
    }
}

fn two() -> (World, Handle<Diary>, Handle<Diary>) {
    let mut world = World::new(1, Weather::FAIR);
    let [one, other] = ["192.0.2.1:1", "192.0.2.2:2"].map(|addr| {
        let addr = addr.parse().unwrap();
        let (packets, timeouts, outbox) = (Vec::new(), Vec::new(), Vec::new());
        world.add(Diary { addr, packets, timeouts, alarm: None, outbox })
    });
    (world, one, other)
}

fn packet(world: &World, from: Handle<Diary>, to: Handle<Diary>, len: usize) -> Packet {
    let (source, destination) = (world[from].addr, world[to].addr);
    Packet { source, destination, payload: vec![0; len] }
}

const fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

#[test]
fn who_stalls_finds_everything_afterwards() {
    let (mut world, one, other) = two();
    world[other].alarm = Some(at(20));
    world.settle();
    world.stall(other, millis(100));
    let packet = packet(&world, one, other, 10);
    world[one].outbox = vec![packet; 3];
    world.run(millis(99));
    assert_eq!((world[other].packets.len(), world[other].timeouts.len()), (0, 0));
    world.run(millis(1));
    assert_eq!(world[other].packets, [at(100); 3]);
    assert_eq!(world[other].timeouts, [at(100)]);
    assert_eq!(world[other].alarm, None);
}

#[test]
fn the_socket_of_who_stalls_is_finite() {
    let (mut world, one, other) = two();
    world.stall(other, millis(100));
    let packet = packet(&world, one, other, 1_000);
    world[one].outbox = vec![packet; 300];
    world.run(millis(100));
    assert_eq!(world[other].packets.len(), SOCKET_LEN / 1_000);
}

#[test]
fn a_clock_that_jumps_is_ahead_from_then_on() {
    let (mut world, one, other) = two();
    world[other].alarm = Some(at(50_000));
    world.run(millis(1_000));
    world.jump(other, millis(40_000));
    assert_eq!((world.clock(one), world.clock(other)), (at(1_000), at(41_000)));
    let packet = packet(&world, one, other, 10);
    world[one].outbox.push(packet);
    world.run(millis(8_999));
    assert_eq!(world[other].packets, [at(41_010)]);
    assert!(world[other].timeouts.is_empty());
    world.run(millis(1));
    assert_eq!((world.now, &world[other].timeouts[..]), (at(10_000), &[at(50_000)][..]));
    // A jump beyond a deadline makes it due at once.
    world[other].alarm = Some(at(60_000));
    world.settle();
    world.jump(other, millis(3_600_000));
    world.run(millis(0));
    assert_eq!(world[other].timeouts[1..], [at(3_650_000)]);
}
