//! The account page.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::Serialize;

use super::view::View;
use crate::model::Timestamp;
use crate::provider::endpoint::Endpoint;

/// What the account page shows.
#[derive(Debug, Serialize)]
pub(crate) struct AccountPage<'a> {
    pub(crate) user_name: &'a str,
    pub(crate) notice: Option<Notice>,
    pub(crate) sessions: Vec<SessionRow>,
    pub(crate) applications: Vec<ApplicationRow>,
}

/// What was just done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Notice {
    /// One other session was ended.
    SessionEnded,
    /// Every other session was ended.
    OthersEnded,
    /// A client's access was withdrawn.
    Withdrawn,
}

impl Notice {
    const ALL: [Self; 3] = [Self::SessionEnded, Self::OthersEnded, Self::Withdrawn];

    /// As it stands in an address of ours, and in the template.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::SessionEnded => "session-ended",
            Self::OthersEnded => "others-ended",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.as_str() == text)
    }
}

/// A signed-in browser.
#[derive(Debug, Serialize)]
pub(crate) struct SessionRow {
    pub(crate) id: String,
    pub(crate) is_current: bool,
    pub(crate) browser: Option<&'static str>,
    pub(crate) system: Option<&'static str>,
    pub(crate) address: Option<String>,
    pub(crate) signed_in: Moment,
    pub(crate) last_seen: Moment,
}

/// A client with access.
#[derive(Debug, Serialize)]
pub(crate) struct ApplicationRow {
    pub(crate) client_id: String,
    pub(crate) name: String,
    pub(crate) open_uri: Option<String>,
    pub(crate) since: Moment,
    pub(crate) scope: Vec<String>,
    pub(crate) claims: Vec<&'static str>,
}

/// A moment in the past, as a machine and as a person says it. We do not know the user's time
/// zone, so people are told how long ago it was.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Moment {
    iso: String,
    unit: &'static str,
    count: u64,
}

impl Moment {
    /// `moment` as seen from `now`.
    pub(crate) fn new(moment: Timestamp, now: Timestamp) -> Self {
        let seconds = now.since(moment).as_secs();
        let (unit, count) = match seconds {
            0..=59 => ("now", 0),
            60..=3599 => ("minutes", seconds / 60),
            3600..=86_399 => ("hours", seconds / 3600),
            _ => ("days", seconds / 86_400),
        };
        let iso = i64::try_from(moment.as_secs())
            .ok()
            .and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0))
            .map(|date| date.format("%Y-%m-%dT%H:%MZ").to_string());
        Self {
            iso: iso.unwrap_or_default(),
            unit,
            count,
        }
    }
}

impl View for AccountPage<'_> {
    const TEMPLATE: &'static str = "account.html";

    fn action(&self) -> Option<Endpoint> {
        Some(Endpoint::Account)
    }

    fn add_headers(&self, headers: &mut HeaderMap) {
        // No application waits for this page, so nobody's window needs a hold on it.
        headers.insert(
            HeaderName::from_static("cross-origin-opener-policy"),
            HeaderValue::from_static("same-origin"),
        );
        // Links on it lead to applications, which need not know where their user came from; but
        // its form must say that it is ours.
        let ours_only = HeaderValue::from_static("same-origin");
        headers.insert(header::REFERRER_POLICY, ours_only);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_as_people_do() {
        let now = Timestamp::from_secs(1_800_000_000);
        for (ago, unit, count) in [
            (0, "now", 0),
            (59, "now", 0),
            (60, "minutes", 1),
            (3599, "minutes", 59),
            (3600, "hours", 1),
            (86_399, "hours", 23),
            (86_400, "days", 1),
            (40 * 86_400, "days", 40),
        ] {
            let moment = Moment::new(Timestamp::from_secs(1_800_000_000 - ago), now);
            assert_eq!((moment.unit, moment.count), (unit, count), "{ago}");
        }
        let moment = Moment::new(now, now);
        assert_eq!(moment.iso, "2027-01-15T08:00Z");
    }
}
