//! What a dial costs each side in CPU: from the first STUN check to two authenticated peers.
//!
//! ```sh
//! cargo bench -p floe-tests --bench handshake
//! ```
//!
//! Both endpoints on one thread, in memory, under virtual time: no waiting is measured. Endpoints are
//! new for each dial, but made outside the measurement, certificate and keys included.

mod pair;

use std::time::Duration;

use pair::Pair;

fn main() {
    let mut runs = [Vec::new(), Vec::new()];
    for seed in 0..WARM_UP + DIALS {
        let mut pair = Pair::new(seed);
        pair.connect();
        if seed >= WARM_UP {
            for (runs, spent) in runs.iter_mut().zip(pair.spent()) {
                runs.push(spent);
            }
        }
    }
    println!("{DIALS} dials, µs of CPU in each side's endpoint");
    println!("{:<9} {:>7} {:>7} {:>7} {:>7}", "", "median", "p25", "p75", "min");
    for (side, mut runs) in ["dialer", "listener"].into_iter().zip(runs) {
        runs.sort();
        let at = |quarters: usize| Duration::as_micros(&runs[(runs.len() - 1) * quarters / 4]);
        println!("{side:<9} {:>7} {:>7} {:>7} {:>7}", at(2), at(1), at(3), at(0));
    }
}

const WARM_UP: u64 = 5;
const DIALS: u64 = 101;
