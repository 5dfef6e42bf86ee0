//! The exchanges that are open for long, and what they rest on.

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::oneshot;
use tokio::time::MissedTickBehavior;

use crate::clock::Clock;
use crate::gateway::authentication::{Inquiry, Principal};
use crate::gateway::settings::Route;
use crate::gateway::snapshot::Snapshot;
use crate::issuers::IntrospectionError;
use crate::jose::JwtError;
use crate::model::Timestamp;

/// How often all of them are looked at. Nothing is asked of the store: what was revoked is in
/// memory. Only the issuer of an opaque token is asked again, when its answer counts no more.
const PERIOD: Duration = Duration::from_millis(250);

/// How many questions to issuers are under way at once, about all exchanges. Each issuer's endpoint
/// has its own bound, and hears of each token once.
const QUESTIONS_AT_ONCE: usize = 32;

/// What an exchange was admitted for.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Basis {
    pub(in crate::gateway) snapshot: Arc<Snapshot>,
    pub(in crate::gateway) principal: Principal,
    pub(in crate::gateway) route: Arc<Route>,
    /// When it was.
    pub(in crate::gateway) admitted_at: Timestamp,
}

/// How what an exchange was admitted for ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Ending {
    /// The token expired.
    Expired,
    /// The token or its grant was revoked, or its issuer says that it is not good any more.
    Revoked,
    /// The total that its route gives its upstream is over.
    Deadline,
}

/// What an issuer says when it is asked again; `None`: nothing.
type Word = Option<Result<(), IntrospectionError>>;

impl Ending {
    /// The reason, in logs and metrics.
    pub(in crate::gateway) const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "token_expired",
            Self::Revoked => "revoked",
            Self::Deadline => "deadline",
        }
    }
}

impl Basis {
    /// How it ended, if it did.
    fn ending(&self, now: Timestamp) -> Option<Ending> {
        let authenticator = &self.snapshot.authenticator;
        if authenticator.is_revoked(&self.principal) {
            return Some(Ending::Revoked);
        }
        let is_expired = now >= authenticator.expires_at(&self.principal);
        (is_expired && !self.route.outlives_token).then_some(Ending::Expired)
    }

    /// What is to be asked again at its issuer; `None` when that would tell nothing. An issuer does
    /// not tell a token that expired from one that was revoked.
    fn inquiry(&self, now: Timestamp) -> Option<&Arc<Inquiry>> {
        let is_over = now >= self.principal.verified().expires_at;
        let inquiry = self.principal.inquiry();
        inquiry.filter(|_| !(is_over && self.route.outlives_token))
    }

    /// How it ended, if `word` says so.
    fn ending_by(&self, word: Word, now: Timestamp) -> Option<Ending> {
        self.inquiry(now)?;
        match word? {
            Ok(()) => None,
            Err(IntrospectionError::Refused(JwtError::Expired)) => Some(Ending::Expired),
            Err(_) => Some(Ending::Revoked),
        }
    }
}

/// All exchanges that are looked after; a handle.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct OpenExchanges(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    clock: Arc<dyn Clock>,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    entries: HashMap<u64, Entry>,
    last: u64,
    /// Whether the task that looks at them is at work.
    is_attended: bool,
}

#[derive(Debug)]
struct Entry {
    basis: Basis,
    end: oneshot::Sender<Ending>,
    /// When its issuer is asked again; `None`: nobody was asked.
    asked_again_at: Option<Timestamp>,
}

/// One exchange that is looked after, until dropped.
#[derive(Debug)]
pub(in crate::gateway) struct Watch {
    open: OpenExchanges,
    id: u64,
    end: oneshot::Receiver<Ending>,
}

impl OpenExchanges {
    /// None yet.
    pub(in crate::gateway) fn new(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared {
            clock,
            open: Mutex::default(),
        }))
    }

    /// Looks after an exchange, from now on. What ended already is seen at once.
    pub(in crate::gateway) fn watch(&self, basis: Basis) -> Watch {
        let (end, ended) = oneshot::channel();
        let now = self.0.clock.now();
        let over = basis.ending(now);
        let inquiry = basis.inquiry(now);
        let asked_again_at =
            inquiry.map(|inquiry| basis.admitted_at.after(inquiry.asked_again_after()));
        let mut open = self.0.open();
        open.last += 1;
        let id = open.last;
        match over {
            Some(ending) => {
                let _to_be_received = end.send(ending);
            }
            None => {
                let entry = Entry {
                    basis,
                    end,
                    asked_again_at,
                };
                open.entries.insert(id, entry);
                if !open.is_attended {
                    open.is_attended = true;
                    tokio::spawn(attend(Arc::downgrade(&self.0)));
                }
            }
        }
        drop(open);
        Watch {
            open: self.clone(),
            id,
            end: ended,
        }
    }
}

