use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll};
use std::task::Wake;
use std::vec::Vec;

use bytes::Bytes;

use super::*;
use crate::driver::mail::Mailbox;
use crate::rtc::entropy::Entropy;

/// A pipe of an open stream, the box its letters go to, and a task that counts how often it is woken.
struct Bench {
    pipe: Arc<Pipe>,
    mail: Mailbox,
    task: Arc<Task>,
}

#[derive(Default)]
struct Task(AtomicUsize);

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Bench {
    fn new() -> Self {
        Self { pipe: Pipe::accepted(ID), mail: Mailbox::default(), task: Arc::default() }
    }

    fn read(&self, out: &mut [u8]) -> Poll<io::Result<usize>> {
        let waker = Waker::from(self.task.clone());
        self.pipe.poll_read(&mut Context::from_waker(&waker), &self.mail, out)
    }

    fn write(&self, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let waker = Waker::from(self.task.clone());
        self.pipe.poll_write(&mut Context::from_waker(&waker), &self.mail, bytes)
    }

    fn flush(&self) -> Poll<io::Result<()>> {
        Poll::Ready(self.pipe.flush())
    }

    fn close(&self) -> Poll<io::Result<()>> {
        let waker = Waker::from(self.task.clone());
        self.pipe.poll_close(&mut Context::from_waker(&waker), &self.mail)
    }

    fn letters(&self) -> usize {
        let mut letters = Vec::new();
        self.mail.take(&mut letters);
        letters.len()
    }

    fn woken(&self) -> usize {
        self.task.0.swap(0, Ordering::SeqCst)
    }

    fn wanted(&self) -> bool {
        match self.pipe.attend() {
            Attention::Serve { wanted, .. } => wanted,
            other => panic!("the stream is open, not {other:?}"),
        }
    }

    fn dropped(&self) -> Option<Dropped> {
        match self.pipe.attend() {
            Attention::Serve { dropped, .. } => dropped,
            other => panic!("the stream is open, not {other:?}"),
        }
    }
}

const ID: StreamId = StreamId { connection: ConnectionId(1), channel: 2, serial: 3 };

