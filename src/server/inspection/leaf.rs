//! What a certificate says of itself: from when to when, and for which names.

use std::net::IpAddr;
use std::time::Duration;

use chrono::DateTime;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::Pem;

use crate::model::Timestamp;

/// The first certificate of a chain, the one that is shown for a name.
#[derive(Debug)]
pub(in crate::server) struct Leaf {
    /// First second of its life, since the epoch.
    not_before: i64,
    /// Last second of its life, since the epoch.
    not_after: i64,
    /// Names in lower case, with `*.` where they stand for any label, and addresses.
    names: Vec<String>,
}

/// Where in the life of a certificate a moment is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) enum Life {
    /// Before it begins, on this day.
    Ahead(String),
    /// In it.
    Current,
    /// In it, but it ends on this day, which is near.
    Ending(String),
    /// After it ended, on this day.
    Over(String),
}

/// A certificate that ends sooner than this should have been renewed.
const RENEWAL_S: i64 = 14 * 24 * 3600;

impl Leaf {
    /// Reads the first certificate of a PEM `chain`; `None` when it cannot be read.
    pub(in crate::server) fn parse(chain: &[u8]) -> Option<Self> {
        let pem = blocks(chain).next()?;
        Self::read(&pem)
    }

    /// Reads every certificate of a PEM text that can be read.
    pub(in crate::server) fn parse_all(text: &[u8]) -> impl Iterator<Item = Self> {
        blocks(text).filter_map(|pem| Self::read(&pem))
    }

    fn read(pem: &Pem) -> Option<Self> {
        let certificate = pem.parse_x509().ok()?;
        let validity = certificate.validity();
        let names = certificate.subject_alternative_name().ok().flatten();
        let names = names.iter().flat_map(|names| &names.value.general_names);
        Some(Self {
            not_before: validity.not_before.timestamp(),
            not_after: validity.not_after.timestamp(),
            names: names.filter_map(name).collect(),
        })
    }

    /// Where in its life it is at `now`.
    pub(in crate::server) fn life(&self, now: Timestamp) -> Life {
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        if now < self.not_before {
            Life::Ahead(moment(self.not_before))
        } else if now > self.not_after {
            Life::Over(moment(self.not_after))
        } else if self.not_after.saturating_sub(now) < RENEWAL_S {
            Life::Ending(moment(self.not_after))
        } else {
            Life::Current
        }
    }

    /// How many whole days of its life are left at `now`; negative when it is over.
    pub(in crate::server) fn days_left(&self, now: Timestamp) -> i64 {
        const DAY_S: i64 = 24 * 3600;
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        self.not_after.saturating_sub(now).div_euclid(DAY_S)
    }

    /// How much of its life is left at `now`.
    pub(in crate::server) fn left(&self, now: Timestamp) -> Duration {
        self.end().since(now)
    }

    /// How long its life is.
    pub(in crate::server) fn lifetime(&self) -> Duration {
        let length_s = self.not_after.saturating_sub(self.not_before);
        Duration::from_secs(u64::try_from(length_s).unwrap_or(0))
    }

    /// When it ends.
    pub(in crate::server) fn end(&self) -> Timestamp {
        Timestamp::from_secs(u64::try_from(self.not_after).unwrap_or(0))
    }

    /// The names it is for.
    pub(in crate::server) fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether it is for `host`: a name in lower case, an address, or `*.` and a domain.
    ///
    /// As in RFC 9525 §6.3, a wildcard is the whole first label and stands for one label.
    pub(in crate::server) fn covers(&self, host: &str) -> bool {
        let host = host.trim_matches(['[', ']']);
        let domain = host.split_once('.').map(|(_, domain)| domain);
        let is_covered_by = |name: &String| {
            name == host || name.strip_prefix("*.").is_some_and(|of| Some(of) == domain)
        };
        self.names.iter().any(is_covered_by)
    }
}

/// The certificates of a PEM text.
fn blocks(text: &[u8]) -> impl Iterator<Item = Pem> {
    Pem::iter_from_buffer(text)
        .filter_map(Result::ok)
        .filter(|block| block.label == "CERTIFICATE")
}

/// A name as hosts are written; `None` for mail addresses and what else a certificate may hold.
fn name(name: &GeneralName<'_>) -> Option<String> {
    if let GeneralName::DNSName(name) = name {
        return Some(name.to_ascii_lowercase());
    }
    let GeneralName::IPAddress(bytes) = name else {
        return None;
    };
    let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
    let address = v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
    Some(address.ok()?.to_string())
}

/// A moment to the second, as operators read it.
fn moment(secs: i64) -> String {
    DateTime::from_timestamp(secs, 0).map_or_else(|| secs.to_string(), |moment| moment.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 3600;

    fn leaf(names: &[&str]) -> Leaf {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = rcgen::CertificateParams::new(names).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2027, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        Leaf::parse(params.self_signed(&key).unwrap().pem().as_bytes()).unwrap()
    }

    #[test]
    fn a_certificate_has_a_beginning_and_an_end() {
        let leaf = leaf(&["a.test"]);
        let (begin, end) = (1_767_225_600, 1_798_761_600);
        let day = |date: &str| format!("{date} 00:00:00 UTC");
        for (name, now, expected) in [
            (
                "the second before",
                begin - 1,
                Life::Ahead(day("2026-01-01")),
            ),
            ("the first second", begin, Life::Current),
            ("15 days before the end", end - 15 * DAY, Life::Current),
            (
                "13 days before",
                end - 13 * DAY,
                Life::Ending(day("2027-01-01")),
            ),
            ("the last second", end, Life::Ending(day("2027-01-01"))),
            ("the second after", end + 1, Life::Over(day("2027-01-01"))),
        ] {
            assert_eq!(leaf.life(Timestamp::from_secs(now)), expected, "{name}");
        }
    }

    #[test]
    fn a_certificate_is_for_its_names_alone() {
        let leaf = leaf(&["A.test", "*.wild.test", "192.0.2.1", "2001:db8::1"]);
        for (host, expected) in [
            ("a.test", true),
            ("b.test", false),
            ("x.a.test", false),
            ("x.wild.test", true),
            ("*.wild.test", true),
            ("wild.test", false),
            ("x.y.wild.test", false),
            ("192.0.2.1", true),
            ("192.0.2.2", false),
            ("[2001:db8::1]", true),
        ] {
            assert_eq!(leaf.covers(host), expected, "{host}");
        }
    }

    #[test]
    fn what_is_no_certificate_says_nothing() {
        assert!(Leaf::parse(b"").is_none());
        assert!(
            Leaf::parse(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
                .is_none()
        );
    }
}
