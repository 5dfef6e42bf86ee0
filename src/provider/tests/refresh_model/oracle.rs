//! The rules, written down once more and as plainly as can be.

/// Seconds, as `support::settings` has them.
const WINDOW: u64 = 30;
pub(super) const IDLE: u64 = 30 * 86_400;
const ABSOLUTE: u64 = 90 * 86_400;
const GRACE: u64 = 86_400;
/// How long the store knows a token after its end.
pub(super) const MEMORY: u64 = 25 * 3600;

/// What the users' backend says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Backend {
    Active,
    Locked,
    Silent,
}

/// What a refresh must be answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// A token that nobody has seen before.
    New,
    /// Exactly this one.
    Same(String),
    /// 400 `invalid_grant`.
    Refused,
    /// The same, and the user's session is over.
    UserEnded,
    /// 503, and nothing has changed.
    Wait,
}

/// A refresh token that was issued.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) token: String,
    pub(super) expires_at: u64,
    pub(super) spent_at: Option<u64>,
    is_forgotten: bool,
}

/// All that came of one grant.
#[derive(Clone, Debug)]
pub(super) struct Family {
    pub(super) is_public: bool,
    signed_in_at: u64,
    confirmed_at: u64,
    pub(super) chain: Vec<Link>,
    pub(super) is_dead: bool,
}

impl Family {
    pub(super) fn new(token: &str, is_public: bool, now: u64) -> Self {
        let mut family = Self {
            is_public,
            signed_in_at: now,
            confirmed_at: now,
            chain: Vec::new(),
            is_dead: false,
        };
        family.grow(token, now);
        family
    }

    fn end(&self, now: u64) -> u64 {
        (now + IDLE).min(self.signed_in_at + ABSOLUTE)
    }

    /// The token `token` has followed the last one.
    pub(super) fn grow(&mut self, token: &str, now: u64) {
        let expires_at = self.end(now);
        if let Some(last) = self.chain.last_mut() {
            last.spent_at = Some(now);
        }
        self.chain.push(Link {
            token: token.to_owned(),
            expires_at,
            spent_at: None,
            is_forgotten: false,
        });
    }

    /// Whether the last token of the chain still is good for something.
    pub(super) fn is_live(&self, now: u64) -> bool {
        let last = self.chain.last().unwrap();
        !self.is_dead && now < last.expires_at && now < self.signed_in_at + ABSOLUTE
    }

    /// What presenting the `n`th token at `now` must bring; changes what it changes, but for the
    /// new token, which is told by [`Self::grow`].
    pub(super) fn refresh(&mut self, n: usize, backend: Backend, now: u64) -> Expected {
        let link = self.chain[n].clone();
        let is_last = n + 1 == self.chain.len();
        if self.is_dead || link.is_forgotten {
            return Expected::Refused;
        }
        if let Some(spent_at) = link.spent_at {
            let successor = &self.chain[n + 1];
            if successor.spent_at.is_some() || now >= spent_at + WINDOW {
                self.is_dead = true;
                return Expected::Refused;
            }
        }
        if (is_last && now >= link.expires_at) || now >= self.signed_in_at + ABSOLUTE {
            return Expected::Refused;
        }
        match backend {
            Backend::Locked => {
                self.is_dead = true;
                return Expected::UserEnded;
            }
            Backend::Silent if now > self.confirmed_at + GRACE => return Expected::Wait,
            Backend::Active if is_last => self.confirmed_at = now,
            Backend::Active | Backend::Silent => {}
        }
        if !is_last {
            return Expected::Same(self.chain[n + 1].token.clone());
        }
        if self.is_public {
            return Expected::New;
        }
        let end = self.end(now);
        self.chain[n].expires_at = end;
        Expected::Same(link.token)
    }

    /// Whether the `n`th token is not known any more.
    pub(super) fn is_forgotten(&self, n: usize) -> bool {
        self.chain[n].is_forgotten
    }

    /// What has long ended is not known any more.
    pub(super) fn forget(&mut self, now: u64) {
        for link in &mut self.chain {
            link.is_forgotten |= link.expires_at + MEMORY <= now;
        }
    }
}
