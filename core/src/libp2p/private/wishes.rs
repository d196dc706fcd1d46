//! Dials that wait for a signaling stream, and how far each has come.
//!
//! ```text
//!   dialing a relayed connection ─→ opening a stream on it ─→ answered
//!                ↑ once, if one that was there already is gone │
//! ```

use core::mem;
use core::task::Context;
use std::collections::BTreeMap;
use std::vec::Vec;

use libp2p_swarm::{ConnectionId, Stream};

use super::super::Error;
use super::letters::Wish;

/// By which handlers know a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WishId(u64);

/// All of a swarm.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    wishes: BTreeMap<WishId, Waiting>,
    next: u64,
}

#[derive(Debug)]
struct Waiting {
    wish: Wish,
    on: ConnectionId,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The connection is being dialed for it.
    Dialing,
    /// A stream is being opened on it, which was dialed for it.
    Opening,
    /// A stream is being opened on one that was there already.
    Reusing,
}

impl Wishes {
    /// One that waits for a connection that is being dialed.
    pub(super) fn dialing(&mut self, wish: Wish, on: ConnectionId) {
        self.insert(wish, on, Stage::Dialing);
    }

    /// One that waits for a stream on a connection that is there.
    pub(super) fn reusing(&mut self, wish: Wish, on: ConnectionId) -> WishId {
        self.insert(wish, on, Stage::Reusing)
    }

    fn insert(&mut self, wish: Wish, on: ConnectionId, stage: Stage) -> WishId {
        let id = WishId(self.next);
        self.next += 1;
        self.wishes.insert(id, Waiting { wish, on, stage });
        id
    }

    /// The connection that is being dialed for another wish which this one can share.
    pub(super) fn dialed_for(&self, wish: &Wish) -> Option<ConnectionId> {
        let is_same = |other: &&Waiting| {
            other.stage == Stage::Dialing
                && other.wish.peer == wish.peer
                && other.wish.circuit == wish.circuit
        };
        self.wishes.values().find(is_same).map(|other| other.on)
    }

    /// Those that wait for this connection.
    pub(super) fn waiting_for(&self, connection: ConnectionId) -> Vec<WishId> {
        let waits = |waiting: &Waiting| waiting.on == connection && waiting.stage == Stage::Dialing;
        self.wishes.iter().filter(|(_, waiting)| waits(waiting)).map(|(id, _)| *id).collect()
    }

    /// The connection is there.
    pub(super) fn connected(&mut self, connection: ConnectionId) {
        for waiting in self.wishes.values_mut() {
            if waiting.on == connection && waiting.stage == Stage::Dialing {
                waiting.stage = Stage::Opening;
            }
        }
    }

    /// The connection is gone, or never came. Gives those wishes back that may try another.
    pub(super) fn gone(&mut self, connection: ConnectionId, error: &Error) -> Vec<Wish> {
        let mut again = Vec::new();
        let (gone, rest): (BTreeMap<_, _>, _) = mem::take(&mut self.wishes)
            .into_iter()
            .partition(|(_, waiting)| waiting.on == connection);
        self.wishes = rest;
        for waiting in gone.into_values() {
            match waiting.stage {
                Stage::Reusing => again.push(waiting.wish),
                Stage::Dialing | Stage::Opening => waiting.wish.answer(Err(error.clone())),
            }
        }
        again
    }

    /// Answers one; whoever has given it up hears nothing, and its stream is reset.
    pub(super) fn answer(&mut self, id: WishId, result: Result<Stream, Error>) {
        if let Some(waiting) = self.wishes.remove(&id) {
            waiting.wish.answer(result);
        }
    }

    /// Forgets those that were given up, and asks to be called again when another is.
    pub(super) fn poll_given_up(&mut self, context: &mut Context<'_>) {
        self.wishes.retain(|_, waiting| waiting.wish.answer.poll_canceled(context).is_pending());
    }
}

impl Wish {
    fn answer(self, result: Result<Stream, Error>) {
        // It may have been given up meanwhile.
        drop(self.answer.send(result));
    }
}
