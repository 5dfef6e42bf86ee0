//! Whether clients can tell that their users are the same people (OpenID Connect Core §8).

use std::fmt;

use super::{RedirectUri, is_loopback};
use url::Url;

/// What kind of `sub` a client gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SubjectType {
    /// The same as every other client.
    #[default]
    Public,
    /// One that only clients of this sector get.
    Pairwise(Sector),
}

impl SubjectType {
    /// The values of `subject_type`, as the discovery document lists them.
    pub const NAMES: [&str; 2] = ["public", "pairwise"];
}

/// A sector identifier: the host that clients which may know each other's users have in common
/// (OpenID Connect Core §8.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sector(String);

/// Why a client has no sector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SectorError {
    /// Not an `https` URL with a host.
    #[error("a sector identifier is an https URL")]
    NotHttps,
    /// The redirection URIs do not have one host in common, or none at all.
    #[error("the redirect URIs do not have exactly one host")]
    NotOneHost,
}

impl Sector {
    /// The sector that `sector_identifier_uri` names. What stands at that address is for who
    /// trusts a client less than its operator does.
    ///
    /// # Errors
    ///
    /// [`SectorError::NotHttps`].
    pub fn of_identifier(uri: &str) -> Result<Self, SectorError> {
        let url = Url::parse(uri).map_err(|_| SectorError::NotHttps)?;
        match (url.scheme(), url.host_str()) {
            ("https", Some(host)) => Ok(Self(host.to_owned())),
            _ => Err(SectorError::NotHttps),
        }
    }

    /// The sector of a client that names none: the host of its redirection URIs.
    ///
    /// # Errors
    ///
    /// [`SectorError::NotOneHost`]; addresses of the user's own machine are no host, since every
    /// client on it shares them.
    pub fn of_redirect_uris(uris: &[RedirectUri]) -> Result<Self, SectorError> {
        let host = |uri: &RedirectUri| {
            let url = Url::parse(uri.as_str()).ok()?;
            let is_web = matches!(url.scheme(), "http" | "https") && !is_loopback(&url);
            url.host_str().filter(|_| is_web).map(str::to_owned)
        };
        let mut hosts = uris.iter().map(host);
        let first = hosts.next().flatten().ok_or(SectorError::NotOneHost)?;
        if hosts.any(|other| other.as_deref() != Some(&first)) {
            return Err(SectorError::NotOneHost);
        }
        Ok(Self(first))
    }

    /// The host.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sector_is_the_one_host_of_the_redirect_uris() {
        for (row, uris, sector) in [
            (
                "one host",
                &["https://a.example/x", "https://a.example:8443/y"][..],
                Some("a.example"),
            ),
            ("two", &["https://a.example/x", "https://b.example/x"], None),
            ("none", &[], None),
            ("this machine", &["http://127.0.0.1/x"], None),
            ("a scheme of its own", &["app://callback"], None),
            ("mixed", &["https://a.example/x", "app://callback"], None),
        ] {
            let uris: Vec<_> = uris
                .iter()
                .map(|uri| RedirectUri::register(uri).unwrap())
                .collect();
            let found = Sector::of_redirect_uris(&uris).ok();
            assert_eq!(found.as_ref().map(Sector::as_str), sector, "{row}");
        }
    }

    #[test]
    fn a_sector_identifier_is_an_https_url() {
        let host = |uri| Sector::of_identifier(uri).map(|sector| sector.to_string());

        assert_eq!(
            host("https://S.example/list.json"),
            Ok("s.example".to_owned())
        );
        assert_eq!(host("http://s.example/"), Err(SectorError::NotHttps));
        assert_eq!(host("s.example"), Err(SectorError::NotHttps));
    }
}
