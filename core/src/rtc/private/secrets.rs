//! The ICE credentials of a private connection: random, with no prefix.

use core::str;

use crate::ice::text::ice_char;
use crate::ice::{Password, Secrets, Ufrag};
use crate::rtc::entropy::Entropy;

/// Ours, for one connection.
pub(in crate::rtc) struct LocalSecrets([u8; UFRAG_LEN + PASSWORD_LEN]);

/// 48 bits: what the checks of a peer are known by, which nobody guesses who was not told (RFC 8839 §5.4 wants 24).
const UFRAG_LEN: usize = 8;
/// 192 bits (RFC 8839 §5.4 wants 128).
const PASSWORD_LEN: usize = 32;

impl LocalSecrets {
    /// Fresh ones, six bits of each random byte.
    pub(in crate::rtc) fn new(entropy: &mut Entropy) -> Self {
        let mut text = [0; UFRAG_LEN + PASSWORD_LEN];
        entropy.fill(&mut text);
        for byte in &mut text {
            *byte = ice_char(*byte);
        }
        Self(text)
    }

    /// To be told to the peer.
    pub(in crate::rtc) fn as_secrets(&self) -> Secrets<'_> {
        let (ufrag, password) = self.0.split_at(UFRAG_LEN);
        Secrets {
            ufrag: Ufrag::new(ufrag).expect("ice-chars, and enough of them"),
            password: Password::new(password).expect("ice-chars, and enough of them"),
        }
    }

    /// The fragment by itself.
    pub(in crate::rtc) fn ufrag(&self) -> &str {
        str::from_utf8(&self.0[..UFRAG_LEN]).expect("ice-chars are ASCII")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_connection_has_its_own() {
        let mut entropy = Entropy::new([3; 32]);
        let [a, b] = [(); 2].map(|()| LocalSecrets::new(&mut entropy));
        assert_ne!(a.ufrag(), b.ufrag());
        assert_eq!(a.as_secrets().ufrag.as_str(), a.ufrag());
        assert_ne!(a.as_secrets().password, b.as_secrets().password);
    }
}
