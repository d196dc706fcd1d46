//! DTLS: one shared context per endpoint, one session per connection, and one door out of it.
//!
//! The library wants to be drained after every call, or it loses datagrams silently; and each of its
//! errors is final. So nothing here returns before it has drained, and after an error or an end nothing
//! comes out any more. A client that sees another certificate than it was promised sends not one byte
//! after that.
//!
//! Until there are keys, an error may be the work of somebody else, or of a dial that is over. So a client begins
//! anew when its handshake fails, and a server does for a client that says another ClientHello, and says it again,
//! as long as the client of the first has not gone on; both a few times only.
//!
//! Whose certificate is right is asked of clients only: a server learns who calls from Noise. SRTP keys
//! are negotiated, because some peers insist, and dropped.
//!
//! Obeys: RFC 6347 (DTLS 1.2), RFC 9147 (DTLS 1.3), RFC 8827 §6.5, libp2p webrtc-direct §Connection
//! Establishment.

mod hello;
mod keys;
mod opener;
mod records;
mod replay;
mod secrets;
mod suites;

use core::time::Duration;
use std::boxed::Box;
use std::sync::Arc;
use std::time::Instant;
use std::vec;
use std::vec::Vec;

use bytes::Bytes;
use dimpl::{
    Config, DtlsCertificate, Error, Output, ProtocolVersion, SecurityError, UnexpectedMessageError,
};
use tracing::trace;

use self::hello::{Random, Seen, seen};
use self::opener::{Opened, Opener};
use self::records::records;
use self::secrets::Secrets;
use super::Expected;
use super::vocabulary::Role;
use crate::fingerprint::Fingerprint;
use crate::rtc::certificate::{Certificate, fingerprint_of};
use crate::rtc::config::DtlsVersions;
use crate::rtc::keylog::KeyLogLine;
use crate::rtc::telemetry;

/// What all sessions of an endpoint share.
///
/// The library proves its cryptography to itself whenever a configuration is built, which costs a third
/// of a handshake: hence once.
pub(crate) struct DtlsContext {
    certificate: DtlsCertificate,
    versions: DtlsVersions,
    /// Whether sessions give away their secrets.
    log_keys: bool,
    plain: Arc<Config>,
    cookie: Arc<Config>,
}

impl DtlsContext {
    /// The context of an endpoint that shows this certificate; with `log_keys`, its sessions say their
    /// secrets.
    pub(crate) fn new(certificate: &Certificate, versions: DtlsVersions, log_keys: bool) -> Self {
        Self {
            certificate: DtlsCertificate {
                certificate: certificate.der().to_vec(),
                private_key: certificate.private_key_der().to_vec(),
            },
            versions,
            log_keys,
            plain: Arc::new(config(false)),
            cookie: Arc::new(config(true)),
        }
    }
}

/// A session with the peer.
pub(super) struct Dtls {
    session: dimpl::Dtls,
    /// Until the handshake is done: what it takes to begin anew.
    attempts: Option<Attempts>,
    /// The certificates that the peer may show.
    expected: Expected,
    peer: Option<Fingerprint>,
    /// The peer's certificate has the name that rcgen gives to all: it is webrtc-rs'.
    webrtc_rs: bool,
    /// The handshake is done.
    connected: bool,
    /// Whether the secrets are wanted.
    log_keys: bool,
    /// Until the handshake is done.
    secrets: Option<Secrets>,
    /// From then on, if the suite is one that it knows.
    opener: Option<Box<Opener>>,
    now: Instant,
    deadline: Option<Instant>,
    /// Once set, nothing goes in or out.
    over: bool,
    buffer: Vec<u8>,
}

/// What it takes to begin a handshake anew.
struct Attempts {
    context: Arc<DtlsContext>,
    role: Role,
    cookie: bool,
    left: u8,
    /// Of a client: until then it is deaf, so that nothing of what spoilt the last attempt spoils this one too.
    deaf_until: Option<Instant>,
    /// Of a server: whom its session answers.
    hello: Option<Random>,
    /// Of a server: whom it does not. Whoever means it says it again, and nobody else does.
    other: Option<Random>,
    /// Of a server: who was answered has gone on.
    is_settled: bool,
}

impl Attempts {
    fn session(&self, now: Instant) -> dimpl::Dtls {
        let context = &self.context;
        let config = if self.cookie { &context.cookie } else { &context.plain }.clone();
        let certificate = context.certificate.clone();
        let mut session = match context.versions {
            DtlsVersions::Auto => dimpl::Dtls::new_auto(config, certificate, now),
            DtlsVersions::V12 => dimpl::Dtls::new_12(config, certificate, now),
            DtlsVersions::V13 => dimpl::Dtls::new_13(config, certificate, now),
        };
        session.set_active(self.role == Role::Client);
        session
    }

