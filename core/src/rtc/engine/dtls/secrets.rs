//! The secrets of a session: for the [`Opener`](super::opener::Opener), and for those who want to decrypt what
//! they have captured.
//!
//! The library tells nobody, but it lets its caller bring the cryptography. So here is a provider that
//! computes every HMAC by the usual one and recognises the few calls that a session's secrets pass
//! through: the key expansion of DTLS 1.2 (RFC 5246 §6.3) and the traffic secrets of DTLS 1.3 (RFC 8446
//! §7.1, with the labels of RFC 9147 §5.9).
//!
//! A provider is one for all sessions and cannot know whose call it hears, so what it recognises goes to
//! whoever listens on its thread: [`Secrets::overhear`] does, around one call into the library and no
//! longer, and only until the handshake is done. Where nobody listens nothing is kept.

use core::cell::Cell;
use std::thread_local;
use std::vec::Vec;

use dimpl::CryptoError;
use dimpl::crypto::{CryptoProvider, HashAlgorithm, HmacProvider, aws_lc_rs};
use zeroize::Zeroizing;

use super::keys::{KEY_EXPANSION, Keys};
use super::suites::SUITES;
use crate::demux::is_client_hello;
use crate::rtc::engine::Role;
use crate::rtc::keylog::{KeyLogLabel, KeyLogLine};

/// Overhears the secrets of one handshake.
#[derive(Debug)]
pub(super) struct Secrets {
    /// Who seals what we are to open.
    peer: Role,
    client_random: Option<[u8; 32]>,
    keys: Option<Keys>,
}

impl Secrets {
    pub(super) const fn new(role: Role) -> Self {
        let peer = match role {
            Role::Client => Role::Server,
            Role::Server => Role::Client,
        };
        Self { peer, client_random: None, keys: None }
    }

    /// Forgets all: the handshake begins anew.
    pub(super) fn forget(&mut self) {
        (self.client_random, self.keys) = (None, None);
    }

    /// What opens the peer's data, if that was heard of.
    pub(super) fn take_keys(&mut self) -> Option<Keys> {
        self.keys.take()
    }

    /// Looks for the ClientHello in a datagram of the session, whoever sent it: DTLS 1.3 derives its
    /// secrets without a trace of the random by which they are looked up. The first one counts; the
    /// second, after a cookie, has the same random.
    pub(super) fn on_datagram(&mut self, datagram: &[u8]) {
        if self.client_random.is_none() {
            self.client_random = client_random(datagram);
        }
    }

    /// Does something to the session, and gives the secrets that it has derived on the way; keeps those that
    /// the peer's data is sealed with.
    pub(super) fn overhear<T>(
        &mut self,
        call: impl FnOnce(&mut Self) -> T,
    ) -> (T, Vec<KeyLogLine>) {
        HEARD.set(Some(Vec::new()));
        let result = call(self);
        let heard = HEARD.take().unwrap_or_default();
        self.keys = heard.iter().find_map(|heard| heard.keys(self.peer)).or(self.keys.take());
        let line = |Heard { label, randoms, secret, .. }: Heard| {
            let client_random = randoms.and_then(|randoms| randoms[32..].try_into().ok());
            KeyLogLine::new(label, client_random.or(self.client_random)?, &secret)
        };
        (result, heard.into_iter().filter_map(line).collect())
    }
}

/// The process's provider or else the library's, but for its HMAC; with [`SUITES`], if the process has no other.
pub(super) fn provider() -> CryptoProvider {
    let chosen = CryptoProvider::get_default().cloned();
    let usual = || CryptoProvider { dtls13_cipher_suites: SUITES, ..aws_lc_rs::default_provider() };
    CryptoProvider { hmac_provider: &Ears, ..chosen.unwrap_or_else(usual) }
}

/// Computes HMACs and says what they were about.
#[derive(Debug)]
struct Ears;

/// A secret that passed by.
struct Heard {
    label: KeyLogLabel,
    hash: HashAlgorithm,
    /// Of server and client: part of what is hashed in DTLS 1.2.
    randoms: Option<[u8; 64]>,
    secret: Zeroizing<Vec<u8>>,
}

impl Heard {
    /// What `sender` seals data with, if this is the secret for that, and if it may be AES-128-GCM.
    fn keys(&self, sender: Role) -> Option<Keys> {
        if self.hash != HashAlgorithm::SHA256 {
            return None;
        }
        match (self.label, &self.randoms, sender) {
            (KeyLogLabel::ClientRandom, Some(randoms), _) => {
                Some(Keys::v12(&self.secret, randoms, sender))
            }
            (KeyLogLabel::ClientTrafficSecret0, _, Role::Client)
            | (KeyLogLabel::ServerTrafficSecret0, _, Role::Server) => Some(Keys::v13(&self.secret)),
            _ => None,
        }
    }
}

