use std::time::Duration;

use super::*;
use crate::duration::millis;
use crate::net::nat::Kind;

const A: &str = "192.0.2.1:4001";
const B: &str = "192.0.2.2:5002";
const STILL: Weather = Weather { delay: Duration::ZERO, ..Weather::FAIR };

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn at(micros: u64) -> Timestamp {
    Timestamp::ZERO + Duration::from_micros(micros)
}

/// A datagram of 100 bytes that says which one it is.
fn numbered(from: &str, to: &str, n: u64) -> Packet {
    let mut payload = vec![0; 100];
    payload[..8].copy_from_slice(&n.to_be_bytes());
    Packet { source: addr(from), destination: addr(to), payload }
}

fn number(packet: &Packet) -> u64 {
    u64::from_be_bytes(*packet.payload.first_chunk().unwrap())
}

/// Everything that arrives at last, in its order, and when.
fn arrivals(net: &mut Net) -> Vec<(Timestamp, Packet)> {
    let mut all = Vec::new();
    while let Some(at) = net.next_arrival() {
        while let Some(packet) = net.arrive(at) {
            all.push((at, packet));
        }
    }
    all
}

/// What arrives of so many datagrams from A to B, one each 100 µs.
fn sent(net: &mut Net, count: u64) -> Vec<(Timestamp, Packet)> {
    (0..count).for_each(|n| net.send(at(n * 100), numbered(A, B, n)));
    arrivals(net)
}

/// `share` of a million of `count` draws, within four standard deviations.
fn is_about(found: u64, share: u64, count: u64) -> bool {
    let share = share as f64 / 1e6;
    let deviation = (count as f64 * share * (1.0 - share)).sqrt();
    (found as f64 - count as f64 * share).abs() < 4.0 * deviation
}

#[test]
fn chances_are_what_they_are_said_to_be() {
    let weather = Weather {
        loss: 100_000,
        duplicate: 50_000,
        corrupt: 30_000,
        truncate: 20_000,
        reorder: 10_000,
        ..STILL
    };
    for seed in 0..4 {
        let count = 50_000;
        let mut net = Net::new(seed, weather);
        let arrived = sent(&mut net, count).len() as u64;
        let it = net.tally(addr(A), addr(B));
        println!("seed {seed}: {it:?}");
        assert_eq!((it.came, it.passed), (count, arrived));
        assert_eq!(arrived, count - it.lost + it.doubled);
        assert!(is_about(it.lost, weather.loss, count));
        assert!(is_about(it.doubled, weather.duplicate, count - it.lost));
        assert!(is_about(it.corrupted, weather.corrupt, arrived));
        assert!(is_about(it.truncated, weather.truncate, arrived));
        assert!(is_about(it.held_back, weather.reorder, arrived));
        assert_eq!(net.tally(addr(B), addr(A)), Tally::default());
    }
}

#[test]
fn a_fault_does_not_shift_another() {
    let lost = |weather: Weather| -> Vec<u64> {
        let mut net = Net::new(5, Weather { loss: 100_000, ..weather });
        let arrived: Vec<_> = sent(&mut net, 2_000).iter().map(|it| number(&it.1)).collect();
        (0..2_000).filter(|n| !arrived.contains(n)).collect()
    };
    let alone = lost(STILL);
    assert!(alone.len() > 100);
    // None of these damages the number of a datagram, or loses it.
    for beside in [
        Weather { duplicate: 300_000, ..STILL },
        Weather { reorder: 300_000, ..STILL },
        Weather { jitter: millis(40), ..STILL },
        Weather { bandwidth: Some(Bandwidth { bits_per_second: 80_000_000, queue: 1 }), ..STILL },
    ] {
        assert_eq!(lost(beside), alone, "{beside:?}");
    }
    // More loss loses the same ones and others.
    let mut net = Net::new(5, Weather { loss: 150_000, ..STILL });
    let arrived: Vec<_> = sent(&mut net, 2_000).iter().map(|it| number(&it.1)).collect();
    assert!(alone.iter().all(|n| !arrived.contains(n)));
    // A fault that is over has left no mark, nor have other ways and forgeries.
    let mut net = Net::new(5, Weather { loss: 100_000, corrupt: 900_000, ..STILL });
    let mut passed = sent(&mut net, 1_000).len();
    net.weather = Weather { loss: 100_000, ..STILL };
    net.all().cut();
    net.send(at(0), numbered(B, A, 0));
    net.all().heal();
    (0..50).for_each(|n| net.send(at(0), numbered(B, A, n)));
    (0..50).for_each(|n| net.spoof(at(0), numbered(A, B, n)));
    arrivals(&mut net);
    for n in 1_000..2_000 {
        net.send(at(0), numbered(A, B, n));
        let arrived = arrivals(&mut net).len();
        assert_eq!(arrived == 0, alone.contains(&n), "{n}");
        passed += arrived;
    }
    assert_eq!(passed, 2_000 - alone.len());
}

