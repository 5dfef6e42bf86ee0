//! Certificates that come to their end while the process runs: told every day, and in a metric.
//!
//! A start and a reload tell it too (`inspection`), but a process runs for months, and nobody
//! reloads what works.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::acme;
use super::inspection::{Leaf, Life};
use super::settings::Listener;
use crate::clock::Clock;
use crate::model::Timestamp;
use crate::telemetry::Metrics;

/// How often an end that is near is told again.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The certificates that are shown to downstream.
#[derive(Debug, Default)]
pub(super) struct Certificates {
    shown: Vec<Shown>,
    /// Names that certificates are ordered for, and that have none yet, with their listeners.
    missing: Vec<(String, String)>,
}

/// One of them.
#[derive(Debug)]
struct Shown {
    listener: String,
    leaf: Leaf,
    /// Whether it is renewed here.
    is_ordered: bool,
}

impl Certificates {
    /// Those of `listeners`.
    pub(super) fn of(listeners: &[Listener]) -> Self {
        let shown = listeners.iter().flat_map(|listener| {
            let certificates = listener.tls.iter().flat_map(|tls| &tls.certificates);
            let tls = listener.tls.as_ref();
            certificates.filter_map(move |pem| {
                let leaf = Leaf::parse(&pem.chain)?;
                let mut names = tls?.acme_names.iter();
                Some(Shown {
                    listener: listener.name.clone(),
                    is_ordered: names.any(|name| leaf.covers(name)),
                    leaf,
                })
            })
        });
        let missing = listeners.iter().flat_map(|listener| {
            let names = listener.tls.iter().flat_map(acme::missing);
            names.map(|name| (listener.name.clone(), name))
        });
        Self {
            shown: shown.collect(),
            missing: missing.collect(),
        }
    }

    /// Names that nobody can connect under yet.
    pub(super) fn missing(&self) -> impl Iterator<Item = &str> {
        self.missing.iter().map(|(_, name)| name.as_str())
    }

