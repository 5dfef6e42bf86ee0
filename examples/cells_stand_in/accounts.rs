//! Users, what they have done wrong, and the tokens they hold.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Cells: the tenth failure in a row locks the user until an administrator acts.
const FAILURES_BEFORE_LOCK: u32 = 10;

/// The password of every user.
const PASSWORD: &str = "cells-demo-password";

/// A user, with the attributes that Cells keeps.
#[derive(Clone, Debug)]
pub(super) struct User {
    pub(super) uuid: &'static str,
    pub(super) login: &'static str,
    pub(super) display_name: Option<&'static str>,
    pub(super) email: Option<&'static str>,
    pub(super) group_path: &'static str,
    pub(super) roles: &'static [Role],
    /// `failedConnections`.
    pub(super) failures: u32,
    /// `locks` contains `logout`.
    pub(super) is_locked: bool,
}

/// A role of a user, besides the one that every user has for itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Role {
    pub(super) uuid: &'static str,
    pub(super) label: &'static str,
    pub(super) kind: RoleKind,
}

/// Where a role comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RoleKind {
    /// An administrator gave it.
    Assigned,
    /// The user is in the group.
    Group,
    /// Some user made a team.
    Team,
}

const fn role(uuid: &'static str, label: &'static str, kind: RoleKind) -> Role {
    Role { uuid, label, kind }
}

const ROOT_GROUP: Role = role("ROOT_GROUP", "Root Group", RoleKind::Group);

const ROLES_OF_ALICE: [Role; 4] = [
    ROOT_GROUP,
    role("8e1b", "staff", RoleKind::Group),
    role("ADMINS", "Administrators", RoleKind::Assigned),
    role("5f0c", "auditors", RoleKind::Team),
];

fn users() -> Vec<User> {
    let user = |uuid, login, group_path, roles| User {
        uuid,
        login,
        display_name: None,
        email: None,
        group_path,
        roles,
        failures: 0,
        is_locked: false,
    };
    vec![
        User {
            display_name: Some("Alice Ångström"),
            email: Some("alice@example.com"),
            ..user(
                "0d6f6b1e-6b0a-4f5e-9a53-0c2b8f7f1a01",
                "alice",
                "/staff/ops",
                &ROLES_OF_ALICE,
            )
        },
        user(
            "0d6f6b1e-6b0a-4f5e-9a53-0c2b8f7f1a02",
            "bob",
            "/",
            &[ROOT_GROUP],
        ),
        user(
            "0d6f6b1e-6b0a-4f5e-9a53-0c2b8f7f1a03",
            "carol@example.com",
            "/guests",
            &[ROOT_GROUP],
        ),
        user(
            "0d6f6b1e-6b0a-4f5e-9a53-0c2b8f7f1a04",
            "dept/dave",
            "/guests",
            &[ROOT_GROUP],
        ),
        user(
            "0d6f6b1e-6b0a-4f5e-9a53-0c2b8f7f1a05",
            "zoë müller",
            "/guests",
            &[ROOT_GROUP],
        ),
    ]
}

/// Why credentials were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    WrongPassword,
    UnknownUser,
    Locked,
    /// This failure was the tenth.
    NowLocked,
    Hidden,
}

/// All users and tokens.
#[derive(Debug)]
pub(super) struct Accounts {
    users: Vec<User>,
    tokens: HashMap<String, (&'static str, Instant)>,
    cookies: HashMap<String, &'static str>,
    pub(super) n_sign_ins: usize,
    pub(super) n_renewals: usize,
    /// Every token and cookie that was ever given.
    pub(super) given: Vec<String>,
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            users: users(),
            tokens: HashMap::new(),
            cookies: HashMap::new(),
            n_sign_ins: 0,
            n_renewals: 0,
            given: Vec::new(),
        }
    }
}

