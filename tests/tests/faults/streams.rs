//! Streams that are opened, written to, finished, stopped, reset and dropped at random, at both ends.
//!
//! Who opens a stream names it with its first four bytes; every other byte follows from the name, the
//! direction and its place. So what arrives is known, whatever becomes of the stream.

use std::collections::HashMap;

use floe_core::rtc::{ConnectionId, Read, StreamId};
use floe_tests::floe::Floe;
use floe_tests::net::Weather;
use floe_tests::rng::Rng;
use floe_tests::world::{Handle, World};

use crate::exchange::{connect, is_of_use, story};
use crate::{millis, secs};

#[test]
fn at_random_in_fair_and_foul_weather() {
    for weather in [Weather::FAIR, Weather::FOUL] {
        story(0..6, |seed| {
            let (mut pair, _) = connect(seed, secs(10), |net| net.weather = weather);
            let mut rng = Rng::new(seed ^ 0x5eed);
            let mut sides = [
                Side::new(pair.client, pair.at_client, 0),
                Side::new(pair.server, pair.at_server, 1),
            ];
            for _ in 0..600 {
                let side = rng.below(2) as usize;
                sides[side].act(&mut pair.world, &mut rng);
                hear(&mut pair.world, &mut sides);
                pair.world.run(millis(rng.below(10)));
            }
            // Everybody finishes what is left and reads the rest, which comes to its end in time.
            let before = pair.world.now;
            pair.world.until(secs(30), |world| {
                hear(world, &mut sides);
                sides.iter_mut().for_each(|side| side.finish_all(world));
                sides.iter().all(Side::has_read_all).then_some(())
            });
            let took = pair.world.now.saturating_since(before);
            let [finished, reset] = [|it: &Side| it.finished, |it: &Side| it.reset]
                .map(|count| sides.iter().map(count).sum::<u32>());
            println!(
                "seed {seed}: {finished} halves finished, {reset} reset; the rest in {took:?}"
            );
            for side in &sides {
                let open: Vec<_> = side.streams.iter().filter(|it| it.end.is_none()).collect();
                assert!(open.is_empty(), "{open:#?}");
            }
            assert!(finished > 30 && reset > 10, "{finished}, {reset}");
            sides.iter_mut().for_each(|side| side.forget_all(&mut pair.world));
            pair.world.run(secs(15));
            for side in &sides {
                let stats = pair.world[side.node].endpoint.stats(side.id).expect("it lives");
                assert_eq!((stats.streams, stats.receive_buffered), (0, 0), "{stats:?}");
            }
            pair.world.net.weather = Weather::FAIR;
            pair.world[pair.server].events.clear();
            is_of_use(&mut pair, seed);
        });
    }
}

/// One end of the connection, and its streams.
#[derive(Debug)]
struct Side {
    node: Handle<Floe>,
    id: ConnectionId,
    /// 0 at the client.
    direction: u8,
    streams: Vec<Stream>,
    opened: u32,
    /// How much was written on each stream that was finished, by its name.
    complete: HashMap<u32, usize>,
    finished: u32,
    reset: u32,
}

#[derive(Debug)]
struct Stream {
    id: StreamId,
    name: Option<u32>,
    /// Whether we gave it its name.
    is_ours: bool,
    written: usize,
    read: usize,
    /// The first bytes, until they are a name.
    prefix: Vec<u8>,
    end: Option<Read>,
    /// Whether we are done with writing.
    is_finished: bool,
}

/// Both read everything, and take what the other one opened.
fn hear(world: &mut World, sides: &mut [Side; 2]) {
    for at in 0..2 {
        let (mine, rest) = sides.split_at_mut(1);
        let (it, peer) = if at == 0 { (&mut mine[0], &rest[0]) } else { (&mut rest[0], &mine[0]) };
        while let Some(id) = world[it.node].opened() {
            it.streams.push(Stream::new(id, None));
        }
        for stream in it.streams.iter_mut().filter(|stream| stream.end.is_none()) {
            let (bytes, end) = world[it.node].read(stream.id, usize::MAX);
            stream.take(&bytes, peer.direction);
            match end {
                Read::Finished => {
                    // A name that never came was never written; then nothing was.
                    let of = |name| peer.complete.get(&name).copied();
                    let expected = stream.name.map_or(Some(0), of);
                    if !stream.stopped() {
                        assert_eq!(Some(stream.read), expected, "{stream:?}");
                        it.finished += 1;
                    }
                    stream.end = Some(end);
                }
                Read::Reset => {
                    it.reset += 1;
                    stream.end = Some(end);
                }
                _ => {}
            }
        }
    }
}

