//! When certificates are ordered, and what becomes of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use instant_acme::Account;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::client::Http;
use super::files::{Files, with_ordered};
use super::order::{self, Answering, OrderError};
use crate::model::Timestamp;
use crate::secret::Digest;
use crate::server::certificates::Certificates;
use crate::server::inspection::Leaf;
use crate::server::settings::{Acme, CertificatePem, Listener};
use crate::server::task::Task;
use crate::server::tls::{TlsAcceptor, TlsParts};
use crate::server::vitals::Vitals;

/// How often is looked whether one is due; a comparison of numbers.
const LOOK: Duration = Duration::from_secs(1);

/// How long an order may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// When an order that failed is tried again: after this, and twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_secs(60);
/// At most. Directories forbid too many failures in an hour.
const LONGEST_PAUSE: Duration = Duration::from_secs(6 * 60 * 60);
/// The longest that a directory may ask to wait.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Orders the certificates of the listeners, and renews them.
#[derive(Debug)]
pub(in crate::server) struct Renewal {
    acme: Acme,
    files: Files,
    around: Around,
    /// Whether the configuration is in force that this was made of.
    is_current: Arc<Mutex<bool>>,
}

/// What certificates are ordered for, and with.
#[derive(Debug)]
pub(in crate::server) struct Around {
    /// With the certificates of the configuration.
    pub(in crate::server) listeners: Vec<Listener>,
    /// By listener name.
    pub(in crate::server) acceptors: Vec<(String, TlsAcceptor)>,
    pub(in crate::server) answering: Answering,
    pub(in crate::server) vitals: Arc<Vitals>,
    pub(in crate::server) patience: Patience,
}

/// Work that is going on, until dropped.
#[derive(Debug)]
pub(in crate::server) struct Ordering {
    is_current: Arc<Mutex<bool>>,
    _task: Task,
}

/// What failed lately, by name. It outlives reloads, which must not have a directory asked more often.
#[derive(Clone, Debug, Default)]
pub(in crate::server) struct Patience(Arc<Mutex<BTreeMap<String, Failures>>>);

#[derive(Clone, Copy, Debug, Default)]
struct Failures {
    n: u32,
    again_at: Timestamp,
}

impl Drop for Ordering {
    /// Waits while certificates are being put in force: they are not, once this returns.
    fn drop(&mut self) {
        let is_current = self.is_current.lock();
        *is_current.unwrap_or_else(PoisonError::into_inner) = false;
    }
}

impl Renewal {
    /// Orders as `acme` says.
    pub(in crate::server) fn new(acme: &Acme, around: Around) -> Self {
        Self {
            files: Files::of(acme),
            acme: acme.clone(),
            around,
            is_current: Arc::new(Mutex::new(true)),
        }
    }

    /// Begins.
    pub(in crate::server) fn begin(self) -> Ordering {
        Ordering {
            is_current: Arc::clone(&self.is_current),
            _task: Task::spawn(self.run()),
        }
    }

    async fn run(self) {
        let http = match Http::new(self.acme.ca_pem.as_deref()) {
            Ok(http) => http,
            Err(error) => {
                let error = OrderError::Client(error);
                return tracing::error!(%error, "no certificate can be ordered");
            }
        };
        let mut account = None;
        let names = self.names().into_iter();
        let mut dues: BTreeMap<String, Option<Timestamp>> =
            names.map(|name| (name.clone(), self.due(&name))).collect();
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            for (name, due) in &mut dues {
                let now = self.around.vitals.clock.now();
                if due.is_some_and(|due| now < due) || !self.around.patience.is_over(name, now) {
                    continue;
                }
                match Box::pin(self.order(&http, &mut account, name)).await {
                    Ok(()) => {
                        self.around.patience.forget(name);
                        *due = self.due(name);
                    }
                    Err(error) => self.put_off(&http, &mut account, name, &error),
                }
            }
        }
    }

    fn names(&self) -> BTreeSet<String> {
        let tls = self
            .around
            .listeners
            .iter()
            .filter_map(|it| it.tls.as_ref());
        tls.flat_map(|tls| tls.acme_names.iter().cloned()).collect()
    }

    /// When the next certificate for `name` is to be ordered; `None`: now.
    fn due(&self, name: &str) -> Option<Timestamp> {
        due(&self.files.certificate(name)?, name)
    }

    /// Orders a certificate and keeps it, unless another process has done that meanwhile, and puts it
    /// in force.
    async fn order(
        &self,
        http: &Http,
        account: &mut Option<Account>,
        name: &str,
    ) -> Result<(), OrderError> {
        let now = || self.around.vitals.clock.now();
        if self.due(name).is_none_or(|due| now() >= due) {
            let ordering = async {
                let account = match account {
                    Some(account) => account,
                    None => account.insert(order::account(&self.acme, &self.files, http).await?),
                };
                order::certificate(self.acme.challenge, account, name, &self.around.answering).await
            };
            let ordered = timeout(PATIENCE, ordering).await;
            let pem = ordered.map_err(|_| OrderError::Timeout)??;
            crate::server::tls::check(&pem)?;
            // Else the next one would be ordered at once, and so on.
            if due(&pem, name).is_none_or(|due| due <= now()) {
                return Err(OrderError::OfSomethingElse);
            }
            self.files.save_certificate(name, &pem)?;
            let days_left = Leaf::parse(&pem.chain).map(|leaf| leaf.days_left(now()));
            tracing::info!(name, days_left, "a certificate was issued");
        }
        self.put_in_force()
    }

    /// Has the listeners show what there is; open connections go on.
    fn put_in_force(&self) -> Result<(), OrderError> {
        let is_current = self.is_current.lock();
        let is_current = is_current.unwrap_or_else(PoisonError::into_inner);
        if !*is_current {
            return Ok(());
        }
        let listeners = with_ordered(&self.around.listeners, Some(&self.acme));
        for listener in &listeners {
            let mut acceptors = self.around.acceptors.iter();
            let acceptor = acceptors.find(|(name, _)| *name == listener.name);
            if let (Some(tls), Some((_, acceptor))) = (&listener.tls, acceptor)
                && !tls.acme_names.is_empty()
            {
                acceptor.show(TlsParts::parse(tls)?);
            }
        }
        let shown = Arc::new(Certificates::of(&listeners));
        self.around.vitals.certificates.store(shown);
        Ok(())
    }

    fn put_off(&self, http: &Http, account: &mut Option<Account>, name: &str, error: &OrderError) {
        let now = self.around.vitals.clock.now();
        if error.code() == Some("accountDoesNotExist") {
            *account = None;
            if let Err(error) = self.files.put_account_aside() {
                tracing::error!(%error, "account.json cannot be put aside");
            }
        }
        let pause = self.around.patience.fail(name, now, http.asked_to_wait());
        let kept = self.files.certificate(name);
        let kept = kept.and_then(|pem| Leaf::parse(&pem.chain));
        let days_left = kept.map(|leaf| leaf.days_left(now));
        self.around.vitals.metrics.maintenance_failed("acme");
        tracing::error!(
            name,
            days_left,
            again_in_s = pause.as_secs(),
            %error,
            advice = error.advice(),
            "a certificate could not be ordered; what is in force stays"
        );
    }
}

