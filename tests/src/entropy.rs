//! What dependencies draw from the system, drawn from a seed.
//!
//! floe takes its randomness by argument; SCTP, DTLS and the hash maps of the standard library ask the
//! system, through the C library's `getrandom`. This file stands in its place, for threads that have
//! asked for it and for nobody else. Such a thread is a fresh one, for generators and the keys of hash
//! maps are kept per thread.
//!
//! Two do not ask the C library. STUN transaction ids come from `fastrand`, which can be seeded. AWS-LC
//! has a generator of its own, so DTLS is given keys that are drawn here, and its signatures
//! come from another provider, where they are deterministic (RFC 6979); all else is as in production.

#![allow(unsafe_code, reason = "a function of the C library is replaced")]

mod key_exchange;

use core::ffi::{c_uint, c_void};
use std::cell::RefCell;
use std::hint::black_box;
use std::panic::resume_unwind;
use std::sync::{LazyLock, Once};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use dimpl::crypto::{CryptoProvider, aws_lc_rs, rust_crypto};

use floe_core::rtc::Epoch;

use crate::rng::Rng;

thread_local! {
    static DRAWN: RefCell<Option<Rng>> = const { RefCell::new(None) };
}

/// Runs `story` where everything that is drawn comes from `seed`: twice the same is the same.
pub fn seeded<T: Send>(seed: u64, story: impl FnOnce() -> T + Send) -> T {
    // Named, so that it is linked.
    black_box(getrandom as *const ());
    draw_keys_from_the_system();
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let mut rng = Rng::new(seed);
            fastrand::seed(rng.next_u64());
            DRAWN.set(Some(rng));
            story()
        });
        thread.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// The start of time, the same in every run: DTLS 1.2 sends the seconds of the calendar.
///
/// It is the first of January 2100, for DTLS takes no time before its process for what it is; and half a
/// second later, so that the inaccuracy of what the two clocks of the system have in common does not show.
pub fn epoch() -> Epoch {
    static START: LazyLock<Instant> = LazyLock::new(|| {
        let start = SystemTime::UNIX_EPOCH + Duration::from_millis(4_102_444_800_500);
        let ahead = start.duration_since(SystemTime::now()).expect("it is before 2100");
        Instant::now() + ahead
    });
    Epoch::new(*START)
}

/// For the whole process: whoever is not seeded notices nothing of it.
fn draw_keys_from_the_system() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let drawing = rust_crypto::default_provider();
        let provider = CryptoProvider {
            kx_groups: key_exchange::GROUPS,
            key_provider: drawing.key_provider,
            secure_random: drawing.secure_random,
            ..aws_lc_rs::default_provider()
        };
        CryptoProvider::install_default(provider);
    });
}

/// The C library's: fills `len` bytes at `buffer` and says how many that were.
#[unsafe(no_mangle)]
unsafe extern "C" fn getrandom(buffer: *mut c_void, len: usize, flags: c_uint) -> isize {
    let is_drawn = DRAWN.try_with(|drawn| match drawn.borrow_mut().as_mut() {
        Some(rng) => {
            // SAFETY: whoever calls promises `len` writable bytes there, as to the C library.
            let out = unsafe { core::slice::from_raw_parts_mut(buffer.cast::<u8>(), len) };
            rng.fill(out);
            true
        }
        None => false,
    });
    match is_drawn {
        Ok(true) => len as isize,
        // SAFETY: the call is handed on as it came.
        _ => unsafe { libc::syscall(libc::SYS_getrandom, buffer, len, flags) as isize },
    }
}
