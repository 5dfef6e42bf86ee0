//! Who stands in front of us, and what they may say about where a connection or request began.
//!
//! Anybody can write `X-Forwarded-For`, and anybody can begin a connection with a PROXY header.
//! So the word of a peer counts only when the configuration lists its address, and each listed
//! network speaks one of the two languages, never both.

use std::net::{IpAddr, SocketAddr};

use http::header::{HeaderMap, HeaderName};
use ipnet::IpNet;

use super::canonical::Scheme;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// How a reverse proxy in front of us tells where a request came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToldBy {
    /// `X-Forwarded-For` and `X-Forwarded-Proto` of each request.
    ForwardedFields,
    /// A PROXY protocol header, version 1 or 2, at the beginning of each connection.
    ProxyProtocol,
}

/// Proxies of one kind.
#[derive(Clone, Debug)]
pub struct TrustedProxy {
    /// Their addresses; never empty.
    pub networks: Vec<IpNet>,
    /// What they speak.
    pub told_by: ToldBy,
}

/// All proxies whose word counts; none by default.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<TrustedProxy>);

/// Where a request began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The address; IPv4-mapped IPv6 is IPv4.
    pub address: IpAddr,
    /// Whether it began over TLS; `None` when nobody says.
    pub scheme: Option<Scheme>,
}

/// Why a trusted proxy's word has no single meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForwardedError {
    /// An element that is not an address, before one of somebody who is not trusted.
    #[error("X-Forwarded-For of a trusted proxy has an element that is no address")]
    Address,
    /// Not exactly one of `http` and `https`.
    #[error("X-Forwarded-Proto of a trusted proxy is not one of http and https")]
    Proto,
}

impl TrustedProxies {
    /// The proxies of these entries; of overlapping ones the first counts.
    pub const fn new(entries: Vec<TrustedProxy>) -> Self {
        Self(entries)
    }

    /// Whether one of them tells in fields of requests, so that TLS may end there.
    pub fn tell_by_fields(&self) -> bool {
        let mut entries = self.0.iter();
        entries.any(|entry| entry.told_by == ToldBy::ForwardedFields)
    }

    /// What the peer at `address` speaks; `None` when its word does not count.
    pub fn told_by(&self, address: IpAddr) -> Option<ToldBy> {
        let address = address.to_canonical();
        let covers = |entry: &&TrustedProxy| entry.networks.iter().any(|it| it.contains(&address));
        self.0.iter().find(covers).map(|entry| entry.told_by)
    }

    /// Where a request with these fields began, that came from `peer`.
    ///
    /// Each proxy appends the address it was called from, so the list is read from its end: the
    /// first address that is not a trusted proxy's is the caller's, and what stands before it was
    /// written by the caller and means nothing.
    ///
    /// # Errors
    ///
    /// [`ForwardedError`] when a trusted proxy's fields have no single meaning.
    pub fn origin(&self, peer: IpAddr, headers: &HeaderMap) -> Result<Origin, ForwardedError> {
        let peer = peer.to_canonical();
        let speaks = |address| self.told_by(address) == Some(ToldBy::ForwardedFields);
        if self.0.is_empty() || !speaks(peer) {
            return Ok(Origin {
                address: peer,
                scheme: None,
            });
        }
        self.told(peer, headers)
    }

    /// The same for a `peer` whose word counts, listed here or not.
    ///
    /// # Errors
    ///
    /// [`ForwardedError`] when its fields have no single meaning.
    pub(super) fn told(&self, peer: IpAddr, headers: &HeaderMap) -> Result<Origin, ForwardedError> {
        let mut address = peer.to_canonical();
        for element in elements_from_the_end(headers) {
            address = address_of(element).ok_or(ForwardedError::Address)?;
            if self.told_by(address) != Some(ToldBy::ForwardedFields) {
                break;
            }
        }
        Ok(Origin {
            address,
            scheme: scheme(headers)?,
        })
    }
}

/// The elements of `X-Forwarded-For`, the last one first.
fn elements_from_the_end(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let values = headers.get_all(X_FORWARDED_FOR).iter();
    values.rev().flat_map(|value| {
        let elements = value.as_bytes().rsplit(|byte| *byte == b',');
        elements.map(<[u8]>::trim_ascii)
    })
}

/// An address, with or without a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`,
/// `[2001:db8::1]`, `[2001:db8::1]:80`.
fn address_of(element: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(element).ok()?;
    let in_brackets = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = match in_brackets {
        Some(inner) => IpAddr::V6(inner.parse().ok()?),
        None => match text.parse() {
            Ok(address) => address,
            Err(_) => text.parse::<SocketAddr>().ok()?.ip(),
        },
    };
    Some(address.to_canonical())
}

