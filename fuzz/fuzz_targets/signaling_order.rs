//! See `floe_fuzz::signaling_order`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| floe_fuzz::signaling_order(data));
