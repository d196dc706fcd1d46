use std::vec;

use super::super::framed::PAYLOAD_LEN;
use super::super::pieces::PIECE_OVERHEAD;
use super::*;

fn stream() -> Stream {
    Stream::new(2, true, 1 << 20, 1 << 20, Span::none())
}

fn flag(flag: Flag) -> Bytes {
    encode(Message { flag: Some(flag), payload: &[] })
}

#[test]
fn a_peer_that_stops_ends_a_finish_that_has_not_left_yet() {
    let mut stream = stream();
    assert_eq!(stream.write(b"unsent"), Ok(6));
    assert_eq!(stream.finish(), Ok(()));
    let news = stream.on_message(Timestamp::ZERO, &flag(Flag::StopSending));
    assert_eq!(news.finished, Some(false));
    assert_eq!(stream.write(b"more"), Err(WriteError::Stopped));
}

/// Whoever stopped reading has come to the end that it chose, whatever the peer does afterwards.
#[test]
fn what_we_stopped_reading_is_finished() {
    let mut out = [0; 8];
    let mut stream = stream();
    stream.on_message(Timestamp::ZERO, &encode(Message { flag: None, payload: b"unread" }));
    stream.stop_reading(Timestamp::ZERO);
    assert_eq!(stream.read(&mut out), Read::Finished);
    stream.on_message(Timestamp::ZERO, &flag(Flag::Reset));
    assert_eq!(stream.read(&mut out), Read::Finished);
    let mut late = self::stream();
    late.on_message(Timestamp::ZERO, &flag(Flag::Reset));
    late.stop_reading(Timestamp::ZERO);
    assert_eq!(late.read(&mut out), Read::Reset, "there was nothing left to stop");
}

/// A task that reads must not take what another task has reset for the whole.
#[test]
fn a_reset_that_drops_what_was_finished_is_no_good_end() {
    let mut out = [0; 3];
    for rest in [b"".as_slice(), b"unread"] {
        let mut stream = stream();
        let now = Timestamp::ZERO;
        let payload = [b"out".as_slice(), rest].concat();
        stream.on_message(now, &encode(Message { flag: Some(Flag::Fin), payload: &payload }));
        assert_eq!(stream.read(&mut out), Read::Bytes(3));
        stream.reset(now);
        let end = if rest.is_empty() { Read::Finished } else { Read::Reset };
        assert_eq!(stream.read(&mut out), end);
    }
}

#[test]
fn a_channel_closed_under_a_half_that_nobody_reads_is_no_reset() {
    for acknowledged in [true, false] {
        let mut stream = stream();
        let now = Timestamp::ZERO;
        stream.stop_reading(now);
        assert_eq!(stream.finish(), Ok(()));
        while stream.next_message(now).0.is_some() {}
        if acknowledged {
            assert_eq!(stream.on_message(now, &flag(Flag::FinAck)).finished, Some(true));
        }
        assert_eq!(stream.on_channel_closed(now).closed, Some(StreamEnd::Finished));
    }
}

#[test]
fn fin_ack_is_sent_at_once_or_when_all_is_said() {
    let now = Timestamp::ZERO;
    let sent = |stream: &mut Stream| stream.next_message(now).0;
    let answer = encode(Message { flag: None, payload: b"answer" });
    for holds in [false, true] {
        let mut stream = self::stream();
        stream.holds_flags = holds;
        stream.on_message(now, &flag(Flag::Fin));
        if !holds {
            assert_eq!(sent(&mut stream), Some(flag(Flag::FinAck)));
        }
        assert_eq!(sent(&mut stream), None);
        stream.write(b"answer").unwrap();
        stream.finish().unwrap();
        assert_eq!(sent(&mut stream), Some(answer.clone()));
        assert_eq!(sent(&mut stream), Some(flag(Flag::Fin)));
        if holds {
            assert_eq!(sent(&mut stream), Some(flag(Flag::FinAck)));
        }
        assert_eq!(sent(&mut stream), None);
    }
}

