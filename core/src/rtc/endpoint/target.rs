//! Whom to dial, and how.

use core::net::SocketAddr;
use core::time::Duration;

use crate::fingerprint::Fingerprint;
use crate::ice::Version;
use crate::multiaddr::DirectAddr;
use crate::peer_id::PeerId;
use crate::rtc::error::DialError;

/// Whom to dial, and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Target {
    /// The server's address.
    pub remote: SocketAddr,
    /// Fingerprints of its certificate that are taken: the certhashes of its address.
    pub certhashes: [Option<Fingerprint>; 4],
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
    /// [`DialError::NoCerthash`] if the address has no `/certhash`.
    pub fn new(address: &DirectAddr) -> Result<Self, DialError> {
        let mut certhashes = [None; 4];
        for (slot, fingerprint) in certhashes.iter_mut().zip(address.certhashes()) {
            *slot = Some(fingerprint);
        }
        if certhashes[0].is_none() {
            return Err(DialError::NoCerthash);
        }
        Ok(Self {
            remote: SocketAddr::new(address.ip, address.port),
            certhashes,
            peer: address.peer,
            version: None,
            timeout: None,
        })
    }

    /// Whether there can be a host at that address.
    pub(super) fn is_dialable(&self) -> bool {
        let ip = self.remote.ip();
        self.remote.port() != 0 && !ip.is_unspecified() && !ip.is_multicast()
    }
}

/// What [`Target::new`] makes of it.
impl TryFrom<&DirectAddr> for Target {
    type Error = DialError;

    fn try_from(address: &DirectAddr) -> Result<Self, DialError> {
        Self::new(address)
    }
}
