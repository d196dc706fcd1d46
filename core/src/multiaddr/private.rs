//! Addresses of private-to-private `/webrtc`: `<relay>/p2p-circuit/webrtc/p2p/<target>`.
//!
//! Such an address is not dialed itself. Signaling runs on a connection through the relay, whose
//! address is the same without `/webrtc`; dialing that is the business of whoever speaks the relay's
//! transport, so the relay's part is kept as text and not looked into.

use core::fmt;

use super::MultiaddrError;
use crate::peer_id::PeerId;

/// An address of private-to-private `/webrtc`, borrowed from its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PrivateAddr<'a> {
    relay: &'a str,
    target: PeerId,
}

impl<'a> PrivateAddr<'a> {
    /// Reads the address from its end, as the target is the last `/p2p`.
    ///
    /// # Errors
    /// A [`MultiaddrError`] that says what is missing.
    pub fn parse(text: &'a str) -> Result<Self, MultiaddrError> {
        if !text.starts_with('/') {
            return Err(MultiaddrError::NoSlash);
        }
        if text.split('/').any(|component| component == "webrtc-direct") && !text.contains(CIRCUIT)
        {
            return Err(MultiaddrError::Direct);
        }
        if text.ends_with(WEBRTC) {
            return Err(MultiaddrError::NoTarget);
        }
        let (rest, target) = text.rsplit_once("/p2p/").ok_or(MultiaddrError::NoTarget)?;
        if target.contains('/') {
            return Err(MultiaddrError::NoTarget);
        }
        let target = target.parse()?;
        let rest = rest.strip_suffix(WEBRTC).ok_or(MultiaddrError::NoWebrtc)?;
        match rest.strip_suffix(CIRCUIT) {
            Some(relay) if !relay.is_empty() => Ok(Self { relay, target }),
            _ => Err(MultiaddrError::NoRelay),
        }
    }

    /// The relay's address, as it stands before `/p2p-circuit`.
    pub const fn relay(&self) -> &'a str {
        self.relay
    }

    /// Who is to be reached.
    pub const fn target(&self) -> PeerId {
        self.target
    }

    /// The address to run signaling over: displays as this one without `/webrtc`.
    pub const fn signaling_addr(&self) -> SignalingAddr<'a> {
        SignalingAddr(*self)
    }
}

impl fmt::Display for PrivateAddr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{CIRCUIT}{WEBRTC}/p2p/{}", self.relay, self.target)
    }
}

/// Displays the address of the relayed connection that signaling needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SignalingAddr<'a>(PrivateAddr<'a>);

impl fmt::Display for SignalingAddr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{CIRCUIT}/p2p/{}", self.0.relay, self.0.target)
    }
}

const CIRCUIT: &str = "/p2p-circuit";
const WEBRTC: &str = "/webrtc";

#[cfg(test)]
mod tests {
    use std::{format, string::ToString};

    use super::*;

    const RELAY: &str = "12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB";
    const TARGET: &str = "12D3KooWCd3eX8r5ihRvzK7P1yPq5aakaBJhG5GNj18YTztPhoCa";

    #[test]
    fn the_target_and_the_way_to_it() {
        for relay in [
            format!("/ip4/192.0.2.1/tcp/4001/ws/p2p/{RELAY}"),
            format!("/dns4/relay.example/tcp/443/tls/ws/p2p/{RELAY}"),
            // A relay may itself be reached by webrtc-direct.
            format!("/ip4/192.0.2.1/udp/1/webrtc-direct/certhash/uEi/p2p/{RELAY}"),
        ] {
            let text = format!("{relay}/p2p-circuit/webrtc/p2p/{TARGET}");
            let address = PrivateAddr::parse(&text).unwrap();
            assert_eq!(address.relay(), relay);
            assert_eq!(address.target().to_string(), TARGET);
            assert_eq!(
                address.signaling_addr().to_string(),
                format!("{relay}/p2p-circuit/p2p/{TARGET}")
            );
            assert_eq!(address.to_string(), text);
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        use MultiaddrError::*;
        let relay = format!("/ip4/192.0.2.1/tcp/4001/p2p/{RELAY}");
        for (text, error) in [
            ("".into(), NoSlash),
            (format!("x{relay}/p2p-circuit/webrtc/p2p/{TARGET}"), NoSlash),
            ("/webrtc".into(), NoTarget),
            (format!("{relay}/p2p-circuit/webrtc"), NoTarget),
            (format!("{relay}/p2p-circuit/webrtc/p2p/{TARGET}/x"), NoTarget),
            ("/ip4/192.0.2.1/tcp/1".into(), NoTarget),
            (format!("{relay}/p2p-circuit/p2p/{TARGET}"), NoWebrtc),
            (relay.clone(), NoWebrtc),
            (format!("/webrtc/p2p/{TARGET}"), NoRelay),
            (format!("/p2p-circuit/webrtc/p2p/{TARGET}"), NoRelay),
            (format!("{relay}/webrtc/p2p/{TARGET}"), NoRelay),
            (format!("/ip4/192.0.2.1/udp/1/webrtc-direct/p2p/{TARGET}"), Direct),
        ] {
            assert_eq!(PrivateAddr::parse(&text), Err(error), "{text}");
        }
        let bad_id = format!("{relay}/p2p-circuit/webrtc/p2p/12D3");
        assert!(matches!(PrivateAddr::parse(&bad_id), Err(PeerId(_))));
    }
}