/// What `X-Forwarded-Proto` says, if it is there.
fn scheme(headers: &HeaderMap) -> Result<Option<Scheme>, ForwardedError> {
    let mut values = headers.get_all(X_FORWARDED_PROTO).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let value = value.as_bytes();
    match values.next() {
        None if value.eq_ignore_ascii_case(b"https") => Ok(Some(Scheme::Https)),
        None if value.eq_ignore_ascii_case(b"http") => Ok(Some(Scheme::Http)),
        _ => Err(ForwardedError::Proto),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn proxies() -> TrustedProxies {
        let entry = |networks: &[&str], told_by| TrustedProxy {
            networks: networks.iter().map(|it| it.parse().unwrap()).collect(),
            told_by,
        };
        TrustedProxies::new(vec![
            entry(&["10.0.0.0/8", "2001:db8:f::/48"], ToldBy::ForwardedFields),
            entry(&["192.168.0.0/16"], ToldBy::ProxyProtocol),
        ])
    }

    fn origin(peer: &str, fields: &[(&'static str, &str)]) -> Result<Origin, ForwardedError> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        proxies().origin(peer.parse().unwrap(), &headers)
    }

    #[track_caller]
    fn assert_begins_at(rows: &[(&str, &str, &[&str], &str)]) {
        for (row, peer, values, address) in rows {
            let fields: Vec<_> = values.iter().map(|it| ("x-forwarded-for", *it)).collect();
            let address = address.parse::<IpAddr>().unwrap();
            let found = origin(peer, &fields).map(|it| it.address);
            assert_eq!(found, Ok(address), "{row}");
        }
    }

    #[test]
    fn the_last_address_that_is_no_proxys_is_the_callers() {
        let proxy = "10.0.0.1";
        let caller = "192.0.2.7";
        let stranger = "203.0.113.9";
        let speaks_otherwise = "192.168.0.1";
        assert_begins_at(&[
            ("one proxy", proxy, &["192.0.2.7"], caller),
            ("two proxies", proxy, &["192.0.2.7, 10.0.0.2"], caller),
            ("two fields", proxy, &["192.0.2.7", "10.0.0.2"], caller),
            (
                "B12 what the caller wrote itself",
                proxy,
                &["10.9.9.9, 127.0.0.1, unknown, 192.0.2.7"],
                caller,
            ),
            ("an IPv6 proxy", "2001:db8:f::1", &["192.0.2.7"], caller),
            ("proxies only", proxy, &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("nothing said", proxy, &[], proxy),
            ("B12 a stranger", stranger, &["192.0.2.7"], stranger),
            (
                "one that speaks the PROXY protocol",
                speaks_otherwise,
                &["192.0.2.7"],
                speaks_otherwise,
            ),
        ]);
    }

    /// B13.
    #[test]
    fn an_address_may_have_a_port_and_brackets() {
        let proxy = "10.0.0.1";
        assert_begins_at(&[
            ("a port", proxy, &["192.0.2.7:4711"], "192.0.2.7"),
            ("IPv6", proxy, &["2001:db8::7"], "2001:db8::7"),
            (
                "IPv6 and a port",
                proxy,
                &["[2001:db8::7]:1"],
                "2001:db8::7",
            ),
            ("brackets", proxy, &["[2001:db8::7]"], "2001:db8::7"),
            ("mapped caller", proxy, &["::ffff:192.0.2.7"], "192.0.2.7"),
            (
                "mapped proxy",
                "::ffff:10.0.0.1",
                &["192.0.2.7"],
                "192.0.2.7",
            ),
        ]);
    }

    #[test]
    fn what_a_proxy_says_with_two_meanings_is_refused() {
        let (for_, proto) = ("x-forwarded-for", "x-forwarded-proto");
        for (row, fields, error) in [
            (
                "B13 unknown",
                &[(for_, "unknown")][..],
                ForwardedError::Address,
            ),
            (
                "B13 obfuscated",
                &[(for_, "_hidden")],
                ForwardedError::Address,
            ),
            ("an empty list", &[(for_, "")], ForwardedError::Address),
            (
                "an empty element",
                &[(for_, "192.0.2.7,")],
                ForwardedError::Address,
            ),
            (
                "a host name",
                &[(for_, "evil.test")],
                ForwardedError::Address,
            ),
            (
                "brackets around IPv4",
                &[(for_, "[192.0.2.7]")],
                ForwardedError::Address,
            ),
            (
                "B09 two schemes",
                &[(proto, "https, http")],
                ForwardedError::Proto,
            ),
            (
                "B09 two fields",
                &[(proto, "https"), (proto, "https")],
                ForwardedError::Proto,
            ),
            ("another scheme", &[(proto, "wss")], ForwardedError::Proto),
        ] {
            assert_eq!(origin("10.0.0.1", fields), Err(error), "{row}");
            // Of others the fields are not even read.
            assert!(origin("203.0.113.9", fields).is_ok(), "{row}");
        }
    }

    #[test]
    fn only_a_trusted_proxy_tells_the_scheme() {
        let https = &[("x-forwarded-proto", "HTTPS")];

        assert_eq!(
            origin("10.0.0.1", https).unwrap().scheme,
            Some(Scheme::Https)
        );
        assert_eq!(origin("203.0.113.9", https).unwrap().scheme, None, "B11");
        assert_eq!(origin("10.0.0.1", &[]).unwrap().scheme, None);
    }

    proptest! {
        /// B13: whatever the caller wrote, the address that our proxy saw is what counts.
        #[test]
        fn a_caller_cannot_write_its_own_address(written in "[ -~]{0,80}") {
            let told = format!("{written}, 192.0.2.7");
            let address = origin("10.0.0.1", &[("x-forwarded-for", &told)]).unwrap().address;
            prop_assert_eq!(address, "192.0.2.7".parse::<IpAddr>().unwrap());
        }
    }

    /// B13: the list is read from its end only as far as it is trusted.
    #[test]
    fn ten_thousand_elements_are_not_looked_at() {
        let told = format!("{}192.0.2.7", "_, ".repeat(10_000));

        let address = origin("10.0.0.1", &[("x-forwarded-for", &told)])
            .unwrap()
            .address;

        assert_eq!(address, "192.0.2.7".parse::<IpAddr>().unwrap());
    }
}
