//! See `floe_fuzz::signaling`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| floe_fuzz::signaling(data));
