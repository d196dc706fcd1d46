//! Who may begin: half-open peers, before anything expensive exists.
//!
//! A STUN check proves nothing: in webrtc-direct the password travels in the USERNAME, so anybody can
//! forge one, from any address. All that it earns is an entry of fixed size in a bounded table, an answer
//! smaller than itself, for as long as a set-up may take, and once a check in return, which makes less
//! than three times its size together. Engine, DTLS and SCTP wait for the first DTLS record from an
//! address that has checked. When the table is full the oldest entry goes: a real peer sends its
//! ClientHello a round trip after its check, a forged one never.
//!
//! Who goes on checking after that without having begun DTLS is not answered any more: it is a peer whose
//! connection was lost here, by a restart mostly, and as long as its checks are answered it will not
//! notice (RFC 7675: an answer is consent).

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::boxed::Box;
use std::collections::{HashMap, VecDeque};

use tracing::{debug, trace};

use super::allowance::Allowance;
use super::config::Limits;
use super::routes::UfragKey;
use super::telemetry::{self, Tally};
use crate::ice::Version;
use crate::time::{Deadline, Timestamp};

/// A verified check.
#[derive(Clone, Copy, Debug)]
pub(super) struct Check {
    pub(super) key: UfragKey,
    pub(super) version: Version,
    pub(super) local: Option<IpAddr>,
    pub(super) remote: SocketAddr,
    pub(super) use_candidate: bool,
}

/// An address that a half-open peer has checked from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    pub(super) remote: SocketAddr,
    pub(super) local: Option<IpAddr>,
    pub(super) nominated: bool,
    pub(super) heard: Timestamp,
    pub(super) allowance: Allowance,
}

/// A peer that has checked and not yet sent DTLS.
#[derive(Clone, Debug)]
pub(super) struct HalfOpen {
    pub(super) key: UfragKey,
    pub(super) version: Version,
    pub(super) since: Timestamp,
    /// It had its time, and still checks.
    overdue: bool,
    sources: [Option<Source>; SOURCES],
}

impl HalfOpen {
    /// Where it has checked from.
    pub(super) fn sources(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().flatten()
    }

    /// Whether it has proven to be where its latest check came from.
    pub(super) fn is_proven(&self) -> bool {
        let latest = self.sources().max_by_key(|source| source.heard);
        latest.is_some_and(|source| source.allowance.is_proven())
    }

    /// The address of its latest check.
    pub(super) fn latest(&self) -> SocketAddr {
        let latest = self.sources().max_by_key(|source| source.heard);
        latest.expect("a half-open peer has checked from somewhere").remote
    }

    /// Notes a check; says whether its address is new and there was a place for it.
    fn note(&mut self, now: Timestamp, check: &Check) -> bool {
        for slot in &mut self.sources {
            match slot {
                Some(source) if source.remote == check.remote => {
                    source.heard = now;
                    source.nominated |= check.use_candidate;
                    return false;
                }
                Some(_) => {}
                None => {
                    *slot = Some(Source {
                        remote: check.remote,
                        local: check.local,
                        nominated: check.use_candidate,
                        heard: now,
                        allowance: Allowance::default(),
                    });
                    return true;
                }
            }
        }
        false
    }
}

/// The table of half-open peers, and the rates of the hosts that fill it.
#[derive(Debug)]
pub(super) struct Admission {
    /// Boxed, as a table that entries come to and go from has four times the room that they need.
    entries: HashMap<UfragKey, Box<HalfOpen>>,
    by_address: HashMap<SocketAddr, UfragKey>,
    /// Entries by age; one that is gone from the table is skipped.
    ages: VecDeque<(Timestamp, UfragKey)>,
    buckets: HashMap<IpAddr, Bucket>,
    half_open_max: usize,
    per_second: u32,
    burst: u32,
    lifetime: Duration,
    /// Of entries that gave way to others.
    displaced: Tally,
    /// Of checks of hosts that bring too many.
    throttled: Tally,
}

/// A token bucket.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// When the bucket would be full, had nobody taken from it since.
    full_at: Timestamp,
}

impl Admission {
    pub(super) fn new(limits: &Limits, lifetime: Duration) -> Self {
        Self {
            entries: HashMap::new(),
            by_address: HashMap::new(),
            ages: VecDeque::new(),
            buckets: HashMap::new(),
            half_open_max: limits.half_open,
            per_second: limits.checks_per_second,
            burst: limits.checks_burst,
            lifetime,
            displaced: Tally::default(),
            throttled: Tally::default(),
        }
    }

