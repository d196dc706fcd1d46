//! The way out: what DTLS, SCTP and the agent have to say becomes datagrams, as far as the address may be sent to.

use core::net::{IpAddr, SocketAddr};
use std::vec::Vec;

use super::ice::Ice;
use super::sctp::Sctp;
use super::{Dtls, Engine, State, dtls};
use crate::rtc::allowance::Allowance;
use crate::rtc::outbox::Outbox;
use crate::rtc::output::Port;
use crate::time::Timestamp;

impl Engine {
    /// Queues what is to be sent now. Once per batch: it is the expensive call; and again, once that is sent, as
    /// long as it [`has_more`](Self::has_more).
    pub(crate) fn flush(&mut self, now: Timestamp, out: &mut Outbox) {
        self.advance(now);
        let at = self.epoch.instant(now);
        if self.dtls.deadline().is_some_and(|deadline| deadline <= at) {
            self.with_dtls(Dtls::handle_timeout);
        }
        if self.state == State::Secured {
            self.sctp.connect(at);
        }
        self.pump();
        if let Some((local, remote)) = self.ice.destination() {
            let (port, allowance) = (self.ice.port(), self.ice.allowance());
            let mut path = Path { port, local, remote, allowance, out, bytes: 0, datagrams: 0 };
            self.flush_records(&mut path);
            let asked = self.ask_for_life(&mut path);
            self.ice.set_allowance(path.allowance);
            self.counters.bytes_sent += path.bytes;
            self.counters.datagrams_sent += path.datagrams;
            if let Some((candidate, record)) = asked {
                self.send_to_candidate(candidate, &record, out);
            }
        }
        self.ice.poll_transmit(out);
        self.refresh();
    }

    /// Whether the last flush has left something for another.
    pub(crate) fn has_more(&self) -> bool {
        self.state < State::Closing && self.sctp.has_packets()
    }

    /// What DTLS has to say by itself, then what SCTP says through it.
    fn flush_records(&mut self, path: &mut Path<'_>) {
        let sent = self.replies.iter().take_while(|reply| path.push(reply)).count();
        self.replies.drain(..sent);
        self.held = !self.replies.is_empty();
        if self.state == State::Handshaking {
            return;
        }
        let Self { dtls, sctp, .. } = self;
        let mut result = Ok(());
        let max = if self.state < State::Closing { BURST } else { usize::MAX };
        sctp.poll_packets(self.epoch.instant(self.now), max, &mut |packet| {
            if result.is_ok() {
                result = dtls.send(packet, &mut |event| path.take(event));
            }
        });
        if self.state == State::Closing {
            self.state = State::Over;
            result = result.and(self.dtls.close(&mut |event| path.take(event)));
        }
        if let Err(failure) = result {
            self.end(failure.into());
        }
    }

    /// Asks a peer that was silent for what it has to answer; says where else it may be, and the record to be
    /// sent there.
    fn ask_for_life(&mut self, path: &mut Path<'_>) -> Option<(SocketAddr, Vec<u8>)> {
        if !self.asks() {
            return None;
        }
        let candidate = self.liveness.ask(self.now)?;
        let mut asked = None;
        let sent = self.dtls.send(&self.sctp.heartbeat(), &mut |event| {
            if let (Some(candidate), dtls::Event::Packet(record)) = (candidate, &event) {
                asked = Some((candidate, record.to_vec()));
            }
            path.take(event);
        });
        if let Err(failure) = sent {
            self.end(failure.into());
        }
        asked
    }

    fn send_to_candidate(&mut self, candidate: SocketAddr, record: &[u8], out: &mut Outbox) {
        let port = self.ice.port();
        let local = match &mut self.ice {
            Ice::Lite(lite) => match lite.path_to(candidate) {
                Some((local, allowance)) => allowance.spend(record.len()).then_some(local),
                None => None,
            },
            Ice::Trickle(agent) => agent.answers(candidate).then_some(None),
            Ice::Full(_) => None,
        };
        if let Some(local) = local {
            self.counters.bytes_sent += record.len() as u64;
            self.counters.datagrams_sent += 1;
            out.push(port, local, candidate, record);
        }
    }
}

/// Where records go.
struct Path<'a> {
    port: Port,
    local: Option<IpAddr>,
    remote: SocketAddr,
    allowance: Allowance,
    out: &'a mut Outbox,
    bytes: u64,
    datagrams: u64,
}

impl Path<'_> {
    /// The one way out for all but STUN. Says whether the datagram goes: to an address that has proven
    /// nothing not everything does.
    fn push(&mut self, datagram: &[u8]) -> bool {
        if !self.allowance.spend(datagram.len()) {
            return false;
        }
        self.bytes += datagram.len() as u64;
        self.datagrams += 1;
        self.out.push(self.port, self.local, self.remote, datagram);
        true
    }

    /// Encrypting brings forth datagrams and nothing else.
    fn take(&mut self, event: dtls::Event<'_>) {
        if let dtls::Event::Packet(packet) = event {
            self.push(packet);
        }
    }
}

/// Packets that are encrypted before they leave: half of what a kernel takes in a call. A peer on the same machine
/// decrypts them while the next are encrypted; after all at once, one of the two would always wait for the other
/// (measured: a quarter less). Fewer cost more calls than that gains.
pub(super) const BURST: usize = 27;
