//! A candidate as [signaling](crate::signaling) carries it: the JSON of an `RTCIceCandidateInit` (W3C WebRTC
//! §4.8.1), which js-libp2p sends as its browser or libdatachannel hands it out.
//!
//! Only this room knows JSON. What the candidate says is [`sdp`](crate::sdp)'s business.

use core::error::Error;
use core::fmt;
use std::borrow::ToOwned;
use std::string::{String, ToString};

use serde_json::{Value, json};

use crate::ice::Ufrag;
use crate::sdp::{Candidate, CandidateError, Mid};

/// One candidate, and which section it belongs to.
///
/// ```
/// use floe_core::rtc::CandidateInit;
///
/// let json = r#"{"candidate":"candidate:1 1 udp 7 192.0.2.1 4001 typ host","sdpMid":"0"}"#;
/// let init = CandidateInit::from_json(json)?.expect("more candidates may follow");
/// assert_eq!(init.candidate()?.udp_addr(), Some("192.0.2.1:4001".parse()?));
///
/// // Both say that none follow.
/// assert_eq!(CandidateInit::from_json("null")?, None);
/// assert_eq!(CandidateInit::from_json(r#"{"candidate":""}"#)?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CandidateInit {
    /// The candidate's line, not yet read and not empty.
    pub line: String,
    /// The name of the section. Descriptions that floe takes have one section only.
    pub sdp_mid: Option<String>,
    /// The number of the section, from 0.
    pub sdp_m_line_index: Option<u16>,
    /// The user name fragment that the candidate belongs to; not yet read.
    pub username_fragment: Option<String>,
}

impl CandidateInit {
    /// The longest JSON that is read, in bytes: a candidate of the greatest length, and as much again around
    /// it, is less than that. A value made of it may take some dozen times as much memory.
    pub const LEN_MAX: usize = 4096;

    /// `candidate`, in the section of this name, the only one there is.
    pub fn new(candidate: &Candidate<'_>, mid: Option<Mid<'_>>) -> Self {
        Self {
            line: candidate.to_string(),
            sdp_mid: mid.map(|mid| mid.as_str().to_owned()),
            // Browsers insist on one of the two.
            sdp_m_line_index: Some(0),
            username_fragment: candidate.ufrag.map(|ufrag| ufrag.as_str().to_owned()),
        }
    }

    /// Reads the data of a signaling message; `None` if it says that no candidates follow: `null`, an empty
    /// candidate or no text at all.
    ///
    /// # Errors
    /// A [`CandidateInitError`] if it is neither. It is to be passed over then.
    pub fn from_json(json: &str) -> Result<Option<Self>, CandidateInitError> {
        if json.len() > Self::LEN_MAX {
            return Err(CandidateInitError::TooLong { len: json.len() });
        }
        if json.trim_ascii().is_empty() {
            return Ok(None);
        }
        let value = serde_json::from_str(json).map_err(|_| CandidateInitError::Json)?;
        let mut members = match value {
            Value::Null => return Ok(None),
            Value::String(text) if text.is_empty() => return Ok(None),
            Value::Object(members) => members,
            _ => return Err(CandidateInitError::Members),
        };
        let mut text = |name| match members.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(CandidateInitError::Members),
        };
        let line = text("candidate")?.unwrap_or_default();
        let (sdp_mid, username_fragment) = (text("sdpMid")?, text("usernameFragment")?);
        let index = members.get("sdpMLineIndex").and_then(Value::as_u64);
        if line.is_empty() {
            return Ok(None);
        }
        let sdp_m_line_index = index.and_then(|index| index.try_into().ok());
        Ok(Some(Self { line, sdp_mid, sdp_m_line_index, username_fragment }))
    }

    /// The JSON to send.
    pub fn to_json(&self) -> String {
        json!({
            "candidate": self.line,
            "sdpMid": self.sdp_mid,
            "sdpMLineIndex": self.sdp_m_line_index,
            "usernameFragment": self.username_fragment,
        })
        .to_string()
    }

    /// Reads the candidate. Of two user name fragments that beside the line counts, as in browsers.
    ///
    /// # Errors
    /// As [`Candidate::parse`]. It is to be passed over then.
    pub fn candidate(&self) -> Result<Candidate<'_>, CandidateError> {
        let mut candidate = Candidate::parse(&self.line)?;
        if let Some(ufrag) = &self.username_fragment {
            let ufrag = Ufrag::new(ufrag.as_bytes()).map_err(CandidateError::Ufrag)?;
            candidate.ufrag = Some(ufrag);
        }
        Ok(candidate)
    }
}

