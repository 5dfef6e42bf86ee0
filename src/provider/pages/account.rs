//! The account page, and the page that shows a new application password.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::{Serialize, Serializer};

use super::view::View;
use crate::model::Timestamp;
use crate::provider::application_passwords::PasswordPlace;
use crate::provider::endpoint::Endpoint;

/// What the account page shows.
#[derive(Debug, Serialize)]
pub(crate) struct AccountPage<'a> {
    pub(crate) user_name: &'a str,
    pub(crate) notice: Option<Notice>,
    pub(crate) sessions: Vec<SessionRow>,
    pub(crate) applications: Vec<ApplicationRow>,
    pub(crate) passwords: Option<PasswordsSection<'a>>,
}

/// The application passwords of the user, and what new ones can be.
#[derive(Debug, Serialize)]
pub(crate) struct PasswordsSection<'a> {
    pub(crate) rows: Vec<PasswordRow>,
    #[serde(serialize_with = "serialize_places")]
    pub(crate) places: &'a [Arc<PasswordPlace>],
    pub(crate) scope: Vec<String>,
    /// So that a form that is sent twice does its work once.
    pub(crate) once: String,
}

/// Templates know a place by its route and its title.
fn serialize_places<S: Serializer>(
    places: &[Arc<PasswordPlace>],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Row<'a> {
        route: &'a str,
        title: &'a str,
    }
    serializer.collect_seq(places.iter().map(|place| Row {
        route: &place.route,
        title: &place.title,
    }))
}

/// An application password.
#[derive(Debug, Serialize)]
pub(crate) struct PasswordRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) places: Vec<String>,
    pub(crate) scope: Vec<String>,
    pub(crate) created: Moment,
    pub(crate) last_used: Option<Moment>,
    pub(crate) expires: Option<Moment>,
}

/// The page that shows a new application password.
#[derive(Debug, Serialize)]
pub(crate) struct NewPasswordPage<'a> {
    pub(crate) name: &'a str,
    pub(crate) login: &'a str,
    pub(crate) password: &'a str,
    pub(crate) places: Vec<&'a str>,
    pub(crate) back: String,
}

impl View for NewPasswordPage<'_> {
    const TEMPLATE: &'static str = "new_password.html";

    fn add_headers(&self, headers: &mut HeaderMap) {
        // Nobody's window needs a hold on a page with a password on it.
        headers.insert(
            HeaderName::from_static("cross-origin-opener-policy"),
            HeaderValue::from_static("same-origin"),
        );
    }
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
    /// An application password was revoked.
    PasswordEnded,
    /// A new one was not made: its name or its places are missing.
    PasswordIncomplete,
    /// A new one was not made: there are as many as there may be.
    PasswordsFull,
}

impl Notice {
    const ALL: [Self; 6] = [
        Self::SessionEnded,
        Self::OthersEnded,
        Self::Withdrawn,
        Self::PasswordEnded,
        Self::PasswordIncomplete,
        Self::PasswordsFull,
    ];

    /// As it stands in an address of ours, and in the template.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::SessionEnded => "session-ended",
            Self::OthersEnded => "others-ended",
            Self::Withdrawn => "withdrawn",
            Self::PasswordEnded => "password-ended",
            Self::PasswordIncomplete => "password-incomplete",
            Self::PasswordsFull => "passwords-full",
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
    date: String,
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
            date: iso
                .as_deref()
                .and_then(|iso| iso.get(..10))
                .unwrap_or_default()
                .to_owned(),
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
