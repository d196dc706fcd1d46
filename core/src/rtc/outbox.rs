//! Datagrams on their way out, laid end to end as segmentation offload wants them.
//!
//! Engines push one datagram at a time; those that follow each other by the same way in the same size
//! become one run, which a kernel with GSO takes in one call. The buffer is reused for ever.

use core::net::{IpAddr, SocketAddr};
use std::collections::VecDeque;
use std::vec::Vec;

use super::output::{Port, Transmit};

/// The datagrams that wait to be sent.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    runs: VecDeque<Run>,
    /// Where the first waiting run begins.
    start: usize,
}

#[derive(Debug)]
struct Run {
    port: Port,
    remote: SocketAddr,
    local: Option<IpAddr>,
    segment: usize,
    len: usize,
    /// A datagram shorter than the segment ends its run.
    ended: bool,
}

impl Outbox {
    /// Queues a datagram for `remote`.
    pub(crate) fn push(
        &mut self,
        port: Port,
        local: Option<IpAddr>,
        remote: SocketAddr,
        datagram: &[u8],
    ) {
        if datagram.is_empty() {
            return;
        }
        if self.runs.is_empty() {
            self.bytes.clear();
            self.start = 0;
        }
        self.bytes.extend_from_slice(datagram);
        let len = datagram.len();
        if let Some(run) = self.runs.back_mut()
            && run.port == port
            && run.remote == remote
            && run.local == local
            && !run.ended
            && len <= run.segment
            && run.len + len <= RUN_BYTES_MAX
            && run.len / run.segment < RUN_SEGMENTS_MAX
        {
            run.len += len;
            run.ended = len < run.segment;
            return;
        }
        self.runs.push_back(Run { port, remote, local, segment: len, len, ended: false });
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The next run.
    pub(crate) fn pop(&mut self) -> Option<Transmit<'_>> {
        let run = self.runs.pop_front()?;
        let from = self.start;
        self.start += run.len;
        Some(Transmit {
            port: run.port,
            remote: run.remote,
            local: run.local,
            payload: &self.bytes[from..self.start],
            segment: run.segment,
        })
    }
}

/// A UDP payload is at most 65 507 bytes, also before the kernel cuts it into segments.
const RUN_BYTES_MAX: usize = 65_000;
/// Linux takes 64 segments a call (`UDP_MAX_SEGMENTS`).
const RUN_SEGMENTS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    fn drain(outbox: &mut Outbox) -> Vec<(u16, Vec<usize>)> {
        let mut runs = Vec::new();
        while let Some(transmit) = outbox.pop() {
            let lens = transmit.datagrams().map(<[u8]>::len).collect();
            runs.push((transmit.remote.port(), lens));
        }
        runs
    }

    #[test]
    fn equal_neighbours_share_a_run_and_a_shorter_one_ends_it() {
        let mut outbox = Outbox::default();
        for (port, len) in [(1, 9), (1, 9), (1, 4), (1, 4), (2, 4), (1, 9), (1, 10)] {
            outbox.push(Port::Main, None, addr(port), &[0; 16][..len]);
        }
        assert_eq!(
            drain(&mut outbox),
            [
                (1, Vec::from([9, 9, 4])),
                (1, Vec::from([4])),
                (2, Vec::from([4])),
                (1, Vec::from([9])),
                (1, Vec::from([10]))
            ]
        );
        assert!(outbox.is_empty());
    }

    #[test]
    fn a_run_leaves_by_one_port() {
        let mut outbox = Outbox::default();
        let ports = [Port::Main, Port::Main, Port::Fallback, Port::Fallback, Port::Main];
        for port in ports {
            outbox.push(port, None, addr(1), &[0; 9]);
        }
        let mut runs = Vec::new();
        while let Some(transmit) = outbox.pop() {
            runs.push((transmit.port, transmit.datagrams().len()));
        }
        assert_eq!(runs, [(Port::Main, 2), (Port::Fallback, 2), (Port::Main, 1)]);
    }

    #[test]
    fn a_run_fits_one_call() {
        let mut outbox = Outbox::default();
        for _ in 0..130 {
            outbox.push(Port::Main, None, addr(1), &[0; 1200]);
        }
        let runs = drain(&mut outbox);
        assert_eq!(runs.iter().map(|(_, lens)| lens.len()).sum::<usize>(), 130);
        assert!(runs.iter().all(|(_, lens)| lens.len() <= RUN_SEGMENTS_MAX));
        assert!(runs.iter().all(|(_, lens)| lens.iter().sum::<usize>() <= RUN_BYTES_MAX));
    }
}
