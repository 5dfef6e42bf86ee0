//! How much of a route anybody may take: requests in a time, requests at once, bytes of a body.
//!
//! 1. `rate`: token buckets, for each address, client and subject;
//! 2. `places`: requests at once, in all, of each address and of each subject;
//! 3. bodies are counted while they pass (`proxy.rs`), against [`RouteLimits::max_body_bytes`].
//!
//! What was counted belongs to the process, not to a configuration: [`Traffic::continued`] takes it
//! over wherever a limit is the same as before. A route without limits is not in here at all.
//!
//! Deliberately absent: a count that several processes share, and one that several routes share.

mod key;
mod places;
mod rate;

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;

use super::authentication::Principal;
use super::settings::Route;
use key::{Key, Keys};
pub(super) use places::Place;
use places::Places;
use rate::Buckets;

/// How much of a route anybody may take; what is `None` is not limited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteLimits {
    /// Requests of each address, whether they are let through or not.
    pub per_address: Option<Rate>,
    /// Requests of each client (`client_id` of the token) that are let through.
    pub per_client: Option<Rate>,
    /// Requests of each subject that are let through.
    pub per_subject: Option<Rate>,
    /// Requests at once, in all.
    pub at_once: Option<usize>,
    /// Requests at once of each address.
    pub at_once_per_address: Option<usize>,
    /// Requests at once of each subject.
    pub at_once_per_subject: Option<usize>,
    /// Of a request's body.
    pub max_body_bytes: Option<u64>,
}

/// A token bucket: so many requests in a period, and no more than `burst` of them together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// In each period.
    pub requests: NonZeroU32,
    /// In which the bucket gets its requests back, evenly.
    pub period: Duration,
    /// What the bucket holds.
    pub burst: NonZeroU32,
}

/// Whose requests a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Those of a network address; IPv6 by its /64.
    Address,
    /// Those of a client.
    Client,
    /// Those of a subject.
    Subject,
}

/// Which limit of a route is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exceeded {
    /// Too many requests in a time.
    #[error("too many requests of one {by}")]
    Rate {
        /// Of whom.
        by: By,
        /// How long to wait.
        wait: Duration,
    },
    /// Too many requests of one at once.
    #[error("too many requests of one {by} at once")]
    AtOnce {
        /// Of whom.
        by: By,
    },
    /// Too many requests at once, whoever they are of.
    #[error("the route serves as many requests as it may")]
    Full,
}

impl Exceeded {
    /// The limit as one word, for logs and metrics.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Rate { by, .. } => match by {
                By::Address => "rate_per_address",
                By::Client => "rate_per_client",
                By::Subject => "rate_per_subject",
            },
            Self::AtOnce { by } => match by {
                By::Address => "at_once_per_address",
                By::Client => "at_once_per_client",
                By::Subject => "at_once_per_subject",
            },
            Self::Full => "at_once",
        }
    }

    /// What `Retry-After` says: when it is worth another try.
    pub(super) const fn wait(self) -> Duration {
        match self {
            Self::Rate { wait, .. } => wait,
            Self::AtOnce { .. } | Self::Full => Duration::from_secs(1),
        }
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Address => "address",
            Self::Client => "client",
            Self::Subject => "subject",
        })
    }
}

impl RouteLimits {
    /// Whether nothing is limited.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether requests are counted, and not only the bytes of each.
    fn counts(&self) -> bool {
        let bodies_alone = Self {
            max_body_bytes: self.max_body_bytes,
            ..Self::default()
        };
        *self != bodies_alone
    }
}

impl fmt::Display for RouteLimits {
    /// As an operator reads it: `20 requests in 1 s per address, 100 at once`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rates = [
            (self.per_address, By::Address),
            (self.per_client, By::Client),
            (self.per_subject, By::Subject),
        ];
        let rates = rates.into_iter().filter_map(|(rate, by)| {
            let rate = rate?;
            let (requests, seconds) = (rate.requests, rate.period.as_secs());
            Some(format!("{requests} requests in {seconds} s per {by}"))
        });
        let at_once = [
            (self.at_once, ""),
            (self.at_once_per_address, " per address"),
            (self.at_once_per_subject, " per subject"),
        ];
        let at_once = at_once
            .into_iter()
            .filter_map(|(limit, of)| Some(format!("{} at once{of}", limit?)));
        let bytes = self.max_body_bytes;
        let bytes = bytes.map(|bytes| format!("a body of at most {bytes} bytes"));
        let parts: Vec<String> = rates.chain(at_once).chain(bytes).collect();
        f.write_str(&parts.join(", "))
    }
}

