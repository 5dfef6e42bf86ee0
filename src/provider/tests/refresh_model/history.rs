//! What happens, step by step, each step checked.

use std::fmt::Write as _;

use super::oracle::{Backend, Expected, Family};
use super::random::Random;
use super::world::World;
use crate::model::{GrantId, SessionId};
use crate::provider::tests::support::{Answer, Tokens, join_all};
use crate::secret::Secret;

/// Who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Clients that keep to the rules, on a network that loses answers and a machine that
    /// crashes.
    Peaceful,
    /// Thieves, revocations, sign-outs, locked users and a silent backend as well.
    Hostile,
}

/// Every so many histories one takes months, so that the bounds of idleness and of the sign-in are
/// reached, and what has ended is forgotten.
const LASTING: u64 = 5;

/// A client's grant: what the client believes, what is so, and what was stolen.
struct Party {
    client: &'static str,
    grant: GrantId,
    family: Family,
    /// The token of the chain that the client holds.
    held: usize,
    access_tokens: Vec<(Secret, u64)>,
}

/// One history, and what has happened in it.
struct History<'a> {
    world: &'a mut World,
    random: &'a mut Random,
    kind: Kind,
    session: SessionId,
    parties: Vec<Party>,
    trace: String,
}

/// Runs one history to its end.
pub(super) async fn run(world: &mut World, kind: Kind, random: &mut Random) {
    world.set_backend(Backend::Active);
    let session = world.session().await;
    let mut history = History {
        trace: format!("{kind:?} history of seed {}:", random.seed),
        world,
        random,
        kind,
        session,
        parties: Vec::new(),
    };
    history.begin().await;
    for _ in 0..history.random.below(12) + 4 {
        history.step().await;
        history.check_live_tokens().await;
    }
    history.check_access_tokens().await;
}