    /// Notes a verified check of a peer without a connection, which is to be answered; says whether it is
    /// the peer's first from its address.
    ///
    /// # Errors
    /// Why it is not to be answered.
    pub(super) fn on_check(&mut self, now: Timestamp, check: &Check) -> Result<bool, &'static str> {
        self.expire(now);
        if let Some(entry) = self.entries.get_mut(&check.key) {
            let is_first = entry.note(now, check);
            if is_first && !entry.overdue {
                self.by_address.insert(check.remote, check.key);
            }
            let known = entry.sources().any(|source| source.remote == check.remote);
            return match entry.overdue {
                true => Err("the peer checks on and on, and does not begin DTLS"),
                false if known => Ok(is_first),
                false => Err("the peer checks from too many addresses"),
            };
        }
        if !self.take_token(now, check.remote.ip()) {
            if let Some(times) = self.throttled.count(now) {
                tell_limit("checks_per_second", check.remote, times);
            }
            return Err("new peers come from the host too fast");
        }
        while self.entries.len() >= self.half_open_max {
            self.forget_oldest();
            if let Some(times) = self.displaced.count(now) {
                tell_limit("half_open", check.remote, times);
            }
        }
        trace!(
            target: telemetry::ENDPOINT,
            remote = %check.remote, version = %check.version, "half-open"
        );
        let mut entry = Box::new(HalfOpen {
            key: check.key,
            version: check.version,
            since: now,
            overdue: false,
            sources: [None; SOURCES],
        });
        entry.note(now, check);
        self.entries.insert(check.key, entry);
        // The same address may come with a new ufrag: a peer that restarted.
        self.by_address.insert(check.remote, check.key);
        self.ages.push_back((now, check.key));
        if self.ages.len() > self.half_open_max.saturating_mul(2) {
            // Entries that became connections left their age behind.
            let entries = &self.entries;
            self.ages.retain(|(since, key)| entries.get(key).is_some_and(|e| e.since == *since));
        }
        Ok(true)
    }

    /// Whether there is a half-open peer at an address, who may begin DTLS.
    pub(super) fn knows(&mut self, now: Timestamp, remote: SocketAddr) -> bool {
        self.expire(now);
        let entry = self.by_address.get(&remote).and_then(|key| self.entries.get(key));
        entry.is_some_and(|entry| !entry.overdue)
    }

    /// The half-open peer at an address: whose DTLS begins.
    pub(super) fn take(&mut self, now: Timestamp, remote: SocketAddr) -> Option<HalfOpen> {
        if !self.knows(now, remote) {
            return None;
        }
        let key = *self.by_address.get(&remote)?;
        self.remove(key)
    }

    /// What may be sent to an address of a half-open peer.
    pub(super) fn allowance_mut(
        &mut self,
        key: UfragKey,
        remote: SocketAddr,
    ) -> Option<&mut Allowance> {
        let sources = &mut self.entries.get_mut(&key)?.sources;
        let source = sources.iter_mut().flatten().find(|source| source.remote == remote)?;
        Some(&mut source.allowance)
    }

    /// What may be sent to an address, on behalf of whoever checked from there last.
    pub(super) fn allowance_at(&mut self, remote: SocketAddr) -> Option<&mut Allowance> {
        let key = *self.by_address.get(&remote)?;
        self.allowance_mut(key, remote)
    }

    /// Half-open peers.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// When the next entry has had its time.
    pub(super) fn deadline(&self) -> Option<Deadline> {
        let (since, _) = self.ages.front()?;
        Some(Deadline { at: *since + self.lifetime, why: "a half-open peer had its time" })
    }

    /// Ends what had its time.
    pub(super) fn expire(&mut self, now: Timestamp) {
        while let Some(&(since, _)) = self.ages.front()
            && since + self.lifetime <= now
        {
            self.expire_oldest(now);
        }
    }

    /// Ends the time of the oldest entry: it goes, unless its peer was heard of lately.
    fn expire_oldest(&mut self, now: Timestamp) {
        let Some((since, key)) = self.ages.pop_front() else { return };
        let Some(entry) = self.entries.get_mut(&key).filter(|entry| entry.since == since) else {
            return;
        };
        let heard = entry.sources().map(|source| source.heard).max();
        if heard.is_some_and(|heard| heard > since && heard + self.lifetime > now) {
            entry.overdue = true;
            entry.since = now;
            self.ages.push_back((now, key));
        } else {
            let remote = entry.latest();
            trace!(target: telemetry::ENDPOINT, %remote, "half-open, and went without DTLS");
            self.remove(key);
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((since, key)) = self.ages.pop_front()
            && self.entries.get(&key).is_some_and(|entry| entry.since == since)
        {
            self.remove(key);
        }
    }

    fn remove(&mut self, key: UfragKey) -> Option<HalfOpen> {
        let entry = self.entries.remove(&key)?;
        for source in entry.sources() {
            if self.by_address.get(&source.remote) == Some(&key) {
                self.by_address.remove(&source.remote);
            }
        }
        // Nobody is to be woken for who is gone.
        while let Some((since, key)) = self.ages.front()
            && self.entries.get(key).is_none_or(|entry| entry.since != *since)
        {
            self.ages.pop_front();
        }
        Some(*entry)
    }

    /// Whether the host may bring another half-open peer now.
    fn take_token(&mut self, now: Timestamp, ip: IpAddr) -> bool {
        let token = Duration::from_secs(1) / self.per_second;
        let depth = token * self.burst;
        let host = prefix(ip);
        if self.buckets.len() >= BUCKETS && !self.buckets.contains_key(&host) {
            self.buckets.retain(|_, bucket| bucket.full_at > now);
            if self.buckets.len() >= BUCKETS {
                // So many hosts at once are forged: the table's own limit is what holds then.
                self.buckets.clear();
            }
        }
        let bucket = self.buckets.entry(host).or_insert(Bucket { full_at: now });
        let full_at = bucket.full_at.max(now) + token;
        if full_at.saturating_since(now) > depth {
            return false;
        }
        bucket.full_at = full_at;
        true
    }
}

