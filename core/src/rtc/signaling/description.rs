//! What a session description says, kept beyond the text that it was read from.

use core::fmt;
use std::borrow::ToOwned;
use std::string::String;

use crate::fingerprint::Fingerprint;
use crate::ice::{Password, Secrets, Ufrag};
use crate::sdp::{Candidates, Mid, SessionDescription, Setup};

/// A [`SessionDescription`] without candidates, which come one by one.
#[derive(Clone, PartialEq, Eq)]
pub struct Description {
    ufrag: String,
    password: String,
    mid: Option<String>,
    /// The sender's DTLS certificate, the only proof of who it is.
    pub fingerprint: Fingerprint,
    /// Who begins DTLS.
    pub setup: Setup,
    /// SCTP port, not zero.
    pub sctp_port: u16,
    /// The longest message that the sender takes, in bytes; zero if any.
    pub max_message_size: u64,
    /// Whether the sender's ICE only answers checks.
    pub is_ice_lite: bool,
}

impl Description {
    /// ICE user name fragment and password.
    pub fn credentials(&self) -> Secrets<'_> {
        Secrets {
            ufrag: Ufrag::new(self.ufrag.as_bytes()).expect("it was one when it was copied"),
            password: Password::new(self.password.as_bytes())
                .expect("it was one when it was copied"),
        }
    }

    /// The name of the section.
    pub fn mid(&self) -> Option<Mid<'_>> {
        self.mid.as_deref().and_then(Mid::new)
    }

    /// The same, to be written; without candidates.
    pub fn as_sdp(&self) -> SessionDescription<'_> {
        let mut sdp = SessionDescription::new(self.credentials(), self.fingerprint, self.setup);
        sdp.mid = self.mid();
        sdp.sctp_port = self.sctp_port;
        sdp.max_message_size = self.max_message_size;
        sdp.is_ice_lite = self.is_ice_lite;
        sdp.candidates = Candidates::NONE;
        sdp
    }

    /// The same as the answer to an offer: in the offer's section, and with the role in DTLS that it leaves.
    pub(super) fn answering(mut self, offer: &SessionDescription<'_>) -> Self {
        self.mid = offer.mid.map(|mid| mid.as_str().to_owned());
        self.setup = match (offer.setup, self.setup) {
            (Setup::ActPass, Setup::Passive) => Setup::Passive,
            (offered, _) => offered.answer(),
        };
        self
    }
}

impl From<&SessionDescription<'_>> for Description {
    fn from(sdp: &SessionDescription<'_>) -> Self {
        Self {
            ufrag: sdp.credentials.ufrag.as_str().to_owned(),
            password: sdp.credentials.password.as_str().to_owned(),
            mid: sdp.mid.map(|mid| mid.as_str().to_owned()),
            fingerprint: sdp.fingerprint,
            setup: sdp.setup,
            sctp_port: sdp.sctp_port,
            max_message_size: sdp.max_message_size,
            is_ice_lite: sdp.is_ice_lite,
        }
    }
}

/// As of a [`SessionDescription`], which does not tell the password.
impl fmt::Debug for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_sdp().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::ToString;

    use super::*;

    fn sdp(setup: Setup) -> SessionDescription<'static> {
        let credentials = Secrets {
            ufrag: Ufrag::new(b"wxYZ").unwrap(),
            password: Password::new(b"clientPassword1234567890").unwrap(),
        };
        SessionDescription::new(credentials, Fingerprint::from_bytes([7; 32]), setup)
    }

    #[test]
    fn what_is_kept_is_what_was_said() {
        let mut said = sdp(Setup::Active);
        (said.mid, said.sctp_port, said.max_message_size) = (Mid::new("data"), 7, 0);
        said.is_ice_lite = true;
        let kept = Description::from(&said);
        assert_eq!(kept.as_sdp(), said);
        assert_eq!(kept.as_sdp().to_string(), said.to_string());
        said.mid = None;
        assert_eq!(Description::from(&said).as_sdp(), said);
        assert!(!format!("{kept:?}").contains("clientPassword"));
    }

    #[test]
    fn an_answer_takes_the_role_that_is_left_or_wanted() {
        use Setup::*;
        for (offered, wanted, said) in [
            (ActPass, ActPass, Active),
            (ActPass, Active, Active),
            (ActPass, Passive, Passive),
            (Active, Active, Passive),
            (Passive, Passive, Active),
        ] {
            let mut offer = sdp(offered);
            offer.mid = Mid::new("data");
            let answer = Description::from(&sdp(wanted)).answering(&offer);
            assert_eq!(answer.setup, said, "{offered} offered, {wanted} wanted");
            assert_eq!(answer.mid(), offer.mid);
        }
    }
}
