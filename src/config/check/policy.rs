//! Who may pass a route.

use std::sync::Arc;

use super::{Checker, conditions, provider, sign_in, trusted_issuers};
use crate::config::document::nearest;
use crate::config::file::{AuthenticationMode, RouteTable};
use crate::config::key_path::KeyPath;
use crate::gateway::{Authentication, Policy};
use crate::model::{Client, Scope};

/// Whose tokens a route can accept.
pub(super) struct Accepted {
    /// Whether there is a provider, even one that has problems.
    pub(super) has_provider: bool,
    pub(super) own: Option<String>,
    own_audience: Vec<String>,
    /// What the clients of the provider may ask for.
    own_scopes: Vec<Scope>,
    /// Its clients; others may be registered while it runs.
    pub(super) own_clients: Vec<String>,
    trusted: Vec<Trusted>,
    /// What we are at those: the name for routes, what the issuer calls us, the issuer.
    pub(super) sign_in_clients: Vec<SignInClientName>,
    /// Whether a name is missing above, so that no route can be blamed for it.
    pub(super) some_unknown: bool,
}

/// What we are at an issuer that users sign in at.
pub(super) struct SignInClientName {
    pub(super) name: String,
    pub(super) client_id: String,
    pub(super) issuer: String,
}

/// What a route needs to know of a trusted issuer.
struct Trusted {
    issuer: String,
    audience: Vec<String>,
    introspects: bool,
}

impl Accepted {
    /// What provider and trusted issuers say.
    pub(super) fn new(
        own: Option<&Option<provider::Checked>>,
        trusted: &[trusted_issuers::Checked],
    ) -> Self {
        let checked = own.and_then(Option::as_ref);
        let clients: &[Client] = checked.map_or(&[], |own| &own.settings.clients);
        Self {
            has_provider: own.is_some(),
            own: checked.map(|own| own.settings.issuer.to_string()),
            own_audience: checked.map(|own| own.audience.clone()).unwrap_or_default(),
            own_scopes: clients.iter().map(|client| client.scope.clone()).collect(),
            own_clients: clients.iter().map(|client| client.id.to_string()).collect(),
            trusted: trusted
                .iter()
                .filter_map(|trusted| {
                    Some(Trusted {
                        issuer: trusted.issuer.clone()?,
                        audience: trusted.audience.clone(),
                        introspects: trusted.introspects,
                    })
                })
                .collect(),
            sign_in_clients: trusted.iter().flat_map(sign_in_clients).collect(),
            some_unknown: own.is_some_and(Option::is_none)
                || trusted.iter().any(|trusted| trusted.issuer.is_none()),
        }
    }

    /// What we are at the issuer that users of a route sign in at.
    pub(super) fn sign_in_client(&self, table: &RouteTable) -> Option<&SignInClientName> {
        let name = table.sign_in_client.as_ref()?;
        self.sign_in_clients
            .iter()
            .find(|known| known.name == *name)
    }

    /// Whether all tokens are ours, wherever.
    pub(super) const fn is_own_alone(&self) -> bool {
        self.own.is_some() && self.trusted.is_empty() && !self.some_unknown
    }

    fn default_issuers(&self) -> Vec<String> {
        match &self.own {
            Some(own) => vec![own.clone()],
            None if self.has_provider => Vec::new(),
            None => self.names_of_trusted().map(str::to_owned).collect(),
        }
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        let own = self.own.iter().map(String::as_str);
        own.chain(self.names_of_trusted())
    }

    fn names_of_trusted(&self) -> impl Iterator<Item = &str> {
        self.trusted.iter().map(|trusted| trusted.issuer.as_str())
    }

    /// The trusted ones among `issuers`.
    fn trusted_among(&self, issuers: &[String]) -> impl Iterator<Item = &Trusted> {
        self.trusted
            .iter()
            .filter(|trusted| issuers.contains(&trusted.issuer))
    }
}

