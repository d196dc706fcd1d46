//! A relay: streams of relayed connections, as the nodes on both sides have them.
//!
//! What is written arrives a while later and in order, and so do the end of a half, and a reset, which a stream that
//! is dropped open comes to. The relay takes no more than its window until it hears of reading, and may go in the
//! midst of it all. It stands in the [world](crate::world) behind the nodes that it serves, as a node of its own that
//! no datagram is for: so the world knows when something arrives.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind};
use std::mem;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use floe_core::time::Timestamp;
use futures::io::{AsyncRead, AsyncWrite};

use crate::net::Packet;
use crate::node::Node;

/// A relay.
pub struct Relay {
    latency: Duration,
    window: usize,
    streams: Vec<Shared>,
}

/// One side's end of a relayed stream.
pub struct End {
    shared: Shared,
    side: usize,
}

type Shared = Arc<Mutex<Stream>>;

#[derive(Debug)]
struct Stream {
    /// What each side writes.
    lanes: [Lane; 2],
    /// Which sides know that the stream is reset.
    is_reset: [bool; 2],
    window: usize,
    /// Bytes that were written by either side.
    carried: usize,
}

/// One direction.
#[derive(Debug, Default)]
struct Lane {
    /// What was written since the relay looked.
    written: Vec<Item>,
    under_way: VecDeque<(Timestamp, Item)>,
    /// What may be read.
    arrived: VecDeque<u8>,
    /// Bytes that were read since the relay looked, and those that the writer will hear of.
    read: usize,
    credits: VecDeque<(Timestamp, usize)>,
    /// Bytes that the writer takes for not read.
    unread: usize,
    is_closed: bool,
    has_ended: bool,
    writer: Option<Waker>,
    reader: Option<Waker>,
}

#[derive(Debug)]
enum Item {
    Bytes(Vec<u8>),
    End,
    Reset,
}

impl Relay {
    /// A relay that has everything arrive `latency` later, which is not zero.
    pub fn new(latency: Duration) -> Self {
        assert!(latency > Duration::ZERO, "light takes its time");
        Self { latency, window: 64 * 1024, streams: Vec::new() }
    }

    /// The same, taking so many bytes of each direction that nobody has read.
    #[must_use]
    pub fn with_window(mut self, window: usize) -> Self {
        self.window = window;
        self
    }

    /// A new stream.
    pub fn stream(&mut self) -> (End, End) {
        let lanes = [Lane::default(), Lane::default()];
        let stream = Stream { lanes, is_reset: [false; 2], window: self.window, carried: 0 };
        let shared = Arc::new(Mutex::new(stream));
        self.streams.push(shared.clone());
        (End { shared: shared.clone(), side: 0 }, End { shared, side: 1 })
    }

    /// The relay goes: all streams are over on both sides.
    pub fn cut(&mut self) {
        for shared in self.streams.drain(..) {
            let woken = {
                let mut stream = lock(&shared);
                stream.is_reset = [true; 2];
                stream.lanes.iter_mut().for_each(|lane| lane.under_way.clear());
                stream.wakers()
            };
            woken.into_iter().for_each(Waker::wake);
        }
    }

    /// Bytes that it was given.
    pub fn carried(&self) -> usize {
        self.streams.iter().map(|shared| lock(shared).carried).sum()
    }
}

impl Stream {
    fn wakers(&mut self) -> Vec<Waker> {
        let wakers = |lane: &mut Lane| [lane.writer.take(), lane.reader.take()];
        self.lanes.iter_mut().flat_map(wakers).flatten().collect()
    }

    /// Sends off what was written, and has arrive what is due; says whether anything did, and what is due next.
    fn carry(&mut self, now: Timestamp, latency: Duration) -> (bool, Option<Timestamp>) {
        let mut has_arrived = false;
        for side in 0..2 {
            let lane = &mut self.lanes[side];
            let written = mem::take(&mut lane.written);
            lane.under_way.extend(written.into_iter().map(|item| (now + latency, item)));
            let read = Some(mem::take(&mut lane.read)).filter(|read| *read > 0);
            lane.credits.extend(read.map(|read| (now + latency, read)));
            while lane.credits.front().is_some_and(|(at, _)| *at <= now) {
                let Some((_, read)) = lane.credits.pop_front() else { break };
                has_arrived = true;
                lane.unread -= read;
            }
            while lane.under_way.front().is_some_and(|(at, _)| *at <= now) {
                let Some((_, item)) = lane.under_way.pop_front() else { break };
                has_arrived = true;
                match item {
                    Item::Bytes(bytes) => lane.arrived.extend(bytes),
                    Item::End => lane.has_ended = true,
                    Item::Reset => self.is_reset[1 - side] = true,
                }
            }
        }
        let next = self.lanes.iter().flat_map(Lane::due).min();
        (has_arrived, next)
    }
}

impl Lane {
    fn due(&self) -> impl Iterator<Item = Timestamp> {
        let item = self.under_way.front().map(|(at, _)| *at);
        item.into_iter().chain(self.credits.front().map(|(at, _)| *at))
    }
}

impl Node for Relay {
    fn addr(&self) -> SocketAddr {
        NOWHERE
    }

    fn handle_packet(&mut self, _: Timestamp, packet: &Packet) {
        panic!("a relay is no place for datagrams: {packet:?}");
    }

    fn handle_timeout(&mut self, _: Timestamp) {
        // Draining has arrive what is due.
    }