fn pieces(of: &[&'static [u8]]) -> Pieces {
    let mut pieces = Pieces::default();
    of.iter().for_each(|piece| pieces.push(Bytes::from_static(piece)));
    pieces
}

fn below(entropy: &mut Entropy, n: u64) -> usize {
    (entropy.next_u64() % n) as usize
}

fn kind<T: core::fmt::Debug>(poll: Poll<io::Result<T>>) -> io::ErrorKind {
    match poll {
        Poll::Ready(Err(error)) => error.kind(),
        other => panic!("an error was expected, not {other:?}"),
    }
}

fn ready<T>(poll: Poll<io::Result<T>>) -> T {
    match poll {
        Poll::Ready(Ok(value)) => value,
        Poll::Ready(Err(error)) => panic!("{error}"),
        Poll::Pending => panic!("it is pending"),
    }
}

#[test]
fn many_writes_are_one_letter_and_arrive_in_order() {
    let bench = Bench::new();
    for bytes in [&b"one "[..], b"two ", b"three"] {
        assert_eq!(ready(bench.write(bytes)), bytes.len());
    }
    assert_eq!(bench.letters(), 1);
    bench.pipe.attend();
    let mut sent = Blocks::default();
    assert_eq!(bench.pipe.take(&mut sent, Some(0)), Taken::Bytes);
    assert_eq!(sent.len(), b"one two three".len());
    assert_eq!(bench.pipe.take(&mut sent, Some(0)), Taken::Nothing);
    ready(bench.write(b"more"));
    assert_eq!(bench.letters(), 1);
}

#[test]
fn a_full_pipe_makes_the_writer_wait_and_wakes_it_when_there_is_room() {
    let bench = Bench::new();
    let bytes = std::vec![7; PIPE_BYTES + 1];
    assert_eq!(ready(bench.write(&bytes)), PIPE_BYTES);
    assert!(bench.write(b"x").is_pending());
    assert_eq!(bench.woken(), 0);
    bench.pipe.take(&mut Blocks::default(), Some(PIPE_BYTES));
    assert_eq!(bench.woken(), 1);
    assert_eq!(ready(bench.write(b"x")), 1);
}

#[test]
fn whoever_writes_and_reads_the_answer_is_woken_for_the_answer_alone() {
    let bench = Bench::new();
    ready(bench.write(b"x"));
    ready(bench.flush());
    assert!(bench.read(&mut [0]).is_pending());
    let mut sent = Blocks::default();
    assert_eq!(bench.pipe.take(&mut sent, Some(0)), Taken::Bytes);
    assert_eq!(bench.pipe.take(&mut sent, Some(0)), Taken::Nothing);
    assert_eq!(bench.woken(), 0);
    assert!(bench.pipe.readable());
    bench.pipe.deliver(pieces(&[b"y"]), After::Empty);
    assert_eq!(bench.woken(), 1);
}

#[test]
fn closing_sends_everything_first_and_waits_for_the_peer() {
    let bench = Bench::new();
    ready(bench.write(b"x"));
    assert!(bench.close().is_pending());
    assert_eq!(bench.letters(), 1);
    assert_eq!(kind(bench.write(b"y")), io::ErrorKind::BrokenPipe);
    let mut sent = Blocks::default();
    assert_eq!(bench.pipe.take(&mut sent, Some(0)), Taken::Bytes);
    assert_eq!(bench.pipe.take(&mut sent, Some(0)), Taken::Finish);
    assert!(bench.close().is_pending());
    bench.woken();
    bench.pipe.finished();
    assert_eq!(bench.woken(), 1);
    ready(bench.close());
    ready(bench.close());
}

#[test]
fn a_stream_that_nobody_reads_is_left_to_the_endpoint() {
    let bench = Bench::new();
    assert!(!bench.pipe.readable());
    let mut out = [0; 4];
    assert!(bench.read(&mut out).is_pending());
    assert_eq!(bench.letters(), 1);
    assert!(bench.wanted());
    bench.pipe.deliver(pieces(&[b"abcdef"]), After::Empty);
    assert_eq!(bench.woken(), 1);
    assert!(!bench.pipe.readable(), "there is enough to read");
    assert_eq!(ready(bench.read(&mut out)), 4);
    assert_eq!(bench.letters(), 0);
    assert_eq!(ready(bench.read(&mut out)), 2);
    assert_eq!(&out[..2], b"ef");
    assert_eq!(bench.letters(), 1, "what came meanwhile is fetched");
    assert!(bench.wanted());
}

#[test]
fn a_waiting_reader_asks_once_and_gets_what_comes_next_at_once() {
    let bench = Bench::new();
    let mut out = [0; 4];
    for _ in 0..3 {
        assert!(bench.read(&mut out).is_pending());
    }
    assert_eq!(bench.letters(), 0, "the endpoint has said that it has nothing");
    assert!(bench.pipe.readable());
    bench.pipe.deliver(pieces(&[b"ab"]), After::Empty);
    assert_eq!(bench.woken(), 1);
    assert_eq!(ready(bench.read(&mut out)), 2);
    assert!(bench.pipe.readable());
    bench.pipe.deliver(Pieces::default(), After::Empty);
    assert!(bench.pipe.readable(), "nothing came, so it is still wanted");
}

#[test]
fn the_end_comes_after_the_bytes() {
    for (after, end) in [(After::Finished, None), (After::Reset, Some(StreamEnd::ResetByPeer))] {
        let bench = Bench::new();
        let mut out = [0; 4];
        assert!(bench.read(&mut out).is_pending());
        if let Some(end) = end {
            bench.pipe.ended(end);
        }
        bench.pipe.deliver(pieces(&[b"ab"]), after);
        assert_eq!(ready(bench.read(&mut out)), 2);
        match end {
            None => assert_eq!(ready(bench.read(&mut out)), 0),
            Some(_) => assert_eq!(kind(bench.read(&mut out)), io::ErrorKind::ConnectionReset),
        }
        assert!(!bench.pipe.readable(), "after the end nothing is wanted");
    }
}

/// The endpoint's stream is reset before the event arrives that says why: perhaps by the peer, perhaps
/// because the connection is over.
#[test]
fn a_reset_waits_for_its_reason() {
    for (end, expected) in [
        (StreamEnd::ResetByPeer, io::ErrorKind::ConnectionReset),
        (StreamEnd::ConnectionClosed, io::ErrorKind::ConnectionAborted),
    ] {
        let bench = Bench::new();
        ready(bench.write(&std::vec![7; PIPE_BYTES]));
        assert!(bench.read(&mut [0]).is_pending());
        bench.pipe.write_failed(WriteError::Reset);
        assert!(bench.pipe.readable());
        bench.pipe.deliver(Pieces::default(), After::Reset);
        assert!(bench.read(&mut [0]).is_pending());
        assert!(bench.write(b"x").is_pending());
        bench.woken();

        bench.pipe.ended(end);
        assert!(bench.pipe.readable(), "it is still wanted");
        bench.pipe.deliver(Pieces::default(), After::Reset);
        assert_eq!(bench.woken(), 2, "reader and writer");
        assert_eq!(kind(bench.read(&mut [0])), expected);
        assert_eq!(kind(bench.flush()), expected);
        assert_eq!(kind(bench.write(b"y")), expected);
    }
}

#[test]
fn a_reader_without_room_is_not_told_of_an_end() {
    let bench = Bench::new();
    assert_eq!(ready(bench.read(&mut [])), 0);
    assert_eq!(bench.letters(), 0);
}

#[test]
fn a_peer_that_stops_reading_breaks_the_pipe_for_all_writers() {
    let bench = Bench::new();
    ready(bench.write(&std::vec![7; PIPE_BYTES]));
    assert!(bench.write(b"x").is_pending());
    bench.pipe.write_failed(WriteError::Stopped);
    assert_eq!(bench.woken(), 1);
    assert_eq!(kind(bench.flush()), io::ErrorKind::BrokenPipe);
    assert_eq!(kind(bench.write(b"y")), io::ErrorKind::BrokenPipe);
    assert_eq!(kind(bench.close()), io::ErrorKind::BrokenPipe);
    assert!(bench.read(&mut [0]).is_pending(), "the other direction goes on");
}

#[test]
fn a_local_reset_ends_both_directions_at_once() {
    let bench = Bench::new();
    ready(bench.write(b"x"));
    bench.pipe.reset(&bench.mail);
    bench.pipe.reset(&bench.mail);
    assert_eq!(bench.letters(), 1);
    let Attention::Serve { reset, dropped, .. } = bench.pipe.attend() else { panic!() };
    assert!(reset && dropped.is_none());
    let Attention::Serve { reset, .. } = bench.pipe.attend() else { panic!() };
    assert!(!reset, "a wish is told once");
    assert_eq!(kind(bench.read(&mut [0])), io::ErrorKind::ConnectionAborted);
    assert_eq!(kind(bench.write(b"y")), io::ErrorKind::ConnectionAborted);
    assert_eq!(kind(bench.close()), io::ErrorKind::ConnectionAborted);
    assert_eq!(bench.pipe.take(&mut Blocks::default(), Some(0)), Taken::Nothing);
}

#[test]
fn whoever_stops_reading_finds_the_end() {
    let bench = Bench::new();
    assert!(bench.read(&mut [0]).is_pending());
    assert!(bench.pipe.readable());
    bench.pipe.deliver(pieces(&[b"ab"]), After::More);
    bench.pipe.stop_reading(&bench.mail);
    assert_eq!(bench.letters(), 1);
    assert_eq!(ready(bench.read(&mut [0])), 0);
    bench.pipe.deliver(pieces(&[b"cd"]), After::Empty);
    assert_eq!(ready(bench.read(&mut [0])), 0);
    ready(bench.write(b"x"));
}

#[test]
fn a_dropped_handle_says_how_it_was_left() {
    let open = Bench::new();
    open.pipe.leave(&open.mail);
    assert_eq!(open.letters(), 1);
    assert_eq!(open.dropped(), Some(Dropped::Done));

    let midway = Bench::new();
    ready(midway.write(b"x"));
    midway.pipe.leave(&midway.mail);
    assert_eq!(midway.dropped(), Some(Dropped::Midway));

    let closing = Bench::new();
    ready(closing.write(b"x"));
    assert!(closing.close().is_pending());
    closing.pipe.leave(&closing.mail);
    assert_eq!(closing.dropped(), Some(Dropped::Closing));

    let closed = Bench::new();
    assert!(closed.close().is_pending());
    closed.pipe.finished();
    closed.pipe.leave(&closed.mail);
    assert_eq!(closed.dropped(), Some(Dropped::Done));

    let reset = Bench::new();
    assert!(reset.close().is_pending());
    reset.pipe.reset(&reset.mail);
    reset.pipe.leave(&reset.mail);
    assert_eq!(reset.dropped(), Some(Dropped::Done));
}

#[test]
fn an_opening_stream_that_is_given_up_is_never_opened() {
    let mail = Mailbox::default();
    let pipe = Pipe::asking(ConnectionId(1), Patience::None);
    assert!(pipe.ask_first(&mail));
    let mut context = Context::from_waker(Waker::noop());
    assert!(pipe.poll_opened(&mut context).is_pending());
    pipe.leave(&mail);
    let mut letters = Vec::new();
    mail.take(&mut letters);
    assert_eq!(letters.len(), 1, "one letter says it all");
    assert_eq!(pipe.attend(), Attention::Gone);
}

#[test]
fn an_opening_stream_hears_how_it_went() {
    let mut context = Context::from_waker(Waker::noop());
    let pipe = Pipe::asking(ConnectionId(1), Patience::None);
    assert_eq!(
        pipe.attend(),
        Attention::Open { connection: ConnectionId(1), patience: Patience::None }
    );
    pipe.opened(Ok(ID));
    assert!(matches!(pipe.poll_opened(&mut context), Poll::Ready(Ok(()))));
    assert_eq!(pipe.id(), Some(ID));

    let pipe = Pipe::asking(ConnectionId(1), Patience::None);
    pipe.opened(Err(OpenError::TooManyStreams));
    let opened = pipe.poll_opened(&mut context);
    assert!(matches!(opened, Poll::Ready(Err(OpenError::TooManyStreams))));
}

#[test]
fn without_a_driver_nobody_waits() {
    let bench = Bench::new();
    assert!(bench.read(&mut [0]).is_pending());
    assert!(bench.close().is_pending());
    bench.mail.close();
    bench.pipe.abandon();
    assert_eq!(bench.woken(), 2);
    assert_eq!(kind(bench.read(&mut [0])), io::ErrorKind::ConnectionAborted);
    assert_eq!(kind(bench.close()), io::ErrorKind::ConnectionAborted);

    let opening = Pipe::asking(ConnectionId(1), Patience::None);
    opening.abandon();
    let mut context = Context::from_waker(Waker::noop());
    assert!(matches!(opening.poll_opened(&mut context), Poll::Ready(Err(OpenError::Closed))));
}

#[test]
fn what_comes_in_pieces_is_read_in_any_lengths() {
    for seed in 0..50 {
        let mut entropy = Entropy::new([seed; 32]);
        let bench = Bench::new();
        let (mut came, mut read) = (Vec::new(), Vec::new());
        while read.len() < 100_000 {
            let mut out = std::vec![0; 1 + below(&mut entropy, 5000)];
            match bench.read(&mut out) {
                Poll::Ready(len) => read.extend_from_slice(&out[..len.unwrap()]),
                Poll::Pending => {
                    assert_eq!(read, came, "seed {seed}");
                    assert!(bench.pipe.readable());
                    let mut pieces = Pieces::default();
                    for _ in 0..1 + below(&mut entropy, 5) {
                        let mut piece = std::vec![0; 1 + below(&mut entropy, 4000)];
                        entropy.fill(&mut piece);
                        came.extend_from_slice(&piece);
                        pieces.push(piece.into());
                    }
                    bench.pipe.deliver(pieces, After::Empty);
                }
            }
        }
        assert_eq!(read[..], came[..read.len()], "seed {seed}");
    }
}

#[test]
fn what_fills_no_frame_waits_for_more_while_the_path_is_busy() {
    let bench = Bench::new();
    let mut sent = Blocks::default();
    ready(bench.write(b"x"));
    assert_eq!(bench.pipe.take(&mut sent, None), Taken::Nothing);
    ready(bench.write(&std::vec![7; PIPE_BYTES - 1]));
    assert!(bench.write(b"y").is_pending());
    assert_eq!(bench.pipe.take(&mut sent, None), Taken::Bytes);
    let full = sent.len();
    assert!(full > PIPE_BYTES - 4096 && full < PIPE_BYTES, "whole frames: {full}");
    assert_eq!(bench.pipe.take(&mut sent, Some(0)), Taken::Bytes);
    assert_eq!(full + sent.len(), PIPE_BYTES);
    assert_eq!(bench.pipe.take(&mut sent, Some(0)), Taken::Nothing);

    ready(bench.write(b"last"));
    assert!(bench.close().is_pending());
    assert_eq!(bench.pipe.take(&mut sent, None), Taken::Bytes, "nothing more will come");
    assert_eq!(bench.pipe.take(&mut sent, None), Taken::Finish);
}
