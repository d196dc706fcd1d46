//! What the handles of a connection and the driver share about it.
//!
//! A link is born with a dial or a meeting, or when a peer that dialed us is authenticated. The driver writes into
//! it what happens; handles write into it what they wish and post a letter.

use core::mem;
use core::net::SocketAddr;
use core::task::Poll;
use std::collections::VecDeque;
use std::sync::Arc;

use super::error::DialError;
use super::mail::{Letter, Mailbox};
use super::pipe::Pipe;
use super::question::Question;
use super::talk::Talk;
use super::watched::Watched;
use crate::rtc::ConnectionId;
use crate::rtc::endpoint::{Stats, Target};
use crate::rtc::error::ConnectionEnd;
use crate::rtc::output::{Established, Timeline};
use crate::rtc::private::Meeting;

#[derive(Debug)]
pub(super) struct Link {
    state: Watched<State>,
}

#[derive(Debug, Default)]
struct State {
    /// A letter about this link is in the box.
    posted: bool,
    begin: Option<Begin>,
    id: Option<ConnectionId>,
    established: Option<Established>,
    end: Option<DialError>,
    /// Streams that the peer has opened and nobody has accepted.
    ///
    /// Never longer than [`Limits::streams`](crate::rtc::Limits::streams), and their bytes stay in the
    /// endpoint until someone reads.
    arrivals: VecDeque<Arc<Pipe>>,
    /// No handle is left that could accept a stream.
    deaf: bool,
    /// No handle is left at all, or one said so.
    close: bool,
    /// As that, once all is delivered.
    finish: bool,
    stats: Question<Stats>,
}

/// How a connection is to begin.
#[derive(Debug)]
pub(super) enum Begin {
    /// It is dialed.
    Dial(Target),
    /// The peer is met, over this signaling stream.
    Meet(Meeting, Talk),
}

/// What a letter about a link stands for.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    pub(super) id: Option<ConnectionId>,
    pub(super) begin: Option<Begin>,
    pub(super) close: bool,
    pub(super) finish: bool,
    /// Streams that nobody can accept any more.
    pub(super) unwanted: VecDeque<Arc<Pipe>>,
    pub(super) stats: bool,
}

/// The handle's side.
impl Link {
    /// A link whose connection is to begin.
    pub(super) fn beginning(begin: Begin) -> Arc<Self> {
        Arc::new(Self { state: Watched::new(State { begin: Some(begin), ..State::default() }) })
    }

    /// Waits for the connection that was to begin.
    pub(super) async fn established(&self) -> Result<(ConnectionId, Established), DialError> {
        let ready = |state: &mut State| match (state.id.zip(state.established), &state.end) {
            (Some(known), _) => Poll::Ready(Ok(known)),
            (None, Some(error)) => Poll::Ready(Err(error.clone())),
            (None, None) => Poll::Pending,
        };
        self.state.until(ready).await
    }

    /// Posts a first letter. `false`: there is no driver.
    pub(super) fn ask(self: &Arc<Self>, mail: &Mailbox) -> bool {
        self.post(mail, |_| ())
    }

    pub(super) fn close(self: &Arc<Self>, mail: &Mailbox) {
        self.post(mail, |state| state.close = true);
    }

    /// Closes the connection once all that was written is delivered. Nobody accepts streams meanwhile.
    pub(super) fn finish(self: &Arc<Self>, mail: &Mailbox) {
        self.post(mail, |state| {
            state.finish = true;
            state.deaf = true;
        });
    }

    /// No handle is left: the connection is closed, and so is what nobody could accept.
    pub(super) fn abandon(self: &Arc<Self>, mail: &Mailbox) {
        self.post(mail, |state| {
            // Unless it is about to be, once all is delivered.
            state.close |= !state.finish;
            // A dial that was given up never had anybody to accept streams.
            state.deaf = true;
        });
    }

    /// Nobody will accept streams any more.
    pub(super) fn close_ears(self: &Arc<Self>, mail: &Mailbox) {
        self.post(mail, |state| state.deaf = true);
    }

