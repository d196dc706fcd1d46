//! The versions of webrtc-direct: how credentials are read out of a request, and made up for one.
//!
//! This is the only file that knows a version's prefix and its rules (libp2p webrtc-direct, revision
//! 2, "Connection Establishment"). It must never guess: a first request of a version it does not know
//! is an error, so that a later version is not mistaken for an earlier one.

use core::error::Error;
use core::fmt;
use core::str::FromStr;

use super::text::{Password, TextError, Ufrag, ice_char};

/// A version of webrtc-direct.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Version {
    /// One shared secret is ufrag and password of both sides.
    V1,
    /// The client keeps its own credentials; its password stands in the server's ufrag.
    V2,
}

impl Version {
    /// What the server's ufrag begins with.
    const fn prefix(self) -> &'static [u8; PREFIX_LEN] {
        match self {
            Self::V1 => b"libp2p+webrtc+v1/",
            Self::V2 => b"libp2p+webrtc+v2/",
        }
    }

    /// The version of a server's ufrag, and what follows the prefix.
    fn of<'a>(server: Ufrag<'a>) -> Result<(Self, &'a [u8]), UsernameError> {
        let text = server.as_str().as_bytes();
        for version in [Self::V1, Self::V2] {
            if let Some(rest) = text.strip_prefix(version.prefix()) {
                return Ok((version, rest));
            }
        }
        Err(UsernameError::UnknownVersion)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        })
    }
}

impl FromStr for Version {
    type Err = UnknownVersion;

    /// Reads `v1` or `v2`.
    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        match text {
            "v1" => Ok(Self::V1),
            "v2" => Ok(Self::V2),
            _ => Err(UnknownVersion),
        }
    }
}

/// The text is not the name of a [`Version`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownVersion;

impl fmt::Display for UnknownVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a version of webrtc-direct that is known: v1 or v2")
    }
}

impl Error for UnknownVersion {}

/// The USERNAME of a check from client to server, as RFC 8445 §7.2.2 orders it: the receiver's
/// fragment, a colon, the sender's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Username<'a> {
    /// The server's fragment. It names the session: a dialer makes a new one for every dial.
    pub server: Ufrag<'a>,
    /// The client's fragment.
    pub client: Ufrag<'a>,
}

impl<'a> Username<'a> {
    /// Longest USERNAME in bytes. Some implementations cut it at 256; libp2p's are longer.
    pub const LEN_MAX: usize = 2 * Ufrag::LEN_MAX + 1;

    /// Splits the value of a USERNAME attribute at its first colon.
    ///
    /// # Errors
    /// [`UsernameError::NoColon`], [`UsernameError::Server`] or [`UsernameError::Client`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, UsernameError> {
        let colon = bytes.iter().position(|byte| *byte == b':').ok_or(UsernameError::NoColon)?;
        Ok(Self {
            server: Ufrag::new(&bytes[..colon]).map_err(UsernameError::Server)?,
            client: Ufrag::new(&bytes[colon + 1..]).map_err(UsernameError::Client)?,
        })
    }
}

/// The two texts of one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Secrets<'a> {
    /// The side's user name fragment.
    pub ufrag: Ufrag<'a>,
    /// The side's password: the key of requests that this side receives, and of its answers.
    pub password: Password<'a>,
}

/// The credentials of both sides of one dial.
///
/// ```
/// use floe_core::ice::{Credentials, DialSecrets, Username, Version};
///
/// // The dialer makes them up, from 40 fresh random bytes …
/// # let random = [7; DialSecrets::RANDOM_LEN];
/// let secrets = DialSecrets::new(Version::V2, &random);
/// let dialer = secrets.credentials();
/// let username = format!("{}:{}", dialer.remote.ufrag.as_str(), dialer.local.ufrag.as_str());
///
/// // … and the listener infers them from the USERNAME of the first check.
/// let listener = Credentials::infer(Username::parse(username.as_bytes())?)?;
/// assert_eq!(listener.version, Version::V2);
/// assert_eq!((listener.local, listener.remote), (dialer.remote, dialer.local));
/// # Ok::<(), floe_core::ice::UsernameError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Credentials<'a> {
    /// The version that the dialer chose.
    pub version: Version,
    /// Those of the side that holds this value.
    pub local: Secrets<'a>,
    /// Those of its peer.
    pub remote: Secrets<'a>,
}

