//! Flows: what the applications at both ends of a stream did there, and what it carries.

use std::ops::Index;

use floe_core::rtc::{ConnectionId, StreamId};

use super::lives::LifeId;
use crate::chaos::script::Plan;
use crate::chaos::sequence::{self, HEADER_LEN, Number, Way};

/// A stream, as one node knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) life: LifeId,
    pub(super) stream: StreamId,
}

/// One end of a flow: what the application there did and saw.
#[derive(Debug, Default)]
pub(super) struct End {
    pub(super) at: Option<Place>,
    pub(super) written: u64,
    pub(super) finished: bool,
    pub(super) acknowledged: bool,
    pub(super) read: u64,
    pub(super) stopped: bool,
    /// Reset, or let go of before its end.
    pub(super) gone: bool,
}

/// What two applications do over one stream.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) opener: LifeId,
    /// The connection that it is opened on, as the opener knows it.
    pub(super) on: ConnectionId,
    pub(super) plan: Plan,
    ends: [End; 2],
}

impl Flow {
    pub(super) fn end(&self, way: Way) -> &End {
        &self.ends[way as usize]
    }

    /// Bytes that an end writes altogether.
    pub(super) fn planned(&self, way: Way) -> u64 {
        match way {
            Way::There => HEADER_LEN + self.plan.there,
            Way::Back => self.plan.back,
        }
    }
}

/// All flows, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Flows(Vec<Flow>);

impl Flows {
    /// A flow that begins at its opener.
    pub(super) fn begin(&mut self, at: Place, plan: Plan) -> Number {
        let opener = End { at: Some(at), ..End::default() };
        self.0.push(Flow {
            opener: at.life,
            on: at.stream.connection(),
            plan,
            ends: [opener, End::default()],
        });
        self.0.len() - 1
    }

    /// The flow that a header names, if there is one.
    pub(super) fn named_by(&self, header: &[u8]) -> Option<Number> {
        sequence::number_of(header).filter(|number| *number < self.0.len())
    }

    pub(super) fn end_mut(&mut self, number: Number, way: Way) -> &mut End {
        &mut self.0[number].ends[way as usize]
    }

    pub(super) fn header(&self, number: Number) -> [u8; HEADER_LEN as usize] {
        let flow = &self.0[number];
        sequence::header(number, flow.opener, &flow.plan)
    }

    /// What goes one way, from a position on.
    pub(super) fn bytes(&self, number: Number, way: Way, from: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        let headed = if way == Way::There { HEADER_LEN.saturating_sub(from) } else { 0 };
        let headed = (headed as usize).min(len);
        if headed > 0 {
            bytes[..headed].copy_from_slice(&self.header(number)[from as usize..][..headed]);
        }
        sequence::fill(number, way, from + headed as u64, &mut bytes[headed..]);
        bytes
    }

    /// All that was done on a flow, in words.
    pub(super) fn story(&self, number: Number) -> String {
        let [there, back] = &self.0[number].ends;
        format!("flow {number}, there {there:?}, back {back:?}")
    }
}

impl Index<Number> for Flows {
    type Output = Flow;

    fn index(&self, number: Number) -> &Flow {
        &self.0[number]
    }
}
