//! ICE credentials of webrtc-direct, once more from the specification (libp2p webrtc-direct r2).
//!
//! v1: one random string `libp2p+webrtc+v1/…` is ufrag and password of both sides. v2: the client has
//! a ufrag and a password of its own, and `libp2p+webrtc+v2/<client's password>` is both ufrag and
//! password of the server.

use floe_core::ice::Version;
use str0m::IceCreds;
use str0m::ice::StunMessage;

use crate::rng::Rng;

/// The credentials of both sides, as one of them sees them.
#[derive(Clone, Debug)]
pub(super) struct Credentials {
    pub(super) local: IceCreds,
    pub(super) remote: IceCreds,
}

impl Credentials {
    /// What a dialer makes up.
    pub(super) fn of_dialer(version: Version, rng: &mut Rng) -> Self {
        match version {
            Version::V1 => {
                let secret = format!("{V1}{}", ice_chars(rng, 32));
                let both = creds(&secret, &secret);
                Self { local: both.clone(), remote: both }
            }
            Version::V2 => {
                let (ufrag, password) = (ice_chars(rng, 8), ice_chars(rng, 24));
                let server = format!("{V2}{password}");
                Self { local: creds(&ufrag, &password), remote: creds(&server, &server) }
            }
            other => unreachable!("{other} is not known here"),
        }
    }

    /// What a listener learns from the first binding request; `None` if the datagram is anything else,
    /// or of a version that it does not know.
    pub(super) fn of_listener(datagram: &[u8]) -> Option<Self> {
        let stun = StunMessage::parse(datagram).ok().filter(StunMessage::is_binding_request)?;
        let (server, client) = stun.split_username()?;
        let remote = if let Some(password) = server.strip_prefix(V2) {
            creds(client, password)
        } else if server.starts_with(V1) {
            creds(client, client)
        } else {
            return None;
        };
        Some(Self { local: creds(server, server), remote })
    }
}

fn creds(ufrag: &str, pass: &str) -> IceCreds {
    IceCreds { ufrag: ufrag.to_owned(), pass: pass.to_owned() }
}

fn ice_chars(rng: &mut Rng, len: usize) -> String {
    (0..len).map(|_| char::from(ICE_CHARS[rng.below(ICE_CHARS.len() as u64) as usize])).collect()
}

const V1: &str = "libp2p+webrtc+v1/";
const V2: &str = "libp2p+webrtc+v2/";
/// RFC 8839 §5.4.
const ICE_CHARS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
