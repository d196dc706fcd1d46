//! Whom to dial, and how.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use crate::fingerprint::Fingerprint;
use crate::ice::Version;
use crate::multiaddr::DirectAddr;
use crate::multiaddr::certhashes::Certhashes;
use crate::peer_id::PeerId;
use crate::rtc::error::DialRefused;

/// Whom to dial, and how. Made from an address, then adjusted.
///
/// ```
/// use std::time::Duration;
///
/// use floe_core::ice::Version;
/// use floe_core::multiaddr::DirectAddr;
/// use floe_core::rtc::Target;
///
/// let address: DirectAddr = "/ip4/192.0.2.1/udp/4001/webrtc-direct\
///     /certhash/uEiDikp5KVUgkLta1EjUN-IKbHk-dUBg8VzKgf5nXxLK46w"
///     .parse()?;
/// let mut target = Target::new(&address)?;
/// target.version = Some(Version::V1); // no race with v2
/// target.timeout = Some(Duration::from_secs(3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Target {
    /// The server's address.
    pub remote: SocketAddr,
    /// Private, and never empty: without a promise about the server's certificate, anybody on the way to
    /// it could answer in its place.
    pub(in crate::rtc) certhashes: Certhashes,
    /// Who must answer, if that is known.
    pub peer: Option<PeerId>,
    /// Which version to speak; v2 and then v1 as well if `None`.
    pub version: Option<Version>,
    /// Deadline of the set-up; that of the [`Config`](super::Config) if `None`.
    pub timeout: Option<Duration>,
}

impl Target {
    /// The target that an address names.
    ///
    /// # Errors
    /// [`DialRefused::NoCerthash`] if the address has no `/certhash`.
    pub fn new(address: &DirectAddr) -> Result<Self, DialRefused> {
        Ok(Self {
            remote: address.socket_addr(),
            certhashes: address.certhashes.ok_or(DialRefused::NoCerthash)?,
            peer: address.peer(),
            version: None,
            timeout: None,
        })
    }

    /// Fingerprints of the server's certificate that are taken, one at least: the certhashes of its
    /// address.
    pub fn certhashes(&self) -> impl Iterator<Item = Fingerprint> + use<> {
        self.certhashes.iter()
    }

    /// The same target, of whose certificates this one is taken and no other.
    #[must_use]
    pub const fn with_certhash(mut self, certhash: Fingerprint) -> Self {
        self.certhashes = Certhashes::one(certhash);
        self
    }

    /// The same target as a socket bound to `local` can reach it: an IPv4 address that is written as IPv6
    /// (`::ffff:192.0.2.1`) becomes what it is.
    ///
    /// The driver does this by itself. Whoever drives an [`Endpoint`](super::Endpoint) by
    /// hand knows its socket, which the endpoint does not: without this, a dial by a socket of the other
    /// family waits for its deadline, as nothing that it sends leaves the host.
    ///
    /// # Errors
    /// [`DialRefused::WrongFamily`] if the socket has no way to such an address.
    pub fn reachable_from(mut self, local: SocketAddr) -> Result<Self, DialRefused> {
        if let IpAddr::V4(ip) = self.remote.ip().to_canonical() {
            self.remote = SocketAddr::new(ip.into(), self.remote.port());
        }
        if self.remote.is_ipv4() != local.is_ipv4() {
            return Err(DialRefused::WrongFamily);
        }
        Ok(self)
    }

    /// Whether there can be a host at that address.
    pub(super) fn is_dialable(&self) -> bool {
        let ip = self.remote.ip();
        self.remote.port() != 0 && !ip.is_unspecified() && !ip.is_multicast()
    }
}

/// What [`Target::new`] makes of it.
impl TryFrom<&DirectAddr> for Target {
    type Error = DialRefused;

    fn try_from(address: &DirectAddr) -> Result<Self, DialRefused> {
        Self::new(address)
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn a_socket_reaches_its_own_family_only() {
        let [v4, v6] = ["192.0.2.1:7", "[2001:db8::1]:7"].map(|addr| addr.parse().unwrap());
        let reached = |remote: &str, local: SocketAddr| {
            let address = DirectAddr::new(remote.parse().unwrap());
            let address = address.with_certhash(Fingerprint::from_bytes([1; 32]));
            let target = Target::new(&address).unwrap().reachable_from(local);
            target.map(|target| target.remote.to_string())
        };
        assert_eq!(reached("192.0.2.9:4001", v4), Ok("192.0.2.9:4001".into()));
        assert_eq!(reached("[::ffff:192.0.2.9]:4001", v4), Ok("192.0.2.9:4001".into()));
        assert_eq!(reached("[2001:db8::9]:4001", v6), Ok("[2001:db8::9]:4001".into()));
        for (remote, local) in
            [("192.0.2.9:4001", v6), ("[::ffff:192.0.2.9]:4001", v6), ("[2001:db8::9]:4001", v4)]
        {
            assert_eq!(reached(remote, local), Err(DialRefused::WrongFamily), "{remote}");
        }
    }

    #[test]
    fn a_scope_is_kept() {
        let scoped = "[fe80::9%3]:4001".parse().unwrap();
        let address = DirectAddr::new(scoped).with_certhash(Fingerprint::from_bytes([1; 32]));
        let mut target = Target::new(&address).unwrap();
        target.remote = scoped;
        let target = target.reachable_from("[::]:0".parse().unwrap()).unwrap();
        assert_eq!(target.remote, scoped);
    }
}
