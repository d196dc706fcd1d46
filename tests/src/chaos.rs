//! Seeded trouble: nodes that dial, talk and misbehave over a network that fails, and a judge who knows
//! what may come of it.
//!
//! A script says what happens when; a play performs it with [peers](peer), bare
//! endpoints or the driver's own loop, and the oracle watches. A script that fails is
//! shrunk to the few lines that matter and printed as a test. The same script with the same
//! seed is the same play, datagram for datagram.

pub mod peer;
