//! See `floe_fuzz::peer_id`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| floe_fuzz::peer_id(data));
