//! See `floe_fuzz::dialer`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| floe_fuzz::dialer(data));
