//! A stream in the hands of an application that reads and writes it only when it was woken.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::task::{Context, Poll, Waker};

use floe_core::driver::Stream;
use floe_core::rtc::Read;
use futures::io::{AsyncRead, AsyncWrite};

use super::bell::Bell;
use crate::chaos::peer::Broken;

/// A stream, and whether it is worth asking.
#[derive(Debug)]
pub(super) struct Held {
    stream: Stream,
    reader: Arc<Bell>,
    writer: Arc<Bell>,
}

impl Held {
    /// A stream that nobody has looked at yet; `woken` counts how often its bells ring.
    pub(super) fn new(stream: Stream, woken: &Arc<AtomicU64>) -> Self {
        let bell = || Arc::new(Bell::rung(woken.clone()));
        Self { stream, reader: bell(), writer: bell() }
    }

    /// Writes, if it was woken or cannot wait.
    pub(super) fn write(&mut self, bytes: &[u8], is_impatient: bool) -> Result<usize, Broken> {
        if !self.writer.has_rung() && !is_impatient {
            return Ok(0);
        }
        let waker = self.writer.silenced();
        let stream = Pin::new(&mut self.stream);
        match stream.poll_write(&mut Context::from_waker(&waker), bytes) {
            Poll::Ready(written) => {
                self.writer.ring_for_us();
                written.map_err(|_| Broken)
            }
            Poll::Pending => Ok(0),
        }
    }

    /// Reads, if it was woken or cannot wait.
    pub(super) fn read(&mut self, out: &mut [u8], is_impatient: bool) -> Read {
        if out.is_empty() || !self.reader.has_rung() && !is_impatient {
            return Read::Empty;
        }
        let waker = self.reader.silenced();
        let stream = Pin::new(&mut self.stream);
        let read = stream.poll_read(&mut Context::from_waker(&waker), out);
        if read.is_ready() {
            self.reader.ring_for_us();
        }
        match read {
            Poll::Ready(Ok(0)) => Read::Finished,
            Poll::Ready(Ok(n)) => Read::Bytes(n),
            Poll::Ready(Err(_)) => Read::Reset,
            Poll::Pending => Read::Empty,
        }
    }

    pub(super) fn finish(&mut self) -> Result<(), Broken> {
        // Whatever is written from now on fails at once.
        self.writer.ring_for_us();
        let waker = Waker::from(self.writer.clone());
        let stream = Pin::new(&mut self.stream);
        match stream.poll_close(&mut Context::from_waker(&waker)) {
            Poll::Ready(Err(_)) => Err(Broken),
            Poll::Ready(Ok(())) | Poll::Pending => Ok(()),
        }
    }

    pub(super) fn stop_reading(&mut self) {
        self.reader.ring_for_us();
        self.stream.stop_reading();
    }

    pub(super) fn reset(&mut self) {
        self.reader.ring_for_us();
        self.writer.ring_for_us();
        self.stream.reset();
    }
}