impl Watch {
    /// Waits for the end of what the exchange was admitted for.
    pub(in crate::gateway) async fn ended(&mut self) -> Ending {
        match (&mut self.end).await {
            Ok(ending) => ending,
            // Nobody will tell any more.
            Err(_) => pending().await,
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.open.0.open().entries.remove(&self.id);
    }
}

/// Looks at all open exchanges again and again, until there is none. Questions to issuers are under
/// way meanwhile, so that one which is slow to answer holds nothing up.
async fn attend(shared: Weak<Shared>) {
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut questions = FuturesUnordered::new();
    loop {
        let answer = tokio::select! {
            _ = ticks.tick() => None,
            Some(answer) = questions.next() => Some(answer),
        };
        let Some(shared) = shared.upgrade() else {
            return;
        };
        if let Some((id, word)) = answer {
            shared.take(id, word);
            continue;
        }
        if !shared.end_what_is_over() {
            return;
        }
        let room = QUESTIONS_AT_ONCE.saturating_sub(questions.len());
        let now = shared.clock.now();
        for (id, inquiry) in shared.due(room, now) {
            questions.push(async move { (id, inquiry.ask_again(now).await) });
        }
    }
}

impl Shared {
    /// Whether there is anything left to look after.
    fn end_what_is_over(&self) -> bool {
        let now = self.clock.now();
        let mut open = self.open();
        let mut over = Vec::new();
        for (id, entry) in &open.entries {
            if let Some(ending) = entry.basis.ending(now) {
                over.push((*id, ending));
            }
        }
        for (id, ending) in over {
            if let Some(entry) = open.entries.remove(&id) {
                // Unless it has just ended by itself.
                let _told = entry.end.send(ending);
            }
        }
        open.is_attended = !open.entries.is_empty();
        open.is_attended
    }

    /// The exchanges whose issuers are to be asked again, at most `room`; those that waited longest
    /// come first.
    fn due(&self, room: usize, now: Timestamp) -> Vec<(u64, Arc<Inquiry>)> {
        let mut open = self.open();
        let mut due: Vec<_> = open
            .entries
            .iter_mut()
            .filter_map(|(id, entry)| {
                let at = entry.asked_again_at.filter(|at| *at <= now)?;
                Some((at, *id, entry))
            })
            .collect();
        due.sort_unstable_by_key(|(at, id, _)| (*at, *id));
        due.into_iter()
            .take(room)
            .filter_map(|(_, id, entry)| {
                let inquiry = entry.basis.inquiry(now).cloned();
                entry.asked_again_at = inquiry
                    .as_ref()
                    .map(|inquiry| now.after(inquiry.asked_again_after()));
                Some((id, inquiry?))
            })
            .collect()
    }

    /// Ends the exchange if its issuer says so.
    fn take(&self, id: u64, word: Word) {
        let now = self.clock.now();
        let mut open = self.open();
        let entry = open.entries.get(&id);
        let Some(ending) = entry.and_then(|entry| entry.basis.ending_by(word, now)) else {
            return;
        };
        if let Some(entry) = open.entries.remove(&id) {
            // Unless it has just ended by itself.
            let _told = entry.end.send(ending);
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // Nothing under the lock can leave an entry half-written.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::clock::ManualClock;
    use crate::gateway::tests::support::{basis, store, verified};

    fn open_at(now: u64) -> (OpenExchanges, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(now)));
        (OpenExchanges::new(Arc::clone(&clock) as _), clock)
    }

    /// Has all open exchanges looked at.
    async fn look() {
        tokio::time::advance(PERIOD * 2).await;
        tokio::task::yield_now().await;
    }

    #[tokio::test(start_paused = true)]
    async fn an_exchange_ends_in_the_second_in_which_its_token_does() {
        let (open, clock) = open_at(1000);
        let mut watch = open.watch(basis(verified(), false, &Arc::default()));

        clock.advance(Duration::from_secs(999));
        look().await;
        assert_eq!(watch.ended().now_or_never(), None, "one second is left");

        clock.advance(Duration::from_secs(1));
        look().await;
        assert_eq!(watch.ended().now_or_never(), Some(Ending::Expired));
    }

    #[tokio::test(start_paused = true)]
    async fn a_revocation_ends_even_what_may_outlive_its_token() {
        let (open, clock) = open_at(1000);
        let store = store().await;
        let (revoked, until) = (store.revocations(), Timestamp::from_secs(9000));
        let mut watch = open.watch(basis(verified(), true, revoked));

        clock.advance(Duration::from_secs(2000));
        look().await;
        assert_eq!(watch.ended().now_or_never(), None, "its token is expired");

        store.revoke_token("jti-1", until).await.unwrap();
        look().await;
        assert_eq!(watch.ended().now_or_never(), Some(Ending::Revoked));
        let mut late = open.watch(basis(verified(), true, revoked));
        assert_eq!(late.ended().now_or_never(), Some(Ending::Revoked));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_at_work_for_exchanges_that_are_over() {
        let (open, _clock) = open_at(1000);
        let watch = || open.watch(basis(verified(), false, &Arc::default()));
        let two = (watch(), watch());
        assert!(open.0.open().is_attended);

        drop(two);
        look().await;
        assert!(!open.0.open().is_attended);
        assert!(open.0.open().entries.is_empty());

        let _another = watch();
        assert!(open.0.open().is_attended, "and again when there is one");
    }
}
