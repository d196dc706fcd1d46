//! Whom to dial, and how.

use core::net::SocketAddr;
use core::time::Duration;

use crate::fingerprint::Fingerprint;
use crate::ice::Version;
use crate::multiaddr::DirectAddr;
use crate::multiaddr::certhashes::Certhashes;
use crate::peer_id::PeerId;
use crate::rtc::error::DialRefused;

/// Whom to dial, and how. Made from an address, then adjusted.
#[derive(Clone, Debug)]
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

    /// Whether there can be a host at that address.
    pub(super) fn is_dialable(&self) -> bool {
        let ip = self.remote.ip();
        self.remote.port() != 0 && !ip.is_unspecified() && !ip.is_multicast()
    }
}