    fn drain(&mut self, now: Timestamp, _: &mut dyn FnMut(Packet)) -> Option<Timestamp> {
        let mut next = Vec::new();
        for shared in &self.streams {
            let woken = {
                let mut stream = lock(shared);
                let (has_arrived, due) = stream.carry(now, self.latency);
                next.extend(due);
                if has_arrived { stream.wakers() } else { Vec::new() }
            };
            woken.into_iter().for_each(Waker::wake);
        }
        next.into_iter().min()
    }
}

impl AsyncRead for End {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut stream = lock(&self.shared);
        let is_reset = stream.is_reset[self.side];
        let lane = &mut stream.lanes[1 - self.side];
        let n = lane.arrived.len().min(out.len());
        if n > 0 {
            out.iter_mut().zip(lane.arrived.drain(..n)).for_each(|(to, byte)| *to = byte);
            lane.read += n;
            return Poll::Ready(Ok(n));
        }
        if is_reset {
            return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
        }
        if lane.has_ended {
            return Poll::Ready(Ok(0));
        }
        lane.reader = Some(context.waker().clone());
        Poll::Pending
    }
}

impl AsyncWrite for End {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut stream = lock(&self.shared);
        if stream.is_reset[self.side] {
            return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
        }
        let window = stream.window;
        let lane = &mut stream.lanes[self.side];
        if lane.is_closed {
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        }
        let n = bytes.len().min(window - lane.unread);
        if n == 0 && !bytes.is_empty() {
            lane.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        lane.written.push(Item::Bytes(bytes[..n].to_vec()));
        lane.unread += n;
        stream.carried += n;
        Poll::Ready(Ok(n))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut stream = lock(&self.shared);
        if stream.is_reset[self.side] {
            return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
        }
        let lane = &mut stream.lanes[self.side];
        if !mem::replace(&mut lane.is_closed, true) {
            lane.written.push(Item::End);
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let mut stream = lock(&self.shared);
        let is_over = stream.lanes[self.side].is_closed && stream.lanes[1 - self.side].has_ended;
        if !is_over && !stream.is_reset[self.side] {
            stream.lanes[self.side].written.push(Item::Reset);
        }
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("streams", &self.streams.len()).finish_non_exhaustive()
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, Stream> {
    shared.lock().expect("nobody panics with a stream in hand")
}

/// Nobody sends a datagram here.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 254)), 1);

#[cfg(test)]
mod tests {
    use futures::{AsyncReadExt, AsyncWriteExt, FutureExt};

    use super::*;

    const LATENCY: Duration = Duration::from_millis(50);

    fn at(relay: &mut Relay, millis: u64) -> Option<Timestamp> {
        relay.drain(Timestamp::from_millis(millis), &mut |_| {})
    }

    fn read(end: &mut End) -> Option<io::Result<Vec<u8>>> {
        let mut buffer = [0; 100];
        let read = end.read(&mut buffer).now_or_never()?;
        Some(read.map(|n| buffer[..n].to_vec()))
    }

    #[test]
    fn bytes_and_ends_arrive_later_and_in_order() {
        let mut relay = Relay::new(LATENCY);
        let (mut near, mut far) = relay.stream();
        near.write_all(b"hello").now_or_never().unwrap().unwrap();
        assert_eq!(at(&mut relay, 10), Some(Timestamp::from_millis(60)));
        near.close().now_or_never().unwrap().unwrap();
        at(&mut relay, 20);
        assert!(read(&mut far).is_none());
        at(&mut relay, 60);
        assert_eq!(read(&mut far).unwrap().unwrap(), b"hello");
        assert!(read(&mut far).is_none(), "the end is under way");
        let told = at(&mut relay, 70);
        assert_eq!(told, Some(Timestamp::from_millis(120)), "that there is room is under way");
        assert_eq!(read(&mut far).unwrap().unwrap(), b"");
        far.write_all(b"the other half goes on").now_or_never().unwrap().unwrap();
        assert_eq!(relay.carried(), 27);
    }

    #[test]
    fn a_stream_that_is_dropped_open_is_reset() {
        let mut relay = Relay::new(LATENCY);
        let (near, mut far) = relay.stream();
        drop(near);
        at(&mut relay, 0);
        assert!(read(&mut far).is_none());
        at(&mut relay, 50);
        assert_eq!(read(&mut far).unwrap().unwrap_err().kind(), ErrorKind::ConnectionReset);
        let written = far.write(b"x").now_or_never().unwrap();
        assert_eq!(written.unwrap_err().kind(), ErrorKind::ConnectionReset);
    }

    #[test]
    fn a_relay_that_goes_takes_all_with_it() {
        let mut relay = Relay::new(LATENCY);
        let (mut near, mut far) = relay.stream();
        near.write_all(b"lost").now_or_never().unwrap().unwrap();
        at(&mut relay, 0);
        relay.cut();
        assert_eq!(read(&mut far).unwrap().unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert_eq!(read(&mut near).unwrap().unwrap_err().kind(), ErrorKind::ConnectionReset);
    }

    #[test]
    fn no_more_is_taken_than_the_window() {
        let mut relay = Relay::new(LATENCY).with_window(3);
        let (mut near, mut far) = relay.stream();
        assert_eq!(near.write(b"hello").now_or_never().unwrap().unwrap(), 3);
        assert!(near.write(b"lo").now_or_never().is_none());
        at(&mut relay, 0);
        at(&mut relay, 50);
        assert_eq!(read(&mut far).unwrap().unwrap(), b"hel");
        at(&mut relay, 50);
        assert!(near.write(b"lo").now_or_never().is_none(), "it does not know yet");
        at(&mut relay, 100);
        assert_eq!(near.write(b"lo").now_or_never().unwrap().unwrap(), 2);
    }
}
