//! What a peer without manners is made of: how far it comes, and where it breaks the rules.

use std::net::SocketAddr;

use floe_core::rtc::config::DtlsVersions;

/// How far a peer goes. It answers what comes until then, and nothing after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// It has sent a check, if it dials.
    Checked,
    /// It has answered floe's check, too.
    Proven,
    /// It has sent a ClientHello, if it dials.
    Hello,
    /// It has finished DTLS.
    Secured,
    /// It has an SCTP association.
    Associated,
    /// It has authenticated itself.
    Open,
}

/// What a peer is made of.
#[derive(Clone, Debug)]
pub struct Rude {
    /// Everything random comes from it.
    pub seed: u64,
    /// Its address.
    pub addr: SocketAddr,
    /// Where floe is, and the fingerprint of its certificate.
    pub floe: (SocketAddr, [u8; 32]),
    /// Whether it waits to be dialed.
    pub listens: bool,
    /// Which DTLS it speaks.
    pub dtls: DtlsVersions,
    /// The longest DTLS datagram that it sends: a short one cuts its ClientHello.
    pub mtu: usize,
    /// Where it stops.
    pub until: Step,
    /// Whether it answers the server's check before it is asked to.
    pub proves: bool,
    /// Whether it sends INIT, and does not wait for floe's.
    pub inits: bool,
    /// What it says its receive window is.
    pub window: u32,
}

impl Rude {
    /// A peer that dials, and goes all the way with DTLS 1.2.
    pub fn new(seed: u64, addr: SocketAddr, floe: (SocketAddr, [u8; 32])) -> Self {
        Self {
            seed,
            addr,
            floe,
            listens: false,
            dtls: DtlsVersions::V12,
            mtu: 1_200,
            until: Step::Open,
            proves: true,
            inits: false,
            window: 1 << 20,
        }
    }
}