/// Why data are no candidate, and no end of candidates either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CandidateInitError {
    /// Longer than [`CandidateInit::LEN_MAX`].
    TooLong {
        /// Length in bytes.
        len: usize,
    },
    /// The data are no JSON.
    Json,
    /// The data are JSON of something else.
    Members,
}

impl fmt::Display for CandidateInitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { len } => {
                let max = CandidateInit::LEN_MAX;
                write!(f, "a signaled candidate has {len} bytes, the limit is {max}")
            }
            Self::Json => f.write_str("a signaled candidate is no JSON"),
            Self::Members => f.write_str("a signaled candidate is JSON of something else"),
        }
    }
}

impl Error for CandidateInitError {}

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;
    use crate::ice::TextError;
    use crate::testing::{text, vectors};

    #[test]
    fn recorded_candidates() {
        let recorded = include_str!("../../tests/vectors/signaling.json");
        let recorded: Value = serde_json::from_str(recorded).unwrap();
        let is_candidate = |message: &&Value| message["type"] == "ICE_CANDIDATE";
        let mut hidden = 0;
        for message in recorded.as_array().unwrap().iter().filter(is_candidate) {
            let init = CandidateInit::from_json(text(&message["data"])).unwrap().unwrap();
            assert_eq!(init.sdp_mid.as_deref(), Some("0"));
            let candidate = init.candidate().unwrap();
            assert_eq!(candidate.ufrag.map(Ufrag::as_str), init.username_fragment.as_deref());
            hidden += usize::from(candidate.udp_addr().is_none());
            assert_eq!(CandidateInit::from_json(&init.to_json()), Ok(Some(init.clone())));
            let again = CandidateInit::new(&candidate, Mid::new("0"));
            assert_eq!(again.candidate(), Ok(candidate));
            assert_eq!(again.sdp_m_line_index, Some(0));
        }
        assert_eq!(hidden, 2, "Chromium's names");
        let json = text(&vectors()["signaling"]["candidate_json"]).to_owned();
        assert!(CandidateInit::from_json(&json).unwrap().unwrap().candidate().is_ok());
    }

    #[test]
    fn ends_of_candidates() {
        for json in ["", "\n", "null", "\"\"", "{}", r#"{"candidate":"","sdpMid":"0"}"#] {
            assert_eq!(CandidateInit::from_json(json), Ok(None), "{json}");
        }
        assert_eq!(CandidateInit::from_json(r#"{"candidate":null}"#), Ok(None));
    }

    #[test]
    fn what_is_neither_is_refused() {
        use CandidateInitError::*;
        let long = format!("{:4097}", "");
        let deep = "[".repeat(CandidateInit::LEN_MAX);
        for (json, error) in [
            ("{", Json),
            ("candidate:1", Json),
            (&deep, Json),
            (&long, TooLong { len: 4097 }),
            ("7", Members),
            ("[]", Members),
            (r#""candidate:1""#, Members),
            (r#"{"candidate":7}"#, Members),
            (r#"{"candidate":"x","sdpMid":0}"#, Members),
        ] {
            assert_eq!(CandidateInit::from_json(json), Err(error), "{json}");
            assert_ne!(error.to_string(), "");
        }
    }

    #[test]
    fn what_is_odd_is_borne() {
        let read = |rest: &str| {
            let json = format!(r#"{{"candidate":"candidate:1 1 udp 7 ::1 1 typ host"{rest}}}"#);
            CandidateInit::from_json(&json).unwrap().unwrap()
        };
        assert_eq!(read(r#","sdpMLineIndex":-1"#).sdp_m_line_index, None);
        assert_eq!(read(r#","sdpMLineIndex":65536,"more":[{}]"#).sdp_m_line_index, None);
        assert_eq!(read(r#","sdpMLineIndex":3"#).sdp_m_line_index, Some(3));
        let init = read(r#","usernameFragment":"a\nb""#);
        assert_eq!(
            init.candidate(),
            Err(CandidateError::Ufrag(TextError::TooShort { len: 3, min: 4 }))
        );
        let init = read(r#","usernameFragment":"else""#);
        let line = init.line.clone() + " ufrag wxYZ";
        let init = CandidateInit { line, ..init };
        assert_eq!(init.candidate().unwrap().ufrag.unwrap().as_str(), "else");
    }
}
