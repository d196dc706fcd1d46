//! A path that loses and delays datagrams: a UDP proxy between dialer and listener. It knows nothing of
//! what it carries, and it never reorders on purpose. It counts how many trips lie one behind the other.
//!
//! Which datagrams are lost follows from the seed and from their number in their direction, so that a
//! run with the same seed loses the same ones, as far as two programs with clocks of their own repeat
//! themselves at all.

mod causality;

use std::{
    collections::{HashMap, VecDeque},
    io,
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use causality::{Causality, Side};

/// What a path does to datagrams, each way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Network {
    /// Per cent of the datagrams that never arrive.
    pub loss: f64,
    /// How much later the others do.
    pub delay: Duration,
}

impl Network {
    /// Nothing between the two.
    pub const CLEAR: Self = Self { loss: 0.0, delay: Duration::ZERO };
    /// A mobile network on a bad day: 2 % of loss and 50 ms, each way.
    pub const BAD: Self = Self { loss: 2.0, delay: Duration::from_millis(50) };
    /// Nothing is lost, but each way is so long that all that goes on at one end is short beside it.
    pub const FAR: Self = Self { loss: 0.0, delay: Duration::from_millis(100) };
}

/// A running proxy; dropping it ends its threads.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    causality: Arc<Causality>,
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Proxy {
    /// Stands in front of `listener`, on the same IP address.
    pub fn start(listener: SocketAddr, network: Network, seed: u64) -> io::Result<Self> {
        let front = bind(SocketAddr::new(listener.ip(), 0))?;
        let address = front.local_addr()?;
        let over = Arc::new(AtomicBool::new(false));
        let causality = Arc::new(Causality::default());
        let (up, late_up) = mpsc::channel();
        let (down, late_down) = mpsc::channel();
        let inbound = Inbound {
            front: front.try_clone()?,
            listener,
            dice: Dice { seed, thrown: 0, loss: network.loss },
            delay: network.delay,
            up,
            down,
            causality: Arc::clone(&causality),
            over: Arc::clone(&over),
            backs: HashMap::new(),
            readers: Vec::new(),
        };
        let (noted_up, noted_down) = (Arc::clone(&causality), Arc::clone(&causality));
        let threads = vec![
            thread::spawn(move || inbound.run(seed ^ DOWN)),
            thread::spawn(move || deliver(&late_up, Side::Listener, &noted_up)),
            thread::spawn(move || deliver(&late_down, Side::Dialers, &noted_down)),
        ];
        Ok(Self { address, causality, over, threads })
    }

    /// Where dialers find it.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many round trips have led to what dialers know by now: there and back, each begun when the one before
    /// was over.
    pub fn round_trips(&self) -> u32 {
        self.causality.depth(Side::Dialers) / 2
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // A thread that has panicked has told so on standard error.
            let _ = thread.join();
        }
    }
}

/// A datagram on its way.
struct Late {
    at: Instant,
    /// See [`Causality`].
    depth: u32,
    bytes: Vec<u8>,
    from: Arc<UdpSocket>,
    to: SocketAddr,
}

/// The side that dialers see. Each of their addresses gets a socket of its own towards the listener, as
/// behind a NAT.
struct Inbound {
    front: UdpSocket,
    listener: SocketAddr,
    dice: Dice,
    delay: Duration,
    up: Sender<Late>,
    down: Sender<Late>,
    causality: Arc<Causality>,
    over: Arc<AtomicBool>,
    backs: HashMap<SocketAddr, Arc<UdpSocket>>,
    readers: Vec<JoinHandle<()>>,
}

impl Inbound {
    fn run(mut self, down_seed: u64) {
        let mut buffer = vec![0; DATAGRAM];
        let front = match self.front.try_clone() {
            Ok(front) => Arc::new(front),
            Err(error) => return eprintln!("the proxy has no second handle: {error}"),
        };
        while !self.over.load(Ordering::Relaxed) {
            let Some((length, dialer)) = receive(&self.front, &mut buffer) else { continue };
            let depth = self.causality.sent_by(Side::Dialers);
            let back = match self.back(dialer, &front, down_seed) {
                Ok(back) => back,
                Err(error) => {
                    eprintln!("the proxy has no socket for {dialer}: {error}");
                    continue;
                }
            };
            if self.dice.lost() {
                continue;
            }
            let bytes = buffer[..length].to_vec();
            let at = Instant::now() + self.delay;
            // Whoever delivers ends only after the last sender has gone.
            let _ = self.up.send(Late { at, depth, bytes, from: back, to: self.listener });
        }
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
    }

    /// The socket that speaks for this dialer; a new one gets a thread that carries the answers.
    fn back(
        &mut self,
        dialer: SocketAddr,
        front: &Arc<UdpSocket>,
        seed: u64,
    ) -> io::Result<Arc<UdpSocket>> {
        if let Some(back) = self.backs.get(&dialer) {
            return Ok(Arc::clone(back));
        }
        let back = Arc::new(bind(SocketAddr::new(self.listener.ip(), 0))?);
        self.backs.insert(dialer, Arc::clone(&back));
        let mut dice = Dice {
            seed: seed.wrapping_add(self.backs.len() as u64),
            thrown: 0,
            loss: self.dice.loss,
        };
        let (answers, down, front) = (Arc::clone(&back), self.down.clone(), Arc::clone(front));
        let (over, delay) = (Arc::clone(&self.over), self.delay);
        let causality = Arc::clone(&self.causality);
        self.readers.push(thread::spawn(move || {
            let mut buffer = vec![0; DATAGRAM];
            while !over.load(Ordering::Relaxed) {
                let Some((length, _)) = receive(&answers, &mut buffer) else { continue };
                let depth = causality.sent_by(Side::Listener);
                if dice.lost() {
                    continue;
                }
                let (at, bytes) = (Instant::now() + delay, buffer[..length].to_vec());
                let _ = down.send(Late { at, depth, bytes, from: Arc::clone(&front), to: dialer });
            }
        }));
        Ok(back)
    }
}

