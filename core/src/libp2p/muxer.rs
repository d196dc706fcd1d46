//! A connection, as swarms poll it.

use core::fmt;
use core::net::SocketAddr;
use core::pin::Pin;
use core::task::{Context, Poll, Waker, ready};
use std::boxed::Box;

use futures::future::{BoxFuture, FutureExt};
use futures::io::AsyncWrite;
use futures::stream::{self, BoxStream, Fuse, StreamExt};
use libp2p_core::muxing::{StreamMuxer, StreamMuxerEvent};

use super::address;
use super::error::Error;
use super::substream::Substream;
use crate::driver::{self, Endpoint, Stream};
use crate::rtc::error::{ConnectionEnd, OpenError};

/// A connection with an authenticated peer, on which substreams are opened and accepted.
///
/// It keeps its socket: see [`libp2p`](super), "Sockets". Dropping it closes it, once what its substreams have
/// written is delivered.
pub struct Connection {
    connection: driver::Connection,
    inbound: Fuse<BoxStream<'static, Stream>>,
    outbound: BoxStream<'static, Result<Stream, OpenError>>,
    /// The peer's addresses, each as the peer moves to it.
    moves: Fuse<BoxStream<'static, SocketAddr>>,
    closing: Option<BoxFuture<'static, ()>>,
    ending: Option<BoxFuture<'static, ConnectionEnd>>,
    /// The last field: it may be the last handle of the endpoint, which closes all there is.
    endpoint: Endpoint,
}

impl Connection {
    /// `from`: where the peer is, as the swarm is told.
    pub(super) fn new(
        connection: driver::Connection,
        from: SocketAddr,
        endpoint: Endpoint,
    ) -> Self {
        let moves = stream::unfold((connection.clone(), from), async |(connection, from)| {
            let to = connection.moved_from(from).await?;
            Some((to, (connection, to)))
        });
        Self::telling(moves.boxed(), connection, endpoint)
    }

    /// A private one: its address names relay and peer, and stays what it is wherever the peer moves to.
    pub(super) fn private(connection: driver::Connection, endpoint: Endpoint) -> Self {
        Self::telling(stream::empty().boxed(), connection, endpoint)
    }

    fn telling(
        moves: BoxStream<'static, SocketAddr>,
        connection: driver::Connection,
        endpoint: Endpoint,
    ) -> Self {
        let inbound = stream::unfold(connection.clone(), async |connection| {
            Some((connection.accept().await?, connection))
        });
        let outbound = stream::unfold(connection.clone(), async |connection| {
            Some((connection.open_in_turn().await, connection))
        });
        Self {
            inbound: inbound.boxed().fuse(),
            outbound: outbound.boxed(),
            moves: moves.fuse(),
            closing: None,
            ending: None,
            connection,
            endpoint,
        }
    }

    /// The connection itself, for its numbers, its version and its times.
    pub fn as_driver(&self) -> &driver::Connection {
        &self.connection
    }

    /// The error that says why the connection is over, once it is.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<Error> {
        let Self { connection, ending, .. } = self;
        let future = ending.get_or_insert_with(|| {
            let connection = connection.clone();
            Box::pin(async move { connection.closed().await })
        });
        let end = ready!(future.poll_unpin(context));
        *ending = None;
        Poll::Ready(Error::Closed(end))
    }
}

impl StreamMuxer for Connection {
    type Substream = Substream;
    type Error = Error;

    fn poll_inbound(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<Substream, Error>> {
        match ready!(self.inbound.poll_next_unpin(context)) {
            Some(stream) => Poll::Ready(Ok(Substream::new(stream, self.endpoint.clone()))),
            None => self.poll_end(context).map(Err),
        }
    }

    fn poll_outbound(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<Substream, Error>> {
        while let Some(Ok(mut stream)) = ready!(self.outbound.poll_next_unpin(context)) {
            // One may have been opened for a wish that was given up, and ended by the peer since.
            if !is_ended(&mut stream) {
                return Poll::Ready(Ok(Substream::new(stream, self.endpoint.clone())));
            }
        }
        self.poll_end(context).map(Err)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Self { connection, closing, .. } = &mut *self;
        let future = closing.get_or_insert_with(|| {
            let connection = connection.clone();
            Box::pin(async move { connection.finish().await })
        });
        ready!(future.poll_unpin(context));
        *closing = None;
        Poll::Ready(Ok(()))
    }

    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<StreamMuxerEvent, Error>> {
        match ready!(self.moves.poll_next_unpin(context)) {
            Some(remote) => {
                Poll::Ready(Ok(StreamMuxerEvent::AddressChange(address::of_peer(remote))))
            }
            // The end is for those who ask for streams.
            None => Poll::Pending,
        }
    }
}

/// Whether nothing can be written on a stream that nothing was written on.
fn is_ended(stream: &mut Stream) -> bool {
    let flushed = Pin::new(stream).poll_flush(&mut Context::from_waker(Waker::noop()));
    matches!(flushed, Poll::Ready(Err(_)))
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.connection.begin_finish();
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connection").field(&self.connection).finish()
    }
}
