//! A stream that does what a script says.

use core::task::Waker;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::vec;

use super::*;

/// What the stream does, and what was done to it.
#[derive(Clone, Default)]
pub(in crate::driver) struct Scripted(Arc<Mutex<State>>);

#[derive(Default)]
pub(in crate::driver) struct State {
    /// What reads find; pending when there is nothing.
    pub(in crate::driver) reads: VecDeque<io::Result<Vec<u8>>>,
    /// How many bytes writes take; an error if so.
    room: Option<usize>,
    pub(in crate::driver) written: Vec<u8>,
    /// Flushing and closing wait.
    halts: bool,
    flushed: usize,
    closed: bool,
    pub(in crate::driver) dropped: bool,
}

impl Scripted {
    /// A stream that takes so many bytes, and what becomes of it.
    pub(in crate::driver) fn taking(room: Option<usize>) -> (Self, Arc<Mutex<State>>) {
        let stream = Self::default();
        let state = stream.0.clone();
        state.lock().unwrap().room = room;
        (stream, state)
    }
}

impl AsyncRead for Scripted {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        out: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match self.0.lock().unwrap().reads.pop_front() {
            Some(Ok(bytes)) => {
                out[..bytes.len()].copy_from_slice(&bytes);
                Poll::Ready(Ok(bytes.len()))
            }
            Some(Err(error)) => Poll::Ready(Err(error)),
            None => Poll::Pending,
        }
    }
}

impl AsyncWrite for Scripted {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.0.lock().unwrap();
        let Some(room) = state.room else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        let n = room.min(bytes.len());
        if n == 0 {
            return Poll::Pending;
        }
        state.written.extend_from_slice(&bytes[..n]);
        state.room = Some(room - n);
        Poll::Ready(Ok(n))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.lock().unwrap();
        if state.halts {
            return Poll::Pending;
        }
        state.flushed = state.written.len();
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.lock().unwrap();
        if state.halts {
            return Poll::Pending;
        }
        state.closed = true;
        Poll::Ready(Ok(()))
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.0.lock().unwrap().dropped = true;
    }
}

/// A talk over a stream that takes so many bytes, and the other handle of the stream.
fn talk(room: Option<usize>) -> (Talk, Arc<Mutex<State>>) {
    let (stream, state) = Scripted::taking(room);
    (Talk::new(stream), state)
}

fn hear(talk: &mut Talk) -> Poll<Came> {
    talk.poll_hear(&mut Context::from_waker(Waker::noop()), &mut [0; 8])
}

fn is_ready(talk: &mut Talk) -> bool {
    talk.poll_say(&mut Context::from_waker(Waker::noop())).is_ready()
}

#[test]
fn one_message_waits_until_the_stream_takes_it() {
    let (mut talk, stream) = talk(Some(4));
    assert!(is_ready(&mut talk) && talk.is_said());
    talk.say(b"hello".to_vec());
    assert!(!talk.is_said());
    assert!(!is_ready(&mut talk), "it has room for four");
    assert_eq!(stream.lock().unwrap().written, b"hell");
    stream.lock().unwrap().room = Some(100);
    assert!(is_ready(&mut talk) && talk.is_said());
    assert_eq!(stream.lock().unwrap().written, b"hello");
    assert_eq!(stream.lock().unwrap().flushed, 5, "nobody else flushes it");
}

#[test]
fn what_is_said_does_not_wait_for_flushes_and_the_end_does() {
    let (mut talk, stream) = talk(Some(100));
    stream.lock().unwrap().halts = true;
    talk.say(b"one".to_vec());
    assert!(is_ready(&mut talk), "the next may be written");
    assert!(!talk.is_said(), "the first is not flushed");
    talk.say(b"two".to_vec());
    talk.close();
    assert!(!is_ready(&mut talk) && !talk.is_said());
    assert_eq!(stream.lock().unwrap().written, b"onetwo");
    stream.lock().unwrap().halts = false;
    assert!(is_ready(&mut talk) && talk.is_said());
    assert!(stream.lock().unwrap().closed && !stream.lock().unwrap().dropped);
    assert!(!is_ready(&mut talk), "nothing follows the end");
    drop(talk);
    assert!(stream.lock().unwrap().dropped);
}

#[test]
fn the_end_of_the_peers_half_is_heard_once() {
    let (mut talk, stream) = talk(Some(100));
    stream.lock().unwrap().reads = [Ok(vec![1, 2]), Ok(vec![])].into();
    assert_eq!(hear(&mut talk), Poll::Ready(Came::Bytes(2)));
    assert_eq!(hear(&mut talk), Poll::Ready(Came::End));
    assert_eq!(hear(&mut talk), Poll::Pending);
    stream.lock().unwrap().reads = [Ok(vec![3])].into();
    assert_eq!(hear(&mut talk), Poll::Pending, "there is nothing behind an end");
    talk.say(b"hello".to_vec());
    assert!(is_ready(&mut talk), "our half goes on");
}

#[test]
fn a_stream_that_fails_is_reset() {
    let (mut talk, stream) = talk(Some(100));
    stream.lock().unwrap().reads = [Err(io::ErrorKind::ConnectionReset.into())].into();
    assert_eq!(hear(&mut talk), Poll::Ready(Came::Reset));
}

/// A peer that said all and went has said it, though we cannot answer any more.
#[test]
fn what_came_before_writing_failed_is_heard() {
    let (mut talk, stream) = talk(None);
    talk.say(b"hello".to_vec());
    assert!(!is_ready(&mut talk) && talk.is_said());
    stream.lock().unwrap().reads = [Ok(vec![1]), Ok(vec![])].into();
    assert_eq!(hear(&mut talk), Poll::Ready(Came::Bytes(1)));
    assert_eq!(hear(&mut talk), Poll::Ready(Came::End));
    assert_eq!(hear(&mut talk), Poll::Ready(Came::Reset));
}