impl Patience {
    fn is_over(&self, name: &str, now: Timestamp) -> bool {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures.get(name).is_none_or(|it| now >= it.again_at)
    }

    fn forget(&self, name: &str) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures.remove(name);
    }

    /// How long to wait after one more failure.
    fn fail(&self, name: &str, now: Timestamp, asked: Duration) -> Duration {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let failures = failures.entry(name.to_owned()).or_default();
        let pause = pause(name, failures.n).max(asked.min(LONGEST_WAIT));
        failures.n = failures.n.saturating_add(1);
        failures.again_at = now.after(pause);
        pause
    }
}

/// When the next certificate is to be ordered: a third of its life before the end of this one, and up
/// to a tenth of that earlier, by its own bytes, so that those issued together are not renewed
/// together.
fn due(pem: &CertificatePem, name: &str) -> Option<Timestamp> {
    let leaf = Leaf::parse(&pem.chain)?;
    if !leaf.covers(name) {
        return None;
    }
    let before = leaf.lifetime() / 3;
    let [first, ..] = *Digest::of(&pem.chain).as_bytes();
    let jitter = before / 10 * u32::from(first) / 256;
    Some(leaf.end().before(before + jitter))
}

/// How long to wait after so many failures; up to a quarter longer, by the name.
fn pause(name: &str, n_failures: u32) -> Duration {
    let factor = 2_u32.saturating_pow(n_failures.min(16));
    let pause = FIRST_PAUSE.saturating_mul(factor).min(LONGEST_PAUSE);
    let [first, ..] = *Digest::of(name.as_bytes()).as_bytes();
    pause + pause / 4 * u32::from(first) / 256
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn pem(not_before: (i32, u8, u8), not_after: (i32, u8, u8)) -> CertificatePem {
        let mut params = rcgen::CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(not_before.0, not_before.1, not_before.2);
        params.not_after = rcgen::date_time_ymd(not_after.0, not_after.1, not_after.2);
        let key = rcgen::KeyPair::generate().unwrap();
        CertificatePem {
            chain: params.self_signed(&key).unwrap().pem().into_bytes(),
            key: Secret::new(key.serialize_pem()),
        }
    }

    #[test]
    fn a_certificate_is_renewed_with_a_third_of_its_life_left() {
        // The first of April 2027.
        let end = Timestamp::from_secs(1_806_537_600);
        for (row, pem, earliest, latest) in [
            ("90 days", pem((2027, 1, 1), (2027, 4, 1)), 33, 30),
            ("6 days", pem((2027, 3, 26), (2027, 4, 1)), 3, 2),
        ] {
            let due = due(&pem, "a.test").unwrap();
            assert!(due >= end.before(earliest * DAY), "{row}: {due:?}");
            assert!(due <= end.before(latest * DAY), "{row}: {due:?}");
        }
        let other = pem((2027, 1, 1), (2027, 4, 1));
        assert_eq!(due(&other, "b.test"), None, "of another name");
    }

    #[test]
    fn pauses_grow_to_hours() {
        let mut before = Duration::ZERO;
        for n in 0..9 {
            let pause = pause("a.test", n);
            assert!(pause > before, "{n}");
            before = pause;
        }
        assert!(pause("a.test", 0) < Duration::from_secs(76));
        assert!(pause("a.test", 1000) <= LONGEST_PAUSE + LONGEST_PAUSE / 4);
    }

    /// RFC 8555 §6.6.
    #[test]
    fn who_is_asked_to_wait_waits() {
        let patience = Patience::default();
        let now = Timestamp::from_secs(1_800_000_000);
        let hour = Duration::from_secs(3600);

        assert_eq!(patience.fail("a.test", now, hour), hour);
        assert!(!patience.is_over("a.test", now.after(hour / 2)));
        assert!(patience.is_over("b.test", now));
        assert!(patience.is_over("a.test", now.after(hour)));
        assert_eq!(patience.fail("a.test", now, 100 * DAY), LONGEST_WAIT);
    }
}