    pub(super) async fn accept(&self) -> Option<Arc<Pipe>> {
        let ready = |state: &mut State| match state.arrivals.pop_front() {
            Some(pipe) => Poll::Ready(Some(pipe)),
            None if state.end.is_some() => Poll::Ready(None),
            None => Poll::Pending,
        };
        self.state.until(ready).await
    }

    pub(super) async fn until_closed(&self) -> ConnectionEnd {
        let ready = |state: &mut State| match &state.end {
            Some(end) => Poll::Ready(end.connection_end()),
            None => Poll::Pending,
        };
        self.state.until(ready).await
    }

    pub(super) async fn stats(self: &Arc<Self>, mail: &Mailbox) -> Option<Stats> {
        let mut ticket = 0;
        if !self.post(mail, |state| ticket = state.stats.ask()) {
            return None;
        }
        let ready = |state: &mut State| match (&state.end, state.stats.answer_to(ticket)) {
            (Some(_), _) => Poll::Ready(None),
            (None, Some(stats)) => Poll::Ready(stats),
            (None, None) => Poll::Pending,
        };
        self.state.until(ready).await
    }

    /// The peer's latest address; none before a dial is done.
    pub(super) fn remote(&self) -> Option<SocketAddr> {
        self.state.with(|state| state.established.map(|established| established.remote))
    }

    /// Waits until the peer's latest address is another than `from`.
    pub(super) async fn moved_from(&self, from: SocketAddr) -> Option<SocketAddr> {
        let ready = |state: &mut State| match (&state.end, state.established) {
            (Some(_), _) => Poll::Ready(None),
            (None, Some(established)) if established.remote != from => {
                Poll::Ready(Some(established.remote))
            }
            (None, _) => Poll::Pending,
        };
        self.state.until(ready).await
    }

    /// Whether the connection is over.
    pub(super) fn is_over(&self) -> bool {
        self.state.with(|state| state.end.is_some())
    }

    fn post(self: &Arc<Self>, mail: &Mailbox, wish: impl FnOnce(&mut State)) -> bool {
        let first = self.state.with(|state| {
            wish(state);
            !mem::replace(&mut state.posted, true)
        });
        !first || mail.post(Letter::Connection(self.clone()))
    }
}

/// The driver's side.
impl Link {
    /// The link of a connection that a peer has dialed.
    pub(super) fn inbound(id: ConnectionId, established: Established) -> Arc<Self> {
        let state = State { id: Some(id), established: Some(established), ..State::default() };
        Arc::new(Self { state: Watched::new(state) })
    }

    /// Says what the handles wish; from now on they may post again.
    pub(super) fn attend(&self) -> Wishes {
        self.state.with(|state| {
            state.posted = false;
            Wishes {
                id: state.id,
                begin: state.begin.take(),
                close: state.close,
                finish: state.finish,
                unwanted: if state.deaf { mem::take(&mut state.arrivals) } else { VecDeque::new() },
                stats: state.stats.is_open(),
            }
        })
    }

    pub(super) fn begun(&self, id: ConnectionId) {
        self.state.with(|state| state.id = Some(id));
    }

    pub(super) fn connected(&self, established: Established) {
        self.state.change(|state| state.established = Some(established));
    }

    pub(super) fn moved(&self, remote: SocketAddr) {
        self.state.change(|state| {
            if let Some(established) = &mut state.established {
                established.remote = remote;
            }
        });
    }

    /// Hands a stream to whoever accepts. `false`: nobody will.
    pub(super) fn arrived(&self, pipe: Arc<Pipe>) -> bool {
        self.state.change(|state| {
            if !state.deaf {
                state.arrivals.push_back(pipe);
            }
            !state.deaf
        })
    }

    pub(super) fn answer(&self, stats: Option<Stats>) {
        self.state.change(|state| state.stats.answer(stats));
    }

    pub(super) fn refused(&self, error: DialError) {
        self.state.change(|state| {
            state.end.get_or_insert(error);
        });
    }

    pub(super) fn closed(&self, end: ConnectionEnd, timeline: Timeline) {
        self.refused(DialError::Failed { end, timeline });
    }
}
