//! Reading a description: line by line, into what the session says and what its section says.

use super::candidates::Candidates;
use super::{Attribute, Mid, SdpError, SessionDescription, Setup};
use crate::fingerprint::Fingerprint;
use crate::ice::{Password, Secrets, Ufrag};

impl<'a> SessionDescription<'a> {
    /// Reads the text of an offer or an answer, at most [`LEN_MAX`](Self::LEN_MAX) bytes of it.
    ///
    /// Lines may end in LF alone and may be empty, as go-libp2p's are. What stands in the section outweighs
    /// what stands before it. Of several fingerprints the one of sha-256 counts: aiortc writes three.
    ///
    /// # Errors
    /// An [`SdpError`] if the text is no description, or none of just data channels.
    pub fn parse(text: &'a str) -> Result<Self, SdpError> {
        if text.len() > Self::LEN_MAX {
            return Err(SdpError::TooLong { len: text.len() });
        }
        let mut lines = lines(text);
        if !matches!(lines.next(), Some((_, Some("v=0")))) {
            return Err(SdpError::Version);
        }
        let (mut session, mut section) = (Level::default(), None::<(Media, Level<'a>)>);
        for (number, line) in lines {
            let line = line.ok_or(SdpError::Line(number))?;
            if let Some(media) = line.strip_prefix("m=") {
                let section_before = section.replace((Media::parse(media)?, Level::default()));
                if section_before.is_some() {
                    return Err(SdpError::Sections);
                }
            } else if let Some((name, value)) = attribute(line) {
                section.as_mut().map_or(&mut session, |(_, level)| level).on(name, value)?;
            }
        }
        let (media, section) = section.ok_or(SdpError::Sections)?;
        if media.port_is_zero && !section.is_bundle_only {
            return Err(SdpError::Rejected);
        }
        let is_ice_lite = session.is_ice_lite;
        let is_end_of_candidates = session.is_end_of_candidates || section.is_end_of_candidates;
        let level = section.or(session);
        let missing = SdpError::Missing;
        Ok(Self {
            credentials: Secrets {
                ufrag: level.ufrag.ok_or(missing(Attribute::IceUfrag))?,
                password: level.password.ok_or(missing(Attribute::IcePwd))?,
            },
            fingerprint: level.fingerprint.ok_or(missing(Attribute::Fingerprint))?,
            setup: level.setup.ok_or(missing(Attribute::Setup))?,
            mid: level.mid,
            sctp_port: media.sctp_port.or(level.sctp_port).unwrap_or(Self::SCTP_PORT),
            max_message_size: level.max_message_size.unwrap_or(Self::MAX_MESSAGE_SIZE_DEFAULT),
            is_ice_lite,
            candidates: Candidates::in_lines(text),
            is_end_of_candidates,
        })
    }
}

/// The lines of `text` that are not empty, with their numbers; no text where a line is malformed.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, Option<&str>)> {
    let numbered = (1..).zip(text.split('\n'));
    let lines = numbered.map(|(number, line)| (number, line.strip_suffix('\r').unwrap_or(line)));
    lines.filter(|(_, line)| !line.is_empty()).map(|(number, line)| {
        let is_line = line.as_bytes().get(1) == Some(&b'=')
            && line.as_bytes()[0].is_ascii_lowercase()
            && !line.bytes().any(|byte| byte.is_ascii_control());
        (number, is_line.then_some(line))
    })
}

/// Name and value, if the line is an attribute.
pub(super) fn attribute(line: &str) -> Option<(&str, &str)> {
    let attribute = line.strip_prefix("a=")?;
    let (name, value) = attribute.split_once(':').unwrap_or((attribute, ""));
    Some((name, value.trim_matches(' ')))
}

/// What `m=` says.
struct Media {
    port_is_zero: bool,
    /// Before RFC 8841 had its number, the SCTP port stood here.
    sctp_port: Option<u16>,
}

impl Media {
    fn parse(value: &str) -> Result<Self, SdpError> {
        let mut words = value.split(' ').filter(|word| !word.is_empty());
        let mut word = || words.next().ok_or(SdpError::Media);
        let (kind, port, protocol, format) = (word()?, word()?, word()?, word()?);
        let over_dtls = matches!(protocol, "UDP/DTLS/SCTP" | "TCP/DTLS/SCTP" | "DTLS/SCTP");
        let port: u16 = number(port).ok_or(SdpError::Media)?;
        let sctp_port = match format {
            "webrtc-datachannel" => None,
            older => Some(number(older).filter(|port| *port != 0).ok_or(SdpError::Media)?),
        };
        if kind != "application" || !over_dtls {
            return Err(SdpError::Media);
        }
        Ok(Self { port_is_zero: port == 0, sctp_port })
    }
}

/// What the attributes of the session, or of its section, say.
#[derive(Default)]
struct Level<'a> {
    ufrag: Option<Ufrag<'a>>,
    password: Option<Password<'a>>,
    fingerprint: Option<Fingerprint>,
    setup: Option<Setup>,
    mid: Option<Mid<'a>>,
    sctp_port: Option<u16>,
    max_message_size: Option<u64>,
    is_ice_lite: bool,
    is_bundle_only: bool,
    is_end_of_candidates: bool,
}

