//! The 88 bytes that tie the Noise handshake to the DTLS connection under it.
//!
//! Both sides mix the fingerprints of both DTLS certificates into the handshake, so that nobody can
//! sit between two DTLS connections and pass the Noise messages through (libp2p webrtc-direct,
//! "Connection Security"). The order never depends on who computes it: client, then server.

use crate::fingerprint::Fingerprint;

/// The prologue of the Noise handshake between `client` (the dialer) and `server` (the listener):
/// `"libp2p-webrtc-noise:"`, then both fingerprints as multihashes.
///
/// The hash code is always that of sha-256, as in every implementation.
pub fn prologue(client: &Fingerprint, server: &Fingerprint) -> [u8; LEN] {
    let mut out = [0; LEN];
    let (prefix, hashes) = out.split_at_mut(PREFIX.len());
    let (first, second) = hashes.split_at_mut(Fingerprint::MULTIHASH_LEN);
    prefix.copy_from_slice(PREFIX);
    first.copy_from_slice(&client.multihash());
    second.copy_from_slice(&server.multihash());
    out
}

/// Length of the prologue in bytes.
pub const LEN: usize = PREFIX.len() + 2 * Fingerprint::MULTIHASH_LEN;

const PREFIX: &[u8; 20] = b"libp2p-webrtc-noise:";

const _: () = assert!(LEN == 88);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{bytes, vectors};

    #[test]
    fn the_vector_of_the_specification() {
        let vector = &vectors()["prologue"];
        let fingerprint = |name: &str| {
            Fingerprint::from_bytes(bytes(&vector[name]).try_into().expect("32 bytes"))
        };
        let (client, server) = (fingerprint("client_fp"), fingerprint("server_fp"));
        assert_eq!(prologue(&client, &server)[..], bytes(&vector["prologue"]));
        assert_eq!(vector["length"], LEN);
        assert_ne!(prologue(&server, &client), prologue(&client, &server));
    }
}
