//! A dial before it has a version: which one does the server answer?
//!
//! A server that does not speak a version says nothing at all, so a dial that may use either sends
//! checks of v2 first and, after a moment of silence, checks of v1 beside them. Each version has an
//! ICE agent of its own and nothing else: DTLS, SCTP and Noise exist only for the winner, so the loser
//! costs the server two unanswered checks. libp2p webrtc-direct r2: "new connections SHOULD use v2".
//!
//! The fallback leaves from another [`Port`]. Listeners that route by source address first (rust-libp2p,
//! litep2p) take every further datagram from an address for the attempt that they saw first, and if
//! that was one of v2 they answer none of them. A connection that the fallback won stays on its port.

use core::net::SocketAddr;
use std::vec::Vec;

use super::endpoint::Target;
use super::engine::FullAgent;
use super::output::Port;
use super::shared::Shared;
use super::telemetry;
use crate::ice::{DialSecrets, Version};
use crate::time::{Deadline, Timestamp};

/// The ICE agents of a dial.
#[derive(Debug)]
pub(super) struct Race {
    pub(super) target: Target,
    entrants: Vec<Entrant>,
    /// Where it has begun.
    port: Port,
    /// When v1 is tried as well, from the other port.
    fallback_at: Option<Timestamp>,
}

#[derive(Debug)]
struct Entrant {
    version: Version,
    agent: FullAgent,
}

impl Race {
    /// Starts checking from `port` with the target's version, or with v2 and a fallback.
    pub(super) fn start(now: Timestamp, target: Target, port: Port, shared: &mut Shared) -> Self {
        let version = target.version.unwrap_or(Version::V2);
        let fallback_at = match target.version {
            None => Some(now + shared.config.fallback_after),
            Some(_) => None,
        };
        let mut race = Self { target, entrants: Vec::with_capacity(2), port, fallback_at };
        race.enter(now, version, port, shared);
        race
    }

    /// Whether the server may answer at a port.
    pub(super) fn uses(&self, port: Port) -> bool {
        self.entrants.iter().any(|entrant| entrant.agent.port() == port)
    }

    /// Takes a STUN message from the server; says whether it belongs to this dial.
    pub(super) fn handle_stun(
        &mut self,
        now: Timestamp,
        remote: SocketAddr,
        datagram: &[u8],
    ) -> bool {
        self.entrants.iter_mut().any(|entrant| entrant.agent.handle_stun(now, remote, datagram))
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp, shared: &mut Shared) {
        for entrant in &mut self.entrants {
            entrant.agent.handle_timeout(now);
        }
        if self.fallback_at.is_some_and(|at| at <= now) {
            self.fallback_at = None;
            // An answered check means that the version is spoken, even if the nomination is under way.
            if !self.entrants.iter().any(|entrant| entrant.agent.answered()) {
                self.enter(now, Version::V1, self.port.other(), shared);
            }
        }
    }

    /// Queues the checks that are due.
    pub(super) fn flush(&mut self, shared: &mut Shared) {
        for entrant in &mut self.entrants {
            entrant.agent.poll_transmit(&mut shared.outbox);
        }
    }

    /// The first version whose check was answered and its path nominated; the rest is dropped.
    pub(super) fn winner(&mut self) -> Option<(Version, FullAgent)> {
        let first = self.entrants.iter().position(|entrant| entrant.agent.nominated().is_some())?;
        let entrant = self.entrants.swap_remove(first);
        self.entrants.clear();
        Some((entrant.version, entrant.agent))
    }

    pub(super) fn deadline(&self) -> Option<Deadline> {
        let fallback = self.fallback_at.map(|at| Deadline { at, why: "v1 is tried as well" });
        self.entrants
            .iter()
            .map(|entrant| entrant.agent.deadline())
            .fold(fallback, Deadline::earliest)
    }

    fn enter(&mut self, now: Timestamp, version: Version, port: Port, shared: &mut Shared) {
        tracing::debug!(target: telemetry::CONNECTION, %version, ?port, "checking");
        let mut random = [0; DialSecrets::RANDOM_LEN];
        shared.entropy.fill(&mut random);
        let secrets = DialSecrets::new(version, &random);
        let (credentials, remote) = (secrets.credentials(), self.target.remote);
        let agent = FullAgent::new(now, shared.epoch, &credentials, port, remote);
        self.entrants.push(Entrant { version, agent });
    }
}