/// Tells the log that a limit was reached; `remote` is the last that was hit.
fn tell_limit(limit: &'static str, remote: SocketAddr, times: u64) {
    debug!(target: telemetry::ENDPOINT, limit, %remote, times, "a limit is reached");
}

/// What one host can vary at will: nothing of an IPv4 address, the lower half of an IPv6 address.
fn prefix(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => {
            let network = u128::from_be_bytes(ip.octets()) >> 64 << 64;
            IpAddr::V6(network.to_be_bytes().into())
        }
        v4 => v4,
    }
}

/// Addresses kept of a half-open peer; it may use more once it is a connection.
const SOURCES: usize = 4;
/// Hosts whose rate is kept: 4096 entries of some 40 bytes.
const BUCKETS: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(n: u32, ip: [u8; 4]) -> Check {
        Check {
            key: UfragKey::of(&std::format!("ufrag {n}")),
            version: Version::V2,
            local: None,
            remote: SocketAddr::from((ip, 1000 + n as u16)),
            use_candidate: false,
        }
    }

    fn admission(half_open: usize) -> Admission {
        let limits =
            Limits { half_open, checks_per_second: 10, checks_burst: 5, ..Limits::default() };
        Admission::new(&limits, Duration::from_secs(10))
    }

    #[test]
    fn the_oldest_gives_way_and_age_ends_it() {
        let mut admission = admission(2);
        let now = Timestamp::from_millis(5);
        for n in 0..3 {
            assert_eq!(admission.on_check(now, &check(n, [192, 0, 2, n as u8])), Ok(true));
        }
        assert_eq!(admission.len(), 2);
        assert!(admission.take(now, check(0, [192, 0, 2, 0]).remote).is_none());
        let taken = admission.take(now, check(1, [192, 0, 2, 1]).remote).expect("it checked");
        assert_eq!(taken.latest(), check(1, [192, 0, 2, 1]).remote);
        let later = now + Duration::from_secs(10);
        assert!(admission.take(later, check(2, [192, 0, 2, 2]).remote).is_none());
        assert_eq!(admission.len(), 0);
    }

    #[test]
    fn who_only_ever_checks_is_not_answered_for_ever() {
        let mut admission = admission(4);
        let check = check(1, [192, 0, 2, 1]);
        let at = |secs| Timestamp::from_millis(5) + Duration::from_secs(secs);
        for secs in 0..60 {
            assert_eq!(admission.on_check(at(secs), &check).is_ok(), secs < 10, "{secs} s");
        }
        assert!(admission.take(at(60), check.remote).is_none());
        assert_eq!(admission.len(), 1);
        // When it is silent it is forgotten, and may begin anew.
        assert_eq!(admission.on_check(at(80), &check), Ok(true));
        assert!(admission.take(at(80), check.remote).is_some());
    }

    #[test]
    fn one_host_fills_the_table_only_so_fast() {
        let mut admission = admission(100);
        let now = Timestamp::from_millis(5);
        let taken =
            (0..20).filter(|n| admission.on_check(now, &check(*n, [192, 0, 2, 1])).is_ok()).count();
        assert_eq!(taken, 5);
        assert!(
            admission.on_check(now, &check(50, [192, 0, 2, 2])).is_ok(),
            "another host is not hurt"
        );
        let later = now + Duration::from_millis(200);
        let taken = (30..40)
            .filter(|n| admission.on_check(later, &check(*n, [192, 0, 2, 1])).is_ok())
            .count();
        assert_eq!(taken, 2);
    }

    #[test]
    fn one_peer_may_check_from_several_addresses() {
        let mut admission = admission(4);
        let now = Timestamp::ZERO;
        for n in 0..6 {
            let check = Check { remote: check(n, [192, 0, 2, 1]).remote, ..check(0, [0; 4]) };
            assert_eq!(admission.on_check(now, &check).ok(), (n < 4).then_some(true));
            assert_eq!(admission.on_check(now, &check).ok(), (n < 4).then_some(false));
        }
        assert_eq!(admission.len(), 1);
        let entry = admission.take(now, check(3, [192, 0, 2, 1]).remote).expect("it checked");
        assert_eq!(entry.sources().count(), 4);
        assert!(admission.take(now, check(0, [192, 0, 2, 1]).remote).is_none());
    }
}