fn sign_in_clients(trusted: &trusted_issuers::Checked) -> impl Iterator<Item = SignInClientName> {
    let issuer = trusted.issuer.as_ref();
    issuer.into_iter().flat_map(|issuer| {
        trusted
            .clients
            .iter()
            .map(|(name, client_id)| SignInClientName {
                name: name.clone(),
                client_id: client_id.clone(),
                issuer: issuer.clone(),
            })
    })
}

/// Checks the policy of a route.
pub(super) fn policy(
    checker: &mut Checker,
    table: &RouteTable,
    accepted: &Accepted,
    at: &KeyPath,
) -> Policy {
    let all_scopes = scope(checker, &table.scopes.all, &at.key("scopes").key("all"));
    let any_scope = scope(checker, &table.scopes.any, &at.key("scopes").key("any"));
    let anonymous = Policy {
        authentication: Authentication::Anonymous,
        issuers: Vec::new(),
        audience: Vec::new(),
        all_scopes,
        any_scope,
        conditions: conditions::conditions(checker, table, accepted, at),
    };
    sign_in::check_client(checker, table, accepted, at);
    let authentication = match table.authentication {
        AuthenticationMode::Anonymous => {
            check_nothing_asked(checker, table, at);
            return anonymous;
        }
        AuthenticationMode::Optional => Authentication::Optional,
        AuthenticationMode::Required => Authentication::Required,
        AuthenticationMode::SignIn => Authentication::SignIn,
    };
    let issuers = issuers(checker, table, accepted, at);
    if authentication == Authentication::SignIn {
        sign_in::check_route(checker, table, (accepted, &issuers), at);
    }
    let audience = audience(checker, table, &issuers, accepted, at);
    let policy = Policy {
        authentication,
        issuers: issuers
            .iter()
            .map(|issuer| Arc::from(issuer.as_str()))
            .collect(),
        audience,
        ..anonymous
    };
    warn_of_ungrantable(checker, &policy, accepted, at);
    policy
}

/// An anonymous route with conditions was meant to be something else.
fn check_nothing_asked(checker: &mut Checker, table: &RouteTable, at: &KeyPath) {
    for (key, is_there) in [
        ("issuers", table.issuers.is_some()),
        ("audience", table.audience.is_some()),
        (
            "scopes",
            !table.scopes.all.is_empty() || !table.scopes.any.is_empty(),
        ),
        ("clients", table.clients.is_some()),
        ("claims", !table.claims.is_empty()),
        ("step_up", conditions::is_asked(&table.step_up)),
    ] {
        if is_there {
            checker.refuse(
                &at.key(key),
                "asks something of a token, but on an anonymous route tokens are not looked at",
                "Remove it, or write `authentication: required`.",
            );
        }
    }
}

fn issuers(
    checker: &mut Checker,
    table: &RouteTable,
    accepted: &Accepted,
    at: &KeyPath,
) -> Vec<String> {
    let at_issuers = at.key("issuers");
    for (n, issuer) in table.issuers.iter().flatten().enumerate() {
        if accepted.some_unknown || accepted.all().any(|known| known == issuer) {
            continue;
        }
        let advice = match nearest(issuer, accepted.all()) {
            Some(meant) => format!("Did you mean `{meant}`? Every character counts."),
            None => "Add it under `trusted_issuers:`, or remove it here.".to_owned(),
        };
        checker.refuse(
            &at_issuers.item(n),
            "is neither `provider.issuer` nor one of `trusted_issuers`",
            advice,
        );
    }
    let of_client = accepted.sign_in_client(table);
    let of_client = of_client.map(|client| vec![client.issuer.clone()]);
    let issuers = table
        .issuers
        .clone()
        .or(of_client)
        .unwrap_or_else(|| accepted.default_issuers());
    let introspect = |trusted: &&Trusted| trusted.introspects;
    let introspecting: Vec<&str> = accepted
        .trusted_among(&issuers)
        .filter(introspect)
        .map(|trusted| trusted.issuer.as_str())
        .collect();
    if let [first, second, ..] = introspecting.as_slice() {
        checker.refuse(
            &at_issuers,
            format!(
                "has two issuers with `introspection`, {first} and {second}: an opaque token does \
                 not say whose it is, and must not be shown to anybody else"
            ),
            "Give each a route of its own, with `issuers`.",
        );
    }
    if issuers.is_empty() && !accepted.some_unknown {
        checker.refuse(
            &at.key("authentication"),
            "wants a token, but there is no issuer to accept one from",
            "Add `provider:` or `trusted_issuers:`, or write `authentication: anonymous`.",
        );
    }
    issuers
}

