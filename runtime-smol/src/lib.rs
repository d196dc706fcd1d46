//! floe on smol.
