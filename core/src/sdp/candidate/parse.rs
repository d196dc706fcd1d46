//! Reading a candidate, word by word.

use super::{
    Address, Candidate, CandidateError, CandidateKind, Foundation, HostName, TcpType, Transport,
};
use crate::ice::Ufrag;
use crate::sdp::parse::number;

impl<'a> Candidate<'a> {
    /// Reads `candidate:…`, with or without `a=` before it: in JSON too, libdatachannel writes it. Pairs
    /// behind the type that are not known are passed over.
    ///
    /// An empty text is an error here. Where JSON carries it, it says that no candidates follow.
    ///
    /// # Errors
    /// A [`CandidateError`] if the text is no candidate, or none that this version knows.
    pub fn parse(text: &'a str) -> Result<Self, CandidateError> {
        if text.len() > Self::LEN_MAX {
            return Err(CandidateError::TooLong { len: text.len() });
        }
        let line = text.strip_suffix('\n').unwrap_or(text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(CandidateError::Malformed);
        }
        let attribute = line.strip_prefix("a=").unwrap_or(line);
        let value = attribute.strip_prefix("candidate:").ok_or(CandidateError::Malformed)?;
        let mut words = value.split(' ').filter(|word| !word.is_empty());
        let mut word = || words.next().ok_or(CandidateError::Malformed);

        let foundation = Foundation::new(word()?).ok_or(CandidateError::Foundation)?;
        let component = number(word()?).filter(|number| (1..=256).contains(number));
        let component = component.ok_or(CandidateError::Component)?;
        let transport = transport(word()?).ok_or(CandidateError::Transport)?;
        let priority = number(word()?).ok_or(CandidateError::Priority)?;
        let address = address(word()?).ok_or(CandidateError::Address)?;
        let port = number(word()?).filter(|port| *port != 0).ok_or(CandidateError::Port)?;
        if word()? != "typ" {
            return Err(CandidateError::Malformed);
        }
        let kind = kind(word()?).ok_or(CandidateError::Kind)?;
        let mut candidate = Self {
            foundation,
            component,
            transport,
            priority,
            address,
            port,
            kind,
            related: None,
            ufrag: None,
        };
        candidate.extend(words)?;
        Ok(candidate)
    }

    /// Reads the pairs behind the type. Of several with one name the last counts.
    fn extend(&mut self, mut words: impl Iterator<Item = &'a str>) -> Result<(), CandidateError> {
        let (mut related_ip, mut related_port) = (None, None);
        while let (Some(name), Some(value)) = (words.next(), words.next()) {
            match name {
                // What cannot be read is left out: it is for people who look for faults.
                "raddr" => related_ip = value.parse().ok(),
                "rport" => related_port = number(value),
                "tcptype" => {
                    if let Transport::Tcp(tcp_type) = &mut self.transport {
                        let known = [TcpType::Active, TcpType::Passive, TcpType::SimultaneousOpen];
                        let known = known.into_iter().find(|known| known.as_str() == value);
                        *tcp_type = known.ok_or(CandidateError::Transport)?;
                    }
                }
                "ufrag" => {
                    let ufrag = Ufrag::new(value.as_bytes()).map_err(CandidateError::Ufrag)?;
                    self.ufrag = Some(ufrag);
                }
                _ => {}
            }
        }
        self.related = related_ip.zip(related_port);
        Ok(())
    }
}

fn transport(word: &str) -> Option<Transport> {
    if word.eq_ignore_ascii_case("udp") {
        Some(Transport::Udp)
    } else if word.eq_ignore_ascii_case("tcp") {
        // Where it is not said, the candidate waits: what there was before RFC 6544.
        Some(Transport::Tcp(TcpType::Passive))
    } else {
        None
    }
}

fn address(word: &str) -> Option<Address<'_>> {
    match word.parse() {
        Ok(ip) => Some(Address::Ip(ip)),
        Err(_) => HostName::new(word).map(Address::Name),
    }
}

fn kind(word: &str) -> Option<CandidateKind> {
    use CandidateKind::*;
    let known = [Host, ServerReflexive, PeerReflexive, Relayed];
    known.into_iter().find(|kind| kind.as_str() == word)
}
