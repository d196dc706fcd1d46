//! Lines of a key log: the secrets of a DTLS session in the form that Wireshark and others read.
//!
//! The form is the one that NSS began and `SSLKEYLOGFILE` names (RFC 9850): a label, the random of the
//! ClientHello and the secret, in hexadecimal. Whoever has these lines reads the connection, so there
//! are none unless the configuration asks for them, and a line shows its secret only by [`Display`],
//! never by [`Debug`](fmt::Debug), which ends up in logs.
//!
//! [`Display`]: fmt::Display

use core::fmt;

/// A secret of a DTLS session; displayed, a line of a key log without its newline.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyLogLine {
    label: KeyLogLabel,
    client_random: [u8; 32],
    secret: [u8; SECRET_LEN_MAX],
    secret_len: usize,
}

/// What a secret of a key log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyLogLabel {
    /// DTLS 1.2: the master secret.
    ClientRandom,
    /// DTLS 1.3: what encrypts the client's handshake.
    ClientHandshakeTrafficSecret,
    /// DTLS 1.3: what encrypts the server's handshake.
    ServerHandshakeTrafficSecret,
    /// DTLS 1.3: what encrypts the client's data, until it changes its keys.
    ClientTrafficSecret0,
    /// DTLS 1.3: what encrypts the server's data, until it changes its keys.
    ServerTrafficSecret0,
}

impl KeyLogLine {
    /// A line, or `None` if the secret is longer than any that DTLS has.
    pub(crate) fn new(label: KeyLogLabel, client_random: [u8; 32], secret: &[u8]) -> Option<Self> {
        let mut padded = [0; SECRET_LEN_MAX];
        padded.get_mut(..secret.len())?.copy_from_slice(secret);
        Some(Self { label, client_random, secret: padded, secret_len: secret.len() })
    }

    /// What the secret is.
    pub const fn label(&self) -> KeyLogLabel {
        self.label
    }

    /// The random of the session's ClientHello: the name by which a captured session is found.
    pub const fn client_random(&self) -> &[u8; 32] {
        &self.client_random
    }

    /// The secret: 32 or 48 bytes.
    pub fn secret(&self) -> &[u8] {
        &self.secret[..self.secret_len]
    }
}

impl fmt::Display for KeyLogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.label)?;
        write_hex(f, &self.client_random)?;
        f.write_str(" ")?;
        write_hex(f, self.secret())
    }
}

impl fmt::Debug for KeyLogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyLogLine").field("label", &self.label).finish_non_exhaustive()
    }
}

impl fmt::Display for KeyLogLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClientRandom => "CLIENT_RANDOM",
            Self::ClientHandshakeTrafficSecret => "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            Self::ServerHandshakeTrafficSecret => "SERVER_HANDSHAKE_TRAFFIC_SECRET",
            Self::ClientTrafficSecret0 => "CLIENT_TRAFFIC_SECRET_0",
            Self::ServerTrafficSecret0 => "SERVER_TRAFFIC_SECRET_0",
        })
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// A master secret, or an output of SHA-384.
const SECRET_LEN_MAX: usize = 48;

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;

    #[test]
    fn a_line_shows_its_secret_in_the_log_only() {
        let label = KeyLogLabel::ServerTrafficSecret0;
        let line = KeyLogLine::new(label, [0x0a; 32], &[0xbc; 32]).unwrap();
        let expected = format!("SERVER_TRAFFIC_SECRET_0 {} {}", "0a".repeat(32), "bc".repeat(32));
        assert_eq!(format!("{line}"), expected);
        assert_eq!(format!("{line:?}"), "KeyLogLine { label: ServerTrafficSecret0, .. }");
        assert_eq!(KeyLogLine::new(label, [0; 32], &[0; 49]), None);
    }
}
