//! Whose certificate a peer may show, said in so many words.
//!
//! "Anyone's" is a value of its own and never the absence of another one, so that nothing that was
//! forgotten or left empty on the way here can mean it.

use crate::fingerprint::Fingerprint;
use crate::multiaddr::certhashes::Certhashes;

/// The certificates that a peer may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Any: a listener learns from Noise who calls.
    Any,
    /// One of these: what the address of the server promises. A dialer of webrtc-direct must have one.
    OneOf(Certhashes),
}

impl Expected {
    /// Whether a certificate may be shown; the one that was promised (the first, if several were) as the
    /// error if not.
    ///
    /// libp2p webrtc-direct: the client "MUST" find the certhash that it was given in the certificate.
    pub(super) fn check(&self, actual: Fingerprint) -> Result<(), Fingerprint> {
        match self {
            Self::Any => Ok(()),
            Self::OneOf(promised) if promised.iter().any(|it| it == actual) => Ok(()),
            Self::OneOf(promised) => Err(promised.first()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_of_the_promised_certificates_will_do_and_no_other() {
        let [a, b, c] = [1, 2, 3].map(|n| Fingerprint::from_bytes([n; 32]));
        assert_eq!(Expected::Any.check(a), Ok(()));
        let one = Certhashes::one(a);
        let two = Expected::OneOf(one.and(b).unwrap());
        assert_eq!(two.check(a), Ok(()));
        assert_eq!(two.check(b), Ok(()));
        assert_eq!(two.check(c), Err(a));
        assert_eq!(Expected::OneOf(one).check(b), Err(a));
    }
}