impl<'a> Credentials<'a> {
    /// What a listener infers from the USERNAME of a first request.
    ///
    /// In v1 the specification does not demand that both halves are equal. They are here: every known
    /// dialer sends one text twice, and of two different ones implementations disagree which is whose
    /// password, so that such a dial would work with some servers only.
    ///
    /// # Errors
    /// A [`UsernameError`] for an unknown version, and for halves that the version does not allow.
    /// The request must be dropped without an answer then: an answer would claim that the version is
    /// understood.
    pub fn infer(username: Username<'a>) -> Result<Self, UsernameError> {
        let Username { server, client } = username;
        let (version, rest) = Version::of(server)?;
        let password = |text: &'a [u8]| Password::new(text).map_err(UsernameError::Password);
        let server_password = password(server.as_str().as_bytes())?;
        let client_password = match version {
            Version::V1 if server != client => return Err(UsernameError::UnequalHalves),
            Version::V1 => server_password,
            Version::V2 => password(rest)?,
        };
        Ok(Self {
            version,
            local: Secrets { ufrag: server, password: server_password },
            remote: Secrets { ufrag: client, password: client_password },
        })
    }
}

/// What a dialer makes up for one dial. Owns its text, so that it can live beside the connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DialSecrets {
    version: Version,
    /// The client's fragment in v2, then the prefix and the secret: `fragment prefix secret`.
    text: [u8; Self::TEXT_LEN],
}

impl DialSecrets {
    /// How many random bytes [`new`](Self::new) takes.
    pub const RANDOM_LEN: usize = FRAGMENT_LEN + SECRET_LEN;

    const TEXT_LEN: usize = FRAGMENT_LEN + PREFIX_LEN + SECRET_LEN;

    /// Makes the secrets of a dial from fresh random bytes, of each of which six bits are used.
    ///
    /// Every dial needs its own: the server tells sessions apart by them.
    pub fn new(version: Version, random: &[u8; Self::RANDOM_LEN]) -> Self {
        let (fragment, secret) = random.split_at(FRAGMENT_LEN);
        let mut text = [0; Self::TEXT_LEN];
        let chars = (fragment.iter().map(|bits| ice_char(*bits)))
            .chain(*version.prefix())
            .chain(secret.iter().map(|bits| ice_char(*bits)));
        text.iter_mut().zip(chars).for_each(|(byte, char)| *byte = char);
        Self { version, text }
    }

    /// The credentials as the dialer sees them.
    pub fn credentials(&self) -> Credentials<'_> {
        let (fragment, server) = self.text.split_at(FRAGMENT_LEN);
        let secret = &server[PREFIX_LEN..];
        let (ufrag, password) = match self.version {
            Version::V1 => (server, server),
            Version::V2 => (fragment, secret),
        };
        let secrets = |ufrag, password| Secrets {
            ufrag: Ufrag::new(ufrag).expect("made of ice-chars, and long enough"),
            password: Password::new(password).expect("made of ice-chars, and long enough"),
        };
        Credentials {
            version: self.version,
            local: secrets(ufrag, password),
            remote: secrets(server, server),
        }
    }
}

/// Says nothing of the secret.
impl fmt::Debug for DialSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DialSecrets").field("version", &self.version).finish_non_exhaustive()
    }
}

/// Why a listener cannot infer credentials from a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UsernameError {
    /// The USERNAME has no colon.
    NoColon,
    /// The half before the colon is no user name fragment.
    Server(TextError),
    /// The half behind the colon is no user name fragment.
    Client(TextError),
    /// The server's fragment does not begin as that of a known version.
    UnknownVersion,
    /// What would be a password is none.
    Password(TextError),
    /// The halves differ, although version 1 has one text for both.
    UnequalHalves,
}

impl fmt::Display for UsernameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoColon => f.write_str("USERNAME has no colon"),
            Self::Server(_) => f.write_str("the server's half of USERNAME is no ufrag"),
            Self::Client(_) => f.write_str("the client's half of USERNAME is no ufrag"),
            Self::UnknownVersion => {
                f.write_str("USERNAME names no version of webrtc-direct that is known")
            }
            Self::Password(_) => f.write_str("USERNAME carries no valid password"),
            Self::UnequalHalves => f.write_str("the halves of a v1 USERNAME differ"),
        }
    }
}

impl Error for UsernameError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Server(error) | Self::Client(error) | Self::Password(error) => Some(error),
            _ => None,
        }
    }
}

const PREFIX_LEN: usize = 17;

/// Ice-chars of a v2 dialer's own fragment. RFC 8445 §5.3 wants 24 random bits; this has 48, and what
/// tells dials apart is the secret.
const FRAGMENT_LEN: usize = 8;

/// Ice-chars of a dial's secret: 192 random bits. RFC 8445 §5.3 wants 128 of a password. As long as
/// what go-libp2p and js-libp2p send.
const SECRET_LEN: usize = 32;

const _: () = assert!(SECRET_LEN >= Password::LEN_MIN && FRAGMENT_LEN >= Ufrag::LEN_MIN);

#[cfg(test)]
mod tests;
