//! floe on async-std.