impl History<'_> {
    async fn begin(&mut self) {
        for client in ["app", "service"] {
            let (grant, tokens) = self.world.grant(client, &self.session).await;
            let now = self.world.op.now();
            self.parties.push(Party {
                client,
                grant,
                family: Family::new(tokens.refresh_token(), client == "app", now),
                held: 0,
                access_tokens: vec![(Secret::new(tokens.access_token()), now + 600)],
            });
        }
    }

    async fn step(&mut self) {
        let p = self.random.below(self.parties.len());
        let hostile = self.kind == Kind::Hostile;
        match self.random.below(if hostile { 16 } else { 9 }) {
            0..=2 => self.refresh(p, 1).await,
            3 => {
                let times = 2 + self.random.below(3);
                self.refresh(p, times).await;
            }
            4 => self.lose_answer(p).await,
            5..=7 => self.let_time_pass().await,
            // To begin again takes as long as ten other steps.
            8 if self.random.percent(20) => {
                self.note("crash");
                self.world.crash().await;
            }
            8 => {}
            9..=11 => {
                // A thief may have copied any token at any time.
                let n = self.random.below(self.parties[p].family.chain.len());
                self.present(p, n, 1).await;
            }
            12 => self.revoke(p).await,
            13 => self.race(p).await,
            14 => self.change_backend(),
            _ => self.sign_out().await,
        }
    }

    /// The client presents the token that it holds, `times` at once, and holds what comes.
    async fn refresh(&mut self, p: usize, times: usize) {
        let party = &self.parties[p];
        let (held, was_live) = (party.held, party.family.is_live(self.world.op.now()));
        let expected = self.present(p, held, times).await;
        let is_answered = matches!(expected, Expected::New | Expected::Same(_));
        if self.kind == Kind::Peaceful && was_live {
            assert!(is_answered, "signed out: {}", self.trace);
        }
        if is_answered {
            let party = &mut self.parties[p];
            party.held = party.family.chain.len() - 1;
        }
    }

    /// Somebody presents the `n`th token of a party, `times` at once.
    async fn present(&mut self, p: usize, n: usize, times: usize) -> Expected {
        let (now, backend) = (self.world.op.now(), self.world.backend());
        let party = &mut self.parties[p];
        let expected = party.family.refresh(n, backend, now);
        let (client, token) = (party.client, party.family.chain[n].token.clone());
        self.note(&format!("{client} {n} x{times} -> {expected:?}"));
        let requests = (0..times).map(|_| self.world.refresh(client, &token));
        let answers = join_all(requests.collect()).await;
        for answer in &answers {
            self.check(p, n, &expected, answer);
        }
        if expected == Expected::UserEnded {
            self.end_all();
        }
        expected
    }

    /// One answer is as the oracle says; takes over what it brought.
    fn check(&mut self, p: usize, n: usize, expected: &Expected, answer: &Answer) {
        let now = self.world.op.now();
        let context = &self.trace;
        let status = match expected {
            Expected::New | Expected::Same(_) => 200,
            Expected::Refused | Expected::UserEnded => 400,
            Expected::Wait => 503,
        };
        assert_eq!(answer.status, status, "{context}\n{answer:?}");
        if status != 200 {
            return;
        }
        let tokens = Tokens::of(answer);
        let brought = tokens.refresh_token();
        let party = &mut self.parties[p];
        match expected {
            Expected::Same(token) => assert_eq!(brought, token, "{context}"),
            // The first of parallel answers makes it, the others must bring the same.
            _ => match party.family.chain.get(n + 1) {
                Some(link) => assert_eq!(brought, link.token, "{context}"),
                None => party.family.grow(brought, now),
            },
        }
        let access_token = Secret::new(tokens.access_token());
        party.access_tokens.push((access_token, now + 600));
    }

    /// The client asks, does not hear the answer, and asks again soon.
    async fn lose_answer(&mut self, p: usize) {
        let (n, crashes) = (self.parties[p].held, self.random.percent(10));
        self.refresh(p, 1).await;
        if crashes {
            self.note("crash");
            self.world.crash().await;
        }
        let wait = self.random.choose(&[0, 1, 29]);
        self.world.op.advance_s(wait);
        self.note(&format!("lost, +{wait}s"));
        // As if it had not been heard.
        self.parties[p].held = n;
        self.refresh(p, 1).await;
    }

    async fn let_time_pass(&mut self) {
        let mut seconds = if self.random.seed.is_multiple_of(LASTING) {
            self.random
                .choose(&[3_600, 86_400, 28 * 86_400, 29 * 86_400])
        } else {
            let steps = [1, 29, 30, 31, 599, 600, 86_400, 86_401, 10 * 86_400];
            self.random.choose(&steps)
        };
        if self.kind == Kind::Hostile && self.random.percent(10) {
            seconds = 30 * 86_400;
        }
        self.note(&format!("+{seconds}s"));
        self.world.op.advance_s(seconds);
        if self.random.percent(20) {
            let now = self.world.now();
            self.world
                .op
                .store
                .collect_garbage(now, 1000)
                .await
                .unwrap();
            self.note("garbage collected");
            for party in &mut self.parties {
                party.family.forget(now.as_secs());
            }
        }
    }

    async fn revoke(&mut self, p: usize) {
        let n = self.random.below(self.parties[p].family.chain.len());
        self.note(&format!("revoke {} {n}", self.parties[p].client));
        let party = &mut self.parties[p];
        let answer = self
            .world
            .revoke(party.client, &party.family.chain[n].token);
        assert_eq!(answer.await.status, 200, "{}", self.trace);
        // A token that is long forgotten names no grant any more.
        party.family.is_dead |= !party.family.is_forgotten(n);
    }

    /// A revocation and a refresh at the same moment: whichever comes first, all is over.
    async fn race(&mut self, p: usize) {
        let party = &mut self.parties[p];
        let last = party.family.chain.len() - 1;
        if !party.family.is_live(self.world.op.now()) || self.world.backend() != Backend::Active {
            return;
        }
        let token = party.family.chain[last].token.clone();
        let client = party.client;
        self.note(&format!("race {client} {last}"));
        let world = &*self.world;
        let ask = |revokes: bool| {
            let token = token.as_str();
            async move {
                match revokes {
                    true => world.revoke(client, token).await,
                    false => world.refresh(client, token).await,
                }
            }
        };
        let revokes_first = self.random.percent(50);
        let answers = join_all(vec![ask(revokes_first), ask(!revokes_first)]).await;
        self.parties[p].family.is_dead = true;
        // They come in the order they were ready in; only that to a revocation is empty.
        let is_refresh = |answer: &&Answer| !answer.body.is_empty();
        let refreshed = answers.iter().find(is_refresh).unwrap();
        if refreshed.status == 200 {
            let tokens = Tokens::of(refreshed);
            let access_token = Secret::new(tokens.access_token());
            let until = self.world.op.now() + 600;
            self.parties[p].access_tokens.push((access_token, until));
            let late = self.world.refresh(client, tokens.refresh_token()).await;
            assert_eq!(late.status, 400, "survived a revocation: {}", self.trace);
        }
    }

    fn change_backend(&mut self) {
        let choices = [Backend::Active, Backend::Silent, Backend::Locked];
        let backend = self.random.choose(&choices);
        self.note(&format!("backend {backend:?}"));
        self.world.set_backend(backend);
    }

    async fn sign_out(&mut self) {
        self.note("sign-out");
        let now = self.world.now();
        let store = &self.world.op.store;
        store.end_session(&self.session, now).await.unwrap();
        self.end_all();
    }

    fn end_all(&mut self) {
        for party in &mut self.parties {
            party.family.is_dead = true;
        }
    }

    /// A grant has at most one live token, and none when it is over.
    async fn check_live_tokens(&mut self) {
        for party in &self.parties {
            let (store, now) = (&self.world.op.store, self.world.now());
            let n_live = store.n_live_refresh_tokens(&party.grant, now).await;
            let expected = i64::from(party.family.is_live(now.as_secs()));
            assert_eq!(n_live, expected, "{} of {}", party.client, self.trace);
        }
    }

    /// What is over opens nothing, on the very next request.
    async fn check_access_tokens(&mut self) {
        for party in &self.parties {
            for (token, until) in &party.access_tokens {
                let is_good = !party.family.is_dead && self.world.op.now() < *until;
                assert_eq!(self.world.is_good(token).await, is_good, "{}", self.trace);
            }
        }
    }

    fn note(&mut self, what: &str) {
        write!(self.trace, "\n  {what}").unwrap();
    }
}