impl Side {
    fn new(node: Handle<Floe>, id: ConnectionId, direction: u8) -> Self {
        let (streams, complete) = (Vec::new(), HashMap::new());
        Self { node, id, direction, streams, opened: 0, complete, finished: 0, reset: 0 }
    }

    /// Does something.
    fn act(&mut self, world: &mut World, rng: &mut Rng) {
        let now = world.now;
        let count = self.streams.len() as u64;
        if count == 0 || rng.chance(250_000) {
            let id = world[self.node].endpoint.open_stream(self.id).expect("there is room");
            let name = self.opened * 2 + u32::from(self.direction);
            self.opened += 1;
            self.streams.push(Stream::new(id, Some(name)));
            return;
        }
        let at = rng.below(count) as usize;
        let (id, endpoint) = (self.streams[at].id, &mut world[self.node].endpoint);
        match rng.below(20) {
            0 => {
                self.streams.swap_remove(at);
                endpoint.forget_stream(now, id);
            }
            what => {
                let Some(mut handle) = endpoint.stream(id) else { return };
                match what {
                    1 => handle.reset(now),
                    2 => {
                        handle.stop_reading(now);
                        self.streams[at].end = Some(Read::Finished);
                    }
                    3..=7 => self.finish(world, at),
                    _ => self.write(world, at, rng.below(40_000) as usize),
                }
            }
        }
    }

    fn write(&mut self, world: &mut World, at: usize, len: usize) {
        let stream = &mut self.streams[at];
        // Who was not told the name yet has nothing to say.
        let Some(name) = stream.name else { return };
        let range = stream.written..stream.written + len;
        let bytes: Vec<u8> = range.map(|place| stream.byte(name, self.direction, place)).collect();
        let Some(mut handle) = world[self.node].endpoint.stream(stream.id) else { return };
        // The peer may have stopped it, or reset it.
        stream.written += handle.write(&bytes).unwrap_or(0);
    }

    fn finish(&mut self, world: &mut World, at: usize) {
        let (stream, now) = (&self.streams[at], world.now);
        // Who opened a stream gives it its name before it goes.
        let is_named = stream.name.is_some() && (!stream.is_ours || stream.written >= NAME_LEN);
        let Some(mut handle) = world[self.node].endpoint.stream(stream.id) else { return };
        if is_named && handle.finish().is_ok() {
            self.complete.insert(stream.name.expect("it is named"), stream.written);
        } else if !is_named {
            handle.reset(now);
        }
        self.streams[at].is_finished = true;
    }

    /// Finishes all that can be: a stream whose name is still on its way has to wait.
    fn finish_all(&mut self, world: &mut World) {
        for at in 0..self.streams.len() {
            let Stream { is_ours, is_finished, written, name, .. } = self.streams[at];
            if is_ours && written < NAME_LEN && !is_finished {
                self.write(world, at, NAME_LEN);
            }
            // One that was reset or stopped before it had a name will never get one.
            let is_over = self.streams[at].end.is_some();
            if !is_finished && (name.is_some() || is_over) {
                self.finish(world, at);
            }
        }
    }

    fn forget_all(&mut self, world: &mut World) {
        let now = world.now;
        for stream in self.streams.drain(..) {
            world[self.node].endpoint.forget_stream(now, stream.id);
        }
    }

    fn has_read_all(&self) -> bool {
        self.streams.iter().all(|stream| stream.end.is_some())
    }
}

impl Stream {
    fn new(id: StreamId, name: Option<u32>) -> Self {
        let is_ours = name.is_some();
        Self {
            id,
            name,
            is_ours,
            written: 0,
            read: 0,
            prefix: Vec::new(),
            end: None,
            is_finished: false,
        }
    }

    fn stopped(&self) -> bool {
        self.end.is_some()
    }

    /// Takes what has arrived.
    ///
    /// # Panics
    /// If it is not what was sent.
    fn take(&mut self, bytes: &[u8], from: u8) {
        for byte in bytes {
            match self.name {
                None => {
                    self.prefix.push(*byte);
                    self.name = self.prefix.first_chunk().map(|name| u32::from_be_bytes(*name));
                }
                Some(name) => {
                    let expected = self.byte(name, from, self.read);
                    assert_eq!(*byte, expected, "byte {} of {self:?}", self.read);
                }
            }
            self.read += 1;
        }
    }

    /// What is at a place of a stream, in one direction.
    fn byte(&self, name: u32, direction: u8, place: usize) -> u8 {
        let opener = (name % 2) as u8;
        match name.to_be_bytes().get(place) {
            Some(byte) if direction == opener => *byte,
            _ => (name as usize * 31 + usize::from(direction) * 17 + place * 7 + place / 256) as u8,
        }
    }
}

const NAME_LEN: usize = 4;