    /// What is to be done about a record.
    fn judge(&mut self, now: Instant, record: &[u8]) -> Verdict {
        if self.role == Role::Client {
            let is_deaf = self.deaf_until.is_some_and(|until| now < until);
            return if is_deaf { Verdict::Drop } else { Verdict::Take };
        }
        match (seen(record), self.hello) {
            (Seen::Nonsense, _) => Verdict::Drop,
            (Seen::Hello(random), None) => {
                self.hello = Some(random);
                Verdict::Take
            }
            (Seen::Hello(random), Some(answered)) if random != answered => {
                let is_repeated = self.other.replace(random) == Some(random);
                if self.is_settled || self.left == 0 || !is_repeated {
                    return Verdict::Drop;
                }
                self.hello = Some(random);
                Verdict::BeginAnew
            }
            (Seen::Later, _) => {
                self.is_settled = true;
                Verdict::Take
            }
            _ => Verdict::Take,
        }
    }
}

/// What is done about a record.
enum Verdict {
    Take,
    Drop,
    BeginAnew,
}

/// What comes out of a session.
pub(super) enum Event<'a> {
    /// The handshake has begun anew: what was said of it is void.
    Anew,
    /// A datagram for the peer.
    Packet(&'a [u8]),
    /// The handshake is done; this is the peer's certificate.
    Connected(Fingerprint),
    /// What the peer sent, authentic.
    Data(Bytes),
    /// A secret of the session; only if the context asks for them.
    Key(KeyLogLine),
    /// The peer closed the session.
    Closed,
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The server is another than was dialed.
    WrongCerthash { expected: Fingerprint, actual: Fingerprint },
    /// Something else, in words.
    Fatal(&'static str),
}

impl Dtls {
    /// A session that has sent nothing yet: a client begins with its first `handle_timeout`.
    ///
    /// With `cookie`, a server asks for one before it spends anything on the client (a round trip more;
    /// for use under load).
    pub(super) fn new(
        now: Instant,
        role: Role,
        context: &Arc<DtlsContext>,
        cookie: bool,
        expected: Expected,
    ) -> Self {
        let attempts = Attempts {
            context: context.clone(),
            role,
            cookie,
            left: ATTEMPTS_MORE,
            deaf_until: None,
            hello: None,
            other: None,
            is_settled: false,
        };
        let session = attempts.session(now);
        // A client has something to say at once.
        let deadline = (role == Role::Client).then_some(now);
        let buffer = vec![0; BUFFER_LEN];
        Self {
            session,
            attempts: Some(attempts),
            expected,
            peer: None,
            webrtc_rs: false,
            connected: false,
            log_keys: context.log_keys,
            secrets: Some(Secrets::new(role)),
            opener: None,
            now,
            deadline,
            over: false,
            buffer,
        }
    }

    /// Takes a datagram.
    pub(super) fn handle_packet(
        &mut self,
        now: Instant,
        datagram: &[u8],
        sink: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), Failure> {
        self.now = now;
        if let Some(secrets) = &mut self.secrets {
            secrets.on_datagram(datagram);
        }
        if self.connected {
            return records(datagram).try_for_each(|record| self.open(now, record, sink));
        }
        records(datagram).try_for_each(|record| {
            let verdict = self.attempts.as_mut().map(|attempts| attempts.judge(now, record));
            match verdict {
                Some(Verdict::Drop) => return Ok(()),
                Some(Verdict::BeginAnew) => {
                    self.begin_anew(sink);
                    if let Some(secrets) = &mut self.secrets {
                        secrets.on_datagram(record);
                    }
                }
                Some(Verdict::Take) | None => {}
            }
            self.handle_records(now, record, sink)
        })
    }

    /// Whether the handshake that is under way was begun with the ClientHello in this datagram.
    pub(super) fn began_with(&self, datagram: &[u8]) -> bool {
        let hello = self.attempts.as_ref().and_then(|attempts| attempts.hello);
        records(datagram).next().is_some_and(|record| match seen(record) {
            Seen::Hello(random) => Some(random) == hello,
            _ => false,
        })
    }

    /// Begins the handshake anew, if it may; says whether it does.
    fn begin_anew(&mut self, sink: &mut dyn FnMut(Event<'_>)) -> bool {
        let Some(attempts) = self.attempts.as_mut().filter(|attempts| attempts.left > 0) else {
            return false;
        };
        attempts.left -= 1;
        self.session = attempts.session(self.now);
        attempts.deaf_until = (attempts.role == Role::Client).then_some(self.now + FLIGHT_RTO);
        self.deadline = attempts.deaf_until;
        self.peer = None;
        trace!(target: telemetry::CONNECTION, "the handshake begins anew");
        sink(Event::Anew);
        true
    }

    /// Takes a record after the handshake.
    fn open(
        &mut self,
        now: Instant,
        record: &[u8],
        sink: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), Failure> {
        let opened = match &mut self.opener {
            Some(_) if self.over => return Ok(()),
            Some(opener) => opener.open(record),
            None => Opened::Counted,
        };
        match opened {
            Opened::Data(data) => sink(Event::Data(data)),
            Opened::Nothing => {}
            Opened::Counted => return self.handle_records(now, record, sink),
            Opened::Foreign => {
                let mut has_data = false;
                self.handle_records(now, record, &mut |event| {
                    has_data |= matches!(event, Event::Data(_));
                    sink(event);
                })?;
                if has_data {
                    trace!(target: telemetry::CONNECTION, "the peer has other keys");
                    self.opener = None;
                }
            }
        }
        Ok(())
    }

    fn handle_records(
        &mut self,
        now: Instant,
        datagram: &[u8],
        sink: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), Failure> {
        self.run(sink, |session| {
            session.handle_timeout(now)?;
            match session.handle_packet(datagram) {
                // The one error that leaves the session as it was: a client that does not know the
                // version yet was shown something else than a ServerHello, by reordering or malice.
                Err(Error::UnexpectedMessage(
                    UnexpectedMessageError::UnrecognizedAutoServerResponse,
                )) => Ok(()),
                result => result,
            }
        })
    }

    /// Takes the time.
    pub(super) fn handle_timeout(
        &mut self,
        now: Instant,
        sink: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), Failure> {
        self.now = now;
        self.run(sink, |session| session.handle_timeout(now))
    }

    /// Encrypts one record.
    pub(super) fn send(
        &mut self,
        data: &[u8],
        sink: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), Failure> {
        self.run(sink, |session| match session.send_application_data(data)? {
            taken if taken == data.len() => Ok(()),
            // It takes all or, while the version is open, nothing; we do not send before that.
            _ => Err(Error::ConnectionClosed),
        })
    }

    /// Says goodbye; nothing comes out after that.
    pub(super) fn close(&mut self, sink: &mut dyn FnMut(Event<'_>)) -> Result<(), Failure> {
        let result = self.run(sink, dimpl::Dtls::close);
        self.over = true;
        result
    }

    /// When `handle_timeout` is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline.filter(|_| !self.over)
    }

    /// Whether version 1.2 is spoken; false until it is known.
    pub(super) fn is_12(&self) -> bool {
        self.session.protocol_version() == Some(ProtocolVersion::DTLS1_2)
    }

    /// Whether the peer is webrtc-rs; false until it is known.
    pub(super) fn is_webrtc_rs(&self) -> bool {
        self.webrtc_rs
    }

    /// The one door: does something to the session, then drains it.
    fn run(
        &mut self,
        sink: &mut dyn FnMut(Event<'_>),
        change: impl FnOnce(&mut dimpl::Dtls) -> Result<(), Error>,
    ) -> Result<(), Failure> {
        if self.over {
            return Ok(());
        }
        let Some(mut secrets) = self.secrets.take() else { return self.turn(sink, change) };
        let (result, lines) = secrets.overhear(|secrets| {
            let mut seen = |event: Event<'_>| {
                match event {
                    Event::Packet(packet) => secrets.on_datagram(packet),
                    Event::Anew => secrets.forget(),
                    _ => {}
                }
                sink(event);
            };
            self.turn(&mut seen, change)
        });
        if self.connected {
            self.opener = secrets.take_keys().map(|keys| Box::new(Opener::new(&keys)));
        } else {
            self.secrets = Some(secrets);
        }
        if self.log_keys {
            lines.into_iter().for_each(|line| sink(Event::Key(line)));
        }
        result
    }

    fn turn(
        &mut self,
        sink: &mut dyn FnMut(Event<'_>),
        change: impl FnOnce(&mut dimpl::Dtls) -> Result<(), Error>,
    ) -> Result<(), Failure> {
        let result = match change(&mut self.session) {
            Ok(()) => self.drain(sink),
            Err(error) => {
                trace!(target: telemetry::CONNECTION, ?error, "DTLS failed");
                if self.may_be_spoilt(&error) && self.begin_anew(sink) {
                    return Ok(());
                }
                Err(Failure::Fatal(cause(&error)))
            }
        };
        self.over |= result.is_err();
        result
    }

    /// Whether a client's handshake may have failed by what somebody else said, or the server about another one.
    fn may_be_spoilt(&self, error: &Error) -> bool {
        let is_final = matches!(
            error,
            Error::Timeout(_) | Error::SecurityError(SecurityError::FatalAlert { .. })
        );
        let is_client = self.attempts.as_ref().is_some_and(|it| it.role == Role::Client);
        is_client && !is_final
    }

    fn drain(&mut self, sink: &mut dyn FnMut(Event<'_>)) -> Result<(), Failure> {
        let Self {
            session,
            expected,
            peer,
            webrtc_rs,
            connected,
            now,
            deadline,
            over,
            buffer,
            attempts,
            ..
        } = self;
        loop {
            let needed = match session.poll_output(buffer) {
                Output::Timeout(at) => {
                    // While there is a gap in the peer's flight, 1.3 of the library wants to acknowledge
                    // the rest of it at once, and at once again.
                    let at = if at <= *now { *now + GAP_PAUSE } else { at };
                    // "Never" is ten years from now.
                    *deadline = Some(at).filter(|at| *at < *now + HANDSHAKE_TIMEOUT * 2);
                    return Ok(());
                }
                Output::BufferTooSmall { needed } => needed,
                Output::Packet(packet) => {
                    sink(Event::Packet(packet));
                    continue;
                }
                Output::PeerCert(der) => {
                    let actual = fingerprint_of(der);
                    let check = expected.check(actual);
                    check.map_err(|expected| Failure::WrongCerthash { expected, actual })?;
                    *peer = Some(actual);
                    *webrtc_rs = der.windows(RCGEN_NAME.len()).any(|name| name == RCGEN_NAME);
                    continue;
                }
                Output::Connected => {
                    let peer = peer.ok_or(Failure::Fatal("the peer showed no certificate"))?;
                    *connected = true;
                    *attempts = None;
                    sink(Event::Connected(peer));
                    continue;
                }
                Output::ApplicationData(data) => {
                    sink(Event::Data(Bytes::copy_from_slice(data)));
                    continue;
                }
                Output::CloseNotify => {
                    *over = true;
                    sink(Event::Closed);
                    return Ok(());
                }
                _ => continue,
            };
            buffer.resize(needed, 0);
        }
    }
}

fn config(cookie: bool) -> Config {
    Config::builder()
        .with_crypto_provider(secrets::provider())
        .mtu(DATAGRAM_LEN_MAX)
        .max_queue_rx(QUEUE_RX)
        .require_client_certificate(true)
        .use_server_cookie(cookie)
        .flight_start_rto(FLIGHT_RTO)
        .flight_retries(FLIGHT_RETRIES)
        .handshake_timeout(HANDSHAKE_TIMEOUT)
        .build()
        .expect("the configuration is made of constants that the library takes")
}

fn cause(error: &Error) -> &'static str {
    match error {
        Error::Timeout(_) => "the peer stopped answering the handshake",
        Error::CertificateError(_) => "the peer's certificate cannot be used",
        Error::SecurityError(SecurityError::FatalAlert { .. }) => "the peer sent a fatal alert",
        Error::SecurityError(_) => "the peer offers nothing that is secure and known",
        Error::CryptoError(_) => "cryptography failed",
        Error::ConnectionClosed => "the session is closed",
        _ => "the peer broke the protocol",
    }
}

/// Handshakes that may follow the first. Each costs as much as the first, so they are few; more than one honest
/// ClientHello that is late has not been seen.
const ATTEMPTS_MORE: u8 = 3;
/// UDP payload: what any path carries.
const DATAGRAM_LEN_MAX: usize = 1_200;
/// The largest record has 16 KiB of content; peers send less than 1 500 bytes, and it grows if need be.
const BUFFER_LEN: usize = 2_048;
/// Records that arrive out of order or before their keys. The default of 30 overflows under a burst, and
/// what overflows is lost until a retransmission.
const QUEUE_RX: usize = 256;
/// The common name of all certificates that rcgen makes with its defaults, as webrtc-rs does.
const RCGEN_NAME: &[u8] = b"rcgen self signed cert";
/// Between two acknowledgements of a flight with a gap. A datagram that was overtaken arrives within this on
/// most paths, and one that is lost is sent again after several times as long.
const GAP_PAUSE: Duration = Duration::from_millis(50);
/// RFC 6347 §4.2.4.1 says 1 s, and less where it matters: a lost flight would be felt by a person.
/// Browsers begin at 50 ms. 300 ms is above the round trip of most paths, and a flight that is sent twice
/// costs 2 KB.
const FLIGHT_RTO: Duration = Duration::from_millis(300);
/// With an interval that doubles this lasts beyond any deadline that a connection has.
const FLIGHT_RETRIES: usize = 10;
/// The connection's own deadline decides; this one only has to be later.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(600);