/// What is counted of the routes that have limits, by their names.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    keys: Keys,
    clock: Option<Arc<dyn Clock>>,
    routes: HashMap<String, Counted>,
}

/// What is counted of one route.
#[derive(Debug)]
struct Counted {
    limits: Arc<RouteLimits>,
    per_address: Option<Arc<Buckets>>,
    per_client: Option<Arc<Buckets>>,
    per_subject: Option<Arc<Buckets>>,
    places: Arc<Places>,
}

impl Traffic {
    /// The counts of `routes`, where they stand in `earlier` wherever a limit is the same.
    pub(super) fn continued<'a>(
        earlier: &Self,
        routes: impl Iterator<Item = &'a Route>,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        let counted = routes.filter_map(|route| {
            let limits = route.limits.as_ref().filter(|limits| limits.counts())?;
            let before = earlier.routes.get(&route.name);
            Some((route.name.clone(), Counted::continued(limits, before)))
        });
        Self {
            routes: counted.collect(),
            keys: earlier.keys.clone(),
            clock: Some(Arc::clone(clock)),
        }
    }

    /// Counts a request that has come to `route` from `address`.
    ///
    /// # Errors
    ///
    /// [`Exceeded`] when there were too many of them.
    pub(super) fn arrive(&self, route: &Route, address: IpAddr) -> Result<(), Exceeded> {
        let Some(counted) = self.of(route) else {
            return Ok(());
        };
        let key = self.keys.of_address(address);
        self.spend(counted.per_address.as_ref(), By::Address, || key)
    }

    /// Counts a request that is let through on `route`; what comes back is to be held for as long
    /// as it is served.
    ///
    /// # Errors
    ///
    /// [`Exceeded`] when there were or are too many of them.
    pub(super) fn enter(
        &self,
        route: &Route,
        address: IpAddr,
        principal: Option<&Principal>,
    ) -> Result<Option<Place>, Exceeded> {
        let Some(counted) = self.of(route) else {
            return Ok(None);
        };
        if let Some(principal) = principal {
            let client = || self.keys.of_client(principal);
            self.spend(counted.per_client.as_ref(), By::Client, client)?;
            let subject = || self.keys.of_subject(principal);
            self.spend(counted.per_subject.as_ref(), By::Subject, subject)?;
        }
        let limits = &counted.limits;
        let address = limits
            .at_once_per_address
            .map(|limit| (self.keys.of_address(address), limit));
        let subject = limits
            .at_once_per_subject
            .and_then(|limit| Some((self.keys.of_subject(principal?), limit)));
        if limits.at_once.is_none() && address.is_none() && subject.is_none() {
            return Ok(None);
        }
        let place = Places::take(&counted.places, limits.at_once, address, subject)?;
        Ok(Some(place))
    }

    /// Asked of routes with limits alone, so that others do not even pay for the look-up.
    fn of(&self, route: &Route) -> Option<&Counted> {
        route.limits.as_ref()?;
        self.routes.get(&route.name)
    }

    fn spend(
        &self,
        buckets: Option<&Arc<Buckets>>,
        by: By,
        key: impl FnOnce() -> Key,
    ) -> Result<(), Exceeded> {
        let (Some(buckets), Some(clock)) = (buckets, &self.clock) else {
            return Ok(());
        };
        let spent = buckets.spend(key(), clock.uptime());
        spent.map_err(|wait| Exceeded::Rate { by, wait })
    }
}

impl Counted {
    fn continued(limits: &Arc<RouteLimits>, before: Option<&Self>) -> Self {
        let buckets = |rate: Option<Rate>, before: Option<&Arc<Buckets>>| {
            let rate = rate?;
            let same = before.filter(|before| before.rate() == rate);
            Some(same.map_or_else(|| Arc::new(Buckets::new(rate)), Arc::clone))
        };
        let of =
            |select: fn(&Self) -> &Option<Arc<Buckets>>| before.and_then(|b| select(b).as_ref());
        Self {
            per_address: buckets(limits.per_address, of(|counted| &counted.per_address)),
            per_client: buckets(limits.per_client, of(|counted| &counted.per_client)),
            per_subject: buckets(limits.per_subject, of(|counted| &counted.per_subject)),
            // Who is being served is a fact, whatever the limits are now.
            places: before.map_or_else(Arc::default, |before| Arc::clone(&before.places)),
            limits: Arc::clone(limits),
        }
    }
}
