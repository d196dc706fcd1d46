//! See `floe_fuzz::meeting`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| floe_fuzz::meeting(data));