#[test]
fn a_seed_repeats_itself_and_another_does_not() {
    let run = |seed| sent(&mut Net::new(seed, Weather::DAMAGING), 1_000);
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn bursts_are_lost_at_their_rate() {
    let burst = Burst::of(50_000, 10);
    let mut net = Net::new(3, STILL);
    net.path(addr(A), addr(B)).burst(burst);
    sent(&mut net, 200_000);
    let it = net.tally(addr(A), addr(B));
    println!("{it:?}");
    let expected = burst.stationary_loss() * 200_000 / 1_000_000;
    // A thousand bursts, whose lengths vary as much as they are long.
    assert!(it.burst_lost.abs_diff(expected) * 100 < expected * 13, "{it:?}, {expected}");
    assert_eq!(it.came, it.burst_lost + it.passed);
}

#[test]
fn delay_jitter_and_those_held_back() {
    let mut net = Net::new(1, STILL);
    net.path(addr(A), addr(B)).delay(millis(50));
    assert!(sent(&mut net, 100).iter().all(|(when, it)| *when == at(number(it) * 100 + 50_000)));
    net.path(addr(A), addr(B)).jitter(millis(5));
    let mut before = Timestamp::ZERO;
    let mut overtaken = 0;
    let mut arrived = sent(&mut net, 1_000);
    for (when, it) in &arrived {
        let late = when.saturating_since(at(number(it) * 100));
        assert!((millis(50)..millis(55)).contains(&late), "{late:?}");
    }
    arrived.sort_by_key(|(_, it)| number(it));
    for (when, _) in arrived {
        overtaken += u32::from(when < before);
        before = when;
    }
    assert!(overtaken > 100, "{overtaken}");
    net.path(addr(A), addr(B)).jitter(Duration::ZERO).reorder(100_000, millis(3));
    let arrived = sent(&mut net, 1_000);
    let late = |late| {
        let on_time = |(when, it): &&(Timestamp, Packet)| *when == at(number(it) * 100) + late;
        arrived.iter().filter(on_time).count() as u64
    };
    assert_eq!(late(millis(50)) + late(millis(53)), 1_000);
    assert!(is_about(late(millis(53)), 100_000, 1_000));
}

#[test]
fn damage_is_one_bit_and_truncation_leaves_a_beginning() {
    let mut net = Net::new(1, Weather { corrupt: 1_000_000, ..STILL });
    for (n, (_, packet)) in sent(&mut net, 300).into_iter().enumerate() {
        let was = numbered(A, B, n as u64).payload;
        let bits: u32 = was.iter().zip(&packet.payload).map(|(a, b)| (a ^ b).count_ones()).sum();
        assert_eq!((bits, packet.payload.len()), (1, was.len()));
    }
    let mut net = Net::new(1, Weather { truncate: 1_000_000, ..STILL });
    let arrived = sent(&mut net, 300);
    for (n, (_, packet)) in arrived.iter().enumerate() {
        let was = numbered(A, B, n as u64).payload;
        assert!(packet.payload.len() < was.len() && was.starts_with(&packet.payload));
    }
    assert!(arrived.iter().any(|(_, packet)| packet.payload.len() > 90));
    assert!(arrived.iter().any(|(_, packet)| packet.payload.len() < 10));
}

#[test]
fn what_is_too_long_vanishes() {
    let mut net = Net::new(1, STILL);
    net.path(addr(A), addr(B)).payload_max(99);
    assert_eq!(sent(&mut net, 10).len(), 0);
    assert_eq!(net.tally(addr(A), addr(B)).too_long, 10);
    // 100 bytes, 8 of UDP, 20 of IPv4.
    net.path(addr(A), addr(B)).mtu(128);
    assert_eq!(sent(&mut net, 10).len(), 10);
    net.path(addr(A), addr(B)).mtu(127);
    assert_eq!(sent(&mut net, 10).len(), 0);
    net.send(at(0), numbered(B, A, 0));
    assert_eq!(arrivals(&mut net).len(), 1);
}

#[test]
fn a_line_has_its_rate_and_its_queue() {
    let mut net = Net::new(1, Weather { delay: millis(10), ..STILL });
    // 100 bytes take a millisecond; five datagrams may wait.
    net.path(addr(A), addr(B)).bandwidth(800_000, 500);
    (0..10).for_each(|n| net.send(at(0), numbered(A, B, n)));
    let arrived: Vec<_> = arrivals(&mut net).iter().map(|(at, it)| (*at, number(it))).collect();
    let expected: Vec<_> = (0..6).map(|n| (at(10_000 + (n + 1) * 1_000), n)).collect();
    assert_eq!(arrived, expected);
    assert_eq!(net.tally(addr(A), addr(B)).overflowed, 4);
    // The other way is another line.
    net.send(at(0), numbered(B, A, 0));
    assert_eq!(arrivals(&mut net)[0].0, at(10_000));
}

#[test]
fn a_cut_is_one_way_and_heals() {
    let mut net = Net::new(1, STILL);
    let get_through = |net: &mut Net| {
        [(A, B), (B, A)].map(|(from, to)| {
            net.send(at(0), numbered(from, to, 0));
            !arrivals(net).is_empty()
        })
    };
    net.path(addr(A), addr(B)).cut();
    assert_eq!(get_through(&mut net), [false, true]);
    assert_eq!(net.tally(addr(A), addr(B)).cut, 1);
    net.path(addr(A), addr(B)).heal();
    assert_eq!(get_through(&mut net), [true, true]);
    net.between(addr(A), addr(B)).cut();
    assert_eq!(get_through(&mut net), [false, false]);
    net.between(addr(A), addr(B)).heal();
    net.all().cut();
    assert_eq!(get_through(&mut net), [false, false]);
    net.path(addr(B), addr(A)).heal();
    assert_eq!(get_through(&mut net), [false, true]);
    net.all().heal();
    assert_eq!(get_through(&mut net), [true, true]);
}

#[test]
fn a_way_has_a_weather_of_its_own_from_when_something_is_said_of_it() {
    let mut net = Net::new(1, STILL);
    net.path(addr(A), addr(B)).delay(millis(7));
    net.weather.delay = millis(1);
    let takes = |net: &mut Net, from, to| {
        net.send(at(0), numbered(from, to, 0));
        arrivals(net)[0].0.since_epoch()
    };
    assert_eq!(takes(&mut net, A, B), millis(7));
    assert_eq!(takes(&mut net, B, A), millis(1));
    net.all().delay(millis(3));
    assert_eq!(takes(&mut net, A, B), millis(3));
    assert_eq!(takes(&mut net, B, A), millis(3));
    net.path(addr(A), addr(B)).delay(millis(9)).cut();
    net.path(addr(A), addr(B)).clear();
    net.weather.delay = millis(2);
    assert_eq!(takes(&mut net, A, B), millis(2));
}

#[test]
fn behind_a_nat() {
    let mut net = Net::new(1, Weather { delay: millis(10), ..STILL });
    let (inside, public) = ("10.0.0.2:500", addr("198.51.100.1:0").ip());
    net.add_nat(Nat::new(public, [addr(inside)]).kind(Kind::PORT_RESTRICTED));
    // The way is that of the host, wherever the NAT says that it is.
    net.path(addr(inside), addr(A)).delay(millis(4));
    net.path(addr(A), addr(inside)).delay(millis(5));
    net.send(at(0), numbered(inside, A, 1));
    let (when, packet) = arrivals(&mut net).remove(0);
    let outside = packet.source;
    assert_eq!((when, outside.ip(), number(&packet)), (at(4_000), public, 1));
    let answer = |net: &mut Net, from: &str, to: SocketAddr| {
        net.send(at(0), Packet { destination: to, ..numbered(from, B, 2) });
        arrivals(net).first().map(|(when, packet)| (when.since_epoch(), packet.destination))
    };
    assert_eq!(answer(&mut net, A, outside), Some((millis(5), addr(inside))));
    assert_eq!(answer(&mut net, B, outside), None);
    assert_eq!(answer(&mut net, A, addr(inside)), None);
    // A datagram that is under way when the NAT forgets is lost.
    net.send(at(0), Packet { destination: outside, ..numbered(A, B, 3) });
    net.nat(public).forget();
    assert_eq!(arrivals(&mut net).len(), 0);
    // An address for good.
    net.rebind(addr(inside), addr(B));
    assert_eq!(answer(&mut net, A, addr(B)), Some((millis(5), addr(inside))));
    net.send(at(0), numbered(inside, A, 4));
    assert_eq!(arrivals(&mut net)[0].1.source, addr(B));
    // What is injected is behind the NAT already.
    net.inject(at(0), Packet { destination: addr(inside), ..numbered(A, B, 5) });
    assert_eq!(arrivals(&mut net).len(), 1);
}

#[test]
fn what_was_heard_can_be_sent_again_by_anybody() {
    let mut net = Net::new(1, STILL);
    sent(&mut net, 5);
    assert_eq!(net.tapped().len(), 0);
    net.tap(3);
    sent(&mut net, 5);
    let heard: Vec<Packet> = net.tapped().map(|(_, packet)| packet.clone()).collect();
    assert_eq!(heard, [2, 3, 4].map(|n| numbered(A, B, n)));
    let (before, trace) = (net.sent(), net.trace());
    let stranger = addr("203.0.113.9:9");
    net.spoof(at(0), heard[0].clone());
    net.spoof(at(0), heard[1].clone().from(stranger));
    net.spoof(at(0), heard[2].clone().from(addr(B)).to(addr(A)));
    let arrived: Vec<Packet> = arrivals(&mut net).into_iter().map(|(_, packet)| packet).collect();
    assert_eq!(arrived[0], heard[0]);
    assert_eq!((arrived[1].source, number(&arrived[1])), (stranger, 3));
    assert_eq!((arrived[2].source, arrived[2].destination), (addr(B), addr(A)));
    // Nobody on the net has sent them.
    assert_eq!((net.sent(), net.trace()), (before, trace));
    // Forgeries are lost like any other datagram, and are cut off.
    net.all().cut();
    net.spoof(at(0), heard[0].clone());
    assert_eq!(arrivals(&mut net).len(), 0);
}

#[test]
fn rules_see_what_nodes_have_sent() {
    let mut net = Net::new(1, STILL);
    net.add_nat(Nat::new(addr(B).ip(), ["10.0.0.2:0"].map(addr)));
    net.add_rule(|_, packet| {
        assert!(packet.source == addr("10.0.0.2:7"));
        number(packet).is_multiple_of(2)
    });
    (0..10).for_each(|n| net.send(at(0), numbered("10.0.0.2:7", A, n)));
    assert_eq!(arrivals(&mut net).len(), 5);
    net.clear_rules();
    net.send(at(0), numbered("10.0.0.2:7", A, 1));
    assert_eq!(arrivals(&mut net).len(), 1);
}