impl Accounts {
    /// Cells: the password is checked first, then the lock, and only a success resets the count.
    pub(super) fn check(
        &mut self,
        login: &str,
        password: &str,
        hidden: &[String],
    ) -> Result<User, Refusal> {
        self.n_sign_ins += 1;
        let user = self
            .users
            .iter_mut()
            .find(|user| user.login == login)
            .ok_or(Refusal::UnknownUser)?;
        if user.is_locked {
            return Err(Refusal::Locked);
        }
        if password != PASSWORD {
            user.failures += 1;
            user.is_locked = user.failures >= FAILURES_BEFORE_LOCK;
            return Err(match user.is_locked {
                true => Refusal::NowLocked,
                false => Refusal::WrongPassword,
            });
        }
        if hidden.iter().any(|hidden| hidden == login) {
            return Err(Refusal::Hidden);
        }
        user.failures = 0;
        Ok(user.clone())
    }

    /// Whether it is the password of a user, of which nothing is counted.
    pub(super) fn knows(&self, login: &str, password: &str) -> bool {
        self.find(login).is_some() && password == PASSWORD
    }

    /// A new access token of two parts, and the value of the session cookie.
    pub(super) fn open_session(&mut self, user: &User, token_lifetime_s: u64) -> (String, String) {
        let token = self.give_token(user, token_lifetime_s);
        let cookie = random();
        self.cookies.insert(cookie.clone(), user.login);
        self.given.push(cookie.clone());
        (token, cookie)
    }

    /// A new access token of two parts.
    pub(super) fn give_token(&mut self, user: &User, token_lifetime_s: u64) -> String {
        let token = format!("{}.{}", random(), random());
        let expires_at = Instant::now() + Duration::from_secs(token_lifetime_s);
        self.tokens.insert(token.clone(), (user.login, expires_at));
        self.given.push(token.clone());
        token
    }

    /// A personal access token, as `cells admin user token` gives them (B.2): one part, for a year.
    pub(super) fn give_personal_token(&mut self, login: &str) -> Option<String> {
        let login = self.find(login)?.login;
        let token = random() + &random();
        let expires_at = Instant::now() + Duration::from_secs(365 * 24 * 60 * 60);
        self.tokens.insert(token.clone(), (login, expires_at));
        Some(token)
    }

    pub(super) fn revoke_tokens_of(&mut self, login: &str) {
        self.tokens.retain(|_, (of, _)| *of != login);
    }

    /// `locks` gets `logout`, as an administrator may have it.
    pub(super) fn lock(&mut self, login: &str) {
        for user in self.users.iter_mut().filter(|user| user.login == login) {
            user.is_locked = true;
        }
    }

    /// Whose session it is, which is not used up by that.
    pub(super) fn holder_of_cookie(&self, cookie: &str) -> Option<User> {
        self.cookies
            .get(cookie)
            .and_then(|login| self.find(login))
            .cloned()
    }

    /// Uses up a session cookie: each refresh gives another one.
    pub(super) fn take_cookie(&mut self, cookie: &str) -> Option<User> {
        let login = self.cookies.remove(cookie)?;
        self.n_renewals += 1;
        self.find(login).cloned()
    }

    pub(super) fn n_sessions(&self) -> usize {
        self.cookies.len()
    }

    pub(super) fn revoke_everything(&mut self) {
        self.cookies.clear();
        self.tokens.clear();
    }

    /// Ends the session of a cookie with its tokens.
    pub(super) fn close_session(&mut self, cookie: &str) {
        if let Some(login) = self.cookies.remove(cookie) {
            self.tokens.retain(|_, (of, _)| *of != login);
        }
    }

    /// Who holds a token that has not expired.
    pub(super) fn holder(&self, token: &str) -> Option<&'static str> {
        let (login, expires_at) = self.tokens.get(token)?;
        (Instant::now() < *expires_at).then_some(*login)
    }

    pub(super) fn find(&self, login: &str) -> Option<&User> {
        self.users.iter().find(|user| user.login == login)
    }

    pub(super) fn failures(&self, login: &str) -> u32 {
        self.find(login).map_or(0, |user| user.failures)
    }

    pub(super) fn is_locked(&self, login: &str) -> bool {
        self.find(login).is_some_and(|user| user.is_locked)
    }
}

pub(super) fn random() -> String {
    let mut bytes = [0; 24];
    // Without randomness the stand-in's tokens would merely be all the same.
    rand::fill(&mut bytes).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(bytes)
}
