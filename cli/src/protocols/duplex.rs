//! Two ends of a stream in memory, with little room in it, so that every test meets backpressure.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use futures::io::{AsyncRead, AsyncWrite};

/// A pair of connected streams with room for `capacity` bytes in each direction.
///
/// As with floe's own streams, a dropped end resets the stream: the peer reads what is there, then an
/// error instead of the end.
pub(crate) fn duplex(capacity: usize) -> (Duplex, Duplex) {
    let (there, back) = (Pipe::new(capacity), Pipe::new(capacity));
    let a = Duplex { inbound: back.clone(), outbound: there.clone(), writes: Vec::new() };
    let b = Duplex { inbound: there, outbound: back, writes: Vec::new() };
    (a, b)
}

/// One end.
pub(crate) struct Duplex {
    inbound: Pipe,
    outbound: Pipe,
    /// The length of each write, for tests of how bytes are framed.
    pub(crate) writes: Vec<usize>,
}

#[derive(Clone)]
struct Pipe(Arc<Mutex<State>>);

struct State {
    bytes: VecDeque<u8>,
    capacity: usize,
    finished: bool,
    reset: bool,
    waiting: Vec<Waker>,
}

impl Pipe {
    fn new(capacity: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            bytes: VecDeque::new(),
            capacity,
            finished: false,
            reset: false,
            waiting: Vec::new(),
        })))
    }

    fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.0.lock().unwrap())
    }
}

impl State {
    fn wait<T>(&mut self, cx: &Context<'_>) -> Poll<T> {
        self.waiting.push(cx.waker().clone());
        Poll::Pending
    }

    fn wake(&mut self) {
        self.waiting.drain(..).for_each(Waker::wake);
    }
}

impl AsyncRead for Duplex {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.inbound.with(|pipe| {
            let n = out.len().min(pipe.bytes.len());
            if n > 0 || pipe.finished {
                for (to, from) in out.iter_mut().zip(pipe.bytes.drain(..n)) {
                    *to = from;
                }
                pipe.wake();
                Poll::Ready(Ok(n))
            } else if pipe.reset {
                Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
            } else {
                pipe.wait(cx)
            }
        })
    }
}

impl AsyncWrite for Duplex {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = self.outbound.with(|pipe| {
            let n = bytes.len().min(pipe.capacity - pipe.bytes.len());
            if pipe.reset || pipe.finished {
                Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
            } else if n == 0 {
                pipe.wait(cx)
            } else {
                pipe.bytes.extend(&bytes[..n]);
                pipe.wake();
                Poll::Ready(Ok(n))
            }
        });
        if let Poll::Ready(Ok(n)) = written {
            self.writes.push(n);
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outbound.with(|pipe| {
            pipe.finished = true;
            pipe.wake();
        });
        Poll::Ready(Ok(()))
    }
}

impl Drop for Duplex {
    fn drop(&mut self) {
        for pipe in [&self.inbound, &self.outbound] {
            pipe.with(|pipe| {
                pipe.reset = true;
                pipe.wake();
            });
        }
    }
}

/// A stream whose peer never acknowledges an end: closing it sends the end and then waits for ever.
pub(crate) struct Unacknowledged(pub(crate) Duplex);

impl AsyncRead for Unacknowledged {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_read(cx, out)
    }
}

impl AsyncWrite for Unacknowledged {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let _ = Pin::new(&mut self.0).poll_close(cx)?;
        Poll::Pending
    }
}
