//! Bytes from one end of a tunnel to the other and back, until one of several things ends it.

use std::future::pending;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use pingora::protocols::Stream;
use pingora::server::ShutdownWatch;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::frames::{self, Frames};
use super::subscription::{Opener, Refused, Subscriptions};
use crate::gateway::authentication::Principal;
use crate::gateway::edge::{LINGER, hear_out};
use crate::gateway::lifetime::{Ending, Watch};
use crate::gateway::settings::TunnelLimits;
use crate::telemetry::{Metrics, Tunneled};

/// What is read before it is passed on, in each direction: ten thousand tunnels fit.
const BUFFER_BYTES: usize = 8 * 1024;

/// One end of a tunnel, with what came from it already.
pub(super) struct End {
    pub(super) stream: Stream,
    pub(super) early: BytesMut,
}

/// Why a tunnel was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// Downstream ended it, or is gone.
    Downstream,
    /// The upstream ended it, or is gone.
    Upstream,
    /// Nothing passed for too long.
    Idle,
    /// It was open for as long as tunnels may be.
    Lifetime,
    /// We stop.
    Shutdown,
    /// What it was opened for, or subscribed with, ended.
    Ended(Ending),
    /// Downstream said what it may not.
    Refused(Refused),
}

impl Closed {
    /// The word in logs and metrics.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Downstream => "downstream",
            Self::Upstream => "upstream",
            Self::Idle => "idle",
            Self::Lifetime => "lifetime",
            Self::Shutdown => "shutdown",
            Self::Ended(ending) => ending.as_str(),
            Self::Refused(_) => "subscription_refused",
        }
    }

    /// What both ends are told (RFC 6455 §7.4.1), when it was neither of them.
    const fn status(self) -> Option<u16> {
        match self {
            Self::Downstream | Self::Upstream => None,
            // Going away.
            Self::Idle | Self::Lifetime | Self::Shutdown => Some(1001),
            // Policy violation.
            Self::Ended(_) => Some(1008),
            Self::Refused(refused) => Some(refused.status),
        }
    }

    /// What downstream is told besides.
    const fn told(self) -> &'static str {
        match self {
            Self::Refused(refused) => refused.told,
            _ => "",
        }
    }

    /// Why, where the word for it does not say that.
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Refused(refused) => refused.reason,
            _ => "",
        }
    }
}

/// What may end a tunnel besides its ends.
pub(super) struct Terms<'a> {
    pub(super) limits: &'a TunnelLimits,
    pub(super) watch: Option<Watch>,
    pub(super) shutdown: ShutdownWatch,
    /// Who opened it, where downstream says in it who it is.
    pub(super) opener: Option<Opener<'a>>,
}

/// How a tunnel was.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) closed: Closed,
    /// From downstream.
    pub(super) bytes_in: u64,
    /// To downstream.
    pub(super) bytes_out: u64,
    /// Who downstream said in it that it is.
    pub(super) subscriber: Option<Principal>,
}

/// Passes on what comes from each end to the other. An end that says nothing more may still be
/// told something, as in TCP.
pub(super) async fn join(
    downstream: End,
    upstream: End,
    mut terms: Terms<'_>,
    metrics: &Metrics,
) -> Report {
    let (watches, subscribed) = mpsc::channel(1);
    let opener = terms.opener.take();
    let activity = Activity::new();
    let first = OnceLock::new();
    let flow = |from, to, direction| Flow {
        frames: Frames::default(),
        bytes: 0,
        ends: (from, to),
        direction,
        activity: &activity,
        first: &first,
        metrics,
        subscriptions: None,
    };
    let mut up = flow(Closed::Downstream, Closed::Upstream, Tunneled::Up);
    up.subscriptions = opener.map(|opener| Subscriptions::new(opener, watches));
    let mut down = flow(Closed::Upstream, Closed::Downstream, Tunneled::Down);
    let (mut from_downstream, mut to_downstream) = tokio::io::split(downstream.stream);
    let (mut from_upstream, mut to_upstream) = tokio::io::split(upstream.stream);
    let closed = {
        let moving = async {
            tokio::try_join!(
                up.run(&mut from_downstream, &mut to_upstream, &downstream.early),
                down.run(&mut from_upstream, &mut to_downstream, &upstream.early),
            )
        };
        tokio::select! {
            biased;
            closed = terms.ended(&activity, subscribed) => closed,
            _both = moving => first.get().copied().unwrap_or(Closed::Downstream),
        }
    };
    if let Some(status) = closed.status() {
        let to_upstream_mask = crate::entropy::random().ok();
        let to_downstream_frame = down
            .frames
            .may_close()
            .then(|| frames::close(status, closed.told(), None));
        let to_upstream_frame = to_upstream_mask
            .filter(|_| up.frames.may_close())
            .map(|mask| frames::close(status, "", Some(mask)));
        tokio::join!(
            farewell(from_downstream.unsplit(to_downstream), to_downstream_frame),
            farewell(from_upstream.unsplit(to_upstream), to_upstream_frame),
        );
    }
    Report {
        closed,
        bytes_in: up.bytes,
        bytes_out: down.bytes,
        subscriber: up.subscriptions.and_then(Subscriptions::into_principal),
    }
}

/// Says why the tunnel ends, where that can be understood, and ends it.
async fn farewell(mut stream: Stream, frame: Option<Vec<u8>>) {
    let said = async {
        if let Some(frame) = frame {
            stream.write_all(&frame).await?;
        }
        hear_out(&mut stream).await
    };
    // Whether the peer heard it out is its own affair.
    let _heard = timeout(LINGER, said).await;
}

