//! Browsers that signed in as a login before, known by a cookie of their own.
//!
//! The cookie outlives the session and opens nothing: it only says in which lane the browser's
//! attempts at that login are counted ([`crate::users`]). It holds a few entries, one for each user
//! of the browser: a random name of the device, the moment it was written, and an HMAC over both and
//! the login. The login itself is not in it, so it tells a finder nothing.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::entropy;
use crate::model::{Login, Timestamp};
use crate::provider::Provider;
use crate::provider::cookies::{self, CookieKind};
use crate::provider::error::AuthorizationError;
use crate::provider::reply::Response;
use crate::provider::request::Request;
use crate::secret::{Digest, Secret};
use crate::store::{Lane, StoreError};

/// Users of one browser that are remembered side by side; the one who was away longest goes.
const MAX_ENTRIES: usize = 4;

/// Separates the entries of the cookie, and the parts of an entry.
const BETWEEN_ENTRIES: char = '.';
const BETWEEN_PARTS: char = '~';

/// Writes entries and recognizes them.
#[derive(Debug)]
pub(crate) struct DeviceSeal(hmac::Key);

impl DeviceSeal {
    /// A seal under `secret`.
    fn new(secret: &Secret) -> Self {
        let secret = secret.expose().as_bytes();
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    fn write(&self, device: &str, login: &Login, now: Timestamp) -> String {
        let content = format!("{device}{BETWEEN_PARTS}{now}");
        let tag = hmac::sign(&self.0, &authenticated(&content, login));
        let tag = URL_SAFE_NO_PAD.encode(tag.as_ref());
        format!("{content}{BETWEEN_PARTS}{tag}")
    }

    /// The device that `entry` names, if it was written for `login` less than `lifetime` ago.
    fn read<'a>(
        &self,
        entry: &'a str,
        login: &Login,
        (now, lifetime): (Timestamp, Duration),
    ) -> Option<&'a str> {
        let (content, tag) = entry.rsplit_once(BETWEEN_PARTS)?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        hmac::verify(&self.0, &authenticated(content, login), &tag).ok()?;
        let (device, written_at) = content.split_once(BETWEEN_PARTS)?;
        let written_at = Timestamp::from_secs(written_at.parse().ok()?);
        (now < written_at.after(lifetime)).then_some(device)
    }
}

/// What the tag covers. Neither part can hold a zero byte.
fn authenticated(content: &str, login: &Login) -> Vec<u8> {
    format!("cellgate known device\0{}\0{content}", login.counting_key()).into_bytes()
}

impl Provider {
    /// The lane that the browser's attempts at `login` are counted in.
    pub(super) async fn lane(&self, login: &Login, request: &Request) -> Result<Lane, StoreError> {
        let Some(cookie) = self.device_cookie(request) else {
            return Ok(Lane::Strangers);
        };
        let device = self.device_in(cookie.expose(), login, request).await?;
        Ok(device.map_or(Lane::Strangers, |device| {
            Lane::KnownDevice(Digest::of(device.as_bytes()))
        }))
    }

    /// Makes the browser known for whoever has just signed in as `username`.
    ///
    /// Without it the user is signed in all the same, so nothing that fails here may cost them the
    /// answer that `response` is.
    pub(super) async fn remember_device(
        &self,
        username: &str,
        request: &Request,
        response: &mut Response,
    ) {
        let Ok(login) = Login::parse(username) else {
            return;
        };
        if let Err(error) = self.write_device(&login, request, response).await {
            tracing::warn!(%error, "a browser cannot be made known");
        }
    }

    async fn write_device(
        &self,
        login: &Login,
        request: &Request,
        response: &mut Response,
    ) -> Result<(), AuthorizationError> {
        let cookie = self.device_cookie(request);
        let cookie = cookie.as_ref().map(Secret::expose).unwrap_or_default();
        let device = match self.device_in(cookie, login, request).await? {
            // The same name: its lane stays one.
            Some(device) => device.to_owned(),
            None => entropy::identifier()?,
        };
        let seal = self.device_seal().await?;
        let times = (request.now, self.settings.known_device_lifetime);
        let own = seal.write(&device, login, request.now);
        let others = cookie
            .split(BETWEEN_ENTRIES)
            .filter(|entry| !entry.is_empty() && entry.len() <= own.len())
            .filter(|entry| seal.read(entry, login, times).is_none());
        let entries: Vec<&str> = std::iter::once(own.as_str())
            .chain(others)
            .take(MAX_ENTRIES)
            .collect();
        let value = Secret::new(entries.join(&BETWEEN_ENTRIES.to_string()));
        let lifetime = self.settings.known_device_lifetime;
        let issuer = &self.settings.issuer;
        cookies::set_for(
            response,
            CookieKind::KnownDevice,
            issuer,
            (&value, lifetime),
        );
        Ok(())
    }

    fn device_cookie(&self, request: &Request) -> Option<Secret> {
        request.cookie(CookieKind::KnownDevice.name(self.settings.issuer.is_https()))
    }

    async fn device_in<'a>(
        &self,
        cookie: &'a str,
        login: &Login,
        request: &Request,
    ) -> Result<Option<&'a str>, StoreError> {
        let seal = self.device_seal().await?;
        let times = (request.now, self.settings.known_device_lifetime);
        Ok(cookie
            .split(BETWEEN_ENTRIES)
            .take(MAX_ENTRIES)
            .find_map(|entry| seal.read(entry, login, times)))
    }

    /// Its key is kept in the store: a browser stays known over a restart.
    async fn device_seal(&self) -> Result<&DeviceSeal, StoreError> {
        self.device_seal
            .get_or_try_init(|| async {
                let secret = self.parts.store.secret("known-device").await?;
                Ok(DeviceSeal::new(&secret))
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000_000);
    const LIFETIME: Duration = Duration::from_secs(3600);

    #[test]
    fn an_entry_is_good_for_its_login_until_it_is_too_old() {
        let seal = DeviceSeal::new(&Secret::new("a key of this test"));
        let login = |text: &str| Login::parse(text).unwrap();
        let entry = seal.write("device", &login("alice"), NOW);
        let read = |name: &str, secs| {
            let now = NOW.after(Duration::from_secs(secs));
            seal.read(&entry, &login(name), (now, LIFETIME))
        };

        assert_eq!(read("alice", 0), Some("device"));
        assert_eq!(read("ALICE", 3599), Some("device"));
        assert_eq!(read("alice", 3600), None);
        assert_eq!(read("bob", 0), None);
    }

    #[test]
    fn every_altered_character_is_noticed() {
        let seal = DeviceSeal::new(&Secret::new("a key of this test"));
        let other = DeviceSeal::new(&Secret::new("another key"));
        let login = Login::parse("alice").unwrap();
        let entry = seal.write("device", &login, NOW);

        assert_eq!(other.read(&entry, &login, (NOW, LIFETIME)), None);
        for at in 0..entry.len() {
            let mut altered = entry.clone().into_bytes();
            altered[at] = if altered[at] == b'1' { b'2' } else { b'1' };
            let altered = String::from_utf8(altered).unwrap();
            assert_eq!(
                seal.read(&altered, &login, (NOW, LIFETIME)),
                None,
                "{altered}"
            );
        }
    }
}
