//! Tickets: what a page carries so that its form can be told from a forged one.
//!
//! A ticket is a text with the moment it was made, authenticated by HMAC-SHA-256 over its
//! purpose and its browser too. It hides nothing (the browser knows the request it made), it
//! cannot be altered, and it is worth nothing in another browser or for another purpose.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Browser;
use crate::model::Timestamp;
use crate::secret::Secret;

/// What a ticket is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Signing in to answer an authorization request.
    SignIn,
    /// Choosing the account to answer it with.
    SelectAccount,
    /// Allowing what it asks for.
    Consent,
    /// Loading the page that follows a form.
    Continue,
    /// Confirming that the user wants to sign out.
    SignOut,
    /// Signing in to the account page.
    AccountSignIn,
    /// Ending sessions and withdrawing access on it.
    Account,
}

impl Purpose {
    #[cfg(test)]
    const ALL: [Self; 7] = [
        Self::SignIn,
        Self::SelectAccount,
        Self::Consent,
        Self::Continue,
        Self::SignOut,
        Self::AccountSignIn,
        Self::Account,
    ];

    const fn label(self) -> &'static [u8] {
        match self {
            Self::SignIn => b"cellgate sign-in ticket\0",
            Self::SelectAccount => b"cellgate account choice ticket\0",
            Self::Consent => b"cellgate consent ticket\0",
            Self::Continue => b"cellgate continuation ticket\0",
            Self::SignOut => b"cellgate sign-out ticket\0",
            Self::AccountSignIn => b"cellgate account sign-in ticket\0",
            Self::Account => b"cellgate account ticket\0",
        }
    }
}

/// A ticket that was issued here, to this browser, for this purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    /// In time.
    Fresh(String),
    /// Too late; the page has to be shown again.
    Stale(String),
}

/// Issues tickets and opens them.
#[derive(Debug)]
pub(crate) struct Tickets(hmac::Key);

impl Tickets {
    /// Tickets authenticated under `secret`.
    pub(crate) fn new(secret: &Secret) -> Self {
        Self(hmac::Key::new(
            hmac::HMAC_SHA256,
            secret.expose().as_bytes(),
        ))
    }

    /// A ticket with `content`, which a form field can hold.
    pub(crate) fn issue(
        &self,
        purpose: Purpose,
        browser: &Browser,
        content: &str,
        now: Timestamp,
    ) -> String {
        let mut payload = now.as_secs().to_be_bytes().to_vec();
        payload.extend_from_slice(content.as_bytes());
        let tag = hmac::sign(&self.0, &authenticated(purpose, browser, &payload));
        format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(&payload),
            URL_SAFE_NO_PAD.encode(tag)
        )
    }

    /// Opens a ticket; `None` for anything that was not issued here to `browser` for `purpose`.
    pub(crate) fn open(
        &self,
        purpose: Purpose,
        browser: &Browser,
        ticket: &str,
        (now, lifetime): (Timestamp, Duration),
    ) -> Option<Opened> {
        let (payload, tag) = ticket.split_once('.')?;
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        hmac::verify(&self.0, &authenticated(purpose, browser, &payload), &tag).ok()?;

        let (issued_at, content) = payload.split_first_chunk::<8>()?;
        let issued_at = Timestamp::from_secs(u64::from_be_bytes(*issued_at));
        let content = String::from_utf8(content.to_vec()).ok()?;
        Some(if now < issued_at.after(lifetime) {
            Opened::Fresh(content)
        } else {
            Opened::Stale(content)
        })
    }
}

/// What the tag covers. The label ends with a zero byte and the binding has a fixed length, so
/// no two different triples give the same bytes.
fn authenticated(purpose: Purpose, browser: &Browser, payload: &[u8]) -> Vec<u8> {
    [
        purpose.label(),
        browser.binding().as_bytes().as_slice(),
        payload,
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::model::Issuer;
    use crate::provider::request::Request;

    const NOW: Timestamp = Timestamp::from_secs(1_000_000);
    const LIFETIME: Duration = Duration::from_secs(1800);

    fn browser() -> Browser {
        let request = http::Request::get("/").body(Bytes::new()).unwrap();
        let request = Request::new(request, [127, 0, 0, 1].into(), NOW);
        Browser::of(&request, &Issuer::parse("https://op.example/").unwrap()).unwrap()
    }

    fn tickets() -> Tickets {
        Tickets::new(&Secret::new("a key of this test"))
    }

    #[test]
    fn a_ticket_opens_in_the_browser_it_was_issued_to_until_it_is_stale() {
        let (tickets, browser) = (tickets(), browser());
        let ticket = tickets.issue(Purpose::SignIn, &browser, "a=1", NOW);
        let open = |seconds| {
            let now = NOW.after(Duration::from_secs(seconds));
            tickets.open(Purpose::SignIn, &browser, &ticket, (now, LIFETIME))
        };

        assert_eq!(open(0), Some(Opened::Fresh("a=1".to_owned())));
        assert_eq!(open(1799), Some(Opened::Fresh("a=1".to_owned())));
        assert_eq!(open(1800), Some(Opened::Stale("a=1".to_owned())));
    }

    #[test]
    fn a_ticket_is_worth_nothing_elsewhere() {
        let tickets = tickets();
        let (browser, other) = (browser(), browser());
        let ticket = tickets.issue(Purpose::SignIn, &browser, "a=1", NOW);
        let elsewhere = Tickets::new(&Secret::new("another key"));
        let at = (NOW, LIFETIME);

        assert_eq!(tickets.open(Purpose::SignIn, &other, &ticket, at), None);
        for purpose in Purpose::ALL {
            let ticket = tickets.issue(purpose, &browser, "a=1", NOW);
            for other in Purpose::ALL.into_iter().filter(|other| *other != purpose) {
                let opened = tickets.open(other, &browser, &ticket, at);
                assert_eq!(opened, None, "{purpose:?} as {other:?}");
            }
        }
        assert_eq!(elsewhere.open(Purpose::SignIn, &browser, &ticket, at), None);
    }

    #[test]
    fn every_altered_character_is_noticed() {
        let (tickets, browser) = (tickets(), browser());
        let ticket = tickets.issue(Purpose::SignIn, &browser, "a=1", NOW);

        for at in 0..ticket.len() {
            let mut altered = ticket.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            let opened = tickets.open(Purpose::SignIn, &browser, &altered, (NOW, LIFETIME));
            assert_eq!(opened, None, "character {at}");
        }
        for text in ["", ".", "x.y", &format!("A{ticket}"), &format!("{ticket}A")] {
            let opened = tickets.open(Purpose::SignIn, &browser, text, (NOW, LIFETIME));
            assert_eq!(opened, None, "{text}");
        }
    }
}