impl Terms<'_> {
    /// Waits for whatever ends the tunnel first.
    async fn ended(self, activity: &Activity, subscribed: mpsc::Receiver<Watch>) -> Closed {
        let Self {
            limits,
            mut watch,
            mut shutdown,
            opener: _,
        } = self;
        let basis = async {
            match &mut watch {
                Some(watch) => watch.ended().await,
                None => pending().await,
            }
        };
        let stopping = async { drop(shutdown.wait_for(|stops| *stops).await) };
        let lifetime = async {
            match limits.lifetime {
                Some(lifetime) => sleep_until(activity.opened + lifetime).await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            ending = basis => Closed::Ended(ending),
            ending = newest_ended(subscribed) => Closed::Ended(ending),
            () = stopping => Closed::Shutdown,
            () = activity.idle_for(limits.idle_timeout) => Closed::Idle,
            () = lifetime => Closed::Lifetime,
        }
    }
}

/// Waits for the end of what downstream subscribed with last.
async fn newest_ended(mut subscribed: mpsc::Receiver<Watch>) -> Ending {
    let mut newest: Option<Watch> = None;
    loop {
        let ended = async {
            match &mut newest {
                Some(watch) => watch.ended().await,
                None => pending().await,
            }
        };
        tokio::select! {
            ending = ended => return ending,
            Some(watch) = subscribed.recv() => newest = Some(watch),
        }
    }
}

/// When something passed last, in either direction.
struct Activity {
    opened: Instant,
    last_ms: AtomicU64,
}

impl Activity {
    fn new() -> Self {
        Self {
            opened: Instant::now(),
            last_ms: AtomicU64::new(0),
        }
    }

    fn note(&self) {
        let ms = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_ms.store(ms, Ordering::Relaxed);
    }

    /// Returns when nothing passed for `limit`.
    async fn idle_for(&self, limit: Duration) {
        loop {
            let last = Duration::from_millis(self.last_ms.load(Ordering::Relaxed));
            let over = self.opened + last + limit;
            if over <= Instant::now() {
                return;
            }
            sleep_until(over).await;
        }
    }
}

/// One direction.
struct Flow<'a> {
    frames: Frames,
    bytes: u64,
    /// Whose the end is that is read from, and whose the other.
    ends: (Closed, Closed),
    direction: Tunneled,
    activity: &'a Activity,
    /// Who ended the tunnel first.
    first: &'a OnceLock<Closed>,
    metrics: &'a Metrics,
    /// `None` where nothing of it is looked at.
    subscriptions: Option<Subscriptions<'a>>,
}

/// An end of the tunnel is gone.
struct Gone;

impl Flow<'_> {
    /// Passes on `early` and whatever comes from `from`, and its end.
    async fn run(
        &mut self,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
        early: &[u8],
    ) -> Result<(), Gone> {
        self.take(to, early).await?;
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let read = from.read(&mut buffer).await;
            let Some(bytes) = read.ok().and_then(|n| buffer.get(..n)) else {
                return Err(self.ended_by(self.ends.0));
            };
            if bytes.is_empty() {
                let Gone = self.ended_by(self.ends.0);
                // Fails when that end is gone as well, which reading from it tells.
                let _told = to.shutdown().await;
                return Ok(());
            }
            self.take(to, bytes).await?;
        }
    }

    /// Passes on `bytes`, or what takes their place.
    async fn take(
        &mut self,
        to: &mut (impl AsyncWrite + Unpin),
        mut bytes: &[u8],
    ) -> Result<(), Gone> {
        let mut through = Vec::new();
        loop {
            let Some(subscriptions) = &mut self.subscriptions else {
                return self.pass(to, bytes).await;
            };
            let text = subscriptions.take(&mut bytes, &mut through);
            let judged = match text {
                Ok(Some(text)) => {
                    let judged = subscriptions.judge(text).await;
                    judged.map(|frames| (frames, true))
                }
                Ok(None) => Ok((Vec::new(), false)),
                Err(refused) => Err(refused),
            };
            self.pass(to, &through).await?;
            through.clear();
            match judged {
                Ok((frames, true)) => self.pass(to, &frames).await?,
                Ok((_, false)) => return Ok(()),
                Err(refused) => return Err(self.ended_by(Closed::Refused(refused))),
            }
        }
    }

    /// Counts what was taken and no more: this may be dropped half-way, and then it must be known
    /// whether a frame was begun.
    async fn pass(
        &mut self,
        to: &mut (impl AsyncWrite + Unpin),
        mut bytes: &[u8],
    ) -> Result<(), Gone> {
        while !bytes.is_empty() {
            let n = match to.write(bytes).await {
                Ok(n) if n > 0 => n,
                _ => return Err(self.ended_by(self.ends.1)),
            };
            let (taken, rest) = bytes.split_at_checked(n).unwrap_or((bytes, &[]));
            self.frames.advance(taken);
            self.bytes += taken.len() as u64;
            self.metrics.tunneled(self.direction, taken.len());
            self.activity.note();
            bytes = rest;
        }
        let flushed = to.flush().await;
        flushed.map_err(|_| self.ended_by(self.ends.1))
    }

    fn ended_by(&self, end: Closed) -> Gone {
        self.first.get_or_init(|| end);
        Gone
    }
}
