//! See `floe_fuzz::noise_payload`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| floe_fuzz::noise_payload(data));
