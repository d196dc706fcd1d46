//! An association and its channels under packets of any kind, without the DTLS that would cost most of the
//! time: no panic, nothing kept or sent without bound, no timer that spins.

use std::time::Duration;

use floe_core::fuzz::{Association, Heard};
use floe_core::time::Timestamp;
use floe_tests::entropy;
use floe_tests::rude_peer::Sctp;

use crate::hostile;
use crate::input::Input;

/// The first byte says who is who, and who begins; then steps until the bytes run out.
pub fn sctp(data: &[u8]) {
    // What the library draws comes from a seed, so that the same input is the same every time.
    entropy::seeded(u64::from(data.first().copied().unwrap_or_default()), || play(data));
}

fn play(data: &[u8]) {
    let mut input = Input::new(data);
    let setup = input.byte();
    let mut stage = Stage::new(setup);
    if setup & 4 == 0 {
        stage.begin(setup & 2 != 0);
        assert!(stage.peer.is_up(), "nobody was rude yet");
    }
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        stage.step(&mut input);
        stage.check();
    }
    stage.wait(Duration::from_secs(60));
    assert!(stage.heard <= stage.told, "{} bytes of {}", stage.heard, stage.told);
}

struct Stage {
    association: Association,
    peer: Sctp,
    now: Timestamp,
    /// Packets of the peer, for repetition.
    history: Vec<Vec<u8>>,
    /// Bytes that the peer has sent in all, and those that could be received.
    told: usize,
    heard: usize,
    /// Whether what comes is received, as applications that are slow do not.
    receives: bool,
    /// How many packets more may come in storms.
    patience: usize,
}

impl Stage {
    fn new(setup: u8) -> Self {
        let now = Timestamp::from_millis(1_000);
        let association = Association::new(setup & 1 == 0, RECEIVE_WINDOW, entropy::epoch(), now);
        let tag = if setup & 8 == 0 { 0x1234_5678 } else { u32::MAX - 4 };
        let peer = Sctp::new(tag, 1 << 20);
        let (history, told, heard) = (Vec::new(), 0, 0);
        Self { association, peer, now, history, told, heard, receives: true, patience: STORMS_MAX }
    }

    /// The association comes up, by the peer's INIT or by ours.
    fn begin(&mut self, peer_inits: bool) {
        if peer_inits {
            let init = self.peer.init();
            self.put(&init);
        }
        self.exchange();
    }

    fn step(&mut self, input: &mut Input<'_>) {
        let op = input.byte();
        match op % 16 {
            0..=6 => {
                let packet = hostile::packet(input, &mut self.peer);
                self.put(&packet);
            }
            7 => {
                // Many of the same kind: what they begin with is the same input each time.
                let times = 1 + usize::from(input.byte());
                let mut fork = input.clone();
                for _ in 0..times.min(self.patience) {
                    fork = input.clone();
                    let packet = hostile::packet(&mut fork, &mut self.peer);
                    self.put(&packet);
                }
                self.patience = self.patience.saturating_sub(times);
                *input = fork;
            }
            8 => {
                self.association.open(hostile::stream(input));
            }
            9 | 10 => {
                let (channel, len) = (hostile::stream(input), 1 + usize::from(input.u16()) / 4);
                if self.association.unacknowledged() < SEND_MAX {
                    self.association.send(channel, &vec![op; len]);
                }
            }
            11 => self.association.reset(self.now, hostile::stream(input), op & 0x80 != 0),
            12 => {
                self.receives ^= true;
                self.association.window_update(self.now);
            }
            13 => {
                let packet = self.history.get(usize::from(input.byte())).cloned();
                packet.into_iter().for_each(|packet| self.put(&packet));
            }
            14 if op == 0xfe => self.association.abort(),
            _ => self.wait(Duration::from_millis(1 << (op / 16))),
        }
        self.exchange();
    }

    fn put(&mut self, packet: &[u8]) {
        self.told += packet.len();
        if self.history.len() < HISTORY_MAX {
            self.history.push(packet.to_vec());
        }
        self.association.handle_packet(self.now, packet);
        self.pull();
    }

    /// Takes what came.
    fn pull(&mut self) {
        while let Some(heard) = self.association.poll() {
            if let Heard::Opened(channel, label) = heard {
                assert!(label.len() <= 64, "{channel}: {label:02x?}");
            }
        }
        while self.receives
            && let Some((_, message)) = self.association.receive()
        {
            self.heard += message.len();
        }
    }

    /// Both say what they have to say, until they are silent.
    fn exchange(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let mut packets = Vec::new();
            self.association.flush(self.now, &mut |packet| {
                assert!(packet.len() <= PACKET_LEN_MAX, "{} bytes", packet.len());
                packets.push(packet.to_vec());
            });
            let bytes: usize = packets.iter().map(Vec::len).sum();
            assert!(bytes <= BURST_MAX, "{bytes} bytes at once");
            if packets.is_empty() {
                return;
            }
            for packet in packets {
                for answer in self.peer.handle(&packet) {
                    self.put(&answer);
                }
            }
        }
        panic!("{ROUNDS_MAX} rounds without an end");
    }

    /// Time passes, and every deadline on the way is served.
    fn wait(&mut self, duration: Duration) {
        let until = self.now + duration;
        for _ in 0..WAKES_MAX {
            let due = self.association.deadline().filter(|at| *at <= until);
            self.now = self.now.max(due.unwrap_or(until));
            self.association.handle_timeout(self.now);
            self.pull();
            self.exchange();
            if due.is_none() {
                return;
            }
            let next = self.association.deadline();
            assert!(next.is_none_or(|at| at > self.now), "{next:?} is due for ever");
        }
        panic!("a timer spins: {WAKES_MAX} wakes in {duration:?}");
    }

    fn check(&self) {
        assert!(self.association.channels() <= CHANNELS_MAX, "{}", self.association.channels());
        assert!(self.heard <= self.told, "{} bytes of {}", self.heard, self.told);
    }
}

const STEPS_MAX: usize = 200;
/// Packets: enough for every limit, and no more, as storms take all the time there is.
const STORMS_MAX: usize = 600;
const RECEIVE_WINDOW: u32 = 256 * 1024;
/// As much as the application has under way at most, and one message.
const SEND_MAX: usize = 64 * 1024;
/// All of it sent again, and acknowledgements.
const BURST_MAX: usize = 256 * 1024;
/// What a path carries, less what DTLS adds.
const PACKET_LEN_MAX: usize = 1_163;
const HISTORY_MAX: usize = 256;
/// Ids below 65 536 of both parities; only what is opened counts, and nothing here opens a tenth of it.
const CHANNELS_MAX: usize = 65_536;
const ROUNDS_MAX: usize = 1_000;
/// Retransmissions come every 250 ms at most often, delayed acknowledgements every 200 ms.
const WAKES_MAX: usize = 2_000;
