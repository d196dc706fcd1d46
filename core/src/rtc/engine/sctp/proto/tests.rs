//! Two associations and nothing between them.

use std::vec;
use std::vec::Vec;

use super::*;

fn take(association: &mut Association, now: Instant) -> Vec<Bytes> {
    let mut packets = Vec::new();
    association
        .poll_packets(now, usize::MAX, &mut |packet| packets.push(Bytes::copy_from_slice(packet)));
    packets
}

fn give(association: &mut Association, now: Instant, packets: Vec<Bytes>) -> Vec<Event> {
    packets.into_iter().for_each(|packet| association.handle_packet(now, packet));
    core::iter::from_fn(|| association.poll_event()).collect()
}

/// Both talk until neither has anything to say.
fn settle(ends: &mut [Association; 2], now: Instant) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        let [from_client, from_server] = ends.each_mut().map(|end| take(end, now));
        if from_client.is_empty() && from_server.is_empty() {
            return events;
        }
        events.extend(give(&mut ends[1], now, from_client));
        events.extend(give(&mut ends[0], now, from_server));
    }
}

/// A client and a server whose association is up, and whose windows begin with so many bytes.
fn associated(now: Instant, window: u32) -> [Association; 2] {
    let mut ends = [Role::Client, Role::Server].map(|role| Association::new(role, window, 1 << 20));
    ends[0].connect(now);
    settle(&mut ends, now);
    ends
}

/// For pion, which credits a stream with no acknowledgement once that is reset.
#[test]
fn what_came_before_a_reset_is_acknowledged_before_the_answer_to_it() {
    let mut now = Instant::now();
    let mut ends = associated(now, 1 << 20);
    for stream in [2, 4] {
        assert!(
            ends[0].open(stream) && ends[0].send(stream, Kind::Data, Bytes::from_static(b"go"))
        );
    }
    // Longer than an acknowledgement may be delayed.
    for _ in 0..2 {
        settle(&mut ends, now);
        now += Duration::from_secs(1);
        ends.iter_mut().for_each(|end| end.handle_timeout(now));
    }
    ends[1].reset(2);
    assert!(ends[1].send(4, Kind::Data, Bytes::from(vec![7; 3_000])));
    let batch = take(&mut ends[1], now);
    let kinds = |packets: &[Bytes]| -> Vec<_> {
        packets.iter().flat_map(|it| packet::chunks(it)).map(|chunk| chunk.kind).collect()
    };
    assert!(kinds(&batch).ends_with(&[packet::DATA, packet::RE_CONFIG]), "{:?}", kinds(&batch));
    let events = give(&mut ends[0], now, batch);
    assert!(events.contains(&Event::Reset(2)), "{events:?}");
    let answer = take(&mut ends[0], now);
    let kinds = kinds(&answer);
    let first = |kind| kinds.iter().position(|it| *it == kind).expect("it is among them");
    assert!(first(packet::SACK) < first(packet::RE_CONFIG), "{kinds:?}");
    give(&mut ends[1], now, answer);
    let events = settle(&mut ends, now);
    assert!(events.contains(&Event::ResetDone(2)), "{events:?}");
}

/// The library looks at every chunk that a SACK reports, as often as it is reported: 18 million in one packet,
/// if they need not have been sent. So many packets would take a minute.
#[test]
fn gap_reports_of_what_was_never_sent_cost_nothing() {
    let now = Instant::now();
    let mut ends = associated(now, 1 << 20);
    assert!(ends[0].open(2) && ends[0].send(2, Kind::Data, Bytes::from_static(b"go")));
    settle(&mut ends, now);
    let mut sack = packet::abort(ends[0].own_tag)[..12].to_vec();
    sack.extend([packet::SACK, 0, 4, 112]);
    sack.extend(ends[0].resent.highest_tsn().expect("something was sent").to_be_bytes());
    sack.extend([0, 1, 0, 0, 1, 24, 0, 0]);
    sack.extend([[0, 1, 0xff, 0xff]; 280].concat());
    packet::seal(&mut sack);
    for _ in 0..100 {
        assert_eq!(give(&mut ends[0], now, vec![Bytes::from(sack.clone())]), []);
    }
    assert!(ends[0].send(2, Kind::Data, Bytes::from_static(b"on")));
    assert_eq!(settle(&mut ends, now), [Event::Readable(2)]);
}

/// The library takes nothing more to be sent from then on, so channels would be opened that nobody hears of.
#[test]
fn a_shutdown_behind_other_chunks_ends_the_association() {
    let now = Instant::now();
    for is_busy in [false, true] {
        let mut ends = associated(now, 1 << 20);
        if is_busy {
            assert!(ends[0].open(2) && ends[0].send(2, Kind::Data, Bytes::from_static(b"go")));
            take(&mut ends[0], now);
        }
        let mut packet = packet::abort(ends[0].own_tag)[..12].to_vec();
        let heartbeat = [4, 0, 0, 8, 0, 1, 0, 4];
        let shutdown = [7, 0, 0, 8, 0, 0, 0, 0];
        packet.extend([heartbeat, shutdown].concat());
        packet::seal(&mut packet);
        assert_eq!(give(&mut ends[0], now, vec![Bytes::from(packet)]), [Event::Closed]);
    }
}

/// A peer that sees no room asks for it with a chunk at a time, for as long as nobody reads.
#[test]
fn who_asks_for_room_is_answered_and_given_none() {
    let mut now = Instant::now();
    let mut ends = associated(now, 8 << 10);
    assert!(ends[0].open(2));
    (0..64).for_each(|_| assert!(ends[0].send(2, Kind::Data, Bytes::from(vec![7; 1_000]))));
    for _ in 0..40 {
        settle(&mut ends, now);
        now += Duration::from_secs(30);
        ends.iter_mut().for_each(|end| end.handle_timeout(now));
    }
    let read = core::iter::from_fn(|| ends[1].receive(2)).count();
    assert!((8..=9).contains(&read), "{read} messages were taken");
    // Its association lives, and goes on when there is room.
    ends[1].window_update(now);
    settle(&mut ends, now);
    assert!(ends[1].receive(2).is_some());
}
