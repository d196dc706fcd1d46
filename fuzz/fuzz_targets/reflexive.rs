//! See `floe_fuzz::reflexive`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| floe_fuzz::reflexive(data));
