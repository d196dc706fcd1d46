//! The same lifecycle told another way: what was said, and what ended each half first. Not a table of states
//! but the sentences of `core/src/stream.rs`, so that a slip in one is no slip in the other.

use floe_core::frame::Flag;
use floe_core::stream::{
    Cause, LAST_WORD_TIMEOUT, Lifecycle, ReadHalf, Reply, Violation, Wish, WriteHalf,
};
use floe_core::time::Timestamp;

/// What has happened to one side.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    said_fin: bool,
    said_stop_sending: bool,
    /// What ended the half that is written; whatever comes later changes nothing.
    write_end: Option<WriteHalf>,
    /// The same of the half that is read.
    read_end: Option<ReadHalf>,
    /// The flag that is waited for, and until when.
    wait: Option<(Flag, Timestamp)>,
}

impl Model {
    /// Takes the same step as the lifecycle, which has answered `reply`.
    pub(super) fn follow(
        &mut self,
        now: Timestamp,
        cause: Cause,
        life: &Lifecycle,
        reply: Result<Reply, Violation>,
    ) {
        assert_eq!(reply, self.on(now, cause), "{cause:?}: {self:?}");
        assert_eq!(life.write_half(), self.write_half(), "{cause:?}: {self:?}");
        assert_eq!(life.read_half(), self.read_half(), "{cause:?}: {self:?}");
        let due = life.deadline().map(|deadline| deadline.at);
        assert_eq!(due, self.wait.map(|(_, until)| until), "{cause:?}: {self:?}");
        assert_eq!(life.is_over(), self.is_over());
    }

    fn on(&mut self, now: Timestamp, cause: Cause) -> Result<Reply, Violation> {
        let was_over = self.is_over();
        let mut reply = Reply::default();
        match cause {
            Cause::App(Wish::Finish) if self.write_end == Some(WriteHalf::Reset) => {
                return Err(Violation::FinishAfterReset);
            }
            Cause::App(Wish::Finish) if self.write_end.is_none() && !self.said_fin => {
                self.said_fin = true;
                reply.send = Some(Flag::Fin);
            }
            Cause::App(Wish::StopReading) => {
                reply.discard_inbound = true;
                if self.read_end.is_none() && !self.said_stop_sending {
                    self.said_stop_sending = true;
                    reply.send = Some(Flag::StopSending);
                }
            }
            Cause::App(Wish::Reset) => {
                reply.send = (!was_over).then_some(Flag::Reset);
                self.break_off(&mut reply);
                reply.discard_inbound = true;
            }
            Cause::Peer(Flag::Fin) if self.read_end.is_none() => {
                self.read_end = Some(ReadHalf::Finished);
                reply.send = Some(Flag::FinAck);
            }
            Cause::Peer(Flag::FinAck) if self.said_fin && self.write_end.is_none() => {
                self.write_end = Some(WriteHalf::Closed);
            }
            Cause::Peer(Flag::StopSending) if self.write_end.is_none() => {
                reply.send = (!self.said_fin).then_some(Flag::Fin);
                reply.discard_outbound = true;
                self.write_end = Some(WriteHalf::Stopped);
            }
            Cause::Peer(Flag::Reset) | Cause::ConnectionLost => self.break_off(&mut reply),
            Cause::ChannelClosed => {
                // As good as the FIN_ACK that it may have taken along.
                if self.said_fin && self.write_end.is_none() {
                    self.write_end = Some(WriteHalf::Closed);
                }
                self.break_off(&mut reply);
            }
            Cause::Expired => match self.wait {
                Some((flag, until)) if until <= now => {
                    if flag == Flag::FinAck {
                        self.write_end = Some(WriteHalf::Closed);
                    } else {
                        self.read_end = Some(ReadHalf::Reset);
                        reply.discard_inbound = true;
                    }
                }
                _ => return Err(Violation::NotExpired),
            },
            _ => {}
        }
        self.wait_on(now);
        reply.close_channel = self.is_over() && !was_over && cause != Cause::ConnectionLost;
        Ok(reply)
    }

    /// Ends what has not ended.
    fn break_off(&mut self, reply: &mut Reply) {
        if self.write_end.is_none() {
            self.write_end = Some(WriteHalf::Reset);
            reply.discard_outbound = true;
        }
        if self.read_end.is_none() {
            self.read_end = Some(ReadHalf::Reset);
            reply.discard_inbound = true;
        }
    }

    /// FIN_ACK is waited for after FIN; FIN after STOP_SENDING, once nothing is left to say.
    fn wait_on(&mut self, now: Timestamp) {
        let flag = if self.write_end.is_none() {
            self.said_fin.then_some(Flag::FinAck)
        } else {
            (self.said_stop_sending && self.read_end.is_none()).then_some(Flag::Fin)
        };
        self.wait = flag.map(|flag| match self.wait {
            Some((same, until)) if same == flag => (flag, until),
            _ => (flag, now + LAST_WORD_TIMEOUT),
        });
    }

    fn write_half(&self) -> WriteHalf {
        let open = if self.said_fin { WriteHalf::FinSent } else { WriteHalf::Open };
        self.write_end.unwrap_or(open)
    }

    fn read_half(&self) -> ReadHalf {
        let open = if self.said_stop_sending { ReadHalf::Stopped } else { ReadHalf::Open };
        self.read_end.unwrap_or(open)
    }

    fn is_over(&self) -> bool {
        self.write_end.is_some() && self.read_end.is_some()
    }
}