/// Sends each datagram at its time. All are delayed alike, so the first to come is the first to leave.
fn deliver(late: &Receiver<Late>, side: Side, causality: &Causality) {
    let mut queue = VecDeque::<Late>::new();
    loop {
        let next = match queue.front() {
            Some(first) => late.recv_timeout(first.at.saturating_duration_since(Instant::now())),
            None => late.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match next {
            Ok(datagram) => queue.push_back(datagram),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        while let Some(first) = queue.front()
            && first.at <= Instant::now()
        {
            causality.comes_to(side, first.depth);
            // A socket of a peer that has just died refuses; to both ends that is one more loss.
            let _ = first.from.send_to(&first.bytes, first.to);
            queue.pop_front();
        }
    }
}

/// Waits a little; `None` is for another look at whether all is over.
fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
    socket.recv_from(buffer).ok()
}

fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address)?;
    socket.set_read_timeout(Some(LOOK))?;
    rustix::net::sockopt::set_socket_recv_buffer_size(&socket, BUFFER)?;
    Ok(socket)
}

/// Says of the n-th datagram whether it is lost.
#[derive(Clone, Copy, Debug)]
struct Dice {
    seed: u64,
    thrown: u64,
    loss: f64,
}

impl Dice {
    fn lost(&mut self) -> bool {
        self.thrown += 1;
        // splitmix64, of which the upper 53 bits are a fraction of one.
        let mut z = self.seed.wrapping_add(self.thrown.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        ((z >> 11) as f64 / (1_u64 << 53) as f64) * 100.0 < self.loss
    }
}

/// More than any datagram.
const DATAGRAM: usize = 65_536;
/// What a fast sender puts in a row while this program is not scheduled, so that the only losses are
/// those of the dice.
const BUFFER: usize = 4 * 1024 * 1024;
/// How often a quiet thread looks whether all is over.
const LOOK: Duration = Duration::from_millis(20);
/// Sets the dice of one direction apart from those of the other.
const DOWN: u64 = 0xd0;

#[cfg(test)]
mod tests {
    use super::*;

    fn sockets(network: Network, seed: u64) -> (UdpSocket, UdpSocket, Proxy) {
        let listener = UdpSocket::bind("127.0.0.1:0").unwrap();
        let dialer = UdpSocket::bind("127.0.0.1:0").unwrap();
        for socket in [&listener, &dialer] {
            socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        }
        let proxy = Proxy::start(listener.local_addr().unwrap(), network, seed).unwrap();
        dialer.connect(proxy.address()).unwrap();
        (dialer, listener, proxy)
    }

    #[test]
    fn datagrams_go_there_and_back_and_take_their_time() {
        let delay = Duration::from_millis(30);
        let (dialer, listener, _proxy) = sockets(Network { loss: 0.0, delay }, 1);
        let mut buffer = [0; 16];
        let began = Instant::now();
        dialer.send(b"there").unwrap();
        let (length, from) = listener.recv_from(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"there");
        listener.send_to(b"back", from).unwrap();
        let length = dialer.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"back");
        assert!(began.elapsed() >= 2 * delay);
    }

    #[test]
    fn a_round_trip_is_there_and_back_however_many_datagrams_it_takes() {
        let (dialer, listener, proxy) = sockets(Network::CLEAR, 1);
        let mut buffer = [0; 16];
        assert_eq!(proxy.round_trips(), 0);
        for trip in 1..=3 {
            dialer.send(b"there").unwrap();
            dialer.send(b"there, too").unwrap();
            let (_, from) = listener.recv_from(&mut buffer).unwrap();
            listener.recv(&mut buffer).unwrap();
            listener.send_to(b"back", from).unwrap();
            dialer.recv(&mut buffer).unwrap();
            assert_eq!(proxy.round_trips(), trip);
        }
    }

    #[test]
    fn the_seed_decides_which_datagrams_are_lost() {
        let arrived = |seed| {
            let (dialer, listener, _proxy) =
                sockets(Network { loss: 50.0, ..Network::CLEAR }, seed);
            for number in 0..100_u8 {
                dialer.send(&[number]).unwrap();
            }
            let mut dice = Dice { seed, thrown: 0, loss: 50.0 };
            let expected: Vec<_> = (0..100_u8).filter(|_| !dice.lost()).collect();
            let mut buffer = [0; 16];
            for number in &expected {
                assert_eq!(listener.recv(&mut buffer).unwrap(), 1);
                assert_eq!(buffer[0], *number);
            }
            expected
        };
        assert_eq!(arrived(7), arrived(7));
        assert_ne!(arrived(7), arrived(8));
    }

    #[test]
    fn so_many_are_lost_as_were_asked_for() {
        let mut dice = Dice { seed: 3, thrown: 0, loss: 2.0 };
        let lost = (0..100_000).filter(|_| dice.lost()).count();
        assert!((1_800..2_200).contains(&lost), "{lost}");
    }
}
