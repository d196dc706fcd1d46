//! Why a command failed, in words that its user can act upon.

use std::error::Error;
use std::fmt::{self, Write};
use std::iter;

/// A command's failure: where it happened and what to do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The step, as a word that is stable for machines: one of the set-up's steps, or what was being
    /// done (`key`, `listen`, `negotiate`, `ping`, …).
    pub(crate) step: &'static str,
    /// One or a few sentences.
    pub(crate) message: String,
}

impl Failure {
    /// A failure of `step`.
    pub(crate) fn new(step: &'static str, message: impl fmt::Display) -> Self {
        Self { step, message: message.to_string() }
    }

    /// A failure of `step`, for the reasons that an error and its sources give.
    pub(crate) fn of(step: &'static str, error: &(dyn Error + 'static)) -> Self {
        Self::new(step, chain(error))
    }
}

/// What an error says, and what its sources say: each of the project's errors speaks of its own level.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    for cause in iter::successors(error.source(), |&cause| cause.source()) {
        write!(text, ": {cause}").expect("writing to a String cannot fail");
    }
    text
}

#[cfg(test)]
mod tests {
    use floe_core::driver::DialError;
    use floe_core::multiaddr::DirectAddr;
    use floe_core::rtc::error::DialRefused;

    use super::*;

    #[test]
    fn a_chain_is_told_once_and_whole() {
        let refused = DialRefused::WrongFamily;
        let failure = Failure::of("dial", &DialError::Refused(refused.clone()));
        assert_eq!(failure.message, format!("the dial cannot be started: {refused}"));
        let error = "/ip4/192.0.2.1/udp/1/webrtc-direct/certhash/uEi!".parse::<DirectAddr>();
        assert_eq!(
            chain(&error.unwrap_err()),
            "bad /certhash: the text is no certhash: the text does not decode in the base that it names"
        );
    }
}
