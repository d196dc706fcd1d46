//! The handle of a connection.

use core::fmt;
use core::future::poll_fn;
use core::net::SocketAddr;
use std::sync::Arc;

use super::hub::Hub;
use super::link::Link;
use super::pipe::{Patience, Pipe};
use super::stream::Stream;
use crate::ice::Version;
use crate::peer_id::PeerId;
use crate::rtc::ConnectionId;
use crate::rtc::endpoint::Stats;
use crate::rtc::error::{ConnectionEnd, OpenError};
use crate::rtc::output::{Direction, Established, Timeline};

/// An authenticated connection with a peer, from [`Endpoint::dial`](super::Endpoint::dial) or
/// [`Endpoint::accept`](super::Endpoint::accept). The runtime crates' front pages show one that runs.
///
/// Cheap to clone; all clones mean the same connection. When the last clone is dropped, streams that
/// the peer opens are refused; when the last stream is dropped too, the connection is closed. So a
/// stream keeps its connection alive, and a forgotten connection does not linger.
#[derive(Clone)]
#[must_use = "dropping the last handle and the last stream of a connection closes it"]
pub struct Connection {
    ears: Arc<Ears>,
}

/// What all clones of a connection own together: the ability to accept streams.
struct Ears {
    alive: Arc<Alive>,
    id: ConnectionId,
    established: Established,
}

/// What connection and streams own together: the connection's life.
pub(super) struct Alive {
    link: Arc<Link>,
    pub(super) hub: Arc<Hub>,
}

impl Connection {
    pub(super) fn new(alive: Arc<Alive>, id: ConnectionId, established: Established) -> Self {
        Self { ears: Arc::new(Ears { alive, id, established }) }
    }

    /// The id by which the endpoint, and its traces, know the connection.
    pub fn id(&self) -> ConnectionId {
        self.ears.id
    }

    /// The peer's identity, proven by Noise.
    pub fn peer_id(&self) -> PeerId {
        self.ears.established.peer
    }

    /// The version of webrtc-direct that the client speaks; `None` if the connection is a private one.
    pub fn version(&self) -> Option<Version> {
        self.ears.established.version
    }

    /// Who dialed.
    pub fn direction(&self) -> Direction {
        self.ears.established.direction
    }

    /// When each step of the set-up was done.
    pub fn timeline(&self) -> Timeline {
        self.ears.established.timeline
    }

    /// The peer's address: the latest one, if the peer has moved. [`moved_from`](Self::moved_from) waits
    /// for the next.
    pub fn remote_addr(&self) -> SocketAddr {
        self.link().remote().unwrap_or(self.ears.established.remote)
    }

    /// Waits until the peer's address is another than `from`, and says which; `None` when the connection
    /// is over. No move is missed, whatever happens between two calls:
    ///
    /// ```
    /// # async fn follow(connection: &floe_core::driver::Connection) {
    /// let mut remote = connection.remote_addr();
    /// while let Some(now) = connection.moved_from(remote).await {
    ///     println!("the peer moved from {remote} to {now}");
    ///     remote = now;
    /// }
    /// # }
    /// ```
    pub async fn moved_from(&self, from: SocketAddr) -> Option<SocketAddr> {
        self.link().moved_from(from).await
    }

    /// Opens a stream. It can be written to at once; the peer learns of it with the first bytes or
    /// before.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub async fn open(&self) -> Result<Stream, OpenError> {
        self.ask(Patience::None).await
    }

    /// Opens a stream as [`open`](Self::open) does. While there are as many as may be, it waits until one
    /// is over; those who wait have their turns in the order in which they came.
    ///
    /// # Errors
    ///
    /// [`OpenError::Closed`] when the connection is over.
    pub async fn open_in_turn(&self) -> Result<Stream, OpenError> {
        self.ask(Patience::Waits).await
    }

    async fn ask(&self, patience: Patience) -> Result<Stream, OpenError> {
        let pipe = Pipe::asking(self.ears.id, patience);
        // From here on, dropping the future drops the only handle, which resets the stream.
        let stream = Stream::new(pipe.clone(), self.ears.alive.clone());
        if !pipe.ask_first(&self.ears.alive.hub.mail) {
            return Err(OpenError::Closed);
        }
        poll_fn(|context| pipe.poll_opened(context)).await?;
        Ok(stream)
    }

    /// Waits for the next stream that the peer has opened. `None` when the connection is over and all
    /// streams that came before are accepted.
    ///
    /// Streams that wait to be accepted count against [`Limits::streams`](crate::rtc::Limits::streams),
    /// and their bytes against the limits on unread bytes. Dropping the future loses no stream.
    pub async fn accept(&self) -> Option<Stream> {
        let pipe = self.link().accept().await?;
        Some(Stream::new(pipe, self.ears.alive.clone()))
    }

    /// Closes the connection; streams end with it, and what they have not delivered is lost. Done when
    /// the connection is over. It closes also if the future is dropped, once it was polled.
    pub async fn close(&self) {
        self.link().close(&self.ears.alive.hub.mail);
        self.closed().await;
    }

    /// Closes the connection when the peer's host has acknowledged all that its streams have sent, or five
    /// seconds later. Meanwhile the streams go on, those that the peer opens are refused, and nobody can
    /// open one. Done when the connection is over. It goes on also if the future is dropped, once it was
    /// polled.
    pub async fn finish(&self) {
        self.begin_finish();
        self.closed().await;
    }

    /// What [`finish`](Self::finish) does, without waiting for it.
    pub fn begin_finish(&self) {
        self.link().finish(&self.ears.alive.hub.mail);
    }

    /// Waits until the connection is over and says why. An endpoint ends its connections as
    /// [`ConnectionEnd::ClosedLocally`] when it is closed, as [`ConnectionEnd::SocketFailed`] when its
    /// socket fails for good, and as [`ConnectionEnd::DriverDropped`] when nothing runs it any more.
    pub async fn closed(&self) -> ConnectionEnd {
        self.link().until_closed().await
    }

    /// The connection's numbers; `None` when it is over.
    pub async fn stats(&self) -> Option<Stats> {
        self.link().stats(&self.ears.alive.hub.mail).await
    }

    fn link(&self) -> &Arc<Link> {
        &self.ears.alive.link
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("id", &self.ears.id)
            .field("peer", &self.ears.established.peer)
            .field("remote", &self.remote_addr())
            .field("direction", &self.ears.established.direction)
            .field("over", &self.link().is_over())
            .finish()
    }
}

impl Alive {
    pub(super) const fn new(link: Arc<Link>, hub: Arc<Hub>) -> Self {
        Self { link, hub }
    }
}

impl Drop for Ears {
    fn drop(&mut self) {
        self.alive.link.close_ears(&self.alive.hub.mail);
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.link.abandon(&self.hub.mail);
    }
}
