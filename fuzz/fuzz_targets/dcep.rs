//! See `floe_fuzz::dcep`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| floe_fuzz::dcep(data));