fn audience(
    checker: &mut Checker,
    table: &RouteTable,
    issuers: &[String],
    accepted: &Accepted,
    at: &KeyPath,
) -> Vec<String> {
    if let Some(written) = &table.audience {
        return written.clone();
    }
    let accepts_own = accepted
        .own
        .as_ref()
        .is_some_and(|own| issuers.contains(own));
    if let Some(client) = accepted.sign_in_client(table)
        && issuers == [client.issuer.as_str()]
        && accepted
            .trusted_among(issuers)
            .all(|it| it.audience.is_empty())
    {
        // What the issuer made for us, and for nobody else.
        return vec![client.client_id.clone()];
    }
    // Each of them is held to its own audiences wherever it is accepted, so that of two issuers
    // none can use the other's.
    let trusted = accepted.trusted_among(issuers);
    let of_trusted: Vec<&Trusted> = trusted.collect();
    let all_say = of_trusted
        .iter()
        .all(|trusted| !trusted.audience.is_empty());
    let says_nothing = of_trusted.is_empty() || !all_say;
    if !accepts_own && says_nothing && !issuers.is_empty() && !accepted.some_unknown {
        checker.refuse(
            &at.key("audience"),
            "is missing: without it, a token that a trusted issuer meant for somebody else would pass",
            "Write the `aud` of the tokens meant for this route: `audience: [https://api.example/]`.",
        );
    }
    let audiences = of_trusted.iter().flat_map(|trusted| &trusted.audience);
    let own = accepted.own_audience.iter().filter(|_| accepts_own);
    own.chain(audiences).cloned().collect()
}

fn scope(checker: &mut Checker, values: &[String], at: &KeyPath) -> Scope {
    let mut whole = Scope::default();
    for (n, value) in values.iter().enumerate() {
        match Scope::parse(value) {
            Ok(_) if value.contains(' ') => checker.refuse(
                &at.item(n),
                "has a space",
                "Write each scope value as an item of its own.",
            ),
            Ok(_) => {}
            Err(error) => checker.refuse(
                &at.item(n),
                error.to_string(),
                "Write, for example, `files.read`.",
            ),
        }
    }
    if let Ok(parsed) = Scope::parse(&values.join(" ")) {
        whole = parsed;
    }
    whole
}

/// A scope that none of our clients may ask for is a slip: the route would refuse everybody.
fn warn_of_ungrantable(checker: &mut Checker, policy: &Policy, accepted: &Accepted, at: &KeyPath) {
    // Who signs in there may everything that the route asks for.
    if policy.authentication == Authentication::SignIn {
        return;
    }
    let only_own = policy
        .issuers
        .iter()
        .all(|issuer| Some(&**issuer) == accepted.own.as_deref());
    if !only_own || accepted.own.is_none() {
        return;
    }
    let passes = |scope: &Scope| {
        scope.includes(&policy.all_scopes)
            && (policy.any_scope.is_empty() || scope.intersects(&policy.any_scope))
    };
    if !accepted.own_scopes.iter().any(passes) {
        checker.warn(
            &at.key("scopes"),
            "no client of the provider may ask for these, so nobody can pass",
        );
    }
}
