//! Lets the tests' `getrandom` take the C library's place in the targets: see `tests/src/entropy.rs`.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-bins=-Wl,--export-dynamic-symbol=getrandom");
}