/// As whoever drops a stream does that it has closed: the driver asks the peer to stop before all is sent.
#[test]
fn a_wish_to_read_no_more_is_sent_at_once_or_behind_the_last_byte() {
    let now = Timestamp::ZERO;
    for holds in [false, true] {
        let mut stream = self::stream();
        stream.holds_flags = holds;
        stream.write(b"all").unwrap();
        stream.finish().unwrap();
        stream.stop_reading(now);
        let sent: Vec<_> = core::iter::from_fn(|| stream.next_message(now).0).collect();
        let data = encode(Message { flag: None, payload: b"all" });
        let (stop, fin) = (flag(Flag::StopSending), flag(Flag::Fin));
        assert_eq!(sent, if holds { [data, fin, stop] } else { [stop, data, fin] });
    }
    // Of a stream that is reset nothing is left to be said.
    let mut stream = self::stream();
    stream.holds_flags = true;
    stream.stop_reading(now);
    assert_eq!(stream.next_message(now).0, None);
    stream.reset(now);
    assert_eq!(stream.next_message(now).0, Some(flag(Flag::Reset)));
    assert_eq!(stream.next_message(now).0, None);
}

#[test]
fn a_little_payload_does_not_hold_a_large_message() {
    let mut stream = stream();
    // A field that nobody knows (3, bytes) of 100 000 bytes, then one byte of payload.
    let mut frame = vec![0xa0 + 7, 0x8d, 0x06, 0x1a, 0xa0, 0x8d, 0x06];
    frame.resize(frame.len() + 100_000, 0);
    frame.extend([0x12, 1, b'x']);
    let message = Bytes::from(frame);
    assert!(stream.on_message(Timestamp::ZERO, &message).readable);
    assert!(message.is_unique(), "nothing holds on to the message");
    assert_eq!(stream.unread(), 1 + PIECE_OVERHEAD);
    let mut out = [0; 8];
    assert_eq!(stream.read(&mut out), Read::Bytes(1));
    assert_eq!(stream.unread(), 0);
}

#[test]
fn what_came_before_the_peer_was_known_is_told_later() {
    let mut stream = stream();
    assert_eq!(stream.missed(), News::default());
    let payload = encode(Message { flag: None, payload: b"early" });
    stream.on_message(Timestamp::ZERO, &payload);
    assert!(stream.missed().readable);
    stream.on_message(Timestamp::ZERO, &flag(Flag::Reset));
    assert_eq!(stream.missed().closed, Some(StreamEnd::ResetByPeer));
}

#[test]
fn no_more_is_taken_than_may_wait_and_half_of_it_is_told() {
    let max = 10 * PAYLOAD_LEN;
    let mut stream = Stream::new(2, true, 1 << 20, max, Span::none());
    let mut blocks = Blocks::default();
    blocks.write(&vec![7; max + 1]);
    assert_eq!(stream.spare(), Some(max / 2));
    assert_eq!(stream.write_blocks(&mut blocks), Ok(()));
    assert_eq!((stream.unsent(), blocks.len(), stream.spare()), (max, 1, None));
    let told: Vec<_> = (0..10).map(|_| stream.next_message(Timestamp::ZERO).1.writable).collect();
    assert_eq!(told.iter().position(|it| *it), Some(4), "{told:?}");
    assert_eq!(told.iter().filter(|it| **it).count(), 1, "{told:?}");
    assert_eq!(stream.next_message(Timestamp::ZERO).0, None);

    let mut narrow = Stream::new(2, true, 1 << 20, 2, Span::none());
    let mut blocks = Blocks::default();
    blocks.write(b"abc");
    assert_eq!(narrow.write_blocks(&mut blocks), Ok(()));
    assert_eq!((narrow.unsent(), blocks.len()), (2, 1), "a block is cut that could never be taken");
    assert!(narrow.next_message(Timestamp::ZERO).1.writable);
}