    /// Tells every day of those that should have been renewed; works until dropped.
    pub(super) async fn watch(self: Arc<Self>, clock: Arc<dyn Clock>) {
        // The first day was told of by whoever put them in force.
        let mut days = interval_at(Instant::now() + DAY, DAY);
        days.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            days.tick().await;
            self.tell(clock.now());
        }
    }

    /// Puts into `metrics` how many days each has left.
    pub(super) fn measure(&self, metrics: &Metrics, now: Timestamp) {
        let mut days = BTreeMap::new();
        for Shown { listener, leaf, .. } in &self.shown {
            let name = leaf.names().first().map_or("", String::as_str);
            let left = leaf.days_left(now);
            // Of two for one name (RSA and ECDSA) the first to end counts.
            let least = days.entry((listener.as_str(), name)).or_insert(left);
            *least = left.min(*least);
        }
        for (listener, name) in &self.missing {
            // As if it had ended: nobody can connect either.
            days.insert((listener, name), -1);
        }
        metrics.certificate_days_left(days);
    }

    fn tell(&self, now: Timestamp) {
        for Shown {
            listener,
            leaf,
            is_ordered,
        } in &self.shown
        {
            if *is_ordered && leaf.left(now) > leaf.lifetime() / 4 {
                continue;
            }
            let names = leaf.names().join(" ");
            match leaf.life(now) {
                Life::Current | Life::Ahead(_) => {}
                Life::Ending(end) => tracing::warn!(
                    listener,
                    names,
                    end,
                    days_left = leaf.days_left(now),
                    "a certificate ends soon; renew it, and SIGHUP puts the new one in force"
                ),
                Life::Over(end) => tracing::error!(
                    listener,
                    names,
                    end,
                    "a certificate has ended, and nobody can connect; renew it, and SIGHUP puts the new one in force"
                ),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::secret::Secret;
    use crate::server::settings::{CertificatePem, ListenerTls};
    use crate::telemetry::log::testing::Captured;

    /// The last second of the certificates of these tests.
    const END: u64 = 1_798_761_600;
    const DAY_S: u64 = 24 * 60 * 60;

    fn before_end(days: u64) -> Timestamp {
        Timestamp::from_secs(END - days * DAY_S)
    }

    /// A listener with one certificate for each of `ends`, a year and the names.
    fn listener(ends: &[(i32, &[&str])]) -> Listener {
        let pem = |(year, names): &(i32, &[&str])| {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            let mut params = rcgen::CertificateParams::new(names).unwrap();
            params.not_before = rcgen::date_time_ymd(2020, 1, 1);
            params.not_after = rcgen::date_time_ymd(*year, 1, 1);
            let key = rcgen::KeyPair::generate().unwrap();
            CertificatePem {
                chain: params.self_signed(&key).unwrap().pem().into_bytes(),
                key: Secret::new(key.serialize_pem()),
            }
        };
        Listener {
            name: "edge".to_owned(),
            address: ([127, 0, 0, 1], 0).into(),
            tls: Some(ListenerTls {
                certificates: ends.iter().map(pem).collect(),
                client_certificates: None,
                acme_names: Vec::new(),
            }),
            h2c: false,
            redirects_to_https_port: None,
        }
    }

    #[test]
    fn the_days_left_are_a_metric_by_listener_and_first_name() {
        let metrics = Metrics::new();
        let certificates = Certificates::of(&[listener(&[
            (2027, &["a.test", "b.test"]),
            (2030, &["a.test"]),
            (2026, &["old.test"]),
        ])]);

        certificates.measure(&metrics, before_end(10));

        let text = metrics.render();
        for (name, days) in [("a.test", 10), ("old.test", -355)] {
            let line = format!(
                "cellgate_certificate_days_left{{listener=\"edge\",name=\"{name}\"}} {days}\n"
            );
            assert!(text.contains(&line), "{line} is not in\n{text}");
        }
        assert_eq!(text.matches("\ncellgate_certificate_days_left{").count(), 2);

        Certificates::default().measure(&metrics, before_end(10));
        assert!(!metrics.render().contains("certificate_days_left{"), "gone");
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_that_is_near_is_told_every_day_and_then_as_an_error() {
        let log = Captured::start();
        let clock = Arc::new(ManualClock::at(before_end(15)));
        let certificates = Arc::new(Certificates::of(&[listener(&[(2027, &["a.test"])])]));
        let watch = certificates.watch(Arc::<ManualClock>::clone(&clock));
        let watching = tokio::spawn(watch);
        let mut n_told = Vec::new();

        for _ in 0..17 {
            tokio::task::yield_now().await;
            clock.advance(DAY);
            tokio::time::advance(DAY).await;
            tokio::task::yield_now().await;
            n_told.push(log.text().matches("a certificate ").count());
        }
        watching.abort();

        // With 14 days left it is not near yet; on the 16th day it is over.
        assert_eq!(n_told[0], 0);
        assert_eq!(n_told[1..], (1..=16).collect::<Vec<_>>());
        let text = log.text();
        assert_eq!(text.matches("a certificate has ended").count(), 2, "{text}");
        assert!(text.contains("\"names\":\"a.test\""), "{text}");
    }

    /// Nobody can connect under such a name either.
    #[test]
    fn a_name_that_waits_for_its_first_certificate_has_no_days_left() {
        let metrics = Metrics::new();
        let mut edge = listener(&[(2030, &["a.test"])]);
        let names = ["a.test", "b.test"].map(ToOwned::to_owned);
        edge.tls.as_mut().unwrap().acme_names = names.to_vec();
        let certificates = Certificates::of(&[edge]);

        certificates.measure(&metrics, before_end(10));

        let line = "cellgate_certificate_days_left{listener=\"edge\",name=\"b.test\"} -1\n";
        let text = metrics.render();
        assert!(text.contains(line), "{text}");
        assert_eq!(certificates.missing().collect::<Vec<_>>(), ["b.test"]);
    }

    #[test]
    fn a_listener_without_tls_has_none() {
        let plain = Listener {
            tls: None,
            ..listener(&[])
        };

        assert!(Certificates::of(&[plain]).shown.is_empty());
    }
}
