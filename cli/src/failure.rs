//! Why a command failed, in words that its user can act upon.

use std::fmt;

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
}