impl<'a> Level<'a> {
    fn on(&mut self, name: &str, value: &'a str) -> Result<(), SdpError> {
        let invalid = SdpError::Invalid;
        match name {
            "ice-ufrag" => {
                let ufrag = Ufrag::new(value.as_bytes()).map_err(SdpError::Ufrag)?;
                set(&mut self.ufrag, ufrag, Attribute::IceUfrag)
            }
            "ice-pwd" => {
                let password = Password::new(value.as_bytes()).map_err(SdpError::Password)?;
                set(&mut self.password, password, Attribute::IcePwd)
            }
            "fingerprint" => match value.split_once(' ') {
                Some((hash, digest)) if hash.eq_ignore_ascii_case("sha-256") => {
                    let fingerprint = Fingerprint::parse_sdp(digest.trim_matches(' '))
                        .map_err(SdpError::Fingerprint)?;
                    set(&mut self.fingerprint, fingerprint, Attribute::Fingerprint)
                }
                _ => Ok(()),
            },
            "setup" => {
                let setup = [Setup::ActPass, Setup::Active, Setup::Passive];
                let setup = setup.into_iter().find(|setup| setup.as_str() == value);
                set(&mut self.setup, setup.ok_or(invalid(Attribute::Setup))?, Attribute::Setup)
            }
            "mid" => {
                let mid = Mid::new(value).ok_or(invalid(Attribute::Mid))?;
                set(&mut self.mid, mid, Attribute::Mid)
            }
            "sctp-port" => {
                let port = number(value).filter(|port| *port != 0);
                set(
                    &mut self.sctp_port,
                    port.ok_or(invalid(Attribute::SctpPort))?,
                    Attribute::SctpPort,
                )
            }
            "max-message-size" => {
                let size = number(value).ok_or(invalid(Attribute::MaxMessageSize))?;
                set(&mut self.max_message_size, size, Attribute::MaxMessageSize)
            }
            "ice-lite" => {
                self.is_ice_lite = true;
                Ok(())
            }
            "bundle-only" => {
                self.is_bundle_only = true;
                Ok(())
            }
            "end-of-candidates" => {
                self.is_end_of_candidates = true;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// What is said here, or else what `session` says.
    fn or(self, session: Self) -> Self {
        Self {
            ufrag: self.ufrag.or(session.ufrag),
            password: self.password.or(session.password),
            fingerprint: self.fingerprint.or(session.fingerprint),
            setup: self.setup.or(session.setup),
            ..self
        }
    }
}

/// Sets what is not set, to something else.
fn set<T: PartialEq>(to: &mut Option<T>, value: T, attribute: Attribute) -> Result<(), SdpError> {
    match to.replace(value) {
        Some(before) if Some(&before) != to.as_ref() => Err(SdpError::Repeated(attribute)),
        _ => Ok(()),
    }
}

/// Decimal digits, and nothing else.
pub(super) fn number<T: core::str::FromStr>(text: &str) -> Option<T> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}
