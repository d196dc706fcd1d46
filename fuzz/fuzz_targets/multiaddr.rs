//! See `floe_fuzz::multiaddr`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| floe_fuzz::multiaddr(data));
