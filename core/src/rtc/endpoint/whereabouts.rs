//! Where we are: the host's own addresses, and where STUN servers see us.
//!
//! Servers are asked when a meeting begins, unless they were a moment ago: until then nobody needs to know, and who
//! has no private connections asks nobody.

use core::net::SocketAddr;
use core::time::Duration;
use std::vec::Vec;

use crate::rtc::engine::Families;
use crate::rtc::outbox::Outbox;
use crate::rtc::output::Port;
use crate::rtc::reflexive::Reflexive;
use crate::time::{Deadline, Timestamp};

/// The addresses of an endpoint.
#[derive(Debug, Default)]
pub(super) struct Whereabouts {
    /// The host's own, with the port of the main socket.
    pub(super) hosts: Vec<SocketAddr>,
    asked: Option<Asked>,
}

#[derive(Debug)]
struct Asked {
    at: Timestamp,
    reflexive: Reflexive,
}

impl Whereabouts {
    /// Asks these servers, if it is long ago that they were asked.
    pub(super) fn ask(
        &mut self,
        now: Timestamp,
        servers: &[SocketAddr],
        seed: impl FnOnce() -> [u8; 32],
    ) {
        let is_fresh = |asked: &Asked| now.saturating_since(asked.at) < FRESH;
        if !self.asked.as_ref().is_some_and(is_fresh) {
            self.ask_anew(now, servers, seed);
        }
    }

    /// Asks these servers, whatever they have said before.
    pub(super) fn ask_anew(
        &mut self,
        now: Timestamp,
        servers: &[SocketAddr],
        seed: impl FnOnce() -> [u8; 32],
    ) {
        let families = Families::of(&self.hosts);
        let is_reachable =
            |it: &SocketAddr| if it.is_ipv4() { families.ipv4 } else { families.ipv6 };
        let mut servers = servers.iter().copied().filter(is_reachable).peekable();
        if servers.peek().is_some() {
            let reflexive = Reflexive::new(now, servers, seed());
            self.asked = Some(Asked { at: now, reflexive });
        }
    }

    /// Takes a datagram; says whether it was a server's answer.
    pub(super) fn handle_datagram(
        &mut self,
        now: Timestamp,
        remote: SocketAddr,
        datagram: &[u8],
    ) -> bool {
        let Some(asked) = &mut self.asked else { return false };
        asked.reflexive.handle_datagram(now, remote, datagram)
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp) {
        if let Some(asked) = &mut self.asked {
            asked.reflexive.handle_timeout(now);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub(super) fn deadline(&self) -> Option<Deadline> {
        self.asked.as_ref().and_then(|asked| asked.reflexive.deadline())
    }

    /// Queues the questions that are to be sent; says whether something has become known.
    pub(super) fn run(&mut self, out: &mut Outbox) -> bool {
        let Some(Asked { reflexive, .. }) = &mut self.asked else { return false };
        while let Some(request) = reflexive.poll_transmit() {
            out.push(Port::Main, None, request.server, &request.datagram);
        }
        let mut is_news = false;
        while reflexive.poll_event().is_some() {
            is_news = true;
        }
        is_news
    }

    /// Where servers see us.
    pub(super) fn mapped(&self) -> impl Iterator<Item = SocketAddr> {
        self.asked.iter().flat_map(|asked| asked.reflexive.mapped()).filter_map(|(_, it)| it)
    }

    /// Whether nothing more will become known.
    pub(super) fn is_settled(&self) -> bool {
        self.deadline().is_none()
    }
}

/// For so long an answer holds: NATs keep bindings for 30 s at least, and a connection needs some of that.
const FRESH: Duration = Duration::from_secs(10);
