use core::fmt::Write as _;
use core::time::Duration;
use std::{format, string::String, vec::Vec};

use super::*;
use crate::testing::Dice;

const CAUSES: [Cause; 10] = [
    Cause::App(Wish::Finish),
    Cause::App(Wish::StopReading),
    Cause::App(Wish::Reset),
    Cause::Peer(Flag::Fin),
    Cause::Peer(Flag::FinAck),
    Cause::Peer(Flag::StopSending),
    Cause::Peer(Flag::Reset),
    Cause::Expired,
    Cause::ChannelClosed,
    Cause::ConnectionLost,
];

const START: Timestamp = Timestamp::from_millis(1_000);

/// Far enough behind [`START`] that every deadline has passed.
const LATER: Timestamp = Timestamp::from_millis(100_000);

/// Every state that can be reached, found by trying everything.
fn reachable() -> Vec<Lifecycle> {
    let mut found = Vec::from([Lifecycle::new()]);
    let mut at = 0;
    while at < found.len() {
        for cause in CAUSES {
            let mut next = found[at];
            // Deadlines count from START here, so that there are finitely many states.
            let now = if cause == Cause::Expired { LATER } else { START };
            let _ = next.on(now, cause);
            next.expires = next.awaits().map(|_| START + LAST_WORD_TIMEOUT);
            if !found.contains(&next) {
                found.push(next);
            }
        }
        at += 1;
    }
    found
}

fn table() -> String {
    let mut table = String::from(
        "# Every reachable state of a stream against every cause; `.` is no change.\n\
         # Written and compared by a test in core/src/stream/lifecycle/tests.rs.\n",
    );
    let found = reachable();
    for &write in WriteHalf::ALL {
        for &read in ReadHalf::ALL {
            let Some(state) = found.iter().find(|s| (s.write, s.read) == (write, read)) else {
                continue;
            };
            let over = if state.is_over() { ", over" } else { "" };
            writeln!(table, "\nwrite {write:?}, read {read:?}{over}").unwrap();
            for cause in CAUSES {
                let line = format!("  {:<20} {}", format!("{cause:?}"), row(*state, cause));
                writeln!(table, "{}", line.trim_end()).unwrap();
            }
        }
    }
    table
}

fn row(state: Lifecycle, cause: Cause) -> String {
    let mut next = state;
    let reply = match next.on(LATER, cause) {
        Ok(reply) => reply,
        Err(violation) => {
            assert_eq!(next, state, "a violation changes nothing");
            return format!("violation: {violation}");
        }
    };
    let half = |moved: bool, name: String| if moved { name } else { String::from(".") };
    let mut row = format!(
        "{:<8} {:<9}",
        half(next.write != state.write, format!("{:?}", next.write)),
        half(next.read != state.read, format!("{:?}", next.read)),
    );
    if let Some(flag) = reply.send {
        write!(row, " send {flag:?};").unwrap();
    }
    if reply.discard_inbound {
        row.push_str(" drop inbound;");
    }
    if reply.discard_outbound {
        row.push_str(" drop outbound;");
    }
    if reply.close_channel {
        row.push_str(" close channel;");
    }
    if let Some(flag) = next.awaits().filter(|_| next.expires != state.expires) {
        write!(row, " await {flag:?};").unwrap();
    }
    row
}

#[test]
fn the_table_is_as_committed() {
    let committed = include_str!("../table.txt");
    let table = table();
    if table != committed {
        let (line, (now, then)) = table
            .lines()
            .chain([""])
            .zip(committed.lines().chain([""]))
            .enumerate()
            .find(|(_, (now, then))| now != then)
            .unwrap_or((0, ("(more or fewer lines)", "")));
        std::eprintln!("{table}");
        panic!(
            "core/src/stream/table.txt differs from the code from line {} on:\n  \
             committed {then:?}\n  now       {now:?}\n\
             If the change is meant, put the table printed above into that file.",
            line + 1
        );
    }
}

#[test]
fn every_state_can_end_and_ends_once() {
    for seed in 0..2_000 {
        let mut dice = Dice(seed);
        let mut stream = Lifecycle::new();
        let mut now = START;
        let (mut closes, mut fins, mut acks) = (0, 0, 0);
        for _ in 0..30 {
            now = now + Duration::from_millis(dice.roll() % 8_000);
            let cause = CAUSES[dice.below(CAUSES.len())];
            let before = stream;
            let Ok(reply) = stream.on(now, cause) else {
                assert_eq!(stream, before, "seed {seed}");
                assert!(!matches!(cause, Cause::Peer(_)), "seed {seed}: a peer's flag failed");
                continue;
            };
            assert!(
                !before.is_over() || reply.send.is_none(),
                "seed {seed}: sent on a dead channel"
            );
            closes += usize::from(reply.close_channel);
            fins += usize::from(reply.send == Some(Flag::Fin));
            acks += usize::from(reply.send == Some(Flag::FinAck));
            assert_eq!(stream.deadline().is_some(), stream.awaits().is_some(), "seed {seed}");
            assert!(
                stream.deadline().is_none_or(|deadline| deadline.at <= now + LAST_WORD_TIMEOUT)
            );
            assert!(before.is_over() <= stream.is_over(), "seed {seed}: back from the dead");
        }
        assert!(closes <= 1 && fins <= 1 && acks <= 1, "seed {seed}");
    }
}

#[test]
fn a_deadline_is_kept_until_the_awaited_word_changes() {
    let mut stream = Lifecycle::new();
    let at = |seconds: u64| Timestamp::from_millis(1_000 * seconds);
    let _ = stream.on(at(1), Cause::App(Wish::Finish)).unwrap();
    assert_eq!(stream.deadline().unwrap().at, at(11));
    let _ = stream.on(at(3), Cause::App(Wish::StopReading)).unwrap();
    assert_eq!(stream.deadline().unwrap().at, at(11));
    let early = at(11) - Duration::from_nanos(1);
    assert_eq!(stream.on(early, Cause::Expired), Err(Violation::NotExpired));
    // FIN_ACK has come; now FIN is awaited, for another ten seconds.
    let _ = stream.on(at(5), Cause::Peer(Flag::FinAck)).unwrap();
    assert_eq!(stream.deadline().unwrap().at, at(15));
    assert_eq!(stream.deadline().unwrap().why, "FIN has not come after STOP_SENDING");
    assert!(stream.on(at(15), Cause::Expired).unwrap().close_channel);
    assert_eq!(stream.deadline(), None);
    assert_eq!(stream.on(at(60), Cause::Expired), Err(Violation::NotExpired));
}

#[test]
fn two_lifecycles_that_finish_both_close() {
    let (mut a, mut b) = (Lifecycle::new(), Lifecycle::new());
    let fin = a.on(START, Cause::App(Wish::Finish)).unwrap().send.unwrap();
    let ack = b.on(START, Cause::Peer(fin)).unwrap().send.unwrap();
    assert!(!a.on(START, Cause::Peer(ack)).unwrap().close_channel);
    let fin = b.on(START, Cause::App(Wish::Finish)).unwrap().send.unwrap();
    let reply = a.on(START, Cause::Peer(fin)).unwrap();
    assert_eq!((reply.send, reply.close_channel), (Some(Flag::FinAck), true));
    assert!(b.on(START, Cause::Peer(Flag::FinAck)).unwrap().close_channel);
    assert_eq!((a.write_half(), a.read_half()), (WriteHalf::Closed, ReadHalf::Finished));
    assert_eq!((b.write_half(), b.read_half()), (WriteHalf::Closed, ReadHalf::Finished));
}