thread_local! {
    /// What was heard on this thread since someone began to listen.
    static HEARD: Cell<Option<Vec<Heard>>> = const { Cell::new(None) };
}

impl HmacProvider for Ears {
    fn hmac(
        &self,
        hash: HashAlgorithm,
        key: &[u8],
        data: &[u8],
        out: &mut [u8],
    ) -> Result<usize, CryptoError> {
        let len = aws_lc_rs::default_provider().hmac_provider.hmac(hash, key, data, out)?;
        if let Some(mut heard) = HEARD.take() {
            heard.extend(recognise(hash, key, data, &out[..len]));
            HEARD.set(Some(heard));
        }
        Ok(len)
    }
}

/// The secret that an HMAC is about, if it is one of those that a key log wants.
fn recognise(hash: HashAlgorithm, key: &[u8], data: &[u8], out: &[u8]) -> Option<Heard> {
    let heard = |label, randoms, secret: &[u8]| Heard {
        label,
        hash,
        randoms,
        secret: Zeroizing::new(secret.into()),
    };
    if let Some(randoms) = data.strip_prefix(KEY_EXPANSION)
        && let Ok(randoms) = randoms.try_into()
    {
        // The first call, for A(1).
        return Some(heard(KeyLogLabel::ClientRandom, Some(randoms), key));
    }
    // HkdfLabel: the output's length in two bytes, the label and the context with one byte of length each;
    // then the number of HKDF's only block.
    let (&label_len, rest) = data.get(2..)?.split_first()?;
    let label = rest.get(..usize::from(label_len))?;
    let (_, label) = TRAFFIC_SECRETS.into_iter().find(|(name, _)| *name == label)?;
    Some(heard(label, None, out))
}

/// The random of a ClientHello, which is in the clear; its first fragment has it.
fn client_random(datagram: &[u8]) -> Option<[u8; 32]> {
    const FRAGMENT_OFFSET: core::ops::Range<usize> = 19..22;
    const RANDOM: core::ops::Range<usize> = 27..59;
    let is_first = is_client_hello(datagram) && datagram.get(FRAGMENT_OFFSET)? == [0; 3];
    is_first.then(|| datagram.get(RANDOM)?.try_into().ok()).flatten()
}

const TRAFFIC_SECRETS: [(&[u8], KeyLogLabel); 4] = [
    (b"dtls13c hs traffic", KeyLogLabel::ClientHandshakeTrafficSecret),
    (b"dtls13s hs traffic", KeyLogLabel::ServerHandshakeTrafficSecret),
    (b"dtls13c ap traffic", KeyLogLabel::ClientTrafficSecret0),
    (b"dtls13s ap traffic", KeyLogLabel::ServerTrafficSecret0),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn hmac(key: &[u8], data: &[u8]) -> [u8; 32] {
        provider().hmac_provider.hmac_sha256(key, data).unwrap()
    }

    fn expansion() -> Vec<u8> {
        [KEY_EXPANSION, &[1; 32], &[2; 32]].concat()
    }

    #[test]
    fn a_session_hears_of_its_own_call_only() {
        hmac(&[3; 48], &expansion());
        let mut secrets = Secrets::new(Role::Client);
        let (_, lines) = secrets.overhear(|_| {
            hmac(&[4; 48], &expansion());
            std::thread::spawn(|| hmac(&[5; 48], &expansion())).join().unwrap();
            // What the PRF computes besides.
            hmac(&[4; 48], &[&[9; 32], &expansion()[..]].concat());
            hmac(&[4; 48], b"");
            hmac(&[4; 48], &[0, 32, 255]);
        });
        let line = KeyLogLine::new(KeyLogLabel::ClientRandom, [2; 32], &[4; 48]).unwrap();
        assert_eq!(lines, [line]);
        hmac(&[3; 48], &expansion());
        assert_eq!(secrets.overhear(|_| ()).1, []);
    }

    #[test]
    fn traffic_secrets_are_named_by_the_first_client_hello() {
        let hello = |random, offset| {
            let mut hello = [0; 100];
            (hello[0], hello[13], hello[21]) = (22, 1, offset);
            hello[27..59].fill(random);
            hello
        };
        let mut secrets = Secrets::new(Role::Client);
        let derive = |_: &mut Secrets| hmac(&[6; 32], b"\0\x20\x12dtls13s ap traffic\x01\x07\x01");
        assert_eq!(secrets.overhear(derive).1, [], "without a name it would be of no use");
        secrets.on_datagram(&hello(7, 9));
        secrets.on_datagram(&hello(7, 0)[..58]);
        secrets.on_datagram(&hello(8, 0));
        secrets.on_datagram(&hello(9, 0));
        let (secret, lines) = secrets.overhear(derive);
        let label = KeyLogLabel::ServerTrafficSecret0;
        assert_eq!(lines, [KeyLogLine::new(label, [8; 32], &secret).unwrap()]);
    }
}
