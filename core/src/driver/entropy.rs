//! Randomness for floor 1, which must not roll dice itself: the one place that asks the operating
//! system for any.

use std::io;

use ring::rand::{SecureRandom, SystemRandom};

/// 32 bytes from the operating system: the seed of an [`Endpoint`](crate::rtc::Endpoint), of a key.
///
/// # Errors
///
/// If the operating system has none to give.
pub fn os_seed() -> io::Result<[u8; 32]> {
    let mut seed = [0; 32];
    SystemRandom::new()
        .fill(&mut seed)
        .map_err(|_| io::Error::other("the operating system gave no randomness"))?;
    Ok(seed)
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_seed_comes_twice() {
        assert_ne!(super::os_seed().unwrap(), super::os_seed().unwrap());
    }
}
