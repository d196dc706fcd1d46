//! What ICE credentials mean in libp2p: who is calling, and in which version of webrtc-direct.
//!
//! In webrtc-direct nobody signals. The dialer knows the listener's address only, and the listener
//! knows nothing before the first STUN binding request arrives. So the credentials, which ICE wants
//! exchanged beforehand, are chosen by the dialer and can be read out of that request by the listener:
//!
//! | | v1 | v2 |
//! |---|---|---|
//! | client ufrag | `U` | the client's own |
//! | client password | `U` | the client's own, `P` |
//! | server ufrag | `U` | `libp2p+webrtc+v2/` `P` |
//! | server password | `U` | `libp2p+webrtc+v2/` `P` |
//! | where | `U` = `libp2p+webrtc+v1/` and random text | |
//!
//! v2 exists because browsers stop letting a page choose its own ufrag and password (libp2p
//! webrtc-direct, revision 2).
//!
//! These credentials prove nothing: the server's password is its ufrag and stands in every request.
//! They tell sessions apart and keep stray packets out; who the peer is, DTLS and Noise find out.
//!
//! - [`Ufrag`], [`Password`]: text that ICE allows (RFC 8839 §5.4);
//! - [`Username`], [`Credentials`], [`Version`]: what a listener infers from a first request;
//! - [`DialSecrets`]: what a dialer makes up;
//! - [`stun`]: reading and writing the STUN messages themselves.

pub mod stun;
pub(crate) mod text;
mod version;

pub use text::{Password, TextError, Ufrag};
pub use version::{
    Credentials, DialSecrets, Secrets, UnknownVersion, Username, UsernameError, Version,
};
