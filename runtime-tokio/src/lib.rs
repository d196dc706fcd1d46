//! floe on tokio.
