//! See `floe_fuzz::fingerprint`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| floe_fuzz::fingerprint(data));
