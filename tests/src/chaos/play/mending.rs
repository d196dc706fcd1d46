//! What has to come right once the trouble of a play is over.
//!
//! All bounds are in virtual time, counted from the last act, after which the network is fair (10 ms each
//! way, nothing lost) and nobody stalls:
//!
//! 1. within [three minutes](MEND) every stream whose ends both live has come to its end on both sides,
//!    with all bytes, and every dial is answered. SCTP may have backed off to a minute between attempts, and
//!    a peer that is gone is missed after the idle timeout;
//! 2. [a minute](GHOSTS) later no connection is up at one end only, and those that are hold no stream and no
//!    byte;
//! 3. then all connections are closed, and of each pair of nodes one dials the other and has a stream
//!    answered, within [5 s](FRESH) each;
//! 4. [15 s](GRAVE) after that was closed too, nobody has a connection or a handshake any more.

use std::time::Duration;

use super::{Node, Play};
use crate::chaos::oracle::Verdict;
use crate::chaos::script::Plan;

impl Play<'_> {
    pub(super) fn mend(&mut self) -> Verdict<Duration> {
        self.sky.borrow_mut().heal();
        for node in &mut self.nodes {
            self.world[node.host].go_on();
            node.application.hurries = true;
        }
        let healed = self.world.now;
        let is_mended = |play: &mut Self| {
            let is_idle = play.nodes.iter().all(|node| node.application.is_idle());
            is_idle && play.oracle.pending_dial().is_none()
        };
        if !self.run_until(healed + MEND, is_mended)? {
            if let Some(dial) = self.oracle.pending_dial() {
                return self.oracle.violation("a dial hangs", dial);
            }
            let left = self.nodes.iter().map(|node| node.application.left());
            let left = left.collect::<Vec<_>>().join("; ");
            return self.oracle.violation("a stream hangs", left);
        }
        Ok(self.world.now.saturating_since(healed))
    }

    pub(super) fn bury_ghosts(&mut self) -> Verdict {
        self.run_for(GHOSTS)?;
        if let Some(what) = self.oracle.one_sided() {
            return self.oracle.violation("a connection outlives its peer", what);
        }
        for Node { host, application, birth } in &self.nodes {
            for (id, _) in self.oracle.links_of(application.life) {
                let Some(stats) = self.world[*host].peer.stats(id) else { continue };
                let held = (stats.streams, stats.send_buffered, stats.receive_buffered);
                if held != (0, 0, 0) {
                    let what = format!("{id} at {} holds {stats:?} and no stream", birth.addr);
                    return self.oracle.violation("leak", what);
                }
            }
        }
        Ok(())
    }

    pub(super) fn close_all(&mut self) -> Verdict {
        for from in 0..self.nodes.len() {
            (0..self.nodes.len()).for_each(|to| self.close(from, to));
        }
        self.run_for(Duration::from_secs(1))
    }

    pub(super) fn meet_again(&mut self) -> Verdict {
        for one in 0..self.nodes.len() {
            for other in 0..one {
                // Either may be the one that dials.
                let is_first = (self.script.seed + one as u64 + other as u64).is_multiple_of(2);
                let (from, to) = if is_first { (one, other) } else { (other, one) };
                let name = |what: &str| format!("{from} to {to}: {what}");
                self.dial(from, to, None, true);
                let met = |play: &mut Self| {
                    play.link(from, to).is_some() && play.link(to, from).is_some()
                };
                if !self.run_until(self.world.now + FRESH, met)? {
                    return self.oracle.violation("a fresh dial", name("no connection"));
                }
                let plan = Plan { there: 5_000, back: 5_000, piece: 5_000, sip: 5_000 };
                let before = self.oracle.tally.finished;
                self.open(from, to, plan);
                let echoed = |play: &mut Self| {
                    play.oracle.tally.finished == before + 2
                        && play.nodes.iter().all(|node| node.application.is_idle())
                };
                if !self.run_until(self.world.now + FRESH, echoed)? {
                    return self.oracle.violation("a fresh dial", name("no echo"));
                }
                self.close(from, to);
                self.run_for(Duration::from_secs(1))?;
            }
        }
        Ok(())
    }

    pub(super) fn leave_nothing(&mut self) -> Verdict {
        self.run_for(GRAVE)?;
        if let Some(what) = self.oracle.one_sided() {
            return self.oracle.violation("a connection outlives its peer", what);
        }
        for Node { host, birth, .. } in &self.nodes {
            let Some(counters) = self.world[*host].peer.counters() else { continue };
            if (counters.connections, counters.handshaking) != (0, 0) {
                let what = format!("{} has {counters:?} in the end", birth.addr);
                return self.oracle.violation("leak", what);
            }
        }
        Ok(())
    }
}

/// Streams come to their end and dials are answered within this.
pub const MEND: Duration = Duration::from_secs(180);
/// Connections that are up at one end only are gone after this: a node without memory answers the checks of a
/// dialer for ten seconds, ten more if something in the dialer's name has begun a handshake, and then the dialer
/// waits for thirty.
pub const GHOSTS: Duration = Duration::from_secs(60);
/// A fresh dial, and an echo over it, take no longer than this.
pub const FRESH: Duration = Duration::from_secs(5);
/// After everything is closed and this has passed, nothing is left.
pub const GRAVE: Duration = Duration::from_secs(15);
