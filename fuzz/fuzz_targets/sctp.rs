//! See `floe_fuzz::sctp`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| floe_fuzz::sctp(data));
