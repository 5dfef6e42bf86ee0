//! What ends an exchange besides itself.
//!
//! An exchange is judged when it begins, and may then go on for hours: a download, a stream of
//! events, a tunnel. It ends within a second when what it was admitted for ends: when its token
//! expires, or the token or its grant is revoked, by whatever way (a sign-out, a removed client, a
//! replayed code). What rests on the word of an issuer about an opaque token is asked about again
//! when that word counts no more, and ends when the issuer takes it back.
//!
//! Most exchanges are over long before anybody could ask. They say at their admission what they
//! rest on ([`admitted`]) and are looked after only from [`UNWATCHED`] on, all of them by one task
//! ([`OpenExchanges`]).
//!
//! A route may have a deadline for the whole exchange (`timing`). An exchange that is still under way
//! then is ended as well, and as late as half a second after it began.
//!
//! Over HTTP/2 there is another end: Pingora goes on reading a request whose upstream has answered
//! (RFC 9113 §8.1), without any timeout. A body that stops coming would keep its stream, its place
//! and a drain for ever. So an exchange is given up when nothing of the request came for some time
//! after its answer. Dropping it resets the stream with `NO_ERROR`, which says that the answer is
//! whole and the rest is not wanted. A request that goes on goes on: there are upstreams that answer
//! while they read.

mod alarm;
mod open;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::{sleep_until, timeout};

pub(super) use alarm::Alarm;
pub(super) use open::{Basis, Ending, OpenExchanges, Watch};

/// How long an exchange goes on before anybody looks after it.
const UNWATCHED: Duration = Duration::from_millis(500);

tokio::task_local! {
    static EXCHANGE: Arc<Exchange>;
}

/// What an exchange tells whoever waits for its end, and what it is told when it is ended.
#[derive(Debug, Default)]
struct Exchange {
    /// What it was admitted for; `None` within for nobody in particular.
    basis: OnceLock<Option<Basis>>,
    answered: Notify,
    request_went_on: Notify,
    due: OnceLock<Due>,
    is_due: Notify,
    answer_begun: AtomicBool,
    ending: OnceLock<Ending>,
}

/// When the time of an exchange is over.
#[derive(Clone, Copy, Debug)]
struct Due {
    at: Instant,
    /// How much longer it may go on without an answer, which is then to say so.
    patience: Duration,
}

/// What comes of `exchange`, over HTTP/1; `None` as well if what it was admitted for ended first.
/// `alarm` is the connection's.
pub(super) async fn limit_http1<T>(
    open: &OpenExchanges,
    alarm: &mut Alarm,
    exchange: impl Future<Output = Option<T>>,
) -> Option<T> {
    let told = Arc::new(Exchange::default());
    let exchange = EXCHANGE.scope(Arc::clone(&told), exchange);
    tokio::select! {
        biased;
        outcome = exchange => outcome,
        () = told.until_ended(open, alarm) => None,
    }
}

/// The same over HTTP/2; `None` as well if nothing of the request came for `patience` after the end
/// of the answer.
pub(super) async fn limit_http2<T>(
    open: &OpenExchanges,
    patience: Duration,
    exchange: impl Future<Output = Option<T>>,
) -> Option<T> {
    let told = Arc::new(Exchange::default());
    let exchange = EXCHANGE.scope(Arc::clone(&told), exchange);
    let mut alarm = Alarm::default();
    tokio::select! {
        biased;
        outcome = exchange => outcome,
        () = told.until_unfinished(patience) => None,
        () = told.until_ended(open, &mut alarm) => None,
    }
}

impl Exchange {
    /// Returns when what the exchange was admitted for has ended, and has noted how.
    async fn until_ended(&self, open: &OpenExchanges, alarm: &mut Alarm) {
        let basis = loop {
            alarm.after(UNWATCHED).await;
            if let Some(basis) = self.basis.get() {
                break basis;
            }
        };
        let ended = async {
            match basis {
                Some(basis) => open.watch(basis.clone()).ended().await,
                None => std::future::pending().await,
            }
        };
        let ending = tokio::select! {
            ending = ended => ending,
            () = self.until_overdue() => Ending::Deadline,
        };
        let _set_here_only = self.ending.set(ending);
    }

    /// Returns when the time of the exchange is over and nobody can be told any more.
    async fn until_overdue(&self) {
        let due = loop {
            if let Some(due) = self.due.get() {
                break due;
            }
            self.is_due.notified().await;
        };
        sleep_until(due.at.into()).await;
        if !self.answer_begun.load(Ordering::Relaxed) {
            let patience = due.at.checked_add(due.patience);
            sleep_until(patience.unwrap_or(due.at).into()).await;
        }
    }

    /// Returns when the request stopped coming after its answer was whole.
    async fn until_unfinished(&self, patience: Duration) {
        self.answered.notified().await;
        while timeout(patience, self.request_went_on.notified())
            .await
            .is_ok()
        {}
    }
}

/// Notes what the exchange was admitted for; `None` for nobody in particular.
pub(super) fn admitted(basis: Option<Basis>) {
    // Outside of the scope there is nobody to be told, and it is admitted once.
    let _told = EXCHANGE.try_with(|exchange| exchange.basis.set(basis).is_ok());
}

/// Notes when the time of the exchange is over; `patience`: how much longer it may go on to say so.
pub(super) fn is_due(at: Instant, patience: Duration) {
    let _told = EXCHANGE.try_with(|exchange| {
        let _set_once = exchange.due.set(Due { at, patience });
        exchange.is_due.notify_one();
    });
}

/// Notes that the head of the answer was written.
pub(super) fn answer_begins() {
    let _told = EXCHANGE.try_with(|exchange| exchange.answer_begun.store(true, Ordering::Relaxed));
}

/// Notes that the last of the answer is being written. Does nothing over HTTP/1, where Pingora
/// has a timeout for each read.
pub(super) fn answer_ends() {
    let _told = EXCHANGE.try_with(|exchange| exchange.answered.notify_one());
}

/// Notes that some of the request's body came.
pub(super) fn request_goes_on() {
    let _told = EXCHANGE.try_with(|exchange| exchange.request_went_on.notify_one());
}

/// How the exchange was ended, to be asked while it is dropped.
pub(super) fn ending() -> Option<Ending> {
    EXCHANGE
        .try_with(|exchange| exchange.ending.get().copied())
        .ok()
        .flatten()
}
